import { assert } from "@bourse/model/assert";
import type { Role } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { DimensionTable } from "./kinds.ts";
import type { SorterKind } from "./options.ts";
import { DrfRoleOrder, RandomRoleOrder, type RoleOrder } from "./role-order.ts";
import { grownBytes, grownFloats, grownInts } from "./rows.ts";
import { ShareTable } from "./shares.ts";
import { NONE, Slots } from "./slots.ts";

export const WEIGHT_MILLI_DEFAULT = 1000;

/** What of a role follows from nothing else. */
export interface RoleRecord {
  readonly role: Role;
  /** How often it was served: all of its subtree, and its own pairs beside its children. */
  readonly served: number;
  readonly servedOwn: number;
  /** NONE = it is served as it should be. */
  readonly unservedSinceMs: number;
}

/**
 * The roles as a tree (FEATURES M-24, M-29): `eng/backend` is a child of `eng`. A role is there while it has pairs
 * (a framework in the role), children, or somebody who refers to it. A role with pairs *and* children that have some
 * competes with those children as a virtual leaf "." of weight 1. Each node's share is that of its whole subtree,
 * divided by its weight; a node is ranked among its siblings while a pair below it may be served.
 *
 * Two rows of shares a role: 2r counts the subtree, 2r+1 the role's own pairs. The second is kept only while the
 * role is inner, and starts as a copy of the first, the count of allocations too, as in Mesos.
 */
export class RoleTree {
  readonly slots = new Slots();
  readonly shares: ShareTable;
  /** NONE at the top. */
  parentOf: Int32Array = new Int32Array(16);
  /** Since when the subtree has been entitled to more and was allocated nothing (standings.ts); NONE = it is not. */
  unservedSinceMs: Float64Array = new Float64Array(16);
  readonly #order: RoleOrder;
  readonly #weights = new Map<Role, number>();
  /** Children, retainers and pairs: what a role is there for. */
  #references: Int32Array = new Int32Array(16);
  #pairs: Int32Array = new Int32Array(16);
  /** Children with a pair in their subtree. */
  #branches: Int32Array = new Int32Array(16);
  /** Whether one of the role's own pairs may be served. */
  #isServable: Uint8Array = new Uint8Array(16);
  /** Ranked children, and the role's own pairs as one. */
  #ranked: Int32Array = new Int32Array(16);

  constructor(dimensions: DimensionTable, sorter: SorterKind, random: Random) {
    this.shares = new ShareTable(dimensions);
    this.#order =
      sorter === "drf" ? new DrfRoleOrder(this, dimensions) : new RandomRoleOrder(this, random);
  }

  /** The role's slot; it and its ancestors stay at least until `release` was called as often as this. */
  retain(name: Role): number {
    const known = this.slots.slotOf(name);
    const role = known === NONE ? this.#open(name) : known;
    this.#references[role]! += 1;
    return role;
  }

  release(role: number): void {
    const left = this.#references[role]! - 1;
    assert(left >= 0, `role ${this.slots.idOf(role)} is released as often as it was retained`);
    this.#references[role] = left;
    if (left > 0) return;
    const parent = this.parentOf[role]!;
    this.slots.release(role);
    if (parent !== NONE) this.release(parent);
  }

  /** A framework has the role now. */
  addPair(name: Role): number {
    const role = this.retain(name);
    this.#pairs[role]! += 1;
    if (this.#pairs[role] === 1) {
      if (this.isInner(role)) this.#clear(ownRow(role));
      else this.#grow(role);
    }
    return role;
  }

