import type { Random } from "@bourse/model/random";
import { Lottery } from "./lottery.ts";
import { grownInts } from "./rows.ts";
import type { ShareTable } from "./shares.ts";
import type { Sorter } from "./sorter.ts";

/**
 * A weighted random order, drawn anew for every agent (FEATURES M-24, CASES S13), as Mesos' random sorter does:
 * a row twice as heavy as another comes first twice as often. What rows hold does not matter.
 */
export class RandomSorter implements Sorter {
  readonly #table: ShareTable;
  readonly #lottery: Lottery;
  /** By name, so that an order depends on the group and the chance alone, not on how the group came about. */
  #rows: Int32Array = new Int32Array(4);
  #size = 0;
  #isDirty = false;

  constructor(table: ShareTable, random: Random) {
    this.#table = table;
    this.#lottery = new Lottery(random);
  }

  get size(): number {
    return this.#size;
  }

  refresh(): void {
    if (!this.#isDirty) {
      this.#lottery.restart();
      return;
    }
    const weights = new Float64Array(this.#size);
    for (let index = 0; index < this.#size; index++)
      weights[index] = this.#table.weightOf(this.#rows[index]!);
    this.#lottery.fill(weights);
    this.#isDirty = false;
  }

  at(index: number): number {
    return this.#rows[this.#lottery.at(index)]!;
  }

  insert(row: number): void {
    this.#rows = grownInts(this.#rows, this.#size + 1);
    const index = this.#lowerBound(row);
    this.#rows.copyWithin(index + 1, index, this.#size);
    this.#rows[index] = row;
    this.#size++;
    this.#isDirty = true;
  }

  remove(row: number): void {
    const index = this.#lowerBound(row);
    this.#rows.copyWithin(index, index + 1, this.#size);
    this.#size--;
    this.#isDirty = true;
  }

  touch(): void {}

  /** By name: to show an order must not draw one. */
  list(): readonly number[] {
    return Array.from(this.#rows.subarray(0, this.#size));
  }

  #lowerBound(row: number): number {
    const name = this.#table.nameOf(row);
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#table.nameOf(this.#rows[middle]!) < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
