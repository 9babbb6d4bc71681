import { present } from "@bourse/model/assert";
import type { Role } from "@bourse/model/ids";
import { Random } from "@bourse/model/random";
import { DimensionTable } from "./kinds.ts";
import type { SorterKind } from "./options.ts";
import { ownRow, RoleTree, subtreeRow } from "./role-tree.ts";
import { NONE } from "./slots.ts";
import { siblingStanding } from "./standings.ts";

export const HUNDRED = { cpus: 100, mem: 100 };

/** Roles with one framework each, told in whole units as CASES section 3 tells them. */
export class Forest {
  readonly tree: RoleTree;
  readonly #dimensions = new DimensionTable([]);
  /** By role that is a client: what it holds, in units. */
  readonly #held = new Map<string, Record<string, number>>();

  constructor(
    total: Readonly<Record<string, number>> = HUNDRED,
    sorter: SorterKind = "drf",
    random = Random.fromSeed(7),
  ) {
    this.tree = new RoleTree(this.#dimensions, sorter, random);
    this.total(total);
  }

  total(total: Readonly<Record<string, number>>): this {
    for (const [name, units] of Object.entries(total)) {
      const dimension = this.#dimensions.retain(name);
      const before = this.#dimensions.total[dimension] ?? 0;
      this.#dimensions.addTotal(dimension, Math.round(units * 1000) - before);
    }
    return this;
  }

  /** Clients that hold nothing. */
  add(...names: readonly string[]): this {
    for (const name of names) {
      this.tree.setServable(this.tree.addPair(name as Role), true);
      this.#held.set(name, {});
    }
    return this;
  }

  /** One more allocation; a client that is new is added. */
  hold(name: string, cpus: number, mem = cpus): this {
    if (!this.#held.has(name)) this.add(name);
    return this.#change(name, { cpus, mem }, true);
  }

  giveBack(name: string, cpus: number, mem = cpus): this {
    return this.#change(name, { cpus: -cpus, mem: -mem }, false);
  }

  /** What it holds changes without its being served, as an operation changes it. */
  convert(name: string, units: number): this {
    return this.#change(name, { cpus: units, mem: units }, false);
  }

  remove(name: string): this {
    this.deactivate(name);
    const { cpus = 0, mem = 0 } = present(this.#held.get(name), name);
    this.giveBack(name, cpus, mem);
    this.tree.removePair(this.#slot(name));
    this.#held.delete(name);
    return this;
  }

  deactivate(name: string): this {
    this.tree.setServable(this.#slot(name), false);
    return this;
  }

  activate(name: string): this {
    this.tree.setServable(this.#slot(name), true);
    return this;
  }

  weight(name: string, weight: number): this {
    this.tree.setWeight(name as Role, Math.round(weight * 1000));
    return this;
  }

  order(): string {
    const names: string[] = [];
    this.tree.start();
    for (let role = this.tree.next(); role !== NONE; role = this.tree.next())
      names.push(this.tree.slots.idOf(role));
    return names.join(",");
  }

  /** As people are shown it: level by level. */
  positions(parent = NONE): string {
    const { tree } = this;
    const rows = tree.slots
      .list()
      .filter((role) => tree.parentOf[role] === parent && tree.isRanked(role))
      .map(subtreeRow);
    if (parent !== NONE && tree.isServable(parent)) rows.push(ownRow(parent));
    return rows
      .map((row) => ({ row, ...siblingStanding(tree, row) }))
      .toSorted((left, right) => left.position - right.position)
      .map(({ row }) => {
        const name = tree.slots.idOf(row >> 1);
        const isLeaf = row === ownRow(row >> 1) || !tree.isInner(row >> 1);
        return isLeaf ? name : this.positions(row >> 1);
      })
      .join(",");
  }

  isOpen(name: string): boolean {
    return this.#slot(name) !== NONE;
  }

  #slot(name: string): number {
    return this.tree.slots.slotOf(name);
  }

  #change(name: string, units: Readonly<Record<string, number>>, isServed: boolean): this {
    const role = this.#slot(name);
    const held = present(this.#held.get(name), name);
    for (const [dimension, amount] of Object.entries(units)) {
      held[dimension] = (held[dimension] ?? 0) + amount;
      this.tree.charge(role, this.#dimensions.retain(dimension), Math.round(amount * 1000));
    }
    if (isServed) this.tree.countServed(role);
    this.tree.noteChange(role);
    return this;
  }
}
