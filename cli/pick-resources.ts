import { ClusterError } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import {
  addValues,
  canonical,
  coversValue,
  formatValue,
  isEmptyValue,
  type Label,
  type Reservation,
  type Resource,
  type Resources,
  type ResourceValue,
  subtractValues,
} from "@bourse/model/resources";

/** Which of an agent's resources are meant. */
export interface Owned {
  /** Of the newest reservation; `*` = unreserved. */
  readonly role: Role;
  /** Only those with exactly these labels; absent = any. */
  readonly labels?: readonly Label[];
  /** Only what an operator or framework reserved: what an agent's `--resources` reserve is for good. */
  readonly isDynamic?: boolean;
}

/**
 * The very resources of an agent that a user names by name, amount and role: with all reservations, sources and so
 * on. A name may be held in several kinds (labels, disks); the first ones that have some are taken. Volumes, shared
 * and revocable resources are never meant. Refuses what the agent has not.
 */
export function pickResources(total: Resources, wanted: Resources, owned: Owned): Resources {
  return canonical(wanted.flatMap((resource) => pickOne(total, resource, owned)));
}

/** All that somebody holds, see `pickResources`. */
export function ownedResources(total: Resources, owned: Owned): Resources {
  return total.filter((resource) => isOwned(resource, owned));
}

function pickOne(total: Resources, wanted: Resource, owned: Owned): readonly Resource[] {
  const picked: Resource[] = [];
  let rest = wanted.value;
  for (const held of ownedResources(total, owned)) {
    if (held.name !== wanted.name || held.value.type !== rest.type) continue;
    const value = common(held.value, rest);
    picked.push({ ...held, value });
    rest = subtractValues(rest, value);
  }
  if (!isEmptyValue(rest)) throw missing(total, wanted, owned);
  return picked;
}

/** What both have of a value: the smaller amount, the elements of both. */
function common(held: ResourceValue, rest: ResourceValue): ResourceValue {
  if (held.type === "scalar" && rest.type === "scalar")
    return { type: "scalar", milli: Math.min(held.milli, rest.milli) };
  if (coversValue(held, rest)) return rest;
  return subtractValues(rest, subtractValues(rest, held));
}

function isOwned(resource: Resource, { role, labels, isDynamic = false }: Owned): boolean {
  if (resource.disk?.persistence || resource.isShared || resource.isRevocable) return false;
  const newest = resource.reservations?.at(-1);
  if ((newest?.role ?? "*") !== role) return false;
  if (isDynamic && newest?.type !== "dynamic") return false;
  return labels === undefined || labelsText(newest) === labelsText({ labels });
}

function labelsText(reservation: Pick<Reservation, "labels"> | undefined): string {
  return JSON.stringify((reservation?.labels ?? []).map(({ key, value }) => [key, value ?? null]));
}

function missing(total: Resources, wanted: Resource, owned: Owned): ClusterError {
  const { name } = wanted;
  const held = ownedResources(total, owned).filter((one) => one.name === name);
  const isBeside = ownedResources(total, { ...owned, isDynamic: false }).some(
    (one) => one.name === name && !held.includes(one),
  );
  const how = isBeside ? "dynamically reserved" : "reserved";
  const whose = owned.role === "*" ? "unreserved" : `${how} for ${owned.role}`;
  const [first, ...others] = held;
  const all = first && others.reduce((sum, one) => addValues(sum, one.value), first.value);
  const has = all === undefined ? `no ${name}` : `${name}:${formatValue(all)}`;
  return new ClusterError(
    "not_found",
    `${name}:${formatValue(wanted.value)} is asked for, but the agent has ${has} ${whose}`,
    { hint: "see what it has with `bourse agent inspect` and `bourse reservation ls`" },
  );
}
