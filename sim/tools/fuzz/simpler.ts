import type { Violation } from "@bourse/engine/checks/violations";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  PLACEMENT_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import type { Fault } from "@bourse/engine/scenario/fault";
import type {
  AgentGroup,
  BatchSpec,
  FrameworkSpec,
  PolicySpec,
  Scenario,
  ServiceSpec,
} from "@bourse/engine/scenario/scenario";
import { PLAIN_SHELL } from "@bourse/engine/world";

/** Scenarios a little simpler than this one, those that save most first. None is equal to it. */
export function* simplerScenarios(scenario: Scenario, violation: Violation): Generator<Scenario> {
  yield* wholes(scenario, violation);
  yield* parts(scenario.frameworks, simplerFrameworks, (frameworks) => ({
    ...scenario,
    frameworks,
  }));
  yield* parts(scenario.agents, simplerAgents, (agents) => ({ ...scenario, agents }));
  yield* parts(scenario.faults, simplerFaults, (faults) => ({ ...scenario, faults }));
}

/** With one of the items in one of its simpler forms. */
function* parts<T>(
  items: readonly T[],
  simpler: (item: T) => Iterable<T>,
  withItems: (items: readonly T[]) => Scenario,
): Generator<Scenario> {
  for (const [index, item] of items.entries()) {
    for (const other of simpler(item)) yield withItems(items.with(index, other));
  }
}

function* wholes(scenario: Scenario, violation: Violation): Generator<Scenario> {
  const { roles, latency, shell, end, master } = scenario;
  if (roles.length > 0) {
    yield { ...scenario, roles: [] };
    for (const role of roles) yield { ...scenario, roles: roles.filter((other) => other !== role) };
  }
  if (latency.maxMs > 1) yield { ...scenario, latency: { minMs: 1, maxMs: 1 } };
  const calm = { ...PLAIN_SHELL, isStrict: true, hasCrashes: true };
  if (JSON.stringify(shell) !== JSON.stringify(calm)) yield { ...scenario, shell: calm };
  for (const key of Object.keys(master) as (keyof typeof master)[]) {
    const { [key]: _left, ...rest } = master;
    if (RANDOM_OF_MASTER.has(key)) yield { ...scenario, master: rest };
  }
  // What is broken before the end of the load needs no more of it. What is found at rest needs its time to rest.
  const lastMs = Math.max(lastFaultMs(scenario) + 1_000, 1_000);
  if (lastMs < end.atMs - 1_000) yield { ...scenario, end: { ...end, atMs: lastMs } };
  if (violation.atMs >= end.atMs) return;
  if (end.liveness !== null) yield { ...scenario, end: { ...end, liveness: null } };
  const brokenMs = Math.ceil(violation.atMs / 1_000) * 1_000 + 1_000;
  if (brokenMs < end.atMs) yield { ...scenario, end: { ...end, atMs: brokenMs } };
}

/** What a random scenario draws of the master; the times stay as they are. */
const RANDOM_OF_MASTER: ReadonlySet<string> = new Set([
  "roleSorter",
  "frameworkSorter",
  "fairnessExcluded",
  "minAllocatable",
  "domain",
]);

function lastFaultMs({ faults, operations }: Scenario): number {
  return Math.max(0, ...[...faults, ...operations].map(({ atMs }) => atMs));
}

function* simplerFaults(fault: Fault): Generator<Fault> {
  const { targets, lastMs } = fault;
  if (targets !== undefined && targets.length > 1) {
    for (const target of targets)
      yield { ...fault, targets: targets.filter((other) => other !== target) };
  }
  if (lastMs > 1) {
    yield { ...fault, lastMs: 1 };
    if (lastMs > 200) yield { ...fault, lastMs: Math.ceil(lastMs / 200) * 100 };
  }
}

