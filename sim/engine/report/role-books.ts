import type { Role } from "@bourse/model/ids";
import type { RoleReport } from "./run-report.ts";
import { Counter, Gauge, type TimeGrid } from "./time-grid.ts";

/** Roles whose share is drawn: those with the largest. */
const DRAWN_MAX = 20;
/** Roles whose share and waits are kept over time, so that the largest can be told at the end. 16 KiB each. */
const KEPT_MAX = 256;
const NONE = -1;

/**
 * What is kept for each role: its share over time, how long its tasks waited, how long it was below its due and got
 * nothing. A role is also all that is below it, as for the allocator.
 */
export class RoleBooks {
  readonly names: Role[] = [];
  readonly #indexOf = new Map<Role, number>();
  readonly #parentOf: number[] = [];
  readonly #shares: (Float64Array | null)[] = [];
  /** Shares as they were last looked at. */
  readonly share: number[] = [];
  /** [time * share]. */
  readonly #shareMs: number[] = [];
  /** Arrived less launched, by the interval of the arrival. */
  readonly #waiting: (Float64Array | null)[] = [];
  readonly #longestWaitMs: number[] = [];
  readonly #unservedMs: number[] = [];
  readonly #longestUnservedMs: number[] = [];
  /** How long it had been unserved at the last look; 0 = it was served. */
  readonly #unservedNowMs: number[] = [];
  readonly #grid: TimeGrid;
  #last: Role = "";
  #lastIndex = NONE;

  constructor(grid: TimeGrid) {
    this.#grid = grid;
  }

  /** The number of a role; it and those above it are kept from now on. */
  open(role: Role): number {
    if (role === this.#last && this.#lastIndex !== NONE) return this.#lastIndex;
    const known = this.#indexOf.get(role);
    const index = known ?? this.#add(role);
    this.#last = role;
    this.#lastIndex = index;
    return index;
  }

  /** NONE at the top. */
  parentOf(index: number): number {
    return this.#parentOf[index]!;
  }

  arrived(role: Role, count: number): void {
    const waiting = this.#waiting[this.open(role)];
    if (waiting != null) waiting[this.#grid.closed]! += count;
  }

  launched(role: Role, arrivedMs: number, waitedMs: number): void {
    const index = this.open(role);
    if (waitedMs > this.#longestWaitMs[index]!) this.#longestWaitMs[index] = waitedMs;
    const waiting = this.#waiting[index];
    if (waiting == null) return;
    const row = Math.floor(arrivedMs / this.#grid.stepMs);
    waiting[row < this.#grid.closed ? row : this.#grid.closed]! -= 1;
  }

  /** A look at one role: for how long it has been unserved, null = it is not. */
  lookAt(index: number, unservedForMs: number | null): void {
    const before = this.#unservedNowMs[index]!;
    const now = unservedForMs ?? 0;
    if (now < before) this.#unservedMs[index]! += before; // That spell is over.
    this.#unservedNowMs[index] = now;
    if (now > this.#longestUnservedMs[index]!) this.#longestUnservedMs[index] = now;
  }

  /** The shares of now hold for the interval `row`, which took so long. */
  keepShares(row: number, lastedMs: number): void {
    for (let index = 0; index < this.names.length; index++) {
      const share = this.share[index]!;
      this.#shareMs[index]! += share * lastedMs;
      const shares = this.#shares[index];
      if (shares != null) shares[row] = share;
    }
  }

  /** By name. */
  report(nowMs: number): readonly RoleReport[] {
    const waitsMs = this.names.map((_, index) =>
      Math.max(this.#longestWaitMs[index]!, this.#oldestWaitMs(index, nowMs)),
    );
    // A role was added after those above it, so from the last to the first all get the waits of those below.
    for (let index = waitsMs.length - 1; index >= 0; index--) {
      const parent = this.#parentOf[index]!;
      if (parent !== NONE && waitsMs[index]! > waitsMs[parent]!) waitsMs[parent] = waitsMs[index]!;
    }
    const reports = this.names.map((role, index): RoleReport => {
      return {
        role,
        unservedMs: this.#unservedMs[index]! + this.#unservedNowMs[index]!,
        longestUnservedMs: this.#longestUnservedMs[index]!,
        longestWaitMs: waitsMs[index]!,
        meanShare: rounded(this.#shareMs[index]! / Math.max(1, nowMs)),
      };
    });
    return reports.sort((a, b) => (a.role < b.role ? -1 : 1));
  }

  /** By role, the largest first. */
  shares(rows: number): Readonly<Record<Role, readonly number[]>> {
    const drawn = this.names
      .map((role, index) => ({ role, shares: this.#shares[index], mean: this.#shareMs[index]! }))
      .filter(({ shares }) => shares != null)
      .sort((a, b) => b.mean - a.mean || (a.role < b.role ? -1 : 1))
      .slice(0, DRAWN_MAX);
    return Object.fromEntries(
      drawn.map(({ role, shares }) => [role, Array.from(shares!.subarray(0, rows), rounded)]),
    );
  }

  /** How long the oldest task that has not been launched has waited; 0 = none waits. */
  #oldestWaitMs(index: number, nowMs: number): number {
    const waiting = this.#waiting[index];
    if (waiting == null) return 0;
    let sum = 0;
    for (let row = 0; row <= this.#grid.closed; row++) {
      sum += waiting[row]!;
      if (sum > 0) return Math.max(0, nowMs - row * this.#grid.stepMs);
    }
    return 0;
  }

  #add(role: Role): number {
    const above = role.lastIndexOf("/");
    const parent = above < 0 ? NONE : this.open(role.slice(0, above));
    const index = this.names.push(role) - 1;
    const isKept = index < KEPT_MAX;
    this.#indexOf.set(role, index);
    this.#parentOf.push(parent);
    this.#shares.push(isKept ? this.#grid.add(new Gauge(this.#grid.rows)).values : null);
    this.#waiting.push(isKept ? this.#grid.add(new Counter(this.#grid.rows)).values : null);
    for (const column of [
      ...[this.share, this.#shareMs, this.#longestWaitMs],
      ...[this.#unservedMs, this.#longestUnservedMs, this.#unservedNowMs],
    ])
      column.push(0);
    return index;
  }
}

/** A hundredth of a percent: more is not seen in a chart and makes the file larger. */
export function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
