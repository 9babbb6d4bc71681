import type { AgentId, TaskId } from "@bourse/model/ids";
import type { TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";

/** What the service's own users ask for. */
export type ServiceInput = { readonly kind: "scale"; readonly count: number };

/** An instance began, changed or ended: a row of the table. */
export type ServiceOutput = {
  readonly kind: "instance";
  readonly instance: Instance;
  readonly isGone: boolean;
};

export interface Instance {
  readonly taskId: TaskId;
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly hostPorts: readonly number[];
  readonly state: TaskState;
  /** The newest; absent until the first. */
  readonly status?: TaskStatus;
  readonly isKilling: boolean;
  /** Wall clock. */
  readonly launchedAtMs: number;
}

/** What outlives the process, in order. */
export type ServiceRecord =
  | { readonly kind: "scaled"; readonly count: number }
  /** Launched, adopted or being killed. */
  | { readonly kind: "instance"; readonly instance: Instance }
  | { readonly kind: "gone"; readonly taskId: TaskId };
