import type { Capability } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import type { ResourceOperation } from "@bourse/model/operation";
import { amountOf, withAmount, withoutVolume } from "@bourse/model/resource-parts";
import {
  canonical,
  formatResource,
  kindOf,
  type Reservation,
  type Resource,
  type Resources,
} from "@bourse/model/resources";
import { isRoleBelow, roleNameProblem } from "@bourse/model/role-name";
import { checkedResources, identifierProblem } from "./task-validation.ts";

/** The same amounts before and after: an operation changes the kind of resources only. */
export interface Conversion {
  readonly consumed: Resources;
  readonly converted: Resources;
}

/** Who wants it. */
export interface Requester {
  /** Absent for an operator, who may reserve for any role. */
  readonly framework?: {
    /** For which its resources were offered. */
    readonly role: Role;
    readonly capabilities: readonly Capability[];
  };
  /** What a reservation or volume must name as its principal; absent = anything. */
  readonly principal?: string;
}

/**
 * What an operation makes of what, or in words why it is not valid (FEATURES M-17, M-32, M-33, M-68; Mesos'
 * `validation.cpp`, namespace operation). `total`: of the agent. Whether `consumed` is at hand is for
 * the caller to see: it may be offered, free, or in use.
 */
export function conversionOf(
  operation: ResourceOperation,
  by: Requester,
  total: Resources,
): Conversion | string {
  switch (operation.kind) {
    case "reserve":
      return each(operation.resources, (resource) => reserve(resource, by, total));
    case "unreserve":
      return each(operation.resources, (resource) => unreserve(resource, total));
    case "create": {
      const ids = volumeIdsOf(total);
      return each(operation.volumes, (volume) => create(volume, by, total, ids));
    }
    case "destroy":
      return each(operation.volumes, (volume) => destroy(volume, total));
    case "grow-volume":
      return grow(operation);
    case "shrink-volume":
      return shrink(operation);
  }
}

/** What makes a disk a volume; null = it is none. */
export function persistenceOf({ disk }: Resource): { readonly id: string } | null {
  return disk?.persistence ?? null;
}

/** The owner of a reserved resource; undefined = unreserved. */
export function reservationRole({ reservations }: Resource): Role | undefined {
  return reservations?.at(-1)?.role;
}

/** A volume is known by its id within its role, on one agent (M-68). */
export function volumeKey(volume: Resource): string {
  return `${reservationRole(volume) ?? "*"}\u0000${persistenceOf(volume)?.id ?? ""}`;
}

type OneConversion = { readonly from: Resource; readonly to: Resource } | string;

function each(
  list: Resources,
  convert: (resource: Resource) => OneConversion,
): Conversion | string {
  const checked = checkedResources(list);
  if (typeof checked === "string") return checked;
  if (list.length === 0) return "it names no resources";
  const consumed: Resource[] = [];
  const converted: Resource[] = [];
  // One by one as they came: two volumes of one kind must not be merged before they are looked at.
  for (const resource of list) {
    const problem = plainProblem(resource);
    const result = problem ?? convert(resource);
    if (typeof result === "string") return result;
    consumed.push(result.from);
    converted.push(result.to);
  }
  return { consumed: canonical(consumed), converted: canonical(converted) };
}

/** What no operation may touch. */
function plainProblem(resource: Resource): string | null {
  if (resource.isRevocable) return `${formatResource(resource)} is revocable`;
  if (checkedResources([resource]).length === 0) return `the amount of ${resource.name} is 0`;
  if (resource.name === "gpus" && amountOf(resource) % 1000 !== 0) {
    return `${formatResource(resource)}: gpus are whole`; // M-28.
  }
  return stackProblem(resource);
}

/** M-33: static reservations at the bottom only, and each one for a role below the one before. */
function stackProblem({ reservations = [] }: Resource): string | null {
  let above: Reservation | null = null;
  for (const reservation of reservations) {
    const { role, type } = reservation;
    const problem = roleNameProblem(role);
    if (problem !== undefined) return `role "${role}" is not valid: ${problem}`;
    if (role === "*") return "role * cannot be reserved for";
    if (above !== null && type === "static") return "a refined reservation cannot be static";
    if (above !== null && !isRoleBelow(role, above.role)) {
      return `role ${role} is not below role ${above.role}, whose reservation it would refine`;
    }
    above = reservation;
  }
  return null;
}