  /** The pair holds nothing and may not be served. */
  removePair(role: number): void {
    this.#pairs[role]! -= 1;
    if (this.#pairs[role] === 0 && !this.isInner(role)) this.#shrink(role);
    this.release(role);
  }

  /** Whether a framework has this very role or holds something under it. */
  hasPairs(role: number): boolean {
    return this.#pairs[role]! > 0;
  }

  /** Whether there are pairs below the role, beside its own. */
  isInner(role: number): boolean {
    return this.#branches[role]! > 0;
  }

  /** Whether a pair in the role's subtree may be served. */
  isRanked(role: number): boolean {
    return this.#ranked[role]! > 0;
  }

  /** Whether one of the role's own pairs may be served. */
  isServable(role: number): boolean {
    return this.#isServable[role] === 1;
  }

  setServable(role: number, isServable: boolean): void {
    if (this.isServable(role) === isServable) return;
    this.#isServable[role] = isServable ? 1 : 0;
    if (isServable) {
      if (this.isInner(role)) this.#order.insert(role, ownRow(role));
      this.#countRanked(role);
    } else {
      if (this.isInner(role)) this.#order.remove(role, ownRow(role));
      this.#uncountRanked(role);
    }
  }

  /** What pairs of the role hold changes; `noteChange` when that is over. */
  charge(role: number, dimension: number, milli: number): void {
    if (this.isInner(role)) this.shares.change(ownRow(role), dimension, milli);
    for (let node = role; node !== NONE; node = this.parentOf[node]!)
      this.shares.change(subtreeRow(node), dimension, milli);
  }

  countServed(role: number): void {
    if (this.isInner(role)) this.shares.countServed(ownRow(role));
    for (let node = role; node !== NONE; node = this.parentOf[node]!) {
      this.shares.countServed(subtreeRow(node));
      this.unservedSinceMs[node] = NONE;
    }
  }

  noteChange(role: number): void {
    if (this.isInner(role) && this.isServable(role)) this.#order.touch(role, ownRow(role));
    for (let node = role; node !== NONE; node = this.parentOf[node]!)
      if (this.isRanked(node)) this.#order.touch(this.parentOf[node]!, subtreeRow(node));
  }

  get weights(): ReadonlyMap<Role, number> {
    return this.#weights;
  }

  weightMilliOf(name: Role): number {
    return this.#weights.get(name) ?? WEIGHT_MILLI_DEFAULT;
  }

  /** A role is there while its weight is not the default. */
  setWeight(name: Role, weightMilli: number): void {
    const role = this.retain(name);
    if (this.#weights.delete(name)) this.release(role);
    if (weightMilli !== WEIGHT_MILLI_DEFAULT) {
      this.retain(name);
      this.#weights.set(name, weightMilli);
    }
    this.#weigh(role, weightMilli);
    this.release(role);
  }

  /** A new agent is looked at. */
  start(): void {
    this.#order.start();
  }

  /** The next role that has a pair which may be served, or NONE. */
  next(): number {
    return this.#order.next();
  }

  /** By name. */
  records(): readonly RoleRecord[] {
    return this.byName(this.slots.list()).map((role) => ({
      role: this.slots.idOf(role),
      served: this.shares.servedOf(subtreeRow(role)),
      servedOwn: this.isInner(role) ? this.shares.servedOf(ownRow(role)) : 0,
      unservedSinceMs: this.unservedSinceMs[role]!,
    }));
  }

  /** When all that the roles are there for has been restored, before anybody is ranked. */
  restoreRecords(records: readonly RoleRecord[]): void {
    for (const { role: name, served, servedOwn, unservedSinceMs } of records) {
      const role = this.slots.slotOf(name);
      assert(role !== NONE, `role ${name} must be restored before its record`);
      this.unservedSinceMs[role] = unservedSinceMs;
      this.shares.setServed(subtreeRow(role), served);
      this.shares.setServed(ownRow(role), servedOwn);
    }
  }

  /** Roles that have a pair which may be served, by name. */
  rankedRoles(): readonly number[] {
    return this.byName(this.slots.list().filter((role) => this.isServable(role)));
  }

  /** Of each of these roles, which are all that may be served: weight among the siblings, times that of its parent. */
  chances(roles: readonly number[]): Float64Array {
    const weightsBelow = new Map<number, number>();
    const add = (parent: number, weightMilli: number) =>
      weightsBelow.set(parent, (weightsBelow.get(parent) ?? 0) + weightMilli);
    for (const role of this.slots.list()) {
      if (this.isRanked(role)) add(this.parentOf[role]!, this.shares.weightOf(subtreeRow(role)));
      if (this.isInner(role) && this.isServable(role)) add(role, WEIGHT_MILLI_DEFAULT);
    }
    return Float64Array.from(roles, (role) => {
      let chance = this.isInner(role) ? WEIGHT_MILLI_DEFAULT / weightsBelow.get(role)! : 1;
      for (let node = role; node !== NONE; node = this.parentOf[node]!)
        chance *= this.shares.weightOf(subtreeRow(node)) / weightsBelow.get(this.parentOf[node]!)!;
      return chance;
    });
  }

  #weigh(role: number, weightMilli: number): void {
    const row = subtreeRow(role);
    const isRanked = this.isRanked(role);
    if (isRanked) this.#order.remove(this.parentOf[role]!, row);
    this.shares.setWeight(row, weightMilli);
    if (isRanked) this.#order.insert(this.parentOf[role]!, row);
  }

  byName(roles: readonly number[]): readonly number[] {
    return roles.toSorted((a, b) => (this.slots.idOf(a) < this.slots.idOf(b) ? -1 : 1));
  }

  #open(name: Role): number {
    const slash = name.lastIndexOf("/");
    const parent = slash < 0 ? NONE : this.retain(name.slice(0, slash) as Role);
    const role = this.slots.take(name);
    this.parentOf = grownInts(this.parentOf, role + 1);
    this.#references = grownInts(this.#references, role + 1);
    this.#pairs = grownInts(this.#pairs, role + 1);
    this.#branches = grownInts(this.#branches, role + 1);
    this.#ranked = grownInts(this.#ranked, role + 1);
    this.#isServable = grownBytes(this.#isServable, role + 1);
    this.unservedSinceMs = grownFloats(this.unservedSinceMs, role + 1);
    this.parentOf[role] = parent;
    this.unservedSinceMs[role] = NONE;
    this.#references[role] = 0;
    this.#pairs[role] = 0;
    this.#branches[role] = 0;
    this.#ranked[role] = 0;
    this.#isServable[role] = 0;
    this.shares.add(subtreeRow(role), name, this.weightMilliOf(name));
    this.shares.add(ownRow(role), `${name}/.`, WEIGHT_MILLI_DEFAULT);
    return role;
  }

