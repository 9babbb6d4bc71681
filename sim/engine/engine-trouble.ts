import type { Simulation } from "./simulation.ts";

/** What is wrong with one machine's container engine for a while. Times in milliseconds. */
export class EngineTrouble {
  readonly #simulation: Simulation;
  #launchesFailUntilMs = 0;
  #hangsUntilMs = 0;
  #stopsAreIgnoredUntilMs = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Images cannot be pulled. */
  failLaunches(durationMs: number): void {
    this.#launchesFailUntilMs = this.#simulation.nowMs + durationMs;
  }

  /** It takes every call and answers none, tells of nothing; then it does and tells all of it. */
  hang(durationMs: number): void {
    const untilMs = this.#simulation.nowMs + durationMs;
    this.#hangsUntilMs = Math.max(this.#hangsUntilMs, untilMs);
  }

  /** Processes take no notice of SIGTERM: they end when their grace is over. */
  ignoreStops(durationMs: number): void {
    this.#stopsAreIgnoredUntilMs = this.#simulation.nowMs + durationMs;
  }

  /** An engine that hangs does so until its time is over: nothing may pass what it holds back. */
  heal(): void {
    this.#launchesFailUntilMs = 0;
    this.#stopsAreIgnoredUntilMs = 0;
  }

  get launchesFail(): boolean {
    return this.#simulation.nowMs < this.#launchesFailUntilMs;
  }

  get ignoresStops(): boolean {
    return this.#simulation.nowMs < this.#stopsAreIgnoredUntilMs;
  }

  /** How long it goes on hanging; 0 = it does not. */
  get hangsForMs(): number {
    return Math.max(0, this.#hangsUntilMs - this.#simulation.nowMs);
  }
}
