import type { TaskSpec } from "@bourse/model/container";
import type { AgentId, RequestId, TaskId } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
import type { JobView, RestartPolicy, RunnerReply, RunnerRequest } from "@bourse/model/runner";
import { NO_PAYLOAD, type TaskStatus } from "@bourse/model/task";

/** What the runner's users send; `request` is the number that the edge gave to the call. */
export type RunnerInput =
  | { readonly kind: "request"; readonly request: RequestId; readonly body: RunnerRequest }
  /** Nobody listens to this call any more. */
  | { readonly kind: "closed"; readonly request: RequestId };

/** A reply; `watch` gets many, and `list` more than one when there are many jobs. */
export interface RunnerOutput {
  readonly request: RequestId;
  readonly reply: RunnerReply;
  readonly isLast: boolean;
}

/** What outlives the process, in order; the newest record of a job counts. */
export type RunnerRecord =
  | { readonly kind: "job"; readonly job: Job }
  | { readonly kind: "forgotten"; readonly jobId: string };

/** Something that a user wants run: one task at a time, perhaps several one after another. */
export interface Job {
  readonly jobId: string;
  /** Order of arrival. */
  readonly sequence: number;
  readonly name: string;
  readonly spec: TaskSpec;
  readonly resources: Resources;
  readonly ports: number;
  readonly restart: RestartPolicy;
  readonly phase: JobView["phase"];
  readonly attempts: number;
  /** In a row: the exponent of the backoff. */
  readonly failures: number;
  readonly taskId?: TaskId;
  readonly agentId?: AgentId;
  readonly hostPorts: readonly number[];
  /** Of the newest attempt; absent until it was heard of. */
  readonly status?: TaskStatus;
  readonly exitCode?: number;
  readonly isKillWanted: boolean;
  readonly killGraceMs?: number;
  /** Wall clock, as the two below. */
  readonly submittedAtMs: number;
  readonly launchedAtMs?: number;
  readonly retryAtMs?: number;
}

/** Times in milliseconds. */
export interface RunnerConfig {
  readonly seed: string;
  /** For how long an offer without use is refused, give or take a tenth (FEATURES K-11). */
  readonly refuseMs: number;
  readonly reviveIntervalMs: number;
  readonly reviveBurst: number;
  /** FEATURES MA-6: the wait before a restart, its growth, its bound, and the run after which it begins anew. */
  readonly backoffMs: number;
  readonly backoffFactor: number;
  readonly backoffMaxMs: number;
  readonly backoffResetMs: number;
  /** A job that may be restarted is, when its agent was out of reach for so long (MA-7, N-04). */
  readonly replaceUnreachableAfterMs: number;
  /** Jobs that have not ended; more are refused. */
  readonly jobsMax: number;
  /** Ended jobs remembered. */
  readonly endedMax: number;
}

export const RUNNER_DEFAULTS = {
  refuseMs: 120_000,
  // More often than FEATURES K-11 has it: people wait for `task run`, and a script may call it in a loop.
  reviveIntervalMs: 1_000,
  reviveBurst: 20,
  backoffMs: 1_000,
  backoffFactor: 2,
  backoffMaxMs: 300_000,
  backoffResetMs: 60_000,
  replaceUnreachableAfterMs: 60_000,
  jobsMax: 200_000,
  endedMax: 1_000,
} as const satisfies Omit<RunnerConfig, "seed">;

/** What a pure policy cannot know: how Mesos' messages are written. Pure functions, given by the edge. */
export interface RunnerCodec {
  /** Payload of a task whose host ports are all known. */
  encode(spec: TaskSpec): Uint8Array;
  /** The exit code that a status tells of, if it does. */
  exitCodeOf(status: TaskStatus): number | undefined;
}

/** For runs in which nobody opens a payload. */
export const TRIVIAL_CODEC: RunnerCodec = { encode: () => NO_PAYLOAD, exitCodeOf: () => undefined };
