import type { FrameworkSpec, Scenario } from "./scenario.ts";

/** Tasks of all loads. */
export function taskCountOf({ frameworks }: Pick<Scenario, "frameworks">): number {
  return frameworks.reduce((sum, spec) => sum + spec.count * loadCount(spec), 0);
}

export function agentCountOf({ agents }: Pick<Scenario, "agents">): number {
  return agents.reduce((sum, { count }) => sum + count, 0);
}

/** When the last of what is planned is over: faults, operations, scaling, late starts. */
export function lastPlanMs({ faults, operations, frameworks, agents }: Scenario): number {
  let lastMs = 0;
  for (const { atMs, lastMs: lasts } of faults) lastMs = Math.max(lastMs, atMs + lasts);
  for (const { atMs } of operations) lastMs = Math.max(lastMs, atMs);
  for (const { startWithinMs } of agents) lastMs = Math.max(lastMs, startWithinMs);
  for (const { startAtMs, policy } of frameworks) {
    lastMs = Math.max(lastMs, startAtMs);
    if (policy.kind !== "service") continue;
    for (const { atMs } of policy.scales) lastMs = Math.max(lastMs, atMs);
  }
  return lastMs;
}

function loadCount({ policy }: FrameworkSpec): number {
  return policy.kind === "batch" ? policy.load.reduce((sum, { count }) => sum + count, 0) : 0;
}
