/**
 * The timers of the core: a binary heap ordered by (time, sequence), so that ties fire in the order in which they
 * were set. A timer is named by its kind and an id; setting it again replaces it. A replaced or cancelled timer
 * stays in the heap, marked, until it surfaces.
 */
export class Timers {
  readonly #current = new Map<string, Entry>();
  #heap: Entry[] = [];
  #nextSequence = 1;

  set(kind: TimerKind, id: string, dueMs: number): void {
    this.#enter({ kind, id, dueMs, sequence: this.#nextSequence++, isStale: false });
  }

  cancel(kind: TimerKind, id: string): void {
    const key = keyOf(kind, id);
    const entry = this.#current.get(key);
    if (entry === undefined) return;
    entry.isStale = true;
    this.#current.delete(key);
    // Mostly dead weight: rebuild, so that the heap stays proportional to what is alive.
    if (this.#heap.length > 64 && this.#heap.length > 4 * this.#current.size) {
      this.#heap = [];
      for (const timer of this.#current.values()) this.#push(timer);
    }
  }

  dueOf(kind: TimerKind, id: string): number | undefined {
    return this.#current.get(keyOf(kind, id))?.dueMs;
  }

  /** Takes the first timer that is due, or null. */
  pop(nowMs: number): Timer | null {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.#removeFirst();
    this.#current.delete(keyOf(first.kind, first.id));
    return first;
  }

  /** When the next timer is due; Infinity when there is none. */
  nextMs(): number {
    this.#dropStale();
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  snapshot(): TimersSnapshot {
    const entries = Array.from(this.#current.values()).sort(compare);
    const timers = entries.map(({ isStale: _, ...timer }) => timer);
    return { nextSequence: this.#nextSequence, timers };
  }

  static restore(data: TimersSnapshot): Timers {
    const timers = new Timers();
    for (const timer of data.timers) timers.#enter({ ...timer, isStale: false });
    timers.#nextSequence = data.nextSequence;
    return timers;
  }

  #enter(entry: Entry): void {
    const key = keyOf(entry.kind, entry.id);
    const replaced = this.#current.get(key);
    if (replaced !== undefined) replaced.isStale = true;
    this.#current.set(key, entry);
    this.#push(entry);
  }

  /** Asked after every input: it must cost nothing while nothing is stale. */
  #dropStale(): void {
    while (this.#heap[0]?.isStale === true) this.#removeFirst();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(heap, index, parent)) return;
      swap(heap, index, parent);
      index = parent;
    }
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let least = index;
      if (left < heap.length && isBefore(heap, left, least)) least = left;
      if (left + 1 < heap.length && isBefore(heap, left + 1, least)) least = left + 1;
      if (least === index) return;
      swap(heap, index, least);
      index = least;
    }
  }
}

export const TIMER_KINDS = [
  "allocate",
  "offer-timeout",
  "ping-agent",
  "heartbeat-framework",
  "remove-framework",
  "recovery-ends",
  "forget-agent",
] as const;
export type TimerKind = (typeof TIMER_KINDS)[number];

export interface Timer {
  readonly kind: TimerKind;
  /** Of the agent or framework; empty where there is one timer of the kind. */
  readonly id: string;
  readonly dueMs: number;
  readonly sequence: number;
}

/** A timer in the heap; `isStale` once another replaced it or it was cancelled. */
interface Entry extends Timer {
  isStale: boolean;
}

export interface TimersSnapshot {
  readonly nextSequence: number;
  /** In the order in which they will fire. */
  readonly timers: readonly Timer[];
}

function keyOf(kind: TimerKind, id: string): string {
  return `${kind} ${id}`;
}

function compare(left: Timer, right: Timer): number {
  return left.dueMs - right.dueMs || left.sequence - right.sequence;
}

function isBefore(heap: readonly Entry[], left: number, right: number): boolean {
  return compare(heap[left] as Entry, heap[right] as Entry) < 0;
}

function swap(heap: Entry[], left: number, right: number): void {
  const kept = heap[left] as Entry;
  heap[left] = heap[right] as Entry;
  heap[right] = kept;
}
