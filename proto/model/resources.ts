import { assert } from "./assert.ts";
import type { Role } from "./ids.ts";

/**
 * Exact resource algebra (FEATURES M-28, M-35, K-4; DESIGN D9). A scalar is an integer in thousandths, so
 * sums are exact and order-free below 2^53; ports and the like are inclusive integer ranges; sets are text.
 * `Resources` is a canonical list: one entry a kind, sorted by kind, nothing empty, ranges merged.
 * All functions return new lists and never change their arguments.
 */
export type Resources = readonly Resource[];

export interface Resource {
  readonly name: string;
  readonly value: ResourceValue;
  /** Stack of reservations, outermost first (M-32, M-33); absent = unreserved. */
  readonly reservations?: readonly Reservation[];
  readonly disk?: DiskInfo;
  readonly isShared?: true;
  readonly isRevocable?: true;
}

export type ResourceValue =
  | {
      readonly type: "scalar" /** Thousandths of a unit; 1500 = 1.5 cpus. */;
      readonly milli: number;
    }
  | { readonly type: "ranges"; readonly ranges: readonly IntegerRange[] }
  | { readonly type: "set"; readonly items: readonly string[] };

/** Both ends included. */
export interface IntegerRange {
  readonly begin: number;
  readonly end: number;
}

export interface Reservation {
  readonly type: "static" | "dynamic";
  readonly role: Role;
  readonly principal?: string;
  readonly labels?: readonly Label[];
}

export interface Label {
  readonly key: string;
  readonly value?: string;
}

/** What makes one disk differ from another (M-68, M-69). */
export interface DiskInfo {
  readonly source?: {
    readonly type: "path" | "mount" | "raw" | "block";
    readonly id?: string;
    readonly root?: string;
  };
  readonly persistence?: { readonly id: string; readonly principal?: string };
  readonly volume?: { readonly containerPath: string; readonly mode: "RW" | "RO" };
}

export const NO_RESOURCES: Resources = [];

export function scalar(name: string, milli: number): Resource {
  assert(
    Number.isSafeInteger(milli),
    `the amount of ${name} must be a whole number of thousandths`,
  );
  return { name, value: { type: "scalar", milli } };
}

export function ranges(name: string, list: readonly IntegerRange[]): Resource {
  return { name, value: { type: "ranges", ranges: mergeRanges(list) } };
}

/** What two resources must share to be added up: everything but the amount. */
export function kindOf(resource: Resource): string {
  const plain = `${resource.name}\u0000${resource.value.type}`;
  if (!resource.reservations && !resource.disk && !resource.isShared && !resource.isRevocable)
    return plain;
  return `${plain}\u0000${JSON.stringify([
    resource.reservations?.map(reservationKey) ?? [],
    resource.disk === undefined ? null : diskKey(resource.disk),
    resource.isShared === true,
    resource.isRevocable === true,
  ])}`;
}

/** Member by member, so that the order in which a peer wrote them does not count. */
function reservationKey({ type, role, principal, labels = [] }: Reservation): unknown {
  return [type, role, principal ?? null, labels.map(({ key, value }) => [key, value ?? null])];
}

function diskKey({ source, persistence, volume }: DiskInfo): unknown {
  return [
    source === undefined ? null : [source.type, source.id ?? null, source.root ?? null],
    persistence === undefined ? null : [persistence.id, persistence.principal ?? null],
    volume === undefined ? null : [volume.containerPath, volume.mode],
  ];
}

/** The same as equal `kindOf`, without making two strings in the common case. */
function isSameKind(left: Resource, right: Resource): boolean {
  if (left.name !== right.name || left.value.type !== right.value.type) return false;
  if (isPlain(left) && isPlain(right)) return true;
  // Most that differ, and most that do not, are told apart without building keys.
  if (left.isShared !== right.isShared || left.isRevocable !== right.isRevocable) return false;
  if ((left.reservations?.length ?? 0) !== (right.reservations?.length ?? 0)) return false;
  if (left.disk?.persistence?.id !== right.disk?.persistence?.id) return false;
  if (left.reservations === right.reservations && left.disk === right.disk) return true;
  return kindOf(left) === kindOf(right);
}

function isPlain({ reservations, disk, isShared, isRevocable }: Resource): boolean {
  return !reservations && !disk && !isShared && !isRevocable;
}

/** The common case, seen without building keys: plain resources with ascending names, none empty. */
function isPlainlyCanonical(list: readonly Resource[]): boolean {
  for (let index = 0; index < list.length; index++) {
    const resource = list[index] as Resource;
    if (isEmptyValue(resource.value) || !isCanonicalValue(resource.value)) return false;
    if (list.length === 1) return true;
    if (!isPlain(resource)) return false;
    if (index > 0 && (list[index - 1] as Resource).name >= resource.name) return false;
  }
  return true;
}

