import type { Scenario } from "../scenario/scenario.ts";
import { taskCountOf } from "../scenario/scenario-size.ts";
import type { World } from "../world.ts";
import type { ScenarioSummary } from "./run-report.ts";
import { scenarioDigest } from "./scenario-digest.ts";

/** What ran, in a few numbers. The world has all agents, also those that a scenario does not name. */
export function summaryOf(scenario: Scenario, world: World): ScenarioSummary {
  return {
    name: scenario.name,
    seed: scenario.seed,
    agents: world.agents.length,
    frameworks: world.frameworks.length,
    tasks: taskCountOf(scenario),
    faults: scenario.faults.length,
    digest: scenarioDigest(scenario),
    capacity: capacityOf(world),
  };
}

/** Shares of GPUs lie on `gpu0`, `gpu1`, ... (LoadRow); together they are the cluster's `gpus`. */
export function foldedName(name: string): string {
  return /^gpu\d+$/.test(name) ? "gpus" : name;
}

/** What all agents have, by scalar, in thousandths, by name; shared GPUs as `gpus`. */
export function capacityOf(world: World): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const { info } of world.agents)
    for (const { name, value, isShared } of info.resources) {
      if (value.type !== "scalar" || isShared) continue;
      const folded = foldedName(name);
      sums.set(folded, (sums.get(folded) ?? 0) + value.milli);
    }
  return Object.fromEntries(Array.from(sums).sort(([a], [b]) => (a < b ? -1 : 1)));
}
