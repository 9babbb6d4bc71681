import { ClusterError } from "./errors.ts";
import type { Resource, ResourceValue } from "./resources.ts";
import { roleNameProblem } from "./role-name.ts";

/** One agent's kinds; reservations and volumes included. */
export const RESOURCE_ENTRIES_MAX = 1_000;

/**
 * One entry from its parts, whichever grammar they came in (FEATURES M-35): predefined names have their type,
 * gpus are whole, a role other than `*` is a static reservation.
 */
export function resourceFrom(
  parts: { readonly name: string; readonly role: string; readonly value: ResourceValue },
  where: string,
): Resource {
  const { name, role, value } = parts;
  if (!NAME.test(name))
    throw refusal(`${where}: a name has letters, digits, _ . and -, at most 64`);
  const expected = TYPE_OF.get(name);
  if (expected !== undefined && value.type !== expected)
    throw refusal(`${where}: ${name} is written as ${EXAMPLE_OF[expected]}`);
  if (name === "gpus" && value.type === "scalar" && value.milli % 1000 !== 0)
    throw refusal(`${where}: gpus are whole`);
  if (name === "ports" && value.type === "ranges" && value.ranges.some(({ end }) => end > 65_535))
    throw refusal(`${where}: ports lie between 0 and 65535`);
  if (role === "*") return { name, value };
  const problem = roleNameProblem(role);
  if (problem !== undefined) throw refusal(`${where}: ${problem}`);
  return { name, value, reservations: [{ type: "static", role }] };
}

export function refusal(message: string): ClusterError {
  return new ClusterError("invalid_call", message, {
    hint: "write them like cpus:4;mem:8192;disk:100000;ports:[31000-32000];cpus(role):2",
  });
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

const TYPE_OF: ReadonlyMap<string, ResourceValue["type"]> = new Map([
  ["cpus", "scalar"],
  ["mem", "scalar"],
  ["disk", "scalar"],
  ["gpus", "scalar"],
  ["ports", "ranges"],
]);

const EXAMPLE_OF = {
  scalar: "a number, like 4 or 0.5",
  ranges: "ranges, like [31000-32000,33000-33010]",
  set: "a set, like {a,b}",
} as const;
