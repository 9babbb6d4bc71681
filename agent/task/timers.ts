import { present } from "@bourse/model/assert";

/** One entry: when, in which order among equals, and what for. */
export interface Timer {
  readonly dueMs: number;
  readonly sequence: number;
  readonly kind: "retry" | "kill" | "completion";
  /** Key of the task. */
  readonly key: string;
}

export interface TimersSnapshot {
  readonly sequence: number;
  readonly heap: readonly Timer[];
}

/**
 * A binary heap of timers, earliest first, first set first among equals. Nothing is cancelled: the owner of a
 * timer remembers when it is due, and an entry that says otherwise is stale and skipped.
 */
export class Timers {
  readonly #heap: Timer[] = [];
  #sequence = 0;

  static restore(snapshot: TimersSnapshot): Timers {
    const timers = new Timers();
    timers.#sequence = snapshot.sequence;
    timers.#heap.push(...snapshot.heap);
    return timers;
  }

  snapshot(): TimersSnapshot {
    return { sequence: this.#sequence, heap: [...this.#heap] };
  }

  get size(): number {
    return this.#heap.length;
  }

  add(dueMs: number, kind: Timer["kind"], key: string): void {
    this.#push({ dueMs, sequence: this.#sequence++, kind, key });
  }

  /** Takes the earliest timer that is due and that its owner still wants; null when there is none. */
  takeDue(nowMs: number, isWanted: (timer: Timer) => boolean): Timer | null {
    this.#dropStale(isWanted);
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return null;
    this.#pop();
    return first;
  }

  /** When the next wanted timer is due; Infinity = never. */
  nextMs(isWanted: (timer: Timer) => boolean): number {
    this.#dropStale(isWanted);
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /** Throws all stale entries out; the owner calls it when they outnumber the living by far. */
  compact(isWanted: (timer: Timer) => boolean): void {
    const wanted = this.#heap.filter(isWanted).sort(compare);
    this.#heap.length = 0;
    this.#heap.push(...wanted); // A sorted array is a heap.
  }

  #dropStale(isWanted: (timer: Timer) => boolean): void {
    while (this.#heap[0] !== undefined && !isWanted(this.#heap[0])) this.#pop();
  }

  #push(timer: Timer): void {
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

function compare(left: Timer, right: Timer): number {
  return left.dueMs - right.dueMs || left.sequence - right.sequence;
}
