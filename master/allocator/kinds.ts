import { assert } from "@bourse/model/assert";
import type { Role } from "@bourse/model/ids";
import { kindOf, type Resource, type ResourceValue } from "@bourse/model/resources";
import { grownBytes, grownInts } from "./rows.ts";
import { NONE, Slots } from "./slots.ts";

/**
 * Flags of a kind. A kind without any may go to every framework. But for the first they are those of clients.ts by
 * which a framework takes it.
 */
export const RESERVED = 1;
export const REVOCABLE = 2;
export const SHARED = 4;
/** Reserved, and for a role below one that it was reserved for before (FEATURES M-33). */
export const REFINED = 8;

/** How an amount of a kind may be made smaller to fit within a quota. */
export const CHOP_ANYWHERE = 0;
/** Only to whole units: a part of a gpu is none. */
export const CHOP_TO_WHOLE = 1;
/** Whole or not at all: a disk that is a mount, a volume (CASES A25). */
export const CHOP_NEVER = 2;

/** Roles that reservations are for stay in the tree while there are any. */
export interface ReservedRoles {
  retainRole(name: Role): number;
  releaseRole(role: number): void;
}

/** Flags of a kind's type: only scalars count in shares, quota and minimums. */
const RANGES_OR_SET = NONE;

/**
 * Each distinct (name, type, reservation stack, disk, shared, revocable) is one number while some agent has it.
 * Columns are read by the offer cycle; strings only at the door.
 */
export class KindTable {
  /** Dimension of a scalar kind, NONE for ranges and sets. */
  dimension: Int32Array = new Int32Array(16);
  flags: Uint8Array = new Uint8Array(16);
  chopping: Uint8Array = new Uint8Array(16);
  /** Slot of the role that a reserved kind belongs to, NONE for others. */
  holder: Int32Array = new Int32Array(16);
  /** The name of that role, "" for others. */
  readonly reservedFor: Role[] = [];
  readonly #dimensions: DimensionTable;
  readonly #slots = new Slots();
  readonly #templates: Resource[] = [];
  /** What was last made of a kind. */
  readonly #last: Resource[] = [];
  readonly #references: number[] = [];
  /** Plain ones by name: the common case needs no key to be built. */
  readonly #plain = {
    scalar: new Map<string, number>(),
    ranges: new Map<string, number>(),
    set: new Map<string, number>(),
  };

  readonly #roles: ReservedRoles;

  constructor(dimensions: DimensionTable, roles: ReservedRoles) {
    this.#dimensions = dimensions;
    this.#roles = roles;
  }

  /** The kind of a resource that some agent has, or NONE. */
  find(resource: Resource): number {
    if (isPlain(resource)) return this.#plain[resource.value.type].get(resource.name) ?? NONE;
    return this.#slots.slotOf(kindOf(resource));
  }

  /** One more agent has this kind. */
  retain(resource: Resource): number {
    const known = this.find(resource);
    if (known !== NONE) {
      this.#references[known]! += 1;
      return known;
    }
    const kind = this.#slots.take(kindOf(resource));
    this.dimension = grownInts(this.dimension, kind + 1);
    this.flags = grownBytes(this.flags, kind + 1);
    this.chopping = grownBytes(this.chopping, kind + 1);
    this.holder = grownInts(this.holder, kind + 1);
    this.dimension[kind] =
      resource.value.type === "scalar" ? this.#dimensions.retain(resource.name) : RANGES_OR_SET;
    const { reservations = [], isRevocable, isShared } = resource;
    const holder = reservations.at(-1)?.role ?? "";
    this.reservedFor[kind] = holder;
    this.holder[kind] = holder === "" ? NONE : this.#roles.retainRole(holder);
    this.flags[kind] =
      (holder === "" ? 0 : RESERVED) |
      (isRevocable ? REVOCABLE : 0) |
      (isShared ? SHARED : 0) |
      (reservations.length > 1 ? REFINED : 0);
    this.chopping[kind] = choppingOf(resource);
    this.#templates[kind] = resource;
    this.#last[kind] = resource;
    this.#references[kind] = 1;
    if (isPlain(resource)) this.#plain[resource.value.type].set(resource.name, kind);
    return kind;
  }

  /** One agent fewer has this kind; after the last one its number is used again. */
  release(kind: number): void {
    const left = this.#references[kind]! - 1;
    assert(left >= 0, "a kind is released as often as it was retained");
    this.#references[kind] = left;
    if (left > 0) return;
    const template = this.#templates[kind]!;
    if (isPlain(template)) this.#plain[template.value.type].delete(template.name);
    if (this.holder[kind] !== NONE) this.#roles.releaseRole(this.holder[kind]!);
    this.#slots.release(kind);
  }

  /** Whether what is held of the kind counts against quota; what is reserved counts whoever holds it. */
  countsWhenHeld(kind: number): boolean {
    return this.dimension[kind] !== NONE && (this.flags[kind]! & (RESERVED | REVOCABLE)) === 0;
  }

  /** Canonical lists are sorted by this. */
  keyOf(kind: number): string {
    return this.#slots.idOf(kind);
  }

  templateOf(kind: number): Resource {
    return this.#templates[kind]!;
  }

  /** So much of a kind; of ranges and sets just this value. Agents are much alike: the last one is kept. */
  resourceOf(kind: number, amount: number, value: ResourceValue | undefined): Resource {
    const last = this.#last[kind]!;
    if (value === undefined) {
      if (last.value.type === "scalar" && last.value.milli === amount) return last;
    } else if (last.value === value) return last;
    const template = this.#templates[kind]!;
    const own: ResourceValue = value ?? { type: "scalar", milli: amount };
    const made = isPlain(template)
      ? { name: template.name, value: own }
      : { ...template, value: own };
    this.#last[kind] = made;
    return made;
  }
}

