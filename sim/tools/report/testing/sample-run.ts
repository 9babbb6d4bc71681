import type { RunReport } from "@bourse/engine/report/run-report";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import { runScenario } from "@bourse/engine/scenario/run-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { parseResources } from "@bourse/model/resources-text";

/** A run of two agents and one load, with one fault; `changes` make it another. */
export function sampleRun(changes: Partial<Scenario> = {}, tasks = 12): RunReport {
  const amounts = [{ name: "cpus", milli: 500 }];
  const load = [{ atMs: 1_000, count: tasks, amounts, runMs: 3_000, job: "" }];
  const scenario: Scenario = {
    ...SCENARIO_DEFAULTS,
    name: "sample",
    end: { atMs: 20_000, isWhenDone: false, liveness: null },
    shell: { ...SCENARIO_DEFAULTS.shell, hasCrashes: true },
    agents: [
      {
        ...AGENT_GROUP_DEFAULTS,
        name: "a",
        count: 2,
        resources: parseResources("cpus:4;mem:4096"),
      },
    ],
    frameworks: [
      {
        ...FRAMEWORK_DEFAULTS,
        name: "batch",
        roles: ["eng"],
        policy: { ...BATCH_DEFAULTS, load: tasks === 0 ? [] : load },
      },
    ],
    faults: [{ atMs: 8_000, kind: "agent-crash", seed: 1, lastMs: 2_000, targets: ["a-2"] }],
    ...changes,
  };
  let ticks = 0;
  return runScenario(scenario, {
    stopwatch: () => {
      ticks += 1_500; // Every decision takes 1.5 us: a report of its own for each machine tests nothing.
      return ticks;
    },
  });
}
