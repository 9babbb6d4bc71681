import type { DimensionTable } from "./kinds.ts";
import { grownInts } from "./rows.ts";
import type { ShareTable } from "./shares.ts";
import { NONE } from "./slots.ts";
import type { Sorter } from "./sorter.ts";

/**
 * Poorest first, by dominant-resource fairness (FEATURES M-24; `ShareTable.compare`). Kept sorted while shares change
 * one by one; when the cluster's totals have changed every share has, and the rows are a mere set until somebody
 * reads them.
 */
export class DrfSorter implements Sorter {
  readonly #table: ShareTable;
  readonly #dimensions: DimensionTable;
  #rows: Int32Array = new Int32Array(4);
  #size = 0;
  #version = -1;
  /** The row between `take` and `put`; a stale group keeps its rows. */
  #taken = NONE;

  constructor(table: ShareTable, dimensions: DimensionTable) {
    this.#table = table;
    this.#dimensions = dimensions;
  }

  get size(): number {
    return this.#size;
  }

  at(index: number): number {
    return this.#rows[index]!;
  }

  list(): readonly number[] {
    this.refresh();
    return Array.from(this.#rows.subarray(0, this.#size));
  }

  insert(row: number): void {
    this.#rows = grownInts(this.#rows, this.#size + 1);
    if (this.#isStale()) {
      this.#rows[this.#size++] = row;
      return;
    }
    this.#table.settle(row);
    this.#place(row);
  }

  remove(row: number): void {
    const index = this.#isStale() ? this.#rows.indexOf(row) : this.#indexOf(row);
    this.#rows.copyWithin(index, index + 1, this.#size);
    this.#size--;
  }

  take(row: number): void {
    if (this.#isStale()) return;
    this.remove(row);
    this.#taken = row;
  }

  /** The totals may have changed since `take`. */
  put(row: number): void {
    if (this.#taken !== row) return;
    this.#taken = NONE;
    this.insert(row);
  }

  /** Sorts anew if the totals have changed since the last time. */
  refresh(): void {
    if (!this.#isStale()) return;
    const rows = this.#rows;
    const size = this.#size;
    for (let index = 0; index < size; index++) this.#table.settle(rows[index]!);
    this.#size = 0;
    for (let index = 0; index < size; index++) this.#place(rows[index]!);
    this.#version = this.#dimensions.version;
  }

  #isStale(): boolean {
    return this.#version !== this.#dimensions.version;
  }

  #place(row: number): void {
    const index = this.#lowerBound(row);
    this.#rows.copyWithin(index + 1, index, this.#size);
    this.#rows[index] = row;
    this.#size++;
  }

  #indexOf(row: number): number {
    return this.#lowerBound(row);
  }

  /** How many rows come before `row`. The order is total: names differ. */
  #lowerBound(row: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#table.compare(this.#rows[middle]!, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
