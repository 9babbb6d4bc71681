import { type FrameworkInfo, isPartitionAware } from "@bourse/model/framework";
import type { Now } from "@bourse/model/now";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskInfo } from "@bourse/model/task";
import { stateFor } from "@bourse/model/task-state";

/** The master's own answer to a task for a stale offer, without asking it (N-16). */
export function droppedUpdate(
  now: Now,
  task: TaskInfo,
  info: FrameworkInfo,
): Extract<FrameworkEvent, { kind: "update" }> {
  return {
    kind: "update",
    status: {
      taskId: task.taskId,
      agentId: task.agentId,
      state: stateFor("TASK_DROPPED", isPartitionAware(info)),
      source: "SOURCE_MASTER",
      reason: "REASON_INVALID_OFFERS",
      message: "the offer was gone before it was accepted; the task was never sent",
      timestampMs: now.wallMs,
    },
  };
}
