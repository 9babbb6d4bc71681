import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { CommandSpec, HealthCheckSpec, RunSpec } from "@bourse/model/container";
import type { KnownFramework } from "@bourse/model/framework";
import type {
  AgentId,
  ContainerId,
  FrameworkId,
  OperationUuid,
  SessionId,
  TaskId,
  UpdateUuid,
} from "@bourse/model/ids";
import type { OperationUpdate } from "@bourse/model/operation";
import type { Resources } from "@bourse/model/resources";
import type { StatusUpdate, TaskInfo, TaskStatus } from "@bourse/model/task";
import type { Change, CheckpointedOperation } from "./operation-book.ts";
import type { PersistentVolume, VolumeRef } from "./volumes.ts";

/**
 * What the agent's shell must now do, in this order: checkpoint (one append for all that wait), then send and
 * act, then sleep. Nothing is sent or started before the records it rests on are on disk (FEATURES M-57).
 */
export interface AgentEffects {
  readonly persist: readonly CheckpointRecord[];
  readonly send: readonly { readonly session: SessionId; readonly message: AgentToMaster }[];
  readonly act: readonly AgentAction[];
  /** When the core next wants a `wake`, in `monoMs`; Infinity = never. */
  readonly wakeAtMs: number;
}

export type AgentAction =
  | { readonly kind: "launch"; readonly container: ContainerLaunch }
  /** SIGTERM, grace, SIGKILL. Idempotent; an `exited` event follows. */
  | { readonly kind: "stop"; readonly containerId: ContainerId; readonly gracePeriodMs: number }
  /** The container, its sandbox and its logs may go. */
  | { readonly kind: "remove"; readonly containerId: ContainerId }
  /** Run the check inside the container from now on; results come as `health` inputs, in the given rhythm. */
  | {
      readonly kind: "check";
      readonly containerId: ContainerId;
      readonly healthCheck: HealthCheckSpec;
    }
  | { readonly kind: "stop-check"; readonly containerId: ContainerId }
  /**
   * The directory of a volume must be there. `isNew`: nothing may be in it; what a volume of that name left behind goes.
   * Comes before the launch of a container that uses it.
   */
  | { readonly kind: "create-volume"; readonly volume: VolumeRef; readonly isNew: boolean }
  /** The data of a volume goes, for good (M-68). Idempotent. */
  | { readonly kind: "destroy-volume"; readonly volume: VolumeRef }
  /** A container of ours that no task knows: list it, never reap it silently (FEATURES N-03). */
  | { readonly kind: "report-orphan"; readonly containerId: ContainerId }
  /** Close this session and connect again (to the next master of the list). */
  | { readonly kind: "reconnect"; readonly session: SessionId; readonly cause: string }
  /** The master removed this agent for good: end the process after all containers are gone. */
  | { readonly kind: "shut-down"; readonly message: string };

export interface ContainerLaunch {
  readonly containerId: ContainerId;
  readonly agentId: AgentId;
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  readonly taskName: string;
  readonly command: CommandSpec;
  readonly run: RunSpec;
  /** Limits: thousandths of a cpu, bytes of memory; absent = no limit. */
  readonly limits: { readonly cpuMilli?: number; readonly memBytes?: number };
  /** Host ports the task holds, ascending; PORT, PORT0.. in its environment. */
  readonly hostPorts: readonly number[];
  /** Persistent volumes that the task holds. */
  readonly persistentVolumes: readonly PersistentVolume[];
}

/** Why a task must end. The last two end it in silence: nobody is left who wants its updates. */
export type KillCause =
  | "requested"
  | "unhealthy"
  | "max-completion"
  | "framework-removed"
  | "agent-removed";

/** One append to the checkpoint log. */
export type CheckpointRecord =
  | { readonly kind: "agent"; readonly agentId: AgentId | null; readonly epochSeen: number }
  | { readonly kind: "framework"; readonly framework: KnownFramework }
  | { readonly kind: "forget-framework"; readonly frameworkId: FrameworkId }
  | {
      readonly kind: "task";
      readonly frameworkId: FrameworkId;
      readonly task: TaskInfo;
      /** Null: the payload could not be decoded, a TASK_ERROR follows. */
      readonly run: RunSpec | null;
      readonly containerId: ContainerId;
      /** Wall clock. */
      readonly launchedAtMs: number;
    }
  | {
      readonly kind: "kill";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly cause: KillCause;
    }
  /** `replaces`: an unsent health update that this newer one makes pointless. */
  | { readonly kind: "update"; readonly update: StatusUpdate; readonly replaces?: UpdateUuid }
  | {
      readonly kind: "acknowledged";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly uuid: UpdateUuid;
    }
  /** All that records about a task add up to; only compaction writes it, right behind its `task`. */
  | {
      readonly kind: "task-state";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly latest: TaskStatus;
      readonly pending: readonly StatusUpdate[];
      readonly killCause: KillCause | null;
      readonly runningSinceMs: number | null;
    }
  /** The task is over and acknowledged; its container may still be kept for its logs. */
  | { readonly kind: "forget-task"; readonly frameworkId: FrameworkId; readonly taskId: TaskId }
  /** An operation was decided on: done when `change` is not empty. */
  | { readonly kind: "operation"; readonly update: OperationUpdate; readonly change: Change }
  /** Its update was acknowledged, or nobody is left who would. */
  | { readonly kind: "operation-settled"; readonly operationUuid: OperationUuid }
  /** All that records about operations add up to; only compaction writes it. */
  | {
      readonly kind: "operations-state";
      readonly dynamic: Resources;
      readonly operations: readonly CheckpointedOperation[];
    };
