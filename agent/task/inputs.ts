import type { AgentInfo } from "@bourse/model/agent";
import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { RunSpec } from "@bourse/model/container";
import type { Refusal } from "@bourse/model/errors";
import type { KnownFramework } from "@bourse/model/framework";
import type { AgentId, ContainerId, FrameworkId, SessionId, TaskId } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
import type { StatusUpdate, TaskInfo, TaskStatus } from "@bourse/model/task";
import type { KillCause } from "./effects.ts";
import type { CheckpointedOperation } from "./operation-book.ts";

/** Everything that can happen to an agent. */
export type AgentInput =
  /** A stream to a master is open; the core answers with `register` or `reregister` on it (after backoff, M-45). */
  | { readonly kind: "link-up"; readonly session: SessionId }
  | { readonly kind: "link-down"; readonly session: SessionId; readonly cause: string }
  /** `launch` comes as its own input because the shell decodes the payloads at the door. */
  | {
      readonly kind: "master";
      readonly session: SessionId;
      readonly message: Exclude<MasterToAgent, { kind: "launch" }>;
    }
  | {
      readonly kind: "launch";
      readonly session: SessionId;
      readonly framework: KnownFramework;
      readonly tasks: readonly LaunchedTask[];
    }
  | {
      readonly kind: "container";
      readonly containerId: ContainerId;
      readonly event: ContainerEvent;
    }
  | {
      readonly kind: "health";
      readonly containerId: ContainerId;
      readonly isHealthy: boolean;
      readonly message: string;
    }
  | { readonly kind: "wake" };

/** A task whose payload was decoded, or could not be (then it ends as TASK_ERROR). */
export interface LaunchedTask {
  readonly task: TaskInfo;
  readonly run: RunSpec | { readonly refusal: Refusal };
}

/** What became of one container. The shell reports each at most once, in this order. */
export type ContainerEvent =
  /** Image pull and creation have begun. */
  | { readonly kind: "starting" }
  /** The process runs. `statusPayload`: the rest of the TaskStatus (container status), made at the edge. */
  | { readonly kind: "started"; readonly statusPayload: Uint8Array }
  /** It never ran. */
  | { readonly kind: "launch-failed"; readonly message: string }
  | {
      readonly kind: "exited";
      /** Absent when a signal ended it or when nobody knows. */
      readonly exitCode?: number;
      readonly signal?: string;
      readonly isOutOfMemory: boolean;
      readonly message?: string;
    };

/** What an agent starts from: its configuration, what it had checkpointed, and the containers it found. */
export interface AgentStart {
  /** Its resources are what the machine has; they must be enough for the checkpoint (`combineTotal` says). */
  readonly info: AgentInfo;
  /** Fresh at every start of a process: the uuids of its updates come from it. */
  readonly seed: string;
  readonly config: AgentConfig;
  readonly checkpoint: AgentCheckpoint | null;
  /** Every container that bears this agent's labels, running or ended. */
  readonly found: readonly FoundContainer[];
}

export interface FoundContainer {
  readonly containerId: ContainerId;
  /** From its labels: whose logs it holds, once the task itself is forgotten. */
  readonly task?: TaskRef;
  readonly state:
    | { readonly kind: "running"; readonly statusPayload: Uint8Array }
    | {
        readonly kind: "exited";
        readonly exitCode?: number;
        readonly signal?: string;
        readonly isOutOfMemory: boolean;
      };
}

/** All times in milliseconds; defaults in `config.ts` with their FEATURES ids. */
export interface AgentConfig {
  readonly registrationBackoffMs: number;
  /** Also how long a master may take to answer before the next one is tried. */
  readonly registrationBackoffMaxMs: number;
  readonly updateRetryMs: number;
  readonly updateRetryMaxMs: number;
  /** A container that still lives this long after SIGKILL is reported and tried again. */
  readonly killRetryMs: number;
  /** Ended containers are kept this long for their logs, then removed. */
  readonly removeDelayMs: number;
  /** Of the ended containers kept for their logs, the oldest goes first when there are more. */
  readonly endedContainersMax: number;
}

/** What `CheckpointRecord`s add up to; the shell folds them with `foldCheckpoint` (checkpoint.ts). */
export interface AgentCheckpoint {
  readonly agentId: AgentId | null;
  readonly epochSeen: number;
  readonly frameworks: readonly KnownFramework[];
  readonly tasks: readonly CheckpointedTask[];
  /** Of all that the agent has, the dynamic reservations and the volumes. */
  readonly dynamic: Resources;
  /** Operations decided on, oldest first: all that are not acknowledged, and the newest of the others. */
  readonly operations: readonly CheckpointedOperation[];
}

export interface CheckpointedTask {
  readonly frameworkId: FrameworkId;
  readonly task: TaskInfo;
  readonly run: RunSpec | null;
  readonly containerId: ContainerId;
  readonly launchedAtMs: number;
  readonly isKillRequested: boolean;
  /** Set with `isKillRequested`. */
  readonly killCause: KillCause | null;
  /** When it was first seen running, wall clock; the max completion time counts from here. */
  readonly runningSinceMs: number | null;
  /** Statuses not yet acknowledged, oldest first. */
  readonly pending: readonly StatusUpdate[];
  readonly latest: TaskStatus;
}

export type TaskRef = { readonly frameworkId: FrameworkId; readonly taskId: TaskId };
