import type { AgentInfo } from "@bourse/model/agent";
import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { AgentId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { OperationUpdate } from "@bourse/model/operation";
import type { AgentCheckpoint, TaskRef } from "./inputs.ts";

/** The first message of a session: an agent that has an id brings its full state along (DESIGN, Links). */
export function registration(
  info: AgentInfo,
  { agentId, epochSeen, tasks, frameworks }: AgentCheckpoint,
  operations: readonly OperationUpdate[],
  key: string,
): AgentToMaster {
  if (agentId === null) return { kind: "register", info, epochSeen, key };
  return {
    kind: "reregister",
    agentId,
    info,
    epochSeen,
    tasks: tasks.map(({ frameworkId, task, latest }) => ({ frameworkId, task, latest })),
    frameworks,
    operations,
  };
}

/**
 * The answer to a kill of a task that is not here, so that nobody waits for its end for ever. It has no uuid: there is
 * nothing that could be acknowledged or sent again.
 */
export function unknownTask(now: Now, ref: TaskRef, agentId: AgentId): AgentToMaster {
  const { frameworkId, taskId } = ref;
  const state = "TASK_DROPPED";
  const status = {
    taskId,
    state,
    source: "SOURCE_AGENT",
    reason: "REASON_TASK_UNKNOWN",
    message: `agent ${agentId} knows no such task`,
    agentId,
    timestampMs: now.wallMs,
  } as const;
  return { kind: "update", update: { frameworkId, status, latestState: state } };
}
