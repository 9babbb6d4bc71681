import { assert } from "@bourse/model/assert";

/** What is kept by interval. When a grid is full, rows 2i and 2i + 1 become row i; the rest begins anew. */
export interface GridColumn {
  halve(): void;
}

/**
 * Equal intervals of virtual time for a run of unknown length, from its beginning: they start fine, and when there are
 * as many as there may be, neighbours become one and the step doubles. So a run ends with between half and all of
 * them.
 */
export class TimeGrid {
  /** At most so many intervals; even. */
  readonly rows: number;
  #stepMs: number;
  #closed = 0;
  readonly #columns: GridColumn[] = [];

  constructor(rows: number, stepMs: number) {
    assert(rows >= 2 && rows % 2 === 0 && stepMs > 0, "a grid has an even number of rows, in time");
    this.rows = rows;
    this.#stepMs = stepMs;
  }

  add<Column extends GridColumn>(column: Column): Column {
    this.#columns.push(column);
    return column;
  }

  get stepMs(): number {
    return this.#stepMs;
  }

  /** Intervals that are over; the number of the one under way. */
  get closed(): number {
    return this.#closed;
  }

  /** When the interval under way ends. */
  get endMs(): number {
    return (this.#closed + 1) * this.#stepMs;
  }

  /** The interval under way is over. */
  close(): void {
    this.#closed += 1;
    if (this.#closed < this.rows) return;
    for (const column of this.#columns) column.halve();
    this.#closed = this.rows / 2;
    this.#stepMs *= 2;
  }

  /** The ends of all intervals; the one under way ends now. */
  endsUntil(nowMs: number): readonly number[] {
    const ends: number[] = [];
    for (let row = 1; row <= this.#closed; row++) ends.push(row * this.#stepMs);
    if (nowMs > this.#closed * this.#stepMs || ends.length === 0) ends.push(nowMs);
    return ends;
  }
}

/** What was so at the end of each interval. */
export class Gauge implements GridColumn {
  readonly values: Float64Array;

  constructor(rows: number) {
    this.values = new Float64Array(rows);
  }

  halve(): void {
    const half = this.values.length / 2;
    for (let row = 0; row < half; row++) this.values[row] = this.values[2 * row + 1]!;
    this.values.fill(0, half);
  }
}

/** How much happened within each interval. */
export class Counter implements GridColumn {
  readonly values: Float64Array;
  total = 0;

  constructor(rows: number) {
    this.values = new Float64Array(rows);
  }

  add(row: number, count: number): void {
    this.values[row]! += count;
    this.total += count;
  }

  halve(): void {
    const half = this.values.length / 2;
    for (let row = 0; row < half; row++)
      this.values[row] = this.values[2 * row]! + this.values[2 * row + 1]!;
    this.values.fill(0, half);
  }
}