function reserve(resource: Resource, by: Requester, total: Resources): OneConversion {
  const newest = resource.reservations?.at(-1);
  const name = formatResource(resource);
  if (newest === undefined) return `${name} names no reservation to make`;
  if (newest.type !== "dynamic") return `${name}: only dynamic reservations can be made`;
  if (persistenceOf(resource) !== null) return `${name} is a volume; destroy it first`;
  if (resource.isShared) return `${name} is shared, and only volumes are`;
  if (by.framework !== undefined && newest.role !== by.framework.role) {
    return `${name} would be reserved for role ${newest.role}, but was offered to role ${by.framework.role}`;
  }
  const problem = principalProblem(`the reservation of ${name}`, newest.principal, by);
  if (problem !== null) return problem;
  const from = withoutNewest(resource);
  return wholeProblem(from, total) ?? { from, to: resource };
}

function unreserve(resource: Resource, total: Resources): OneConversion {
  const newest = resource.reservations?.at(-1);
  const name = formatResource(resource);
  if (newest === undefined) return `${name} is not reserved`;
  if (newest.type !== "dynamic") {
    return `${name} is reserved by its agent's configuration; only dynamic reservations can be taken away`;
  }
  if (persistenceOf(resource) !== null) return `${name} is a volume; destroy it first`;
  return wholeProblem(resource, total) ?? { from: resource, to: withoutNewest(resource) };
}

/** `ids`: of the volumes that exist, to which this one is added. */
function create(
  volume: Resource,
  by: Requester,
  total: Resources,
  ids: Set<string>,
): OneConversion {
  const problem = volumeProblem(volume) ?? newVolumeProblem(volume, by);
  if (problem !== null) return problem;
  const key = volumeKey(volume);
  const { id } = persistenceOf(volume) ?? { id: "" };
  if (ids.has(key))
    return `role ${reservationRole(volume)} has a volume ${id} on this agent already`;
  ids.add(key);
  const from = withoutVolume(volume);
  return wholeProblem(from, total) ?? { from, to: volume };
}

function newVolumeProblem(volume: Resource, by: Requester): string | null {
  const { persistence, volume: mount } = volume.disk ?? {};
  const name = `volume ${persistence?.id}`;
  const idProblem = identifierProblem(persistence?.id ?? "");
  if (idProblem !== null) return `the id of ${name} ${idProblem}`;
  if (mount?.mode !== "RW") return `${name} is read-only, and nothing could ever be written to it`;
  const pathProblem = containerPathProblem(mount.containerPath);
  if (pathProblem !== null) return `the container path of ${name} ${pathProblem}`;
  if (volume.isShared && by.framework?.capabilities.includes("SHARED_RESOURCES") === false) {
    return `${name} is shared, but the framework does not have the capability SHARED_RESOURCES`;
  }
  return principalProblem(name, persistence?.principal, by);
}

function destroy(volume: Resource, total: Resources): OneConversion {
  const problem = volumeProblem(volume) ?? wholeVolumeProblem(volume, total);
  if (problem !== null) return problem;
  return { from: volume, to: withoutVolume(volume) };
}

function grow({
  volume,
  addition,
}: Extract<ResourceOperation, { kind: "grow-volume" }>): Conversion | string {
  const problem =
    amountsProblem([volume, addition]) ?? resizeProblem(volume) ?? plainProblem(addition);
  if (problem !== null) return problem;
  if (kindOf(addition) !== kindOf(withoutVolume(volume))) {
    return `${formatResource(addition)} is not disk of the same reservation and source as volume ${persistenceOf(volume)?.id}`;
  }
  const grown = withAmount(volume, amountOf(volume) + amountOf(addition));
  return { consumed: canonical([volume, addition]), converted: [grown] };
}

