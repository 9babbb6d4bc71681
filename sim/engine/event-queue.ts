import FastPriorityQueue from "fastpriorityqueue";

/** Something that happens when its time has come. An object with a method, so that what happens often needs no closure. */
export interface Happening {
  run(): void;
}

/** Something that will happen; `cancel` it and it will not. */
export interface Scheduled extends Happening {
  readonly atMs: number;
  run: () => void;
}

/**
 * Events by time, those of one instant by the order in which they came. Times are whole milliseconds and most events
 * share theirs with others, so each instant is a list and only the instants are in a heap.
 */
export class EventQueue {
  readonly #instants = new Map<number, Instant>();
  readonly #times = new FastPriorityQueue<number>(isBefore);
  /** Of the event that was taken last. */
  takenAtMs = 0;
  /** The instant that was looked at last; null = look again. */
  #first: Instant | null = null;

  add(atMs: number, run: () => void): Scheduled {
    const event = { atMs, run };
    this.put(atMs, event);
    return event;
  }

  put(atMs: number, event: Happening): void {
    const first = this.#first;
    if (first !== null && first.atMs === atMs) {
      first.events.push(event);
      return;
    }
    const instant = this.#instants.get(atMs);
    if (instant !== undefined) {
      instant.events.push(event);
      return;
    }
    this.#instants.set(atMs, { atMs, events: [event], head: 0 });
    this.#times.add(atMs);
    if (first !== null && atMs < first.atMs) this.#first = null;
  }

  /** The next event that is not after `untilMs`; `takenAtMs` says when it was to happen. A cancelled one passes too. */
  take(untilMs = Number.POSITIVE_INFINITY): Happening | null {
    const instant = this.#next();
    if (instant === null || instant.atMs > untilMs) return null;
    const event = instant.events[instant.head] as Happening;
    instant.head += 1;
    this.takenAtMs = instant.atMs;
    return event;
  }

  #next(): Instant | null {
    let first = this.#first;
    if (first !== null && first.head < first.events.length) return first;
    for (;;) {
      const atMs = this.#times.peek();
      first = atMs === undefined ? null : (this.#instants.get(atMs) ?? null);
      this.#first = first;
      if (first === null || first.head < first.events.length) return first;
      // Only now: what happens in an instant may add to it until then.
      this.#instants.delete(first.atMs);
      this.#times.poll();
    }
  }
}

interface Instant {
  readonly atMs: number;
  readonly events: Happening[];
  /** Index of the first that has not been taken. */
  head: number;
}

/** The event stays in the queue and does nothing: removing it from the middle would cost more. */
export function cancel(event: Scheduled): void {
  event.run = doNothing;
}

function doNothing(): void {}

function isBefore(a: number, b: number): boolean {
  return a < b;
}
