import type { Violation } from "@bourse/engine/checks/violations";
import { randomScenario } from "@bourse/engine/scenario/random-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { judge, type Verdict } from "./judge.ts";
import { shrink } from "./shrink.ts";

/** One seed to run. Plain data: it crosses to another thread. */
export interface SeedJob {
  readonly seed: string;
  readonly hasReloads: boolean;
  /** Real time that a run may take, in milliseconds. */
  readonly withinMs: number;
  /** Real time that making a failing one smaller may take; 0 = it is left as it is. */
  readonly shrinkMs: number;
}

export interface SeedOutcome {
  readonly seed: string;
  readonly events: number;
  /** Null: every promise was kept. */
  readonly finding: Finding | null;
}

/** A promise that was not kept, and the shortest scenario found that shows it. */
export interface Finding {
  readonly seed: string;
  readonly violation: Violation;
  readonly scenario: Scenario;
  /** Runs that making it smaller took; 0 = it was not tried. */
  readonly shrinkRuns: number;
}

export interface SeedTools {
  scenarioOf(seed: string): Scenario;
  judge(scenario: Scenario, withinMs: number): Verdict;
  /** The seed has been run, what follows is only making it smaller. */
  judged(): void;
}

export const SEED_TOOLS: SeedTools = { scenarioOf: randomScenario, judge, judged: () => {} };

/** Runs the scenario of a seed; one that fails is made smaller. */
export function runSeedJob(job: SeedJob, tools: SeedTools = SEED_TOOLS): SeedOutcome {
  const { seed, withinMs, shrinkMs } = job;
  const scenario = scenarioOfJob(job, tools);
  const { violations, events } = tools.judge(scenario, withinMs);
  const [violation] = violations;
  if (violation === undefined) return { seed, events, finding: null };
  tools.judged();
  if (shrinkMs <= 0) return { seed, events, finding: { seed, violation, scenario, shrinkRuns: 0 } };
  const untilMs = performance.now() + shrinkMs;
  const shrunk = shrink(scenario, {
    violation,
    judge: (candidate) => tools.judge(candidate, withinMs),
    isEnough: () => performance.now() >= untilMs,
  });
  const finding = {
    seed,
    violation: shrunk.violation,
    scenario: shrunk.scenario,
    shrinkRuns: shrunk.runs,
  };
  return { seed, events, finding };
}

/** What a job runs; also of one that never answered. */
export function scenarioOfJob(
  { seed, hasReloads }: SeedJob,
  tools: Pick<SeedTools, "scenarioOf"> = SEED_TOOLS,
): Scenario {
  const scenario = tools.scenarioOf(seed);
  return hasReloads ? { ...scenario, checks: { ...scenario.checks, hasReloads } } : scenario;
}
