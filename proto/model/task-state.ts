/**
 * Task states and the only moves between them (FEATURES M-39, M-40). Names are those of the Mesos v1
 * wire, so that the same word stands in code, logs, JSON and documents.
 */
export const TASK_STATES = [
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_RUNNING",
  "TASK_KILLING",
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_UNREACHABLE",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
  "TASK_UNKNOWN",
] as const;
export type TaskState = (typeof TASK_STATES)[number];

/** States after which a task never runs again. LOST, UNREACHABLE, GONE_BY_OPERATOR and UNKNOWN may come back. */
const TERMINAL: ReadonlySet<TaskState> = new Set<TaskState>([
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_DROPPED",
  "TASK_GONE",
]);

/** How far a task has come; an update never moves it back. */
const RANK: Partial<Record<TaskState, number>> = {
  TASK_STAGING: 0,
  TASK_STARTING: 1,
  TASK_RUNNING: 2,
  TASK_KILLING: 3,
};

export function isTerminal(state: TaskState): boolean {
  return TERMINAL.has(state);
}

/** True where the task holds no resources as far as the master knows: terminal, or legacy LOST. */
export function releasesResources(state: TaskState): boolean {
  return TERMINAL.has(state) || state === "TASK_LOST";
}

/** Whether an update from the agent may move a task `from` one state `to` another. */
export function mayMove(from: TaskState, to: TaskState): boolean {
  if (isTerminal(from)) return false;
  const rankFrom = RANK[from];
  const rankTo = RANK[to];
  if (rankFrom === undefined || rankTo === undefined) return true;
  return rankTo >= rankFrom;
}

/** What a framework that is not partition-aware is told (FEATURES M-40). */
export function stateFor(state: TaskState, isPartitionAware: boolean): TaskState {
  if (isPartitionAware) return state;
  switch (state) {
    case "TASK_DROPPED":
    case "TASK_UNREACHABLE":
    case "TASK_GONE":
    case "TASK_GONE_BY_OPERATOR":
    case "TASK_UNKNOWN":
      return "TASK_LOST";
    default:
      return state;
  }
}

export const TASK_SOURCES = ["SOURCE_MASTER", "SOURCE_AGENT", "SOURCE_EXECUTOR"] as const;
/** Who made the update (FEATURES M-41). The wire's SOURCE_SLAVE = 1 reads SOURCE_AGENT in Mesos v1. */
export type TaskSource = (typeof TASK_SOURCES)[number];

/** Reasons of FEATURES M-42, with the names of the Mesos v1 enum `TaskStatus.Reason`. */
export const TASK_REASONS = [
  "REASON_COMMAND_EXECUTOR_FAILED",
  "REASON_CONTAINER_LAUNCH_FAILED",
  "REASON_CONTAINER_LIMITATION",
  "REASON_CONTAINER_LIMITATION_DISK",
  "REASON_CONTAINER_LIMITATION_MEMORY",
  "REASON_CONTAINER_PREEMPTED",
  "REASON_CONTAINER_UPDATE_FAILED",
  "REASON_MAX_COMPLETION_TIME_REACHED",
  "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
  "REASON_EXECUTOR_REREGISTRATION_TIMEOUT",
  "REASON_EXECUTOR_TERMINATED",
  "REASON_EXECUTOR_UNREGISTERED",
  "REASON_FRAMEWORK_REMOVED",
  "REASON_GC_ERROR",
  "REASON_INVALID_FRAMEWORKID",
  "REASON_INVALID_OFFERS",
  "REASON_IO_SWITCHBOARD_EXITED",
  "REASON_MASTER_DISCONNECTED",
  "REASON_RECONCILIATION",
  "REASON_RESOURCES_UNKNOWN",
  "REASON_AGENT_DISCONNECTED",
  "REASON_AGENT_DRAINING",
  "REASON_AGENT_REMOVED",
  "REASON_AGENT_REMOVED_BY_OPERATOR",
  "REASON_AGENT_REREGISTERED",
  "REASON_AGENT_RESTARTED",
  "REASON_AGENT_UNKNOWN",
  "REASON_TASK_CHECK_STATUS_UPDATED",
  "REASON_TASK_GROUP_INVALID",
  "REASON_TASK_GROUP_UNAUTHORIZED",
  "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
  "REASON_TASK_INVALID",
  "REASON_TASK_KILLED_DURING_LAUNCH",
  "REASON_TASK_UNAUTHORIZED",
  "REASON_TASK_UNKNOWN",
] as const;
export type TaskReason = (typeof TASK_REASONS)[number];
