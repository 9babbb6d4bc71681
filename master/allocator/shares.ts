import type { DimensionTable } from "./kinds.ts";
import { grownBytes, grownFloats, widenedFloats } from "./rows.ts";

/**
 * What each client (a node of the tree of roles, or a framework in a role) holds, and who comes first: the smaller dominant share
 * divided by weight, then the one that was served less often, then the smaller name (FEATURES M-24, CASES 3).
 *
 * Shares are compared exactly. A quotient in binary floating point is off by at most three roundings; where two
 * shares differ by more than that the comparison of the quotients is right, and where they do not the
 * fractions are compared by multiplying crosswise in whole numbers. So 0.15/3 and 0.10/2 are equal here, which
 * they are not in Mesos (CASES S8).
 */
export class ShareTable {
  /** Rows that are to be put in their place before their group's order is read again. */
  isDirty: Uint8Array = new Uint8Array(16);
  readonly #dimensions: DimensionTable;
  readonly #names: string[] = [];
  #width: number;
  /** Thousandths held: [row * width + dimension]. */
  #held: Float64Array;
  /** Thousandths. */
  #weight: Float64Array = new Float64Array(16);
  /** Allocations ever made; survives giving back and deactivation (CASES S3). */
  #served: Float64Array = new Float64Array(16);
  /** Dominant share divided by weight in thousandths; right for `#version` of the totals only. */
  #share: Float64Array = new Float64Array(16);

  constructor(dimensions: DimensionTable) {
    this.#dimensions = dimensions;
    this.#width = dimensions.total.length;
    this.#held = new Float64Array(16 * this.#width);
  }

  /** A client that holds nothing. */
  add(row: number, name: string, weightMilli: number): void {
    this.#held = grownFloats(this.#held, (row + 1) * this.#width);
    this.isDirty = grownBytes(this.isDirty, row + 1);
    this.#weight = grownFloats(this.#weight, row + 1);
    this.#served = grownFloats(this.#served, row + 1);
    this.#share = grownFloats(this.#share, row + 1);
    this.#names[row] = name;
    this.#held.fill(0, row * this.#width, (row + 1) * this.#width);
    this.#weight[row] = weightMilli;
    this.#served[row] = 0;
    this.#share[row] = 0;
  }

  /** The row holds what `from` holds and was served as often; its weight and name stay. */
  copy(from: number, row: number): void {
    const width = this.#width;
    this.#held.copyWithin(row * width, from * width, (from + 1) * width);
    this.#served[row] = this.#served[from]!;
  }

  heldOf(row: number, dimension: number): number {
    return dimension < this.#width ? this.#held[row * this.#width + dimension]! : 0;
  }

  nameOf(row: number): string {
    return this.#names[row]!;
  }

  weightOf(row: number): number {
    return this.#weight[row]!;
  }

  setWeight(row: number, weightMilli: number): void {
    this.#weight[row] = weightMilli;
  }

  servedOf(row: number): number {
    return this.#served[row]!;
  }

  setServed(row: number, served: number): void {
    this.#served[row] = served;
  }

  countServed(row: number): void {
    this.#served[row]! += 1;
  }

  /** The share is right again after `settle`. */
  change(row: number, dimension: number, milli: number): void {
    if (dimension >= this.#width) this.#widen();
    this.#held[row * this.#width + dimension]! += milli;
  }

  /** Computes the share from what is held and the totals of now. */
  settle(row: number): void {
    this.#share[row] = this.dominantShareOf(row) / this.#weight[row]!;
  }

  /** The dominant share of now, not divided by weight. */
  dominantShareOf(row: number): number {
    const { total, isExcluded, count } = this.#dimensions;
    const base = row * this.#width;
    const width = Math.min(count, this.#width);
    let dominant = 0;
    for (let dimension = 0; dimension < width; dimension++) {
      if (isExcluded[dimension] !== 0 || total[dimension]! <= 0) continue;
      const share = this.#held[base + dimension]! / total[dimension]!;
      if (share > dominant) dominant = share;
    }
    return dominant;
  }

  /** For people: the dominant share divided by weight, as of `settle`. */
  shareOf(row: number): number {
    return this.#share[row]! * 1000;
  }

  /** Negative when `left` is served before `right`. Never 0 for two different names. */
  compare(left: number, right: number): number {
    const a = this.#share[left]!;
    const b = this.#share[right]!;
    if (a < b * SURELY_LESS) return -1;
    if (b < a * SURELY_LESS) return 1;
    if (a !== 0 || b !== 0) {
      const exact = this.#compareExactly(left, right);
      if (exact !== 0) return exact;
    }
    const served = this.#served[left]! - this.#served[right]!;
    if (served !== 0) return served;
    const leftName = this.#names[left]!;
    const rightName = this.#names[right]!;
    return leftName < rightName ? -1 : leftName > rightName ? 1 : 0;
  }

  #compareExactly(left: number, right: number): number {
    if (this.#holdsTheSame(left, right)) return 0;
    const a = this.#dominantDimension(left);
    const b = this.#dominantDimension(right);
    const heldLeft = this.#held[left * this.#width + a]!;
    const heldRight = this.#held[right * this.#width + b]!;
    const weightLeft = this.#weight[left]!;
    const weightRight = this.#weight[right]!;
    if (a === b && weightLeft === weightRight) return heldLeft - heldRight;
    const { total } = this.#dimensions;
    const crossLeft = BigInt(heldLeft) * BigInt(total[b]!) * BigInt(weightRight);
    const crossRight = BigInt(heldRight) * BigInt(total[a]!) * BigInt(weightLeft);
    return crossLeft < crossRight ? -1 : crossLeft > crossRight ? 1 : 0;
  }

  /** The common tie: many clients that hold the same. */
  #holdsTheSame(left: number, right: number): boolean {
    if (this.#weight[left] !== this.#weight[right]) return false;
    const width = this.#width;
    const count = Math.min(this.#dimensions.count, width);
    for (let dimension = 0; dimension < count; dimension++) {
      if (this.#held[left * width + dimension] !== this.#held[right * width + dimension]) {
        return false;
      }
    }
    return true;
  }

  #dominantDimension(row: number): number {
    const { total, isExcluded, count } = this.#dimensions;
    const base = row * this.#width;
    const width = Math.min(count, this.#width);
    let best = -1;
    for (let dimension = 0; dimension < width; dimension++) {
      if (isExcluded[dimension] !== 0 || total[dimension]! <= 0) continue;
      if (best < 0) best = dimension;
      else if (
        isLessFraction(
          this.#held[base + best]!,
          total[best]!,
          this.#held[base + dimension]!,
          total[dimension]!,
        )
      ) {
        best = dimension;
      }
    }
    return Math.max(best, 0);
  }

  #widen(): void {
    const width = this.#dimensions.total.length;
    this.#held = widenedFloats(this.#held, this.#width, width);
    this.#width = width;
  }
}

/**
 * A computed share has at most three roundings (two divisions and this multiplication), each of a relative
 * 2^-53 = 1.1e-16; two of them are 6.7e-16 apart at most when they are equal. Rounded up generously.
 */
const SURELY_LESS = 1 - 4e-15;

/** a/b < c/d for whole numbers below 2^53, b and d positive. */
function isLessFraction(a: number, b: number, c: number, d: number): boolean {
  const left = a / b;
  const right = c / d;
  if (left < right * SURELY_LESS) return true;
  if (right < left * SURELY_LESS) return false;
  if (b === d) return a < c;
  return BigInt(a) * BigInt(d) < BigInt(c) * BigInt(b);
}
