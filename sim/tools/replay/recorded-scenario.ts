import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import type { Fault } from "@bourse/engine/scenario/fault";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import type {
  AgentGroup,
  FrameworkSpec,
  RoleSetting,
  Scenario,
  TimedOperation,
} from "@bourse/engine/scenario/scenario";
import { machineResources } from "@bourse/engine/start/machine-resources";
import type { Role } from "@bourse/model/ids";
import type { Amount, Quota, RoleWeight } from "@bourse/model/quota";
import type { Resources } from "@bourse/model/resources";
import type { RecordedTask, Recording } from "./recording.ts";

/** How a cluster is shared, where it differs from what was recorded. */
export interface PolicyDifference {
  readonly config: Scenario["master"];
  readonly weights: readonly RoleWeight[];
  /** What one does not name stays as it was. */
  readonly quotas: readonly (Pick<Quota, "role"> & Partial<Quota>)[];
}

export const NO_DIFFERENCE: PolicyDifference = { config: {}, weights: [], quotas: [] };

/** Agents need a second to register: the load comes after that. */
const LOAD_FROM_MS = 5_000;
/** After the end of the journal, so that its last tasks have a chance. */
const AFTERWARDS_MS = 60_000;
/** A framework that is told of all of its tasks at once takes whatever fits. */
const TASKS_PER_OFFER_MAX = 1_000;
/** Below it an agent was there from the beginning: agents register within a second or two (FEATURES M-45). */
const LATE_MS = 5_000;
/** Of a partition that cuts both ways. */
const PARTITION_SEED = 1;

/**
 * The recorded cluster under the recorded load as a scenario: what a master of another policy could have met. The
 * recorded inputs themselves do not fit other offers, so it is another run and not a replay.
 */
export function scenarioOfRecording(
  recording: Recording,
  name: string,
  { config, weights, quotas }: PolicyDifference = NO_DIFFERENCE,
): Scenario {
  const roles = settingsOf(recording, weights, quotas);
  return {
    ...SCENARIO_DEFAULTS,
    name,
    end: {
      atMs: LOAD_FROM_MS + Math.ceil(recording.durationMs) + AFTERWARDS_MS,
      isWhenDone: false,
      liveness: null,
    },
    master: { ...recording.config, ...config },
    agents: agentGroups(recording),
    roles,
    frameworks: frameworksOf(recording),
    operations: operationsOf(recording, weights, quotas),
    faults: absences(recording),
  };
}

/** Hosts may have been named twice: the second is another node. No agent is called as the master is. */
function hostNames({ agents }: Recording): readonly string[] {
  const counts = new Map<string, number>([["master", 1]]);
  return agents.map(({ hostname }) => {
    const plain = hostname.replace(/[^A-Za-z0-9_.-]/g, "-") || "agent";
    const count = (counts.get(plain) ?? 0) + 1;
    counts.set(plain, count);
    return count === 1 ? plain : `${plain}.${count}`;
  });
}

function agentGroups(recording: Recording): AgentGroup[] {
  const names = hostNames(recording);
  return recording.agents.map(({ resources, attributes, domain }, index) => ({
    ...AGENT_GROUP_DEFAULTS,
    name: names[index] as string,
    resources: machineResources(resources),
    attributes,
    domains: domain === null ? [] : [domain],
  }));
}

