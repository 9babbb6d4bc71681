import type { Simulation } from "../simulation.ts";

/** A promise that was not kept. */
export interface Violation {
  readonly seed: string;
  readonly atMs: number;
  /** The invariant, as the file of its check is named. */
  readonly check: string;
  readonly message: string;
}

/** More would say nothing new: one broken rule soon breaks others. */
const VIOLATIONS_MAX = 20;

/** Gathers what the checks find, each finding once. */
export class Violations {
  readonly #simulation: Simulation;
  readonly #found: Violation[] = [];
  readonly #known = new Set<string>();
  #count = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** Also of those that are not listed any more. */
  get count(): number {
    return this.#count;
  }

  get list(): readonly Violation[] {
    return this.#found;
  }

  report(check: string, message: string): void {
    const key = `${check}: ${message}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.#count += 1;
    if (this.#found.length >= VIOLATIONS_MAX) return;
    const { seed, nowMs } = this.#simulation;
    this.#found.push({ seed, atMs: nowMs, check, message });
  }
}
