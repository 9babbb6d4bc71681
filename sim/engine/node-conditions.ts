import type { Now } from "@bourse/model/now";
import type { Random } from "@bourse/model/random";
import { drawDelayMs, type ShellOptions } from "./shell.ts";
import type { Simulation } from "./simulation.ts";

/**
 * What may be wrong with one machine for a while, whichever process runs on it: its wall clock and its disk. The
 * monotonic clock is right everywhere.
 */
export class NodeConditions {
  readonly #simulation: Simulation;
  #wallOffsetMs = 0;
  #skewed: Now | null = null;
  #slowUntilMs = 0;
  #slowMaxMs = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** The time as this machine tells it. */
  get now(): Now {
    const { now } = this.#simulation;
    if (this.#wallOffsetMs === 0) return now;
    if (this.#skewed?.monoMs !== now.monoMs) {
      const wallMs = now.wallMs + this.#wallOffsetMs;
      this.#skewed = Object.freeze({ monoMs: now.monoMs, wallMs });
    }
    return this.#skewed as Now;
  }

  /** By how much the wall clock is ahead; negative = behind. */
  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  set wallOffsetMs(offsetMs: number) {
    this.#wallOffsetMs = offsetMs;
    this.#skewed = null;
  }

  /** Appends that begin within `durationMs` take up to `maxMs`. */
  slowStore(maxMs: number, durationMs: number): void {
    this.#slowMaxMs = maxMs;
    this.#slowUntilMs = this.#simulation.nowMs + durationMs;
  }

  /** The delay of one append, or of effects that are only held back. */
  drawDelayMs(shell: ShellOptions, random: Random, recordCount: number): number {
    const delayMs = drawDelayMs(shell, random, recordCount);
    if (recordCount === 0 || this.#simulation.nowMs >= this.#slowUntilMs) return delayMs;
    return delayMs + random.below(this.#slowMaxMs + 1);
  }

  /** Appends that begin now take no time. */
  isStoreInstant({ appendMaxMs, holdMaxMs }: ShellOptions): boolean {
    return appendMaxMs === 0 && holdMaxMs === 0 && this.#simulation.nowMs >= this.#slowUntilMs;
  }

  /** All is well again. */
  heal(): void {
    this.wallOffsetMs = 0;
    this.#slowUntilMs = 0;
  }
}
