import type { Random } from "@bourse/model/random";
import { DrfSorter } from "./drf-sorter.ts";
import type { DimensionTable } from "./kinds.ts";
import { Lottery } from "./lottery.ts";
import type { RoleTree } from "./role-tree.ts";
import { grownInts } from "./rows.ts";
import { NONE } from "./slots.ts";

/**
 * In which order the roles that can be served are served while one agent is looked at. The tree says which rows are
 * ranked below which role: `parent` is NONE at the top; row 2r stands for all of role r's subtree, row 2r+1 for its
 * own frameworks beside its children (the virtual leaf ".").
 */
export interface RoleOrder {
  insert(parent: number, row: number): void;
  remove(parent: number, row: number): void;
  /** What the row holds has changed. */
  touch(parent: number, row: number): void;
  /** A new agent is looked at. */
  start(): void;
  /** The next role with a pair that may be served, or NONE. */
  next(): number;
}

/** Depth-first, the poorest first at every level; a level is sorted only when it is come to. */
export class DrfRoleOrder implements RoleOrder {
  readonly #tree: RoleTree;
  readonly #dimensions: DimensionTable;
  readonly #top: DrfSorter;
  /** By role slot, of roles that ever had children. */
  readonly #below: DrfSorter[] = [];
  /** Where the walk stands: a group and the next index in it for each level. */
  readonly #groups: DrfSorter[];
  #indexes: Int32Array = new Int32Array(16);
  #depth = 0;

  constructor(tree: RoleTree, dimensions: DimensionTable) {
    this.#tree = tree;
    this.#dimensions = dimensions;
    this.#top = new DrfSorter(tree.shares, dimensions);
    this.#groups = [this.#top];
  }

  insert(parent: number, row: number): void {
    this.#group(parent).insert(row);
  }

  remove(parent: number, row: number): void {
    this.#group(parent).remove(row);
  }

  touch(parent: number, row: number): void {
    this.#group(parent).touch(row);
  }

  start(): void {
    this.#top.refresh();
    this.#depth = 0;
    this.#indexes[0] = 0;
  }

  next(): number {
    for (;;) {
      const group = this.#groups[this.#depth]!;
      const index = this.#indexes[this.#depth]!;
      if (index === group.size) {
        if (this.#depth === 0) return NONE;
        this.#depth--;
        continue;
      }
      this.#indexes[this.#depth] = index + 1;
      const row = group.at(index);
      const role = row >> 1;
      if ((row & 1) === 1 || !this.#tree.isInner(role)) return role;
      this.#enter(role);
    }
  }

  #enter(role: number): void {
    const group = this.#below[role]!;
    group.refresh();
    this.#depth++;
    if (this.#depth === this.#indexes.length)
      this.#indexes = grownInts(this.#indexes, this.#depth + 1);
    this.#groups[this.#depth] = group;
    this.#indexes[this.#depth] = 0;
  }

  #group(parent: number): DrfSorter {
    if (parent === NONE) return this.#top;
    const known = this.#below[parent];
    if (known !== undefined) return known;
    const group = new DrfSorter(this.#tree.shares, this.#dimensions);
    this.#below[parent] = group;
    return group;
  }
}

/**
 * All roles with a pair that may be served in one weighted random order, drawn anew for every agent (CASES S14), as
 * Mesos' random sorter does it: a role's chance is the product, over the levels, of its weight (or its ancestor's)
 * among the siblings that can be served. The order is *not* depth-first.
 */
export class RandomRoleOrder implements RoleOrder {
  readonly #tree: RoleTree;
  readonly #lottery: Lottery;
  #roles: readonly number[] = [];
  #isDirty = true;
  #index = 0;

  constructor(tree: RoleTree, random: Random) {
    this.#tree = tree;
    this.#lottery = new Lottery(random);
  }

  insert(): void {
    this.#isDirty = true;
  }

  remove(): void {
    this.#isDirty = true;
  }

  touch(): void {}

  start(): void {
    this.#index = 0;
    if (this.#isDirty) this.#refill();
    else this.#lottery.restart();
  }

  next(): number {
    if (this.#index === this.#roles.length) return NONE;
    return this.#roles[this.#lottery.at(this.#index++)]!;
  }

  #refill(): void {
    this.#roles = this.#tree.rankedRoles();
    this.#lottery.fill(this.#tree.chances(this.#roles));
    this.#isDirty = false;
  }
}
