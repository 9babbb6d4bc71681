/**
 * The timers of the core: a binary heap ordered by (time, sequence), so that ties fire in the order in which they
 * were set. A timer is named by its kind and an id; setting it again replaces it. A replaced or cancelled timer
 * stays in the heap until it surfaces, where it is recognised by its sequence.
 */
export class Timers {
  readonly #current = new Map<string, Timer>();
  #heap: Timer[] = [];
  #nextSequence = 1;

  set(kind: TimerKind, id: string, dueMs: number): void {
    const timer = { kind, id, dueMs, sequence: this.#nextSequence++ };
    this.#current.set(keyOf(kind, id), timer);
    this.#push(timer);
  }

  cancel(kind: TimerKind, id: string): void {
    this.#current.delete(keyOf(kind, id));
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
    const timers = Array.from(this.#current.values()).sort(compare);
    return { nextSequence: this.#nextSequence, timers: timers.map((timer) => ({ ...timer })) };
  }

  static restore(data: TimersSnapshot): Timers {
    const timers = new Timers();
    for (const timer of data.timers) {
      const copy = { ...timer };
      timers.#current.set(keyOf(copy.kind, copy.id), copy);
      timers.#push(copy);
    }
    timers.#nextSequence = data.nextSequence;
    return timers;
  }

  #dropStale(): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#current.get(keyOf(first.kind, first.id)) === first) return;
      this.#removeFirst();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
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

function isBefore(heap: readonly Timer[], left: number, right: number): boolean {
  return compare(heap[left] as Timer, heap[right] as Timer) < 0;
}

function swap(heap: Timer[], left: number, right: number): void {
  const kept = heap[left] as Timer;
  heap[left] = heap[right] as Timer;
  heap[right] = kept;
}
