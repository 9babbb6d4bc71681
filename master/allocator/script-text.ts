import type { Attribute, FaultDomain } from "@bourse/model/agent";
import { present } from "@bourse/model/assert";
import type {
  AttributeConstraint,
  ConstraintPredicate,
  ConstraintSelector,
  RoleConstraints,
} from "@bourse/model/constraints";
import { type Amount, amountIn, type Quota } from "@bourse/model/quota";
import {
  canonical,
  type DiskInfo,
  formatMilli,
  formatResource,
  type Reservation,
  type Resource,
  type Resources,
} from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";

/**
 * Resources as stories write them, a little more than operators can: a stack of reservations from the outermost to
 * the newest, `+` marks dynamic ones: `cpus(a>+a/b):4`; a disk's source, a volume's id and flags in brackets:
 * `disk[mount=m1]:100`, `disk(q)[volume=v1,shared]:50`, `cpus[revocable]:2`.
 */
export function readResources(text: string): Resources {
  const entries = text.split(";").filter((entry) => entry !== "");
  return canonical(
    entries.flatMap((entry) => {
      const [, name = "", stack, flags = "", value = ""] = present(
        /^([^([:]+)(?:\(([^)]*)\))?(?:\[([^\]]*)\])?:(.*)$/.exec(entry),
        `a resource in ${entry}`,
      );
      return parseResources(`${name}:${value}`).map((plain) => withFlags(plain, stack, flags));
    }),
  );
}

export function writeResources(resources: Resources): string {
  return resources.length === 0 ? "nothing" : resources.map(writeResource).join("; ");
}

export function writeAmounts(amounts: readonly Amount[]): string {
  if (amounts.length === 0) return "nothing";
  return amounts.map(({ name, milli }) => `${name}:${formatMilli(milli)}`).join("; ");
}

/** `cpus:1;disk:0` of zero too, which resources cannot say. */
export function readQuota(role: string, guarantees: string, limits: string): Quota {
  return { role, guarantees: amountsOf(guarantees), limits: amountsOf(limits) };
}

export function writeQuota({ role, guarantees, limits }: Quota): string {
  const names = Array.from(new Set([...guarantees, ...limits].map(({ name }) => name))).sort();
  const bounds = names.map((name) => {
    const bound = (amount: number | undefined) => (amount === undefined ? "" : formatMilli(amount));
    return `${name} ${bound(amountIn(guarantees, name))}..${bound(amountIn(limits, name))}`;
  });
  return `${role}: ${bounds.join(", ")}`;
}

/** `rack:k1,slots:4`. */
export function readAttributes(text: string): readonly Attribute[] {
  return text
    .split(",")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const [name = "", value = ""] = entry.split(":");
      return Number.isNaN(Number(value))
        ? { name, value: { type: "text", text: value } }
        : { name, value: { type: "scalar", milli: Number(value) * 1000 } };
    });
}

/** `east/e1`. */
export function readDomain(text: string): FaultDomain {
  const [region = "", zone = ""] = text.split("/");
  return { region, zone };
}

/** `rack=k1&!ssd|@zone~e.*`: groups of which one must hold. */
export function readConstraints(text: string): RoleConstraints {
  return text.split("|").map((group) => group.split("&").map(readConstraint));
}

function readConstraint(text: string): AttributeConstraint {
  const [, not = "", name = "", operator, value = ""] = present(
    /^(!?)([^=~!]+)(?:(=|!=|~|!~)(.*))?$/.exec(text),
    `a constraint in ${text}`,
  );
  const selector: ConstraintSelector = name.startsWith("@")
    ? { type: name.slice(1) as "hostname" | "region" | "zone" }
    : { type: "attribute", name };
  return { selector, predicate: predicateOf(not, operator, value) };
}

function predicateOf(
  not: string,
  operator: string | undefined,
  value: string,
): ConstraintPredicate {
  switch (operator) {
    case "=":
      return { type: "text-equals", value };
    case "!=":
      return { type: "text-not-equals", value };
    case "~":
      return { type: "text-matches", pattern: value };
    case "!~":
      return { type: "text-not-matches", pattern: value };
    default:
      return { type: not === "" ? "exists" : "not-exists" };
  }
}

function withFlags(plain: Resource, stack: string | undefined, flags: string): Resource {
  let resource = plain;
  if (stack !== undefined) {
    const reservations = stack
      .split(">")
      .map(
        (role): Reservation =>
          role.startsWith("+")
            ? { type: "dynamic", role: role.slice(1) }
            : { type: "static", role },
      );
    resource = { ...resource, reservations };
  }
  for (const flag of flags.split(",")) {
    const [key = "", value = ""] = flag.split("=");
    const disk: DiskInfo = resource.disk ?? {};
    if (key === "shared") resource = { ...resource, isShared: true };
    else if (key === "revocable") resource = { ...resource, isRevocable: true };
    else if (key === "volume")
      resource = { ...resource, disk: { ...disk, persistence: { id: value } } };
    else if (key === "mount" || key === "path")
      resource = { ...resource, disk: { ...disk, source: { type: key, id: value } } };
  }
  return resource;
}

function writeResource(resource: Resource): string {
  const { name, value, reservations, disk, isShared, isRevocable } = resource;
  const stack = reservations?.map(({ type, role }) => (type === "dynamic" ? `+${role}` : role));
  const flags = [
    disk?.source === undefined ? "" : `${disk.source.type}=${disk.source.id}`,
    disk?.persistence === undefined ? "" : `volume=${disk.persistence.id}`,
    isShared ? "shared" : "",
    isRevocable ? "revocable" : "",
  ].filter((flag) => flag !== "");
  return [
    name,
    stack === undefined ? "" : `(${stack.join(">")})`,
    flags.length === 0 ? "" : `[${flags.join(",")}]`,
    formatResource({ name: "", value }),
  ].join("");
}

function amountsOf(text: string): readonly Amount[] {
  return text
    .split(";")
    .filter((entry) => entry !== "" && entry !== "none")
    .map((entry) => {
      const [name = "", units = ""] = entry.split(":");
      return { name, milli: Math.round(Number(units) * 1000) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
