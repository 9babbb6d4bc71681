import type { Role } from "@bourse/model/ids";
import type { Amount, Quota } from "@bourse/model/quota";
import type { DimensionTable } from "./kinds.ts";
import type { RoleTree } from "./role-tree.ts";
import { grownFloats, widenedFloats } from "./rows.ts";
import { NONE } from "./slots.ts";

/** FEATURES M-35: what every task needs. */
const NEEDED = ["cpus", "mem"] as const;

/**
 * What roles are promised and may at most use, at every level of the tree (FEATURES M-31, CASES A20..A44), and how
 * much a role may get now. Columns of (role, dimension), in thousandths:
 *
 * - consumed: unreserved, non-revocable scalars held in the subtree + all reservations for roles in it.
 * - own: what the role lacks of its guarantee beyond what its children need.
 * - below: what its children need; need = own + below.
 *
 * A guarantee is kept back as headroom in the cluster and below every limit: nobody gets what others are promised.
 * Nothing is counted while there is no quota at all (`isKept`).
 */
export class QuotaTable {
  /** Whether anything is counted: whoever changes what is held, free or reserved must tell. */
  isKept = false;
  /** Grows with everything that may let somebody have more. */
  version = 0;
  readonly #tree: RoleTree;
  readonly #dimensions: DimensionTable;
  readonly #quotas = new Map<Role, Quota>();
  readonly #slotOf = new Map<Role, number>();
  #width: number;
  #guarantee: Float64Array;
  #limit: Float64Array;
  #consumed: Float64Array;
  #own: Float64Array;
  #below: Float64Array;
  /** By dimension: what guarantees lack, and what is free, unreserved and not revocable on active agents. */
  #required: Float64Array;
  #available: Float64Array;

  constructor(tree: RoleTree, dimensions: DimensionTable) {
    this.#tree = tree;
    this.#dimensions = dimensions;
    this.#width = dimensions.total.length;
    this.#guarantee = new Float64Array(0);
    this.#limit = new Float64Array(0);
    this.#consumed = new Float64Array(0);
    this.#own = new Float64Array(0);
    this.#below = new Float64Array(0);
    this.#required = new Float64Array(this.#width);
    this.#available = new Float64Array(this.#width);
  }

