import {
  canonical,
  type IntegerRange,
  kindOf,
  type Resource,
  type Resources,
  ranges,
  scalar,
} from "@bourse/model/resources";

/**
 * The sum of many lists. The same as `addAll`, in one pass: an agent holds hundreds of tasks with ports. A shared volume
 * counts once however many have it.
 */
export function sumOf(lists: Iterable<Resources>): Resources {
  const milli = new Map<string, number>();
  const integers = new Map<string, IntegerRange[]>();
  const others: Resource[] = [];
  const shared = new Map<string, Resource>();
  for (const list of lists) {
    for (const resource of list) {
      const { name, value } = resource;
      if (resource.isShared) shared.set(kindOf(resource), resource);
      else if (!isPlain(resource) || value.type === "set") others.push(resource);
      else if (value.type === "scalar") milli.set(name, (milli.get(name) ?? 0) + value.milli);
      else pushAll(integers, name, value.ranges);
    }
  }
  return canonical([
    ...Array.from(milli, ([name, amount]) => scalar(name, amount)),
    ...Array.from(integers, ([name, all]) => ranges(name, all)),
    ...others,
    ...shared.values(),
  ]);
}

/** Only scalars, of whatever kind, by name: what is left when the ports of many agents would be mixed up. */
export function scalarSum(lists: Iterable<Resources>): Resources {
  const milli = new Map<string, number>();
  for (const list of lists) {
    for (const { name, value } of list) {
      if (value.type === "scalar") milli.set(name, (milli.get(name) ?? 0) + value.milli);
    }
  }
  return scalarsOf(milli);
}

/** Amounts by name as resources. */
export function scalarsOf(milli: ReadonlyMap<string, number>): Resources {
  return canonical(Array.from(milli, ([name, amount]) => scalar(name, amount)));
}

function isPlain({ reservations, disk, isShared, isRevocable }: Resource): boolean {
  return !reservations && !disk && !isShared && !isRevocable;
}

function pushAll(
  integers: Map<string, IntegerRange[]>,
  name: string,
  more: readonly IntegerRange[],
): void {
  const all = integers.get(name);
  if (all === undefined) integers.set(name, [...more]);
  else all.push(...more);
}
