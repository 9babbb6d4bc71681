import { Allocator } from "@bourse/allocator/allocator";
import { present } from "@bourse/model/assert";
import type { Decision } from "@bourse/model/explain";
import type { AgentId, FrameworkId, TaskId } from "@bourse/model/ids";
import type { TaskState } from "@bourse/model/task-state";
import { countAllocated } from "./allocation.ts";
import type { ClusterStart } from "./inputs.ts";
import { type MaintenanceSnapshot, restoreMaintenance, snapshotMaintenance } from "./machines.ts";
import { Ring } from "./ring.ts";
import type {
  Agent,
  ClusterState,
  CompletedFramework,
  Counters,
  Framework,
  OfferRecord,
  OperationRecord,
  Task,
} from "./state.ts";
import { Timers, type TimersSnapshot } from "./timers.ts";

/**
 * Everything the master knows, as plain data: the order of every list is that of the map or set behind it, for
 * order is state. Sessions and the offers of frameworks and agents are derived from it.
 */
export interface ClusterSnapshot {
  readonly masterId: string;
  readonly counters: Counters;
  readonly frameworks: readonly FrameworkSnapshot[];
  readonly completedFrameworks: readonly CompletedFramework[];
  readonly agents: readonly AgentSnapshot[];
  readonly goneAgents: readonly (readonly [AgentId, number])[];
  readonly offers: readonly OfferRecord[];
  readonly operations: readonly OperationRecord[];
  readonly taskCounts: readonly (readonly [TaskState, number])[];
  readonly maintenance: MaintenanceSnapshot;
  readonly whitelist: readonly string[] | null;
  readonly timers: TimersSnapshot;
  readonly allocator: ReturnType<Allocator["snapshot"]>;
}

type FrameworkSnapshot = Omit<
  Framework,
  "tasks" | "offers" | "operations" | "completedTasks" | "decisions"
> & {
  readonly tasks: readonly Task[];
  readonly completedTasks: readonly Task[];
  readonly decisions: readonly Decision[];
};

type AgentSnapshot = Omit<Agent, "tasks" | "offers" | "operations"> & {
  readonly tasks: readonly (readonly [FrameworkId, TaskId])[];
};

export function snapshotState(state: ClusterState): ClusterSnapshot {
  return {
    masterId: state.masterId,
    counters: { ...state.counters },
    frameworks: Array.from(state.frameworks.values(), snapshotFramework),
    completedFrameworks: Array.from(state.completedFrameworks.values(), (completed) => ({
      ...completed,
      last: completed.last && { ...completed.last, tasks: completed.last.tasks.map(copyTask) },
    })),
    agents: Array.from(state.agents.values(), snapshotAgent),
    goneAgents: Array.from(state.goneAgents),
    offers: Array.from(state.offers.values()),
    operations: Array.from(state.operations.values(), copyOperation),
    taskCounts: Array.from(state.taskCounts),
    maintenance: snapshotMaintenance(state.maintenance),
    whitelist: state.whitelist && Array.from(state.whitelist),
    timers: state.timers.snapshot(),
    allocator: state.allocator.snapshot(),
  };
}

export function restoreState(data: ClusterSnapshot, start: ClusterStart): ClusterState {
  const { config, epoch } = start;
  const state: ClusterState = {
    config,
    epoch,
    masterId: data.masterId,
    counters: { ...data.counters },
    frameworks: new Map(),
    completedFrameworks: new Map(data.completedFrameworks.map((c) => [c.frameworkId, { ...c }])),
    agents: new Map(),
    newcomers: new Map(),
    goneAgents: new Map(data.goneAgents),
    offers: new Map(),
    operations: new Map(),
    sessions: new Map(),
    taskCounts: new Map(data.taskCounts),
    allocatedMilli: new Map(),
    maintenance: restoreMaintenance(data.maintenance),
    whitelist: data.whitelist && new Set(data.whitelist),
    timers: Timers.restore(data.timers),
    allocator: Allocator.restore(data.allocator, config),
  };
  for (const framework of data.frameworks) restoreFramework(state, framework);
  for (const agent of data.agents) restoreAgent(state, agent);
  for (const record of data.offers) restoreOffer(state, record);
  for (const record of data.operations) restoreOperation(state, copyOperation(record));
  return state;
}

function snapshotFramework(framework: Framework): FrameworkSnapshot {
  const { tasks, offers: _o, operations: _p, completedTasks, decisions, ...rest } = framework;
  return {
    ...rest,
    tasks: Array.from(tasks.values(), copyTask),
    completedTasks: completedTasks.toArray().map(copyTask),
    decisions: decisions.toArray(),
  };
}

function snapshotAgent({ tasks, offers: _o, operations: _p, ...rest }: Agent): AgentSnapshot {
  const keys = Array.from(tasks, (task) => [task.frameworkId, task.info.taskId] as const);
  return { ...rest, tasks: keys };
}

function restoreFramework(state: ClusterState, data: FrameworkSnapshot): void {
  const { config } = state;
  const framework: Framework = {
    ...data,
    tasks: new Map(data.tasks.map((task) => [task.info.taskId, copyTask(task)])),
    offers: new Set(),
    operations: new Map(),
    completedTasks: new Ring(config.completedTasksMax, data.completedTasks.map(copyTask)),
    decisions: new Ring(config.decisionsMax, data.decisions),
  };
  state.frameworks.set(framework.frameworkId, framework);
  for (const task of framework.tasks.values()) {
    if (task.isHolding) countAllocated(state, task, 1);
  }
  if (framework.session !== null) {
    state.sessions.set(framework.session, { kind: "framework", framework });
  }
}

function restoreAgent(state: ClusterState, data: AgentSnapshot): void {
  const tasks = data.tasks.map(([frameworkId, taskId]) =>
    present(state.frameworks.get(frameworkId)?.tasks.get(taskId), `task ${taskId} of an agent`),
  );
  const nothing = { offers: new Set<OfferRecord>(), operations: new Set<OperationRecord>() };
  const agent: Agent = { ...data, tasks: new Set(tasks), ...nothing };
  state.agents.set(agent.agentId, agent);
  const { registrationKey, knowsItsId } = agent;
  if (registrationKey !== null && !knowsItsId) state.newcomers.set(registrationKey, agent);
  if (agent.session !== null) state.sessions.set(agent.session, { kind: "agent", agent });
}

function restoreOffer(state: ClusterState, record: OfferRecord): void {
  const { offerId, frameworkId, agentId } = record.offer;
  state.offers.set(offerId, record);
  present(state.frameworks.get(frameworkId), "the offer's framework").offers.add(record);
  present(state.agents.get(agentId), "the offer's agent").offers.add(record);
}

/** Every list of operations is in the order of this one. */
function restoreOperation(state: ClusterState, record: OperationRecord): void {
  const { operationUuid, operationId, frameworkId, agentId } = record;
  state.operations.set(operationUuid, record);
  present(state.agents.get(agentId), "the operation's agent").operations.add(record);
  if (operationId === null || frameworkId === null) return;
  state.frameworks.get(frameworkId)?.operations.set(operationId, record);
}

function copyOperation(record: OperationRecord): OperationRecord {
  return { ...record };
}

function copyTask(task: Task): Task {
  return { ...task };
}