  /** By role name. */
  list(): readonly Quota[] {
    return Array.from(this.#quotas.values()).toSorted((a, b) => (a.role < b.role ? -1 : 1));
  }

  /** Neither guarantees nor limits = no quota. The role stays in the tree while it has one. */
  set(quota: Quota): void {
    const { role: name } = quota;
    const old = this.#slotOf.get(name);
    if (old !== undefined) this.#bound(old, NO_BOUNDS);
    const isNone = quota.guarantees.length === 0 && quota.limits.length === 0;
    if (isNone) {
      this.#quotas.delete(name);
      this.#slotOf.delete(name);
    } else {
      const role = old ?? this.#tree.retain(name);
      this.#quotas.set(name, quota);
      this.#slotOf.set(name, role);
      this.#bound(role, quota);
    }
    if (isNone && old !== undefined) this.#tree.release(old);
  }

  /** Begins to count: all that is held, free and reserved is to be told after this. */
  start(): void {
    this.isKept = true;
    this.version++;
    this.#grow();
    for (const column of [this.#consumed, this.#own, this.#below, this.#guarantee]) column.fill(0);
    this.#limit.fill(Number.POSITIVE_INFINITY);
    this.#required.fill(0);
    this.#available.fill(0);
    for (const [name, role] of this.#slotOf) this.#bound(role, this.#quotas.get(name)!);
  }

  stop(): void {
    this.isKept = false;
    this.version++;
  }

  get hasAny(): boolean {
    return this.#quotas.size > 0;
  }

  /** What counts against the quotas of a role and of those above it, up to but without `top`, has changed. */
  charge(role: number, dimension: number, milli: number, top = NONE): void {
    this.#grow();
    this.version++;
    const { parentOf } = this.#tree;
    let mayConsume = true;
    let change = 0;
    for (let node = role; node !== NONE; node = parentOf[node]!) {
      if (node === top) mayConsume = false;
      if (!mayConsume && change === 0) return;
      const at = node * this.#width + dimension;
      if (mayConsume) this.#consumed[at]! += milli;
      const before = this.#own[at]! + this.#below[at]!;
      this.#below[at]! += change;
      const own = this.#guarantee[at]! - this.#consumed[at]! - this.#below[at]!;
      this.#own[at] = own > 0 ? own : 0;
      change = this.#own[at]! + this.#below[at]! - before;
    }
    this.#required[dimension]! += change;
  }

  /** Something unreserved on an active agent has become free, or is free no more. */
  noteFree(dimension: number, milli: number): void {
    this.#grow();
    this.version++;
    this.#available[dimension]! += milli;
  }

  /** Whether any role lacks something of its guarantee. */
  isAnyoneInNeed(): boolean {
    this.#grow();
    for (let dimension = 0; dimension < this.#width; dimension++)
      if (this.#required[dimension]! > 0) return true;
    return false;
  }

  /** Whether less is consumed in the subtree than the role itself is guaranteed. */
  lacksGuarantee(role: number): boolean {
    this.#grow();
    const base = role * this.#width;
    for (let at = base; at < base + this.#width; at++)
      if (this.#consumed[at]! < this.#guarantee[at]!) return true;
    return false;
  }

  /** Whether a limit on cpus or mem, without which nothing runs, is used up: the role's own or one above it. */
  isFull(role: number): boolean {
    this.#grow();
    const { parentOf } = this.#tree;
    for (let node = role; node !== NONE; node = parentOf[node]!)
      for (const name of NEEDED) {
        const dimension = this.#dimensions.find(name);
        if (dimension === NONE) continue;
        const at = node * this.#width + dimension;
        if (this.#consumed[at]! >= this.#limit[at]!) return true;
      }
    return false;
  }

  /** What the role and its ancestors lack of their guarantees, and nobody below another role is promised. */
  promisedTo(role: number, dimension: number): number {
    if (this.#required[dimension]! <= 0) return 0;
    const { parentOf } = this.#tree;
    let promised = 0;
    for (let node = role; node !== NONE; node = parentOf[node]!)
      promised += this.#own[node * this.#width + dimension]!;
    return promised;
  }

  /** How much of the dimension the role may get now; Infinity = no bound. */
  boundOf(role: number, dimension: number): number {
    const { parentOf } = this.#tree;
    let bound = Number.POSITIVE_INFINITY;
    let promised = 0;
    for (let node = role; node !== NONE; node = parentOf[node]!) {
      const at = node * this.#width + dimension;
      promised += this.#own[at]!;
      const limit = this.#limit[at]!;
      if (limit === Number.POSITIVE_INFINITY) continue;
      const room = limit - this.#consumed[at]!;
      if (room <= 0) return 0;
      const surplus = room - this.#own[at]! - this.#below[at]!;
      const leaves = surplus > 0 ? promised + surplus : promised;
      if (room < bound) bound = room;
      if (leaves < bound) bound = leaves;
    }
    const required = this.#required[dimension]!;
    if (required > 0) {
      const surplus = this.#available[dimension]! - required;
      const leaves = surplus > 0 ? promised + surplus : promised;
      if (leaves < bound) bound = leaves;
    }
    return bound;
  }

  /** Counted amounts of the subtree, by name; only while kept. */
  consumedOf(role: number): readonly Amount[] {
    this.#grow();
    const amounts: Amount[] = [];
    for (let dimension = 0; dimension < this.#dimensions.count; dimension++) {
      const milli = this.#consumed[role * this.#width + dimension]!;
      if (milli > 0) amounts.push({ name: this.#dimensions.nameOf(dimension), milli });
    }
    return amounts.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #bound(role: number, { guarantees, limits }: Pick<Quota, "guarantees" | "limits">): void {
    if (!this.isKept) return;
    const dimensionOf = ({ name }: Amount) => this.#dimensions.retain(name);
    for (const amount of [...guarantees, ...limits]) dimensionOf(amount);
    this.#grow();
    const base = role * this.#width;
    this.#guarantee.fill(0, base, base + this.#width);
    this.#limit.fill(Number.POSITIVE_INFINITY, base, base + this.#width);
    for (const amount of guarantees) this.#guarantee[base + dimensionOf(amount)] = amount.milli;
    for (const amount of limits) this.#limit[base + dimensionOf(amount)] = amount.milli;
    for (let dimension = 0; dimension < this.#dimensions.count; dimension++)
      this.charge(role, dimension, 0);
  }

  /** Makes room in the columns for all roles and dimensions that there are. */
  #grow(): void {
    const width = this.#dimensions.total.length;
    if (width > this.#width) this.#widen(width);
    const length = this.#tree.parentOf.length * this.#width;
    const old = this.#limit.length;
    if (length <= old) return;
    this.#guarantee = grownFloats(this.#guarantee, length);
    this.#limit = grownFloats(this.#limit, length);
    this.#consumed = grownFloats(this.#consumed, length);
    this.#own = grownFloats(this.#own, length);
    this.#below = grownFloats(this.#below, length);
    this.#limit.fill(Number.POSITIVE_INFINITY, old);
  }

  #widen(width: number): void {
    const from = this.#width;
    const limit = new Float64Array((this.#limit.length / from) * width);
    limit.fill(Number.POSITIVE_INFINITY);
    for (let row = 0; row < this.#limit.length / from; row++)
      limit.set(this.#limit.subarray(row * from, (row + 1) * from), row * width);
    this.#limit = limit;
    this.#guarantee = widenedFloats(this.#guarantee, from, width);
    this.#consumed = widenedFloats(this.#consumed, from, width);
    this.#own = widenedFloats(this.#own, from, width);
    this.#below = widenedFloats(this.#below, from, width);
    this.#required = widenedFloats(this.#required, from, width);
    this.#available = widenedFloats(this.#available, from, width);
    this.#width = width;
  }
}

const NO_BOUNDS = { guarantees: [], limits: [] };
