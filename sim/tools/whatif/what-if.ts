import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { StartState } from "@bourse/engine/start/start-state";
import { type Outcome, outcomeOf, type Standing, standingOf } from "./outcome.ts";
import {
  CHANGE_AT_MS,
  NO_CHANGES,
  scenarioOf,
  type WhatIfChanges,
  type WhatIfQuestion,
} from "./question.ts";

/** What would happen, beside what would happen if nothing were changed. */
export interface WhatIfAnswer {
  readonly baseline: Outcome;
  readonly changed: Outcome;
  /** Somebody stopped it before its end. */
  readonly isStopped: boolean;
}

export interface WhatIfTools {
  stopwatch(): number;
  /** Of both runs together, 0 to 1. */
  progress?(fraction: number): void;
  isStopWanted?(): boolean;
}

/** Steps of a run between two looks at the keyboard. */
const STEPS_PER_PAUSE = 8;

/**
 * Runs the question twice in virtual time, with and without its changes. The same question gives the same answer; the
 * live cluster is not asked and not touched.
 */
export async function whatIf(question: WhatIfQuestion, tools: WhatIfTools): Promise<WhatIfAnswer> {
  const endMs = CHANGE_AT_MS + question.durationMs;
  const share = (done: number, nowMs: number): void =>
    tools.progress?.((done + Math.min(1, nowMs / endMs)) / 2);
  const baseline = await live(question, NO_CHANGES, tools, (nowMs) => share(0, nowMs));
  const changed = await live(question, question.changes, tools, (nowMs) => share(1, nowMs));
  return {
    baseline: baseline.outcome,
    changed: changed.outcome,
    isStopped: baseline.isStopped || changed.isStopped,
  };
}

async function live(
  question: WhatIfQuestion,
  changes: WhatIfChanges,
  tools: WhatIfTools,
  progress: (nowMs: number) => void,
): Promise<{ readonly outcome: Outcome; readonly isStopped: boolean }> {
  const { scenario, start } = scenarioOf(question, changes);
  const notes: string[] = [];
  const run = new ScenarioRun(scenario, {
    stopwatch: () => tools.stopwatch(),
    start,
    // That machines are lost is the question.
    noted: (_atMs, text) => void (text.includes("loses power") || notes.push(text)),
  });
  const { simulation } = run.world;
  let before: Standing | null = null;
  let isStopped = false;
  for (let step = 1; run.step(); step++) {
    if (before === null && simulation.nowMs + STEP_MS >= CHANGE_AT_MS) {
      before = standingOf(run.world);
      notes.push(...missing(start, before));
    }
    if (step % STEPS_PER_PAUSE > 0) continue;
    progress(simulation.nowMs);
    await new Promise(setImmediate);
    isStopped = tools.isStopWanted?.() === true;
    if (isStopped) break;
  }
  before ??= standingOf(run.world);
  return {
    outcome: outcomeOf(run.world, { start, before, notes, report: run.report() }),
    isStopped,
  };
}

/** Of a run's step: the last look before the changes. */
const STEP_MS = 250;

/** Whoever is not back when the changes are made: then the answer is about another cluster. */
function missing(start: StartState, { agents }: Standing): readonly string[] {
  const up = start.agents.filter(({ isUp }) => isUp).length;
  return agents === up
    ? []
    : [`only ${agents} of ${up} agents were back when the changes were made`];
}