/** Any list of resources as a canonical one. */
export function canonical(list: readonly Resource[]): Resources {
  if (isPlainlyCanonical(list)) return list;
  const byKind = new Map<string, Resource>();
  for (const resource of list) {
    const kind = kindOf(resource);
    const other = byKind.get(kind);
    const value = canonicalValue(resource.value);
    if (other !== undefined) byKind.set(kind, withValue(other, addValues(other.value, value)));
    else byKind.set(kind, value === resource.value ? resource : withValue(resource, value));
  }
  return Array.from(byKind.entries())
    .filter(([, resource]) => !isEmptyValue(resource.value))
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, resource]) => resource);
}

export function add(left: Resources, right: Resources): Resources {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  return canonical([...left, ...right]);
}

export function addAll(lists: Iterable<Resources>): Resources {
  const all: Resource[] = [];
  for (const list of lists) all.push(...list);
  return canonical(all);
}

/** Whether `whole` holds all of `part`, kind by kind. */
export function contains(whole: Resources, part: Resources): boolean {
  for (const wanted of part) {
    const held = whole[indexOfKind(whole, wanted)];
    const isHeld =
      held === undefined ? isEmptyValue(wanted.value) : coversValue(held.value, wanted.value);
    if (!isHeld) return false;
  }
  return true;
}

/** `left` without `right`; `right` must be contained. */
export function subtract(left: Resources, right: Resources): Resources {
  if (right.length === 0) return left;
  const rest = left.slice();
  let hasEmpty = false;
  for (const taken of right) {
    if (isEmptyValue(taken.value)) continue;
    const index = indexOfKind(rest, taken);
    const held = rest[index];
    // Not one assertion: its message costs more than all the rest.
    if (held === undefined || !coversValue(held.value, taken.value)) {
      assert(false, `${formatResource(taken)} must be part of ${formatResources(left)}`);
    }
    const value = subtractValues(held.value, taken.value);
    if (isEmptyValue(value)) hasEmpty = true;
    rest[index] = withValue(held, value);
  }
  return hasEmpty ? rest.filter((resource) => !isEmptyValue(resource.value)) : rest;
}

/** Where in the list the resource of the same kind is, or -1. */
function indexOfKind(list: readonly Resource[], wanted: Resource): number {
  for (let index = 0; index < list.length; index++) {
    if (isSameKind(list[index] as Resource, wanted)) return index;
  }
  return -1;
}

export function equal(left: Resources, right: Resources): boolean {
  return contains(left, right) && contains(right, left);
}

export function isEmpty(resources: Resources): boolean {
  return resources.every((resource) => isEmptyValue(resource.value));
}

/** Thousandths of the scalar `name`, over all reservations and disks; 0 when there is none. */
export function scalarMilli(resources: Resources, name: string): number {
  let milli = 0;
  for (const resource of resources) {
    if (resource.name === name && resource.value.type === "scalar") milli += resource.value.milli;
  }
  return milli;
}

/** The ports (or other integers) named `name`, merged and ascending. */
export function rangesOf(resources: Resources, name: string): readonly IntegerRange[] {
  const all: IntegerRange[] = [];
  for (const resource of resources) {
    if (resource.name === name && resource.value.type === "ranges")
      all.push(...resource.value.ranges);
  }
  return mergeRanges(all);
}

/** Name a resource as users write it: `cpus:1.5`, `ports:[31000-31009]`, `cpus(eng):4`; `disk(eng)[db-1]:512` is a volume. */
export function formatResource({ name, value, reservations, disk }: Resource): string {
  const top = reservations?.at(-1);
  const volume = disk?.persistence;
  const whose = top === undefined ? "" : `(${top.role})`;
  const which = volume === undefined ? "" : `[${volume.id}]`;
  return `${name}${whose}${which}:${formatValue(value)}`;
}

export function formatResources(resources: Resources): string {
  return resources.length === 0 ? "nothing" : resources.map(formatResource).join("; ");
}

/** A value as users write it: `1.5`, `[1-4]`, `{a,b}`. */
export function formatValue(value: ResourceValue): string {
  switch (value.type) {
    case "scalar":
      return formatMilli(value.milli);
    case "ranges":
      return `[${value.ranges.map((range) => `${range.begin}-${range.end}`).join(",")}]`;
    case "set":
      return `{${value.items.join(",")}}`;
  }
}

/** Thousandths as a decimal without trailing zeros: 1500 -> "1.5". */
export function formatMilli(milli: number): string {
  return String(milli / 1000);
}

function withValue(resource: Resource, value: ResourceValue): Resource {
  // A literal, where it can be one: a copy member by member costs several times as much.
  return isPlain(resource) ? { name: resource.name, value } : { ...resource, value };
}

