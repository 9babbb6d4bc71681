import FastPriorityQueue from "fastpriorityqueue";

/** Something that will happen; `cancel` it and it will not. */
export interface Scheduled {
  readonly atMs: number;
  readonly sequence: number;
  run: () => void;
}

/** Events by time, those of one instant by the order in which they came: a heap alone would mix ties. */
export class EventQueue {
  readonly #heap = new FastPriorityQueue<Scheduled>(isBefore);
  #sequence = 0;

  add(atMs: number, run: () => void): Scheduled {
    const event = { atMs, sequence: this.#sequence, run };
    this.#sequence += 1;
    this.#heap.add(event);
    return event;
  }

  /** Infinity when empty. A cancelled event still counts: it passes without effect. */
  get nextAtMs(): number {
    return this.#heap.peek()?.atMs ?? Number.POSITIVE_INFINITY;
  }

  take(): Scheduled | null {
    return this.#heap.poll() ?? null;
  }
}

/** The event stays in the queue and does nothing: removing it from the middle of a heap would cost more. */
export function cancel(event: Scheduled): void {
  event.run = doNothing;
}

function doNothing(): void {}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
