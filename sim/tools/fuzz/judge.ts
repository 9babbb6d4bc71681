import type { Violation } from "@bourse/engine/checks/violations";
import type { Fault } from "@bourse/engine/scenario/fault";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";

/** What one run of a scenario came to. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
  /** Whom each fault that picked by itself has struck. */
  readonly struck: ReadonlyMap<Fault, readonly string[]>;
}

/** The check of a violation that no check of the engine reports: a core threw, or the run did not end in time. */
export const CRASH = "crash";
export const TIME_OUT = "time-out";
/** The same run with its cores restored from snapshots along the way was another one. */
export const RELOAD = "reload";

/** Runs it. A core that throws breaks an invariant of its own; a run may take `withinMs` of real time. */
export function judge(scenario: Scenario, withinMs: number): Verdict {
  const plain = runOnce(scenario, withinMs);
  if (!scenario.checks.hasReloads || plain.violations.length > 0) return plain;
  const calm = { ...scenario, checks: { ...scenario.checks, hasReloads: false } };
  const other = runOnce(calm, withinMs);
  if (other.hash === plain.hash) return plain;
  const message = `with reloads the run is ${plain.hash}, without ${other.hash}`;
  return { ...plain, violations: [violationOf(scenario, plain.virtualMs, RELOAD, message)] };
}

function runOnce(scenario: Scenario, withinMs: number): Verdict {
  const untilMs = performance.now() + withinMs;
  const struck = new Map<Fault, readonly string[]>();
  let run: ScenarioRun | null = null;
  try {
    run = new ScenarioRun(scenario, {
      stopwatch: () => performance.now() * 1e6,
      struck: (fault, names) => struck.set(fault, names),
    });
    while (run.step()) {
      if (performance.now() < untilMs) continue;
      const message = `the run is not over after ${withinMs} ms`;
      return verdictOf(run, struck, [violationOf(scenario, nowOf(run), TIME_OUT, message)]);
    }
    return verdictOf(run, struck, run.report().violations);
  } catch (thrown) {
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    const violations = [violationOf(scenario, nowOf(run), CRASH, message)];
    return { violations, hash: "", events: 0, virtualMs: nowOf(run), struck };
  }
}

function verdictOf(
  run: ScenarioRun,
  struck: Verdict["struck"],
  violations: readonly Violation[],
): Verdict {
  const { nowMs, eventCount } = run.world.simulation;
  const { hash } = run.report();
  return { violations, hash, events: eventCount, virtualMs: nowMs, struck };
}

function nowOf(run: ScenarioRun | null): number {
  return run?.world.simulation.nowMs ?? 0;
}

function violationOf({ seed }: Scenario, atMs: number, check: string, message: string): Violation {
  return { seed, atMs, check, message };
}