function shrink({
  volume,
  subtractMilli,
}: Extract<ResourceOperation, { kind: "shrink-volume" }>): Conversion | string {
  const problem = amountsProblem([volume]) ?? resizeProblem(volume);
  if (problem !== null) return problem;
  const name = `volume ${persistenceOf(volume)?.id}`;
  if (!Number.isSafeInteger(subtractMilli) || subtractMilli <= 0) {
    return `${name} can only be shrunk by more than nothing`;
  }
  if (subtractMilli >= amountOf(volume)) {
    return `${name} has ${formatResource(volume)}, and shrinking must leave something of it`;
  }
  const shrunk = withAmount(volume, amountOf(volume) - subtractMilli);
  const rest = withAmount(withoutVolume(volume), subtractMilli);
  return { consumed: [volume], converted: canonical([shrunk, rest]) };
}

function amountsProblem(list: Resources): string | null {
  const checked = checkedResources(list);
  return typeof checked === "string" ? checked : null;
}

function resizeProblem(volume: Resource): string | null {
  const problem = plainProblem(volume) ?? volumeProblem(volume);
  if (problem !== null) return problem;
  const name = `volume ${persistenceOf(volume)?.id}`;
  const source = volume.disk?.source?.type;
  if (source !== undefined && source !== "path") {
    return `${name} is on a ${source} disk, which is used as a whole or not at all`;
  }
  return volume.isShared ? `${name} is shared and keeps its size` : null;
}

/** What is true of every volume. */
function volumeProblem(volume: Resource): string | null {
  const { name, value, disk } = volume;
  if (name !== "disk" || value.type !== "scalar") return `${name} is not disk`;
  if (disk?.persistence === undefined || disk.volume === undefined) {
    return `${formatResource(volume)} is not a volume: it needs an id and a container path`;
  }
  const source = disk.source?.type;
  if (source === "raw" || source === "block") {
    return `volume ${disk.persistence.id} cannot be on a ${source} disk`;
  }
  if (reservationRole(volume) === undefined) {
    return `volume ${disk.persistence.id} is on disk that is not reserved; reserve it first`;
  }
  return null;
}

/** A volume is destroyed as a whole: a part of it would leave a directory that nobody accounts for. */
function wholeVolumeProblem(volume: Resource, total: Resources): string | null {
  const kind = kindOf(volume);
  const there = total.find((resource) => kindOf(resource) === kind);
  const { id } = persistenceOf(volume) ?? { id: "" };
  if (there === undefined) return `there is no volume ${id} of this kind on the agent`;
  return amountOf(there) === amountOf(volume)
    ? null
    : `volume ${id} has ${formatResource(there)}, not ${formatResource(volume)}`;
}

/** M-69: a mount disk is given away whole. */
function wholeProblem(resource: Resource, total: Resources): string | null {
  if (resource.disk?.source?.type !== "mount") return null;
  const kind = kindOf(resource);
  const there = total.find((other) => kindOf(other) === kind);
  if (there === undefined || amountOf(there) === amountOf(resource)) return null;
  return `${formatResource(resource)} is a part of the mount disk of ${formatResource(there)}, which is used as a whole or not at all`;
}

function principalProblem(what: string, named: string | undefined, by: Requester): string | null {
  if (by.principal === undefined || named === by.principal) return null;
  return named === undefined
    ? `${what} names no principal; it must be ${by.principal}`
    : `${what} names principal ${named}, but it must be ${by.principal}`;
}

/** Below the sandbox and nowhere else. */
function containerPathProblem(path: string): string | null {
  if (path === "") return "is empty";
  if (path.startsWith("/")) return "is absolute; it must be relative to the sandbox";
  for (const part of path.split("/")) {
    if (part === "" || part === "." || part === "..") return `has a part "${part}"`;
    const problem = identifierProblem(part);
    if (problem !== null) return problem;
  }
  return null;
}

function volumeIdsOf(total: Resources): Set<string> {
  return new Set(total.filter((resource) => persistenceOf(resource) !== null).map(volumeKey));
}

function withoutNewest({ reservations = [], ...rest }: Resource): Resource {
  const left = reservations.slice(0, -1);
  return left.length === 0 ? rest : { ...rest, reservations: left };
}
