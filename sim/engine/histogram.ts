import { bucketOf, endOf } from "./log-buckets.ts";

/** 32 sub-buckets of one power of two: a reading is at most 1/32 = 3 % too high. */
const BITS = 5;
const BUCKETS = 32 * 2 ** BITS;

/** What a histogram says; all zero when nothing was counted. */
export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Counts whole numbers from 0 to 2^32 - 1 in buckets that grow with the value; larger ones count as the largest. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  add(value: number): void {
    const whole = Math.min(Math.max(0, Math.round(value)), 0xffffffff);
    this.#counts[bucketOf(whole, BITS)]! += 1;
    this.#count += 1;
    if (whole > this.#max) this.#max = whole;
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#max;
  }

  /** The value that `fraction` of all readings do not exceed, rounded up to the end of its bucket. */
  quantile(fraction: number): number {
    const rank = Math.max(1, Math.ceil(this.#count * fraction));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(endOf(bucket, BITS), this.#max);
    }
    return 0;
  }

  /** Counts below `unit`, below twice that, four times, ...; a reading at an edge may count in the next one. */
  doublings(unit: number): readonly number[] {
    const counts: number[] = [];
    let below = unit;
    let doubling = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket]!;
      if (count === 0) continue;
      for (; endOf(bucket, BITS) >= below; below *= 2) doubling += 1;
      while (counts.length <= doubling) counts.push(0);
      counts[doubling]! += count;
    }
    return counts;
  }

  /** `unit`: how many of what was counted make one of what is reported, e.g. 1,000 ns a microsecond. */
  quantiles(unit = 1): Quantiles {
    return {
      count: this.#count,
      p50: this.quantile(0.5) / unit,
      p99: this.quantile(0.99) / unit,
      max: this.#max / unit,
    };
  }
}
