import type { OperatorEvent } from "@bourse/model/operator";

/** Where a subscriber goes on: after this event. Nothing = from now on; epoch 0 = from the oldest that is kept. */
export interface EventPosition {
  readonly epoch?: number;
  readonly sequence?: number;
}

/** Enough for a minute of a busy cluster: 10,000 events are some 5 MB. */
export const EVENTS_MAX = 10_000;

/**
 * The newest operator events, numbered without gaps per epoch (FEATURES M-76). A reader asks for what follows a
 * position; when that is no longer kept, or of another master's epoch, it gets a `gap` first: list anew, and go
 * on from the gap's own sequence.
 */
export class EventRing {
  readonly #epoch: number;
  readonly #max: number;
  readonly #events: OperatorEvent[] = [];
  /** Index of the oldest event once the ring is full. */
  #start = 0;
  #newest = 0;
  readonly #waiting = new Set<() => void>();

  constructor(epoch: number, max: number = EVENTS_MAX) {
    this.#epoch = epoch;
    this.#max = max;
  }

  get newest(): number {
    return this.#newest;
  }

  push(event: OperatorEvent): void {
    if (this.#events.length < this.#max) this.#events.push(event);
    else {
      this.#events[this.#start] = event;
      this.#start = (this.#start + 1) % this.#max;
    }
    this.#newest = event.sequence;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Where a subscriber begins, and the gap it must hear of first. */
  begin(position: EventPosition, wallMs: number): { after: number; gap: OperatorEvent | null } {
    const { epoch, sequence = 0 } = position;
    if (epoch === undefined) return { after: this.#newest, gap: null };
    const oldestAfter = this.#newest - this.#events.length;
    if (epoch === 0) return { after: oldestAfter, gap: null };
    if (epoch === this.#epoch && sequence >= oldestAfter && sequence <= this.#newest) {
      return { after: sequence, gap: null };
    }
    return { after: this.#newest, gap: this.#gap(sequence + 1, wallMs) };
  }

  /** At most `limit` events after a sequence; null when they are no longer kept. */
  after(sequence: number, limit: number): readonly OperatorEvent[] | null {
    const oldestAfter = this.#newest - this.#events.length;
    if (sequence < oldestAfter) return null;
    const count = Math.min(this.#newest - sequence, limit);
    const offset = this.#start + (sequence - oldestAfter);
    return Array.from(
      { length: count },
      (_, index) => this.#events[(offset + index) % this.#events.length] as OperatorEvent,
    );
  }

  /** For a reader that fell behind the ring. */
  gapAfter(sequence: number, wallMs: number): OperatorEvent {
    return this.#gap(sequence + 1, wallMs);
  }

  /** Calls back once when there is something new. Returns how to stop waiting. */
  wait(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #gap(fromSequence: number, wallMs: number): OperatorEvent {
    const change = { kind: "gap", fromSequence } as const;
    return { epoch: this.#epoch, sequence: this.#newest, wallMs, change };
  }
}
