import { assert } from "@bourse/model/assert";

/**
 * Where a task stands, as far as its framework knows.
 * absent -> queued -> launched -> staged -> running -> finished; from any of the middle ones an attempt that went wrong
 * leads to `pausing` and back to `queued`, or, when it was the last, to `failed`.
 */
export const PHASE = {
  absent: 0,
  queued: 1,
  /** Waits for the time of its next attempt. */
  pausing: 2,
  launched: 3,
  /** The agent has said something of it. */
  staged: 4,
  running: 5,
  finished: 6,
  failed: 7,
} as const;

export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** On top of the phase: it ran before, in this attempt or an earlier one. */
const HAS_RUN = 8;
const PHASE_MASK = 7;

/** A snapshot shares the pages that did not change since the one before. */
const PAGE_BITS = 8;
const PAGE = 1 << PAGE_BITS;
/** One packed task: a time in 32 bits, the attempt in 16, phase and flag in 4. Below 2^53. */
const SINCE_UNIT = 2 ** 20;
const ATTEMPT_UNIT = 16;
export const ATTEMPTS_MAX = 65_535;

export type TaskPage = readonly number[];

/** State of every task of a load in seven bytes each, with snapshots that cost a page and not a load. */
export class BatchTasks {
  readonly #state: Uint8Array;
  readonly #attempt: Uint16Array;
  /** Since when it is launched or staged. Whole virtual milliseconds; 32 bits are 49 days. */
  readonly #sinceMs: Uint32Array;
  /** Null = changed since it was last written; no list at all before the first snapshot. */
  #pages: (TaskPage | null)[] | null = null;

  constructor(count: number) {
    this.#state = new Uint8Array(count);
    this.#attempt = new Uint16Array(count);
    this.#sinceMs = new Uint32Array(count);
  }

  static restore(count: number, pages: readonly TaskPage[]): BatchTasks {
    const tasks = new BatchTasks(count);
    for (let index = 0; index < count; index++) {
      const packed = pages[index >> PAGE_BITS]?.[index & (PAGE - 1)] as number;
      const sinceMs = Math.floor(packed / SINCE_UNIT);
      const rest = packed - sinceMs * SINCE_UNIT;
      tasks.#sinceMs[index] = sinceMs;
      tasks.#attempt[index] = rest >> 4;
      tasks.#state[index] = rest & 15;
    }
    return tasks;
  }

  snapshot(): readonly TaskPage[] {
    const count = Math.ceil(this.#state.length / PAGE);
    this.#pages ??= new Array<TaskPage | null>(count).fill(null);
    for (let page = 0; page < count; page++) this.#pages[page] ??= this.#write(page);
    return this.#pages.slice() as TaskPage[];
  }

  get count(): number {
    return this.#state.length;
  }

  phaseOf(index: number): Phase {
    return ((this.#state[index] as number) & PHASE_MASK) as Phase;
  }

  hasRun(index: number): boolean {
    return ((this.#state[index] as number) & HAS_RUN) !== 0;
  }

  attemptOf(index: number): number {
    return this.#attempt[index] as number;
  }

  sinceMsOf(index: number): number {
    return this.#sinceMs[index] as number;
  }

  /** The tasks from `from` up to `until` have arrived. */
  arrive(from: number, until: number): void {
    this.#state.fill(PHASE.queued, from, until);
    if (this.#pages === null) return;
    for (let page = from >> PAGE_BITS; page <= (until - 1) >> PAGE_BITS; page++) {
      this.#pages[page] = null;
    }
  }

  launch(index: number, nowMs: number): void {
    this.#sinceMs[index] = nowMs;
    this.#move(index, PHASE.launched);
  }

  stage(index: number, nowMs: number): void {
    this.#sinceMs[index] = nowMs;
    this.#move(index, PHASE.staged);
  }

  run(index: number): void {
    this.#state[index] = (this.#state[index] as number) | HAS_RUN;
    this.#move(index, PHASE.running);
  }

  finish(index: number): void {
    this.#move(index, PHASE.finished);
  }

  fail(index: number): void {
    this.#move(index, PHASE.failed);
  }

  /** The attempt is over, another will follow. */
  pause(index: number): void {
    const attempt = (this.#attempt[index] as number) + 1;
    assert(attempt <= ATTEMPTS_MAX, `task ${index} has been tried ${attempt} times`);
    this.#attempt[index] = attempt;
    this.#move(index, PHASE.pausing);
  }

  queue(index: number): void {
    this.#move(index, PHASE.queued);
  }

  #move(index: number, phase: Phase): void {
    this.#state[index] = ((this.#state[index] as number) & HAS_RUN) | phase;
    if (this.#pages !== null) this.#pages[index >> PAGE_BITS] = null;
  }

  #write(page: number): TaskPage {
    const from = page * PAGE;
    const until = Math.min(from + PAGE, this.#state.length);
    const packed: number[] = [];
    for (let index = from; index < until; index++) {
      packed.push(
        this.sinceMsOf(index) * SINCE_UNIT +
          this.attemptOf(index) * ATTEMPT_UNIT +
          (this.#state[index] as number),
      );
    }
    return Object.freeze(packed);
  }
}
