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

export function kill({ taskId, agentId }: TaskStatus): PolicyCall {
  return agentId === undefined ? { kind: "kill", taskId } : { kind: "kill", taskId, agentId };
}
