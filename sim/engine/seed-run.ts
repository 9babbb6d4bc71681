import type { RunReport } from "./report/run-report.ts";
import { randomScenario } from "./scenario/random-scenario.ts";
import { runScenario } from "./scenario/run-scenario.ts";

export interface SeedOptions {
  readonly seed: string;
  /** Cores are replaced by copies restored from their snapshots, at random: the run must stay the same. */
  readonly hasReloads?: boolean;
  /** Told of every fault, for people who look into a failing seed. */
  noted?(atMs: number, text: string): void;
}

/** Runs the random scenario of a seed (`randomScenario`). */
export function runSeed({ seed, hasReloads = false, noted }: SeedOptions): RunReport {
  const scenario = randomScenario(seed);
  const checks = { ...scenario.checks, hasReloads };
  return runScenario(
    { ...scenario, checks },
    { stopwatch: () => 0, ...(noted === undefined ? {} : { noted }) },
  );
}
