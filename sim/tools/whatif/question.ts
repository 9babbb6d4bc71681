import {
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import type { Fault } from "@bourse/engine/scenario/fault";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import type {
  FrameworkSpec,
  PlacementRule,
  Scenario,
  TimedOperation,
} from "@bourse/engine/scenario/scenario";
import { nodeNames } from "@bourse/engine/start/node-names";
import type { StartAgent, StartBehaviour, StartState } from "@bourse/engine/start/start-state";
import type { Role } from "@bourse/model/ids";
import type { Quota, RoleWeight } from "@bourse/model/quota";

/** What is asked of a cluster: a state, and what would be changed. Plain data. */
export interface WhatIfQuestion {
  readonly state: StartState;
  readonly changes: WhatIfChanges;
  /** Virtual time after the changes. */
  readonly durationMs: number;
  readonly seed: string;
  readonly taskLifetimeMs: number | null;
  readonly replaceUnreachableAfterMs: number | null;
}

export interface WhatIfChanges {
  readonly config: Scenario["master"];
  readonly weights: readonly RoleWeight[];
  /** What one does not name stays as it is. */
  readonly quotas: readonly (Pick<Quota, "role"> & Partial<Quota>)[];
  /** Quotas below what is consumed are set all the same. */
  readonly isForced: boolean;
  readonly join: NonNullable<StartBehaviour["join"]>;
  readonly drain: readonly StartAgent[];
  readonly remove: readonly StartAgent[];
  readonly lose: readonly StartAgent[];
  readonly submissions: readonly Submission[];
}

export interface Submission {
  readonly name: string;
  readonly role: Role;
  readonly rows: readonly LoadRow[];
  readonly placement: PlacementRule;
}

export const NO_CHANGES: WhatIfChanges = {
  config: {},
  weights: [],
  quotas: [],
  isForced: false,
  join: [],
  drain: [],
  remove: [],
  lose: [],
  submissions: [],
};

/** When the changes are made: until then agents and frameworks return, which takes them a second or two (FEATURES M-45). */
export const CHANGE_AT_MS = 10_000;

/** The end lies between two periodic runs of the allocator: what it offered has been answered, and can be explained. */
const ANSWERED_AFTER_MS = 500;

/** Of one offer: a framework that is told of all of its tasks at once takes whatever fits. */
const TASKS_PER_OFFER_MAX = 1_000;

/** The run that answers: what happens in it beside the start state, and how those behave who are there. */
export function scenarioOf(
  question: WhatIfQuestion,
  changes: WhatIfChanges,
): {
  readonly scenario: Scenario;
  readonly start: StartState;
} {
  const { state, durationMs, seed } = question;
  const atMs = CHANGE_AT_MS + durationMs + ANSWERED_AFTER_MS;
  const behaviour: StartBehaviour = {
    ...(question.taskLifetimeMs !== null && { taskLifetimeMs: question.taskLifetimeMs }),
    ...(question.replaceUnreachableAfterMs !== null && {
      replaceUnreachableAfterMs: question.replaceUnreachableAfterMs,
    }),
    join: changes.join,
    leave:
      changes.drain.length === 0
        ? []
        : [{ atMs: CHANGE_AT_MS, agentIds: changes.drain.map(({ agentId }) => agentId) }],
  };
  return {
    start: { ...state, behaviour },
    scenario: {
      ...SCENARIO_DEFAULTS,
      name: "what-if",
      seed,
      end: { atMs, isWhenDone: false, liveness: null },
      master: { ...state.config, ...changes.config },
      frameworks: changes.submissions.map(frameworkOf),
      operations: operationsOf(question, changes),
      faults: faultsOf(question, changes),
    },
  };
}

function frameworkOf({ name, role, rows, placement }: Submission): FrameworkSpec {
  const wantsGpus = rows.some(
    ({ amounts, gpuMilli }) => gpuMilli !== undefined || amounts.some((one) => one.name === "gpus"),
  );
  return {
    ...FRAMEWORK_DEFAULTS,
    name,
    roles: [role],
    capabilities: wantsGpus ? ["PARTITION_AWARE", "GPU_RESOURCES"] : ["PARTITION_AWARE"],
    policy: {
      ...BATCH_DEFAULTS,
      load: rows.map((row) => ({ ...row, atMs: row.atMs + CHANGE_AT_MS })),
      placement: { rule: placement, constraints: [] },
      tasksPerOfferMax: TASKS_PER_OFFER_MAX,
    },
  };
}

function operationsOf({ state }: WhatIfQuestion, changes: WhatIfChanges): TimedOperation[] {
  const { weights, quotas, drain, remove, isForced } = changes;
  const operations: TimedOperation[] = [];
  const add = (call: TimedOperation["call"]): void =>
    void operations.push({ atMs: CHANGE_AT_MS, call });
  if (quotas.length > 0) {
    const merged = quotas.map((quota) => ({
      ...(state.quotas.find(({ role }) => role === quota.role) ?? { guarantees: [], limits: [] }),
      ...quota,
    }));
    add({ kind: "update-quotas", quotas: merged, isForced });
  }
  if (weights.length > 0) add({ kind: "update-weights", weights });
  const names = nodeNames(state).agents;
  for (const { agentId, isUp } of drain) {
    if (isUp) add({ kind: "deactivate-agent", agentId: names.get(agentId) as string });
  }
  if (remove.length > 0) {
    const hosts = new Set(remove.map(({ hostname }) => hostname.toLowerCase()));
    const machines = Array.from(hosts, (hostname) => ({ hostname }));
    add({
      kind: "update-maintenance-schedule",
      windows: [
        ...othersScheduled(state, hosts),
        { machines, unavailability: { startMs: CHANGE_AT_MS } },
      ],
    });
    add({ kind: "start-maintenance", machines });
  }
  return operations;
}

/** A schedule is replaced as a whole: whoever is in it stays. Times in a scenario count from its beginning. */
function othersScheduled({ maintenance, takenAtMs }: StartState, hosts: ReadonlySet<string>) {
  return maintenance.windows.flatMap(({ machines, unavailability }) => {
    const others = machines.filter(({ hostname }) => !hosts.has(hostname.toLowerCase()));
    if (others.length === 0) return [];
    const startMs = unavailability.startMs - takenAtMs;
    return [{ machines: others, unavailability: { ...unavailability, startMs } }];
  });
}

function faultsOf({ state, durationMs }: WhatIfQuestion, { lose }: WhatIfChanges): Fault[] {
  const names = nodeNames(state).agents;
  const targets = lose
    .filter(({ isUp }) => isUp)
    .map(({ agentId }) => names.get(agentId) as string);
  if (targets.length === 0) return [];
  // For good: they would be back after the end.
  return [{ atMs: CHANGE_AT_MS, kind: "rack-loss", seed: 1, lastMs: 2 * durationMs + 1, targets }];
}
