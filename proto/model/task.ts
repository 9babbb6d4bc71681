import type { AgentId, ExecutorId, FrameworkId, Role, TaskId, UpdateUuid } from "./ids.ts";
import type { Resources } from "./resources.ts";
import type { TaskReason, TaskSource, TaskState } from "./task-state.ts";

/** No bytes: a message that is whole without a payload. */
export const NO_PAYLOAD: Uint8Array = new Uint8Array(0);

/**
 * A task as the core sees it. `payload` is the rest of Mesos' TaskInfo (command, container, checks,
 * labels, ...) as protobuf bytes; the master forwards it verbatim and never opens it (DESIGN section 2).
 */
export interface TaskInfo {
  readonly taskId: TaskId;
  readonly name: string;
  readonly agentId: AgentId;
  readonly resources: Resources;
  /** For which role its resources were offered (Mesos: `allocation_info`); set by the master, kept by the agent. */
  readonly role?: Role;
  /** Absent for a command task: the agent's own command executor runs it. */
  readonly executor?: ExecutorInfo;
  readonly payload: Uint8Array;
}

export interface ExecutorInfo {
  readonly executorId: ExecutorId;
  readonly resources: Resources;
  readonly payload: Uint8Array;
}

/** A task with whom it belongs to: unique in the cluster. */
export interface TaskKey {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
}

/**
 * One statement about a task (FEATURES M-41). With a `uuid` it is reliable: resent until acknowledged.
 * `payload` holds the rest of Mesos' TaskStatus (container status, check status, labels, limitation, data).
 */
export interface TaskStatus {
  readonly taskId: TaskId;
  readonly state: TaskState;
  readonly source: TaskSource;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly agentId?: AgentId;
  readonly executorId?: ExecutorId;
  readonly uuid?: UpdateUuid;
  /** Only set when a health check has an opinion. */
  readonly isHealthy?: boolean;
  /** Wall clock of whoever made the update. */
  readonly timestampMs: number;
  /** Since when the agent is out of reach; wall clock. */
  readonly unreachableSinceMs?: number;
  readonly payload?: Uint8Array;
}

/** A status on its way from an agent, with the newest state the agent knows (FEATURES M-58). */
export interface StatusUpdate {
  readonly frameworkId: FrameworkId;
  readonly status: TaskStatus;
  /** The newest state of the task at the agent; later than `status.state` while earlier updates wait. */
  readonly latestState: TaskState;
}

/** A framework's kill with its own grace, or the task's own when absent (FEATURES M-61). */
export interface KillPolicy {
  readonly gracePeriodMs: number;
}
