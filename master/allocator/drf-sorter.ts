import type { DimensionTable } from "./kinds.ts";
import { grownInts } from "./rows.ts";
import type { ShareTable } from "./shares.ts";
import type { Sorter } from "./sorter.ts";

/**
 * Poorest first, by dominant-resource fairness (FEATURES M-24; `ShareTable.compare`). A row whose share changes is only
 * marked: until somebody reads the order, many changes cost no more than one. When the cluster's totals have changed
 * every share has.
 */
export class DrfSorter implements Sorter {
  readonly #table: ShareTable;
  readonly #dimensions: DimensionTable;
  /** Sorted but for the marked ones. */
  #rows: Int32Array = new Int32Array(4);
  #size = 0;
  /** Marked in the table too; at most `#size`. */
  #dirty: Int32Array = new Int32Array(4);
  #dirtySize = 0;
  #version = -1;

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
    this.#dirty = grownInts(this.#dirty, this.#size + 1);
    this.#rows[this.#size++] = row;
    this.touch(row);
  }

  remove(row: number): void {
    this.#takeOut(this.#rows.indexOf(row));
    if (this.#table.isDirty[row] === 0) return;
    this.#table.isDirty[row] = 0;
    this.#dirty[this.#dirty.indexOf(row)] = this.#dirty[--this.#dirtySize]!;
  }

  touch(row: number): void {
    if (this.#table.isDirty[row] === 1) return;
    this.#table.isDirty[row] = 1;
    this.#dirty[this.#dirtySize++] = row;
  }

  /** Sorts anew if the totals have changed since the last time, or else puts the changed rows in their places. */
  refresh(): void {
    if (this.#version !== this.#dimensions.version) this.#sortAll();
    else if (this.#dirtySize === 1) this.#moveOne(this.#dirty[0]!);
    else if (this.#dirtySize > 1) this.#moveDirty();
  }

  #sortAll(): void {
    const rows = this.#rows;
    const size = this.#size;
    this.#size = 0;
    for (let index = 0; index < size; index++) this.#settle(rows[index]!);
    for (let index = 0; index < size; index++) this.#place(rows[index]!);
    this.#dirtySize = 0;
    this.#version = this.#dimensions.version;
  }

  /** To the right or to the left, by one shift of those in between. */
  #moveOne(row: number): void {
    this.#dirtySize = 0;
    this.#settle(row);
    const rows = this.#rows;
    const size = this.#size;
    if (size === 1) return;
    const from = rows.indexOf(row);
    if (from + 1 < size && this.#table.compare(rows[from + 1]!, row) < 0) {
      const to = this.#lowerBound(row, from + 2, size);
      rows.copyWithin(from, from + 1, to);
      rows[to - 1] = row;
    } else if (from > 0) {
      const to = this.#lowerBound(row, 0, from);
      rows.copyWithin(to + 1, to, from);
      rows[to] = row;
    }
  }

  #moveDirty(): void {
    const rows = this.#rows;
    let kept = 0;
    for (let index = 0; index < this.#size; index++)
      if (this.#table.isDirty[rows[index]!] === 0) rows[kept++] = rows[index]!;
    this.#size = kept;
    for (let index = 0; index < this.#dirtySize; index++) {
      const row = this.#dirty[index]!;
      this.#settle(row);
      this.#place(row);
    }
    this.#dirtySize = 0;
  }

  #settle(row: number): void {
    this.#table.isDirty[row] = 0;
    this.#table.settle(row);
  }

  #takeOut(index: number): void {
    this.#rows.copyWithin(index, index + 1, this.#size);
    this.#size--;
  }

  #place(row: number): void {
    const index = this.#lowerBound(row, 0, this.#size);
    this.#rows.copyWithin(index + 1, index, this.#size);
    this.#rows[index] = row;
    this.#size++;
  }

  /** The first place of those from `from` on, and before `to`, whose row does not come before `row`: names differ. */
  #lowerBound(row: number, from: number, to: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#table.compare(this.#rows[middle]!, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