function* simplerAgents(group: AgentGroup): Generator<AgentGroup> {
  const { attributes, domains, containers, count } = group;
  if (count > 1) yield { ...group, count: count - 1 };
  if (attributes.length > 0) yield { ...group, attributes: [] };
  if (domains.length > 0) yield { ...group, domains: [] };
  const plain = { startMs: [100, 100], stopMs: [100, 100], launchFailures: 0 } as const;
  if (JSON.stringify(containers) !== JSON.stringify(plain)) yield { ...group, containers: plain };
  if (containers.launchFailures > 0)
    yield { ...group, containers: { ...containers, launchFailures: 0 } };
  const { startWithinMs } = AGENT_GROUP_DEFAULTS;
  if (group.startWithinMs > 0) yield { ...group, startWithinMs };
}

function* simplerFrameworks(spec: FrameworkSpec): Generator<FrameworkSpec> {
  const { flapping, startAtMs, capabilities, policy, roles, name } = spec;
  if (flapping !== null) yield { ...spec, flapping: null };
  if (startAtMs > 0) yield { ...spec, startAtMs: 0 };
  if (spec.failoverTimeoutMs !== FRAMEWORK_DEFAULTS.failoverTimeoutMs)
    yield { ...spec, failoverTimeoutMs: FRAMEWORK_DEFAULTS.failoverTimeoutMs };
  if (roles[0] !== name) yield { ...spec, roles: [name] };
  for (const capability of capabilities)
    yield { ...spec, capabilities: capabilities.filter((other) => other !== capability) };
  for (const simpler of simplerPolicies(policy)) yield { ...spec, policy: simpler };
}

function* simplerPolicies(policy: PolicySpec): Generator<PolicySpec> {
  switch (policy.kind) {
    case "batch":
      yield* simplerBatches(policy);
      return;
    case "service":
      yield* simplerServices(policy);
      return;
    case "volumes":
      if (policy.hasSharedVolumes) yield { ...policy, hasSharedVolumes: false };
      if (policy.tasksMax > 1) yield { ...policy, tasksMax: policy.tasksMax - 1 };
      if (policy.volumesMax > 1) yield { ...policy, volumesMax: policy.volumesMax - 1 };
      return;
    case "greedy":
    case "idle":
    case "hoarder":
      return;
  }
}

function* simplerBatches(spec: BatchSpec): Generator<BatchSpec> {
  const { load, placement, attemptsMax, failures } = spec;
  if (placement.rule !== "first" || placement.constraints.length > 0)
    yield { ...spec, placement: PLACEMENT_DEFAULTS };
  if (attemptsMax !== BATCH_DEFAULTS.attemptsMax)
    yield { ...spec, attemptsMax: BATCH_DEFAULTS.attemptsMax };
  if (failures > 0) yield { ...spec, failures: 0 };
  if (spec.replaceUnreachableAfterMs !== BATCH_DEFAULTS.replaceUnreachableAfterMs)
    yield { ...spec, replaceUnreachableAfterMs: BATCH_DEFAULTS.replaceUnreachableAfterMs };
  if (load.length > 2) {
    const half = Math.ceil(load.length / 2);
    yield { ...spec, load: load.slice(0, half) };
    yield { ...spec, load: load.slice(half) };
  }
  for (const [index, row] of load.entries()) {
    yield { ...spec, load: load.filter((other) => other !== row) };
    const { count } = row;
    if (count > 2)
      yield { ...spec, load: load.with(index, { ...row, count: Math.ceil(count / 2) }) };
    if (count > 1) yield { ...spec, load: load.with(index, { ...row, count: count - 1 }) };
  }
}

function* simplerServices(spec: ServiceSpec): Generator<ServiceSpec> {
  const { count, scales, ports, maxPerAgent } = spec;
  for (const scale of scales) yield { ...spec, scales: scales.filter((other) => other !== scale) };
  if (count > 1) yield { ...spec, count: 1 };
  if (count > 2) yield { ...spec, count: count - 1 };
  if (ports > 0) yield { ...spec, ports: 0 };
  if (maxPerAgent !== Number.POSITIVE_INFINITY)
    yield { ...spec, maxPerAgent: Number.POSITIVE_INFINITY };
}
