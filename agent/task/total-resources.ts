import {
  add,
  canonical,
  contains,
  type DiskInfo,
  formatResource,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import type { Change } from "./operation-book.ts";

/** Made by an operation, and therefore checkpointed: a dynamic reservation or a volume (FEATURES M-32, M-68). */
export function isDynamic({ reservations, disk }: Resource): boolean {
  return disk?.persistence !== undefined || reservations?.at(-1)?.type === "dynamic";
}

/** What of an agent's total was made by operations. */
export function dynamicPart(total: Resources): Resources {
  return total.filter(isDynamic);
}

/** `resources` after an operation. `consumed` must be part of it. */
export function converted(resources: Resources, change: Change): Resources {
  return add(subtract(resources, canonical(change.consumed)), canonical(change.converted));
}

/**
 * What an agent has when it starts: what the machine has now, with the reservations and volumes made earlier. When the
 * machine has less than these need, all that is missing is said (M-56): guessing would lose data or promise what is
 * not there.
 */
export function combineTotal(
  detected: Resources,
  dynamic: Resources,
): { readonly total: Resources } | { readonly missing: string } {
  const plain = canonical(detected);
  const basis = canonical(dynamic.map(basisOf));
  const missing = basis.filter((needed) => !contains(plain, [needed]));
  if (missing.length === 0)
    return { total: converted(plain, { consumed: basis, converted: dynamic }) };
  return { missing: missing.map((needed) => shortage(plain, needed)).join("; ") };
}

/** What a reservation or volume was made of: what the agent itself offers of that kind. */
function basisOf(resource: Resource): Resource {
  const { name, value, isRevocable } = resource;
  const kept = resource.reservations?.filter(({ type }) => type === "static") ?? [];
  const disk = plainDisk(resource.disk);
  return {
    name,
    value,
    ...(kept.length === 0 ? {} : { reservations: kept }),
    ...(disk === undefined ? {} : { disk }),
    ...(isRevocable === undefined ? {} : { isRevocable }),
  };
}

function plainDisk(disk: DiskInfo | undefined): DiskInfo | undefined {
  return disk?.source === undefined ? undefined : { source: disk.source };
}

function shortage(detected: Resources, needed: Resource): string {
  const same = detected.filter((resource) => basisKey(resource) === basisKey(needed));
  const has = same.length === 0 ? `no such ${needed.name}` : same.map(formatResource).join("; ");
  return `${formatResource(needed)} is reserved or holds volumes, the agent now has ${has}`;
}

function basisKey({ name, reservations, disk }: Resource): string {
  return JSON.stringify([name, reservations ?? [], disk?.source ?? null]);
}
