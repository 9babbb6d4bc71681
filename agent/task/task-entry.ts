import type { RunSpec } from "@bourse/model/container";
import type { ContainerId, FrameworkId } from "@bourse/model/ids";
import { type Resources, rangesOf, scalarMilli } from "@bourse/model/resources";
import type { StatusUpdate, TaskInfo, TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import { stagingStatus, taskKey } from "./checkpoint.ts";
import type { ContainerLaunch, KillCause } from "./effects.ts";
import type { CheckpointedTask } from "./inputs.ts";
import { mountsOf } from "./volumes.ts";

/** One task an agent knows, with the timers that it has set. `Infinity` = not set. */
export interface TaskEntry {
  readonly frameworkId: FrameworkId;
  readonly task: TaskInfo;
  readonly run: RunSpec | null;
  readonly containerId: ContainerId;
  readonly launchedAtMs: number;
  latest: TaskStatus;
  /** Unacknowledged, oldest first; only the first is on its way (FEATURES M-58). */
  pending: readonly StatusUpdate[];
  killCause: KillCause | null;
  /** When it was first told to run; wall clock. */
  runningSinceMs: number | null;
  /** Its container may still do something; the store's. */
  isActive: boolean;
  /** Its container ran at some time, told or not. */
  hasStarted: boolean;
  health: HealthRecord;
  retryAtMs: number;
  retryDelayMs: number;
  killAtMs: number;
  completionAtMs: number;
}

/** What the results of a health check add up to. */
export interface HealthRecord {
  /** No result has been good yet. */
  readonly isInitializing: boolean;
  readonly failureCount: number;
  /** Until then a task that was never healthy may fail its check (M-59). */
  readonly graceUntilMs: number;
}

const NO_UPDATES: readonly StatusUpdate[] = [];
const UNKNOWN_HEALTH: HealthRecord = { isInitializing: true, failureCount: 0, graceUntilMs: 0 };

export function newEntry(
  facts: Pick<TaskEntry, "frameworkId" | "task" | "run" | "containerId" | "launchedAtMs">,
): TaskEntry {
  const { frameworkId, task, run, containerId, launchedAtMs } = facts;
  return {
    frameworkId,
    task,
    run,
    containerId,
    launchedAtMs,
    latest: stagingStatus(task, launchedAtMs),
    pending: NO_UPDATES,
    killCause: null,
    runningSinceMs: null,
    isActive: false,
    hasStarted: false,
    health: UNKNOWN_HEALTH,
    retryAtMs: Number.POSITIVE_INFINITY,
    retryDelayMs: 0,
    killAtMs: Number.POSITIVE_INFINITY,
    completionAtMs: Number.POSITIVE_INFINITY,
  };
}

export function entryFrom(task: CheckpointedTask): TaskEntry {
  return {
    ...newEntry(task),
    latest: task.latest,
    pending: task.pending,
    killCause: task.killCause,
    runningSinceMs: task.runningSinceMs,
    hasStarted: task.runningSinceMs !== null,
    health: {
      isInitializing: task.latest.isHealthy === undefined,
      failureCount: 0,
      graceUntilMs: 0,
    },
  };
}

export function checkpointOf(entry: TaskEntry): CheckpointedTask {
  return {
    frameworkId: entry.frameworkId,
    task: entry.task,
    run: entry.run,
    containerId: entry.containerId,
    launchedAtMs: entry.launchedAtMs,
    isKillRequested: entry.killCause !== null,
    killCause: entry.killCause,
    runningSinceMs: entry.runningSinceMs,
    pending: entry.pending,
    latest: entry.latest,
  };
}

/** None of its timers counts any more. */
export function disarm(entry: TaskEntry): void {
  entry.retryAtMs = Number.POSITIVE_INFINITY;
  entry.killAtMs = Number.POSITIVE_INFINITY;
  entry.completionAtMs = Number.POSITIVE_INFINITY;
}

export function keyOf({ frameworkId, task }: TaskEntry): string {
  return taskKey(frameworkId, task.taskId);
}

export function isOver(entry: TaskEntry): boolean {
  return isTerminal(entry.latest.state);
}

const BYTES_PER_MIB = 1_048_576;

/** What the containerizer needs to run this task; the limits are the resources that the task holds. */
export function launchOf(entry: TaskEntry, run: RunSpec): ContainerLaunch {
  const { task } = entry;
  return {
    containerId: entry.containerId,
    agentId: task.agentId,
    frameworkId: entry.frameworkId,
    taskId: task.taskId,
    taskName: task.name,
    command: run.command,
    run,
    limits: limitsOf(task.resources),
    hostPorts: portsOf(task.resources),
    persistentVolumes: mountsOf(task.resources),
  };
}

function limitsOf(resources: Resources): ContainerLaunch["limits"] {
  const cpuMilli = scalarMilli(resources, "cpus");
  const memMilli = scalarMilli(resources, "mem");
  const memBytes = Math.floor((memMilli * BYTES_PER_MIB) / 1_000);
  if (memMilli <= 0) return cpuMilli > 0 ? { cpuMilli } : {};
  return cpuMilli > 0 ? { cpuMilli, memBytes } : { memBytes };
}

const NO_PORTS: readonly number[] = [];

function portsOf(resources: Resources): readonly number[] {
  const ranges = rangesOf(resources, "ports");
  if (ranges.length === 0) return NO_PORTS;
  return ranges.flatMap(({ begin, end }) =>
    Array.from({ length: end - begin + 1 }, (_, index) => begin + index),
  );
}
