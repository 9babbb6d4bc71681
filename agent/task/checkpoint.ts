import type { KnownFramework } from "@bourse/model/framework";
import type { FrameworkId, TaskId, UpdateUuid } from "@bourse/model/ids";
import { NO_RESOURCES, type Resources } from "@bourse/model/resources";
import type { StatusUpdate, TaskInfo, TaskStatus } from "@bourse/model/task";
import type { CheckpointRecord } from "./effects.ts";
import type { AgentCheckpoint, CheckpointedTask } from "./inputs.ts";
import { decidedOn, OperationBook } from "./operation-book.ts";
import { converted, dynamicPart } from "./total-resources.ts";

/**
 * What a log of records adds up to, or null when it is empty: what the agent knew when the last of them was
 * written (FEATURES M-57). A record about a task that is unknown or forgotten changes nothing, so a log that a
 * crash cut off between two records still folds.
 */
export function foldCheckpoint(records: Iterable<CheckpointRecord>): AgentCheckpoint | null {
  let agentId: AgentCheckpoint["agentId"] = null;
  let epochSeen = 0;
  let isEmpty = true;
  const frameworks = new Map<FrameworkId, KnownFramework>();
  const tasks = new Map<string, CheckpointedTask>();
  let dynamic: Resources = NO_RESOURCES;
  let book = new OperationBook();
  for (const record of records) {
    isEmpty = false;
    switch (record.kind) {
      case "agent":
        agentId = record.agentId;
        epochSeen = record.epochSeen;
        break;
      case "framework":
        frameworks.set(record.framework.frameworkId, record.framework);
        break;
      case "forget-framework":
        frameworks.delete(record.frameworkId);
        break;
      case "task":
        tasks.set(taskKey(record.frameworkId, record.task.taskId), launchedTask(record));
        break;
      case "forget-task":
        tasks.delete(taskKey(record.frameworkId, record.taskId));
        break;
      case "operation":
        dynamic = converted(dynamic, {
          consumed: dynamicPart(record.change.consumed),
          converted: dynamicPart(record.change.converted),
        });
        book.add(decidedOn(record.update, record.change));
        break;
      case "operation-settled":
        book.settle(record.operationUuid);
        break;
      case "operations-state":
        dynamic = record.dynamic;
        book = new OperationBook(record.operations);
        break;
      default:
        foldTask(tasks, record);
    }
  }
  if (isEmpty) return null;
  return {
    agentId,
    epochSeen,
    frameworks: [...frameworks.values()],
    tasks: [...tasks.values()],
    dynamic,
    operations: book.all(),
  };
}

/** The shortest log that folds to this checkpoint: what compaction writes. */
export function recordsOf(checkpoint: AgentCheckpoint): readonly CheckpointRecord[] {
  const records: CheckpointRecord[] = [
    { kind: "agent", agentId: checkpoint.agentId, epochSeen: checkpoint.epochSeen },
  ];
  const { dynamic, operations } = checkpoint;
  if (dynamic.length > 0 || operations.length > 0) {
    records.push({ kind: "operations-state", dynamic, operations });
  }
  for (const framework of checkpoint.frameworks) records.push({ kind: "framework", framework });
  for (const task of checkpoint.tasks) {
    const { frameworkId, containerId, run, launchedAtMs } = task;
    const { taskId } = task.task;
    records.push({ kind: "task", frameworkId, task: task.task, run, containerId, launchedAtMs });
    records.push({
      kind: "task-state",
      frameworkId,
      taskId,
      latest: task.latest,
      pending: task.pending,
      killCause: task.killCause,
      runningSinceMs: task.runningSinceMs,
    });
  }
  return records;
}

/** One string for a task that is unique in the cluster; no id holds a NUL. */
export function taskKey(frameworkId: FrameworkId, taskId: TaskId): string {
  return `${frameworkId}\u0000${taskId}`;
}

/** A launched task of which nothing was heard yet. */
export function stagingStatus(task: TaskInfo, launchedAtMs: number): TaskStatus {
  return {
    taskId: task.taskId,
    state: "TASK_STAGING",
    source: "SOURCE_AGENT",
    agentId: task.agentId,
    timestampMs: launchedAtMs,
  };
}

/** Whether a kill for this cause ends a task in silence. */
export function isSilent(cause: CheckpointedTask["killCause"]): boolean {
  return cause === "framework-removed" || cause === "agent-removed";
}

function launchedTask(record: Extract<CheckpointRecord, { kind: "task" }>): CheckpointedTask {
  const { frameworkId, task, run, containerId, launchedAtMs } = record;
  return {
    frameworkId,
    task,
    run,
    containerId,
    launchedAtMs,
    isKillRequested: false,
    killCause: null,
    runningSinceMs: null,
    pending: [],
    latest: stagingStatus(task, launchedAtMs),
  };
}

type TaskRecord = Extract<
  CheckpointRecord,
  { kind: "kill" | "update" | "acknowledged" | "task-state" }
>;

function foldTask(tasks: Map<string, CheckpointedTask>, record: TaskRecord): void {
  const { frameworkId } = record.kind === "update" ? record.update : record;
  const taskId = record.kind === "update" ? record.update.status.taskId : record.taskId;
  const key = taskKey(frameworkId, taskId);
  const task = tasks.get(key);
  if (task !== undefined) tasks.set(key, foldInto(task, record));
}

function foldInto(task: CheckpointedTask, record: TaskRecord): CheckpointedTask {
  switch (record.kind) {
    case "kill":
      return {
        ...task,
        isKillRequested: true,
        killCause: record.cause,
        pending: isSilent(record.cause) ? [] : task.pending,
      };
    case "update":
      return {
        ...task,
        pending: [...without(task.pending, record.replaces), record.update],
        latest: record.update.status,
        runningSinceMs:
          task.runningSinceMs === null && record.update.status.state === "TASK_RUNNING"
            ? record.update.status.timestampMs
            : task.runningSinceMs,
      };
    case "acknowledged":
      return { ...task, pending: without(task.pending, record.uuid) };
    case "task-state": {
      const { latest, pending, killCause, runningSinceMs } = record;
      return {
        ...task,
        latest,
        pending,
        killCause,
        runningSinceMs,
        isKillRequested: killCause !== null,
      };
    }
  }
}

function without(
  pending: readonly StatusUpdate[],
  uuid: UpdateUuid | undefined,
): readonly StatusUpdate[] {
  return uuid === undefined ? pending : pending.filter(({ status }) => status.uuid !== uuid);
}
