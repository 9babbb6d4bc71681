import type { Offer } from "@bourse/model/offer";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import type { PolicyCall } from "@bourse/session/policy";

export const SUPPRESS: PolicyCall = { kind: "suppress", roles: [] };
export const AT_ONCE = { refuseMs: 0 } as const;

/** Launches the tasks on offers of one agent; what is left of them may be offered again at once. */
export function accept(offers: readonly Offer[], tasks: readonly TaskInfo[]): PolicyCall {
  return {
    kind: "accept",
    offerIds: offers.map(({ offerId }) => offerId),
    operations: [{ kind: "launch", tasks }],
    filters: AT_ONCE,
  };
}

/** Not terminal by itself, but no state to wait in: nobody promises that it comes back. */
export function isGivenUp({ state }: TaskStatus): boolean {
  return state === "TASK_LOST" || state === "TASK_UNKNOWN" || state === "TASK_GONE_BY_OPERATOR";
}

export function isLive({ state }: TaskStatus): boolean {
  return state === "TASK_STAGING" || state === "TASK_STARTING" || state === "TASK_RUNNING";
}

export function kill({ taskId, agentId }: TaskStatus): PolicyCall {
  return agentId === undefined ? { kind: "kill", taskId } : { kind: "kill", taskId, agentId };
}
