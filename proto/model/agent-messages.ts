import type { AgentInfo } from "./agent.ts";
import type { Refusal } from "./errors.ts";
import type { KnownFramework } from "./framework.ts";
import type { AgentId, ExecutorId, FrameworkId, OperationUuid, TaskId, UpdateUuid } from "./ids.ts";
import type { AgentOperation, OperationUpdate } from "./operation.ts";
import type { KillPolicy, StatusUpdate, TaskInfo, TaskStatus } from "./task.ts";

/** What an agent tells the master. The first message of a session is `register` or `reregister`. */
export type AgentToMaster =
  /** `epochSeen`: the highest leader epoch this agent has seen, 0 at first. */
  | {
      readonly kind: "register";
      readonly info: AgentInfo;
      readonly epochSeen: number;
      /**
       * Of this life of the agent: a second registration with it is by an agent that never heard the answer to the first,
       * and gets the same id. Absent: every registration makes a new agent.
       */
      readonly key?: string;
    }
  /** Full state: after a broken session or a restart on either side, both compare (DESIGN, Links). */
  | {
      readonly kind: "reregister";
      readonly agentId: AgentId;
      readonly info: AgentInfo;
      readonly epochSeen: number;
      readonly tasks: readonly AgentTask[];
      readonly frameworks: readonly KnownFramework[];
      /** Operations whose last update is not acknowledged; `info.resources` counts the finished ones. */
      readonly operations: readonly OperationUpdate[];
    }
  | { readonly kind: "operation-update"; readonly update: OperationUpdate }
  | { readonly kind: "update"; readonly update: StatusUpdate }
  | { readonly kind: "pong"; readonly sequence: number }
  | {
      readonly kind: "message";
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly data: Uint8Array;
    }
  /** The agent leaves for good and runs nothing any more. */
  | { readonly kind: "unregister" };

/** One task an agent knows: running, or ended and not yet acknowledged. */
export interface AgentTask {
  readonly frameworkId: FrameworkId;
  readonly task: TaskInfo;
  /** The newest status, acknowledged or not. */
  readonly latest: TaskStatus;
}

/** What the master tells an agent. */
export type MasterToAgent =
  | {
      readonly kind: "registered";
      readonly agentId: AgentId;
      readonly epoch: number;
      /** The agent treats a silence this long as a broken session. */
      readonly pingTimeoutMs: number;
    }
  /** The agent re-registered and these tasks of its list are not wanted: kill them. */
  | {
      readonly kind: "reregistered";
      readonly agentId: AgentId;
      readonly epoch: number;
      readonly pingTimeoutMs: number;
      readonly unwantedFrameworks: readonly FrameworkId[];
    }
  | {
      readonly kind: "launch";
      readonly framework: KnownFramework;
      readonly tasks: readonly TaskInfo[];
    }
  | {
      readonly kind: "kill";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly killPolicy?: KillPolicy;
    }
  | {
      readonly kind: "acknowledge";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly uuid: UpdateUuid;
    }
  /** In order with launches: a task behind it may use what it makes. */
  | { readonly kind: "apply-operation"; readonly operation: AgentOperation }
  | {
      readonly kind: "acknowledge-operation";
      readonly operationUuid: OperationUuid;
      readonly uuid: UpdateUuid;
    }
  /** The framework is gone for good: kill its tasks, forget its updates. */
  | { readonly kind: "shutdown-framework"; readonly frameworkId: FrameworkId }
  | {
      readonly kind: "message";
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly data: Uint8Array;
    }
  | { readonly kind: "ping"; readonly sequence: number }
  /** The agent was removed for good: kill everything and start anew. */
  | { readonly kind: "shutdown"; readonly message: string }
  /** The session is over; with `stale_epoch` or `not_leader` the agent tries another master. */
  | { readonly kind: "error"; readonly refusal: Refusal };
