import type { TaskSpec } from "./container.ts";
import type { Refusal } from "./errors.ts";
import type { AgentId, TaskId } from "./ids.ts";
import type { DeclineReason } from "./offer.ts";
import type { Resources } from "./resources.ts";
import type { TaskStatus } from "./task.ts";

/** Under which the resident runner subscribes, and by which its clients find it. */
export const RUNNER_NAME = "bourse-runner";

/**
 * What the command line asks of the resident `runner` framework (DESIGN D10), carried as JSON in the body of a
 * relay `call` with the kind as its method.
 */
export type RunnerRequest =
  | { readonly kind: "run"; readonly job: RunnerJob }
  | { readonly kind: "list"; readonly hasEnded: boolean }
  /** One job by id or unique prefix; then every change until it has ended. */
  | { readonly kind: "watch"; readonly jobId: string }
  | { readonly kind: "kill"; readonly jobId: string; readonly gracePeriodMs?: number }
  | { readonly kind: "why"; readonly jobId: string };

export interface RunnerJob {
  readonly name: string;
  readonly spec: TaskSpec;
  readonly resources: Resources;
  readonly restart: RestartPolicy;
  /** How many host ports to take from the offer, for `portMappings` whose hostPort is 0. */
  readonly ports: number;
}

export type RestartPolicy =
  | { readonly kind: "never" }
  | { readonly kind: "on-failure"; readonly attemptsMax?: number }
  | { readonly kind: "always" };

export type RunnerReply =
  | { readonly kind: "accepted"; readonly jobId: string }
  | { readonly kind: "jobs"; readonly jobs: readonly JobView[] }
  | { readonly kind: "job"; readonly job: JobView }
  | { readonly kind: "why"; readonly job: JobView; readonly reasons: readonly WaitReason[] }
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface JobView {
  readonly jobId: string;
  readonly name: string;
  readonly image?: string;
  readonly phase: "waiting" | "launched" | "running" | "backing-off" | "killing" | "ended";
  /** Of the newest attempt. */
  readonly taskId?: TaskId;
  readonly agentId?: AgentId;
  readonly hostPorts: readonly number[];
  /** What an attempt takes; absent when the runner does not know: it found the task, and its record was lost. */
  readonly resources?: Resources;
  readonly attempts: number;
  readonly status?: TaskStatus;
  readonly exitCode?: number;
  readonly submittedAtMs: number;
  readonly retryAtMs?: number;
}

/** Why the runner did not use an offer for the job; the newest for each agent. */
export interface WaitReason {
  readonly agentId: AgentId;
  readonly offered: Resources;
  readonly reasons: readonly DeclineReason[];
  readonly wallMs: number;
}
