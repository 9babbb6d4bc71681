import { bucketOf, endOf } from "../log-buckets.ts";
import type { GridColumn } from "./time-grid.ts";

/** 16 sub-buckets of one power of two: a percentile is at most 1/16 = 6 % too high. */
const BITS = 4;
/** Up to 2^28 ms, three days; what takes longer counts as that long. */
const VALUE_MAX = 2 ** 28 - 1;
const BUCKETS = (28 - BITS + 1) * 2 ** BITS;

/**
 * One small histogram of whole milliseconds for each interval of a grid. Neighbours can be merged without loss, which
 * percentiles cannot; an interval with a single reading says exactly that reading.
 */
export class IntervalHistograms implements GridColumn {
  readonly #rows: number;
  readonly #counts: Uint32Array;
  readonly #total: Uint32Array;
  readonly #max: Uint32Array;

  constructor(rows: number) {
    this.#rows = rows;
    this.#counts = new Uint32Array(rows * BUCKETS);
    this.#total = new Uint32Array(rows);
    this.#max = new Uint32Array(rows);
  }

  add(row: number, valueMs: number): void {
    const value = valueMs > 0 ? (valueMs < VALUE_MAX ? Math.round(valueMs) : VALUE_MAX) : 0;
    this.#counts[row * BUCKETS + bucketOf(value, BITS)]! += 1;
    this.#total[row]! += 1;
    if (value > this.#max[row]!) this.#max[row] = value;
  }

  /** The value that `fraction` of the interval's readings do not exceed; null when it has none. */
  quantile(row: number, fraction: number): number | null {
    const total = this.#total[row]!;
    if (total === 0) return null;
    const rank = Math.max(1, Math.ceil(total * fraction));
    const base = row * BUCKETS;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[base + bucket]!;
      if (seen >= rank) return Math.min(endOf(bucket, BITS), this.#max[row]!);
    }
    return this.#max[row]!;
  }

  halve(): void {
    const half = this.#rows / 2;
    for (let row = 0; row < half; row++) {
      const left = 2 * row;
      this.#total[row] = this.#total[left]! + this.#total[left + 1]!;
      this.#max[row] = Math.max(this.#max[left]!, this.#max[left + 1]!);
      const base = row * BUCKETS;
      const from = left * BUCKETS;
      for (let bucket = 0; bucket < BUCKETS; bucket++)
        this.#counts[base + bucket] =
          this.#counts[from + bucket]! + this.#counts[from + BUCKETS + bucket]!;
    }
    this.#total.fill(0, half);
    this.#max.fill(0, half);
    this.#counts.fill(0, half * BUCKETS);
  }
}