/** Ranges ascending and apart, sets ascending without doubles: what a peer wrote need not be. */
function isCanonicalValue(value: ResourceValue): boolean {
  switch (value.type) {
    case "scalar":
      return true;
    case "ranges":
      return areMerged(value.ranges);
    case "set":
      return areAscending(value.items);
  }
}

function canonicalValue(value: ResourceValue): ResourceValue {
  if (isCanonicalValue(value)) return value;
  switch (value.type) {
    case "scalar":
      return value;
    case "ranges":
      return { type: "ranges", ranges: mergeRanges(value.ranges) };
    case "set":
      return { type: "set", items: Array.from(new Set(value.items)).sort() };
  }
}

function areMerged(list: readonly IntegerRange[]): boolean {
  for (let index = 0; index < list.length; index++) {
    const { begin, end } = list[index] as IntegerRange;
    if (begin > end) return false;
    if (index > 0 && begin <= (list[index - 1] as IntegerRange).end + 1) return false;
  }
  return true;
}

function areAscending(items: readonly string[]): boolean {
  for (let index = 1; index < items.length; index++) {
    if ((items[index - 1] as string) >= (items[index] as string)) return false;
  }
  return true;
}

export function isEmptyValue(value: ResourceValue): boolean {
  switch (value.type) {
    case "scalar":
      return value.milli === 0;
    case "ranges":
      return value.ranges.length === 0;
    case "set":
      return value.items.length === 0;
  }
}

/** Both values have the type of one kind. */
export function addValues(left: ResourceValue, right: ResourceValue): ResourceValue {
  if (left.type === "scalar" && right.type === "scalar")
    return { type: "scalar", milli: left.milli + right.milli };
  if (left.type === "ranges" && right.type === "ranges") {
    return { type: "ranges", ranges: mergeRanges([...left.ranges, ...right.ranges]) };
  }
  assert(left.type === "set" && right.type === "set", "resources of one kind have one type");
  return { type: "set", items: Array.from(new Set([...left.items, ...right.items])).sort() };
}

/** Whether `held` has all of `wanted`; ranges and sets element by element. */
export function coversValue(held: ResourceValue, wanted: ResourceValue): boolean {
  if (held.type === "scalar" && wanted.type === "scalar")
    return held.milli >= wanted.milli && wanted.milli >= 0;
  if (held.type === "ranges" && wanted.type === "ranges") {
    return wanted.ranges.every((w) =>
      held.ranges.some((h) => h.begin <= w.begin && w.end <= h.end),
    );
  }
  if (held.type === "set" && wanted.type === "set")
    return wanted.items.every((item) => held.items.includes(item));
  return false;
}

/** `held` without `taken`. A scalar may go below zero; elements of ranges and sets that are not held are ignored. */
export function subtractValues(held: ResourceValue, taken: ResourceValue): ResourceValue {
  if (held.type === "scalar" && taken.type === "scalar")
    return { type: "scalar", milli: held.milli - taken.milli };
  if (held.type === "ranges" && taken.type === "ranges") {
    return { type: "ranges", ranges: subtractRanges(held.ranges, taken.ranges) };
  }
  assert(held.type === "set" && taken.type === "set", "resources of one kind have one type");
  return { type: "set", items: held.items.filter((item) => !taken.items.includes(item)) };
}

/** Ascending, without overlap, neighbours joined: [1-2],[3-4] -> [1-4]. */
export function mergeRanges(list: readonly IntegerRange[]): readonly IntegerRange[] {
  const sorted = list
    .filter((range) => range.begin <= range.end)
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const merged: { begin: number; end: number }[] = [];
  for (const { begin, end } of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && begin <= last.end + 1) last.end = Math.max(last.end, end);
    else merged.push({ begin, end });
  }
  return merged;
}

/** Both lists ascending and merged: one pass over both. */
function subtractRanges(
  held: readonly IntegerRange[],
  taken: readonly IntegerRange[],
): readonly IntegerRange[] {
  const rest: IntegerRange[] = [];
  let next = 0;
  for (const range of held) {
    let { begin } = range;
    while (next < taken.length && (taken[next] as IntegerRange).end < begin) next++;
    while (next < taken.length && begin <= range.end) {
      const cut = taken[next] as IntegerRange;
      if (cut.begin > range.end) break;
      if (cut.begin > begin) rest.push({ begin, end: cut.begin - 1 });
      begin = cut.end + 1;
      // A cut that reaches beyond this range may reach into the next one.
      if (begin <= range.end) next++;
    }
    if (begin === range.begin) rest.push(range);
    else if (begin <= range.end) rest.push({ begin, end: range.end });
  }
  return rest;
}
