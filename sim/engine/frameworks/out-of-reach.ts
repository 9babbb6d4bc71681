/**
 * Tasks whose agent is out of reach, and since when. A framework waits so long for them and no longer: a machine that
 * died for good never says so, and the master does not either (MA-7, N-04).
 */
export class OutOfReach {
  readonly #patienceMs: number;
  /** By task; the longest first, since they are added as time goes by. */
  readonly #sinceMs = new Map<number, number>();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  restore(saved: OutOfReachState): void {
    for (const [index, sinceMs] of saved) this.#sinceMs.set(index, sinceMs);
  }

  snapshot(): OutOfReachState {
    return Array.from(this.#sinceMs);
  }

  /** When the next one is due; Infinity = there is none. */
  get dueMs(): number {
    if (this.#sinceMs.size === 0) return Number.POSITIVE_INFINITY;
    for (const sinceMs of this.#sinceMs.values()) return sinceMs + this.#patienceMs;
    return Number.POSITIVE_INFINITY;
  }

  /** Said again it is no news: it counts from the first time. */
  add(index: number, nowMs: number): void {
    if (!this.#sinceMs.has(index)) this.#sinceMs.set(index, nowMs);
  }

  /** It is back, or has ended. */
  remove(index: number): void {
    if (this.#sinceMs.size > 0) this.#sinceMs.delete(index);
  }

  /** One that was waited for long enough, and is not any more; -1 = there is none. */
  take(nowMs: number): number {
    if (this.#sinceMs.size === 0) return -1; // The rule; every event asks.
    for (const [index, sinceMs] of this.#sinceMs) {
      if (nowMs < sinceMs + this.#patienceMs) return -1;
      this.#sinceMs.delete(index);
      return index;
    }
    return -1;
  }
}

/** Task and since when, the longest first. */
export type OutOfReachState = readonly (readonly [index: number, sinceMs: number])[];