/** An agent that came late, went, or was away is cut off meanwhile. */
function absences(recording: Recording): Fault[] {
  const names = hostNames(recording);
  const { agentPingIntervalMs, agentPingMissesMax } = recording.config;
  const silenceMs = agentPingIntervalMs * agentPingMissesMax;
  const endMs = Math.ceil(recording.durationMs) + LOAD_FROM_MS + AFTERWARDS_MS + 1;
  const faults: Fault[] = [];
  const cut = (target: string, fromMs: number, untilMs: number): void => {
    const atMs = Math.max(0, Math.floor(fromMs));
    const lastMs = Math.ceil(Math.min(untilMs, endMs)) - atMs;
    if (lastMs <= 0) return;
    faults.push({ atMs, kind: "partition", seed: PARTITION_SEED, lastMs, targets: [target] });
  };
  for (const [index, { spans }] of recording.agents.entries()) {
    const target = names[index] as string;
    const [first] = spans;
    if (first !== undefined && first.fromMs > LATE_MS) cut(target, 0, first.fromMs + LOAD_FROM_MS);
    for (const [place, { untilMs }] of spans.entries()) {
      if (untilMs === Number.POSITIVE_INFINITY) continue;
      const backMs = spans[place + 1]?.fromMs ?? Number.POSITIVE_INFINITY;
      // The master noticed it only after so much silence.
      cut(target, untilMs + LOAD_FROM_MS - silenceMs, backMs + LOAD_FROM_MS);
    }
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** One for each framework and role: a simulated framework has the tasks of one role. */
function frameworksOf({ frameworks, tasks }: Recording): FrameworkSpec[] {
  const byId = new Map(frameworks.map((framework) => [framework.frameworkId, framework]));
  const groups = new Map<string, { first: RecordedTask; rows: LoadRow[] }>();
  for (const task of tasks) {
    const key = `${task.frameworkId} ${task.role}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { first: task, rows: [] };
      groups.set(key, group);
    }
    addRow(group.rows, task);
  }
  const taken = new Set<string>();
  return Array.from(groups.values(), ({ first, rows }): FrameworkSpec => {
    const known = byId.get(first.frameworkId);
    const plain = (known?.name ?? "framework").replace(/[^A-Za-z0-9_.-]/g, "-") || "framework";
    let name = plain;
    for (let number = 2; taken.has(name); number++) name = `${plain}.${number}`;
    taken.add(name);
    return {
      ...FRAMEWORK_DEFAULTS,
      name: `${name}-load`,
      roles: [first.role],
      capabilities: known?.capabilities ?? FRAMEWORK_DEFAULTS.capabilities,
      policy: {
        ...BATCH_DEFAULTS,
        load: rows,
        // What was tried again is in the journal as a task of its own.
        attemptsMax: 1,
        tasksPerOfferMax: TASKS_PER_OFFER_MAX,
      },
    };
  });
}

function addRow(rows: LoadRow[], { resources, launchedMs, runMs }: RecordedTask): void {
  const amounts = amountsOf(resources);
  if (amounts.length === 0) return;
  const atMs = Math.floor(launchedMs) + LOAD_FROM_MS;
  const whole = Number.isFinite(runMs) ? Math.round(runMs) : runMs;
  const last = rows.at(-1);
  const isAlike =
    last !== undefined &&
    last.atMs === atMs &&
    last.runMs === whole &&
    JSON.stringify(last.amounts) === JSON.stringify(amounts);
  if (isAlike) rows[rows.length - 1] = { ...last, count: last.count + 1 };
  else rows.push({ atMs, count: 1, amounts, runMs: whole, job: "" });
}

/** Scalars of any reservation; which ports and which volumes a task had says nothing about another place. */
function amountsOf(resources: Resources): readonly Amount[] {
  const sums = new Map<string, number>();
  for (const { name, value, disk } of resources) {
    if (value.type !== "scalar" || disk?.persistence !== undefined) continue;
    sums.set(name, (sums.get(name) ?? 0) + value.milli);
  }
  return Array.from(sums, ([name, milli]) => ({ name, milli })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
}

function settingsOf(
  recording: Recording,
  weights: PolicyDifference["weights"],
  quotas: PolicyDifference["quotas"],
): RoleSetting[] {
  const settings = new Map<Role, RoleSetting>();
  const set = (setting: RoleSetting): void =>
    void settings.set(setting.role, { ...settings.get(setting.role), ...setting });
  for (const weight of [...recording.weights, ...weights]) set(weight);
  for (const { role, guarantees, limits } of [...recording.quotas, ...quotas]) {
    set({
      role,
      ...(guarantees !== undefined && { guarantees }),
      ...(limits !== undefined && { limits }),
    });
  }
  return Array.from(settings.values());
}

/** What operators did, but for roles of which another weight or quota is asked about. */
function operationsOf(
  { changes }: Recording,
  weights: PolicyDifference["weights"],
  quotas: PolicyDifference["quotas"],
): TimedOperation[] {
  const hasWeight = new Set(weights.map(({ role }) => role));
  const hasQuota = new Set(quotas.map(({ role }) => role));
  return changes.flatMap((change): TimedOperation[] => {
    const atMs = Math.floor(change.atMs) + LOAD_FROM_MS;
    if (change.kind === "weight") {
      const { role, weightMilli } = change;
      if (hasWeight.has(role)) return [];
      return [{ atMs, call: { kind: "update-weights", weights: [{ role, weightMilli }] } }];
    }
    if (hasQuota.has(change.quota.role)) return [];
    const call = { kind: "update-quotas", quotas: [change.quota], isForced: true } as const;
    return [{ atMs, call }];
  });
}
