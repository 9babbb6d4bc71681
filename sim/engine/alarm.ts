import { assert } from "@bourse/model/assert";
import { cancel, type Scheduled } from "./event-queue.ts";
import type { Simulation } from "./simulation.ts";

/** A core that wants to be woken this often within one instant will never let time pass. */
const RINGS_PER_INSTANT_MAX = 1_000;

/** The one timer of a shell: rings once at or after the last time that was set. */
export class Alarm {
  readonly #simulation: Simulation;
  readonly #ring: () => void;
  #wantedMs = Number.POSITIVE_INFINITY;
  #event: Scheduled | null = null;
  #lastRingMs = -1;
  #ringsAtOnce = 0;
  readonly #pass = (): void => this.#passed();

  constructor(simulation: Simulation, ring: () => void) {
    this.#simulation = simulation;
    this.#ring = ring;
  }

  get wantedMs(): number {
    return this.#wantedMs;
  }

  /** Replaces the time before. Infinity = never. */
  set(atMs: number): void {
    assert(!Number.isNaN(atMs), "a core must say when it wants to be woken");
    this.#wantedMs = atMs;
    if (this.#event !== null && this.#event.atMs <= atMs) return; // It will look again when it passes.
    if (this.#event !== null) cancel(this.#event);
    this.#event = atMs === Number.POSITIVE_INFINITY ? null : this.#schedule(atMs);
  }

  stop(): void {
    this.#wantedMs = Number.POSITIVE_INFINITY;
    if (this.#event !== null) cancel(this.#event);
    this.#event = null;
  }

  #schedule(atMs: number): Scheduled {
    return this.#simulation.at(Math.ceil(atMs), this.#pass);
  }

  #passed(): void {
    this.#event = null;
    const nowMs = this.#simulation.nowMs;
    if (this.#wantedMs > nowMs) {
      this.set(this.#wantedMs);
      return;
    }
    this.#ringsAtOnce = this.#lastRingMs === nowMs ? this.#ringsAtOnce + 1 : 0;
    this.#lastRingMs = nowMs;
    assert(this.#ringsAtOnce < RINGS_PER_INSTANT_MAX, "a core asks to be woken now for ever");
    this.#wantedMs = Number.POSITIVE_INFINITY;
    this.#ring();
  }
}
