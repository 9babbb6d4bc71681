import { type FrameworkInfo, isPartitionAware } from "@bourse/model/framework";
import type { OperationId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import { launchedTasks, type Operation } from "@bourse/model/offer";
import { NO_RESOURCES } from "@bourse/model/resources";
import type { FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskInfo } from "@bourse/model/task";
import { stateFor } from "@bourse/model/task-state";
import { operationIds } from "./operation-ledger.ts";

type Dropped = Extract<FrameworkEvent, { kind: "update" | "operation-update" }>;

/** The master's own answers to what an accept of a stale offer was to do, without asking it (N-16). */
export function droppedEvents(
  now: Now,
  operations: readonly Operation[],
  info: FrameworkInfo,
): readonly Dropped[] {
  return [
    ...launchedTasks(operations).map((task) => droppedTask(now, task, info)),
    ...operationIds(operations).map(droppedOperation),
  ];
}

function droppedTask(now: Now, task: TaskInfo, info: FrameworkInfo): Dropped {
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

function droppedOperation(operationId: OperationId): Dropped {
  return {
    kind: "operation-update",
    status: {
      operationId,
      state: "OPERATION_DROPPED",
      message: "the offer was gone before it was accepted; the operation was never sent",
      convertedResources: NO_RESOURCES,
    },
  };
}
