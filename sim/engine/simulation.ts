import type { Now } from "@bourse/model/now";
import { Random } from "@bourse/model/random";
import { EventQueue, type Happening, type Scheduled } from "./event-queue.ts";

/** Wall clock at virtual time zero: 2026-01-01 00:00 UTC. Any date would do; a fixed one keeps hashes alike. */
export const WALL_ORIGIN_MS = 1_767_225_600_000;

/**
 * Virtual time: takes the earliest event, moves the clock there, runs it. Knows nothing of clusters. A synchronous
 * loop without promises, so that there is no microtask order to control. Times in whole milliseconds.
 */
export class Simulation {
  readonly seed: string;
  /** Never draw from it: `fork` a stream for each purpose, so that one purpose does not disturb another. */
  readonly random: Random;
  readonly #queue = new EventQueue();
  #now: Now = Object.freeze({ monoMs: 0, wallMs: WALL_ORIGIN_MS });
  #eventCount = 0;

  constructor(seed: string) {
    this.seed = seed;
    this.random = Random.fromSeed(seed);
  }

  /** One frozen object for each instant: cores may keep it. */
  get now(): Now {
    return this.#now;
  }

  get nowMs(): number {
    return this.#now.monoMs;
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Runs `run` at `atMs`, or now when that is past; events of one instant run in the order they were asked for. */
  at(atMs: number, run: () => void): Scheduled {
    return this.#queue.add(Math.max(atMs, this.#now.monoMs), run);
  }

  /** The same for what is never cancelled and happens often. */
  put(atMs: number, event: Happening): void {
    this.#queue.put(Math.max(atMs, this.#now.monoMs), event);
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.at(this.#now.monoMs + delayMs, run);
  }

  /** Runs the next event. False: nothing will ever happen again. */
  step(): boolean {
    return this.#step(Number.POSITIVE_INFINITY);
  }

  /** Runs everything up to and including `untilMs`; the clock ends there. */
  runUntil(untilMs: number): void {
    while (this.#step(untilMs));
    this.#moveTo(Math.max(untilMs, this.#now.monoMs));
  }

  #step(untilMs: number): boolean {
    const next = this.#queue.take(untilMs);
    if (next === null) return false;
    this.#moveTo(this.#queue.takenAtMs);
    this.#eventCount += 1;
    next.run();
    return true;
  }

  runFor(durationMs: number): void {
    this.runUntil(this.#now.monoMs + durationMs);
  }

  #moveTo(monoMs: number): void {
    if (monoMs === this.#now.monoMs) return;
    this.#now = Object.freeze({ monoMs, wallMs: WALL_ORIGIN_MS + monoMs });
  }
}
