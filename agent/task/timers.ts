import { present } from "@bourse/model/assert";

export type TimerKind = "retry" | "kill" | "completion";

/** One entry: when, in which order among equals, what for and whose. */
export interface Timer<Owner> {
  readonly dueMs: number;
  readonly sequence: number;
  readonly kind: TimerKind;
  readonly owner: Owner;
}

export interface TimersSnapshot {
  readonly sequence: number;
  /** In the order in which they will ring. */
  readonly waiting: readonly {
    readonly dueMs: number;
    readonly sequence: number;
    readonly kind: TimerKind;
    /** Of the owner. */
    readonly key: string;
  }[];
}

/**
 * A binary heap of timers, earliest first, first set first among equals. Nothing is cancelled: the owner of a
 * timer remembers when it is due, and an entry that says otherwise is stale and skipped.
 */
export class Timers<Owner> {
  readonly #heap: Timer<Owner>[] = [];
  #sequence = 0;

  static restore<Owner>(snapshot: TimersSnapshot, ownerOf: (key: string) => Owner): Timers<Owner> {
    const timers = new Timers<Owner>();
    timers.#sequence = snapshot.sequence;
    for (const { dueMs, sequence, kind, key } of snapshot.waiting)
      timers.#heap.push({ dueMs, sequence, kind, owner: ownerOf(key) }); // A sorted array is a heap.
    return timers;
  }

  /** Without what nobody wants any more: its owner may be gone. */
  snapshot(isWanted: (timer: Timer<Owner>) => boolean, keyOf: (owner: Owner) => string) {
    const waiting = this.#heap.filter(isWanted).sort(compare);
    return {
      sequence: this.#sequence,
      waiting: waiting.map(({ dueMs, sequence, kind, owner }) => {
        return { dueMs, sequence, kind, key: keyOf(owner) };
      }),
    } satisfies TimersSnapshot;
  }

  get size(): number {
    return this.#heap.length;
  }

  add(dueMs: number, kind: TimerKind, owner: Owner): void {
    this.#push({ dueMs, sequence: this.#sequence++, kind, owner });
  }

  /** Takes the earliest timer that is due and that its owner still wants; null when there is none. */
  takeDue(nowMs: number, isWanted: (timer: Timer<Owner>) => boolean): Timer<Owner> | null {
    this.#dropStale(isWanted);
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.#pop();
    return first;
  }

  /** When the next wanted timer is due; Infinity = never. */
  nextMs(isWanted: (timer: Timer<Owner>) => boolean): number {
    this.#dropStale(isWanted);
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Throws all stale entries out; the owner calls it when they outnumber the living by far. */
  compact(isWanted: (timer: Timer<Owner>) => boolean): void {
    const wanted = this.#heap.filter(isWanted).sort(compare);
    this.#heap.length = 0;
    this.#heap.push(...wanted); // A sorted array is a heap.
  }

  #dropStale(isWanted: (timer: Timer<Owner>) => boolean): void {
    while (this.#heap[0] !== undefined && !isWanted(this.#heap[0])) this.#pop();
  }

  #push(timer: Timer<Owner>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(timer);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = present(heap[parent], "a parent in the heap");
      if (compare(above, timer) <= 0) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = present(heap.pop(), "a timer to take");
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && compare(right, present(heap[child], "a child in the heap")) < 0)
        child++;
      const below = present(heap[child], "a child in the heap");
      if (compare(last, below) <= 0) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  }
}

function compare(left: Timer<unknown>, right: Timer<unknown>): number {
  return left.dueMs - right.dueMs || left.sequence - right.sequence;
}