/**
 * The names over which shares are taken (cpus, mem, disk, gpus and whatever agents have as scalars) with the
 * cluster's totals: all agents that are registered, reachable or not, count.
 */
export class DimensionTable {
  total: Float64Array = new Float64Array(8);
  isExcluded: Uint8Array = new Uint8Array(8);
  /** Grows with every change of a total: whoever keeps shares computes them anew. */
  version = 0;
  readonly #names: string[] = [];
  readonly #dimensionOf = new Map<string, number>();
  readonly #excluded: ReadonlySet<string>;

  constructor(excludedNames: readonly string[]) {
    this.#excluded = new Set(excludedNames);
  }

  get count(): number {
    return this.#names.length;
  }

  find(name: string): number {
    return this.#dimensionOf.get(name) ?? NONE;
  }

  nameOf(dimension: number): string {
    return this.#names[dimension]!;
  }

  retain(name: string): number {
    const known = this.#dimensionOf.get(name);
    if (known !== undefined) return known;
    const dimension = this.#names.push(name) - 1;
    if (dimension >= this.total.length) {
      const total = new Float64Array(this.total.length * 2);
      total.set(this.total);
      this.total = total;
      this.isExcluded = grownBytes(this.isExcluded, total.length);
    }
    this.isExcluded[dimension] = this.#excluded.has(name) ? 1 : 0;
    this.#dimensionOf.set(name, dimension);
    return dimension;
  }

  addTotal(dimension: number, milli: number): void {
    if (milli === 0) return;
    this.total[dimension]! += milli;
    this.version++;
  }
}

function choppingOf({ name, disk, isShared }: Resource): number {
  const source = disk?.source;
  // A raw disk without an id is a pool that disks are made of.
  const isOneDisk =
    source !== undefined &&
    (source.type === "mount" || source.type === "block" || source.id !== undefined) &&
    source.type !== "path";
  if (isShared || disk?.persistence !== undefined || isOneDisk) return CHOP_NEVER;
  return name === "gpus" ? CHOP_TO_WHOLE : CHOP_ANYWHERE;
}

function isPlain({ reservations, disk, isShared, isRevocable }: Resource): boolean {
  return (
    reservations === undefined &&
    disk === undefined &&
    isShared === undefined &&
    isRevocable === undefined
  );
}