  /** The subtree has its first pair: the node is new to those who share, however long it has been there. */
  #grow(role: number): void {
    this.shares.setServed(subtreeRow(role), 0);
    const parent = this.parentOf[role]!;
    if (parent === NONE) return;
    this.#branches[parent]! += 1;
    if (this.#branches[parent]! > 1) return;
    if (this.#pairs[parent] === 0) {
      this.#clear(ownRow(parent));
      this.#grow(parent);
      return;
    }
    this.shares.copy(subtreeRow(parent), ownRow(parent));
    if (this.isServable(parent)) this.#order.insert(parent, ownRow(parent));
  }

  /** The subtree has lost its last pair. */
  #shrink(role: number): void {
    const parent = this.parentOf[role]!;
    if (parent === NONE) return;
    this.#branches[parent]! -= 1;
    if (this.#branches[parent]! > 0) return;
    if (this.#pairs[parent] === 0) this.#shrink(parent);
    else if (this.isServable(parent)) this.#order.remove(parent, ownRow(parent));
  }

  #clear(own: number): void {
    this.shares.add(own, this.shares.nameOf(own), WEIGHT_MILLI_DEFAULT);
  }

  #countRanked(role: number): void {
    for (let node = role; node !== NONE; node = this.parentOf[node]!) {
      this.#ranked[node]! += 1;
      if (this.#ranked[node]! > 1) return;
      this.#order.insert(this.parentOf[node]!, subtreeRow(node));
    }
  }

  #uncountRanked(role: number): void {
    for (let node = role; node !== NONE; node = this.parentOf[node]!) {
      this.#ranked[node]! -= 1;
      if (this.#ranked[node]! > 0) return;
      this.unservedSinceMs[node] = NONE;
      this.#order.remove(this.parentOf[node]!, subtreeRow(node));
    }
  }
}

/** The row of all that is held in the subtree of a role. */
export function subtreeRow(role: number): number {
  return role * 2;
}

/** The row of what the role's own pairs hold, right while the role is inner. */
export function ownRow(role: number): number {
  return role * 2 + 1;
}
