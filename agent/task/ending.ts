import type { TaskReason, TaskSource, TaskState } from "@bourse/model/task-state";
import type { KillCause } from "./effects.ts";
import type { ContainerEvent } from "./inputs.ts";

export type Ended = Extract<ContainerEvent, { kind: "exited" | "launch-failed" }>;

/** What a status says besides whose it is and when it was made. */
export interface StatusFacts {
  readonly state: TaskState;
  readonly source: TaskSource;
  readonly reason?: TaskReason;
  readonly message?: string;
  readonly isHealthy?: boolean;
  /** The rest of the TaskStatus; absent = that of the status before. */
  readonly payload?: Uint8Array;
}

/**
 * How a task ended, from how its container ended and why it was being killed, if it was. As Mesos' command
 * executor has it: a task that ends after a kill request is TASK_KILLED whatever its exit code; one killed by
 * its health check is TASK_KILLED and unhealthy (M-59); one whose time is up is TASK_FAILED (M-61).
 */
export function endingOf(
  ended: Ended,
  task: { readonly killCause: KillCause | null; readonly hasStarted: boolean },
): StatusFacts {
  switch (task.killCause) {
    case "max-completion":
      return {
        state: "TASK_FAILED",
        source: "SOURCE_EXECUTOR",
        reason: "REASON_MAX_COMPLETION_TIME_REACHED",
        message: "stopped because its time to complete was up",
      };
    case "unhealthy":
      return {
        state: "TASK_KILLED",
        source: "SOURCE_EXECUTOR",
        message: `killed because its health check kept failing; it ${wordsFor(ended)}`,
        isHealthy: false,
      };
    case "requested":
    case "framework-removed":
    case "agent-removed":
      return task.hasStarted
        ? { state: "TASK_KILLED", source: "SOURCE_EXECUTOR", message: wordsFor(ended) }
        : KILLED_DURING_LAUNCH;
    case null:
      return endingByItself(ended);
  }
}

export const KILLED_DURING_LAUNCH: StatusFacts = {
  state: "TASK_KILLED",
  source: "SOURCE_AGENT",
  reason: "REASON_TASK_KILLED_DURING_LAUNCH",
  message: "killed before it ran",
};

function endingByItself(ended: Ended): StatusFacts {
  if (ended.kind === "launch-failed") {
    return {
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
      message: ended.message,
    };
  }
  const message = wordsFor(ended);
  if (ended.exitCode === 0) return { state: "TASK_FINISHED", source: "SOURCE_EXECUTOR", message };
  if (ended.isOutOfMemory) {
    return {
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_CONTAINER_LIMITATION_MEMORY",
      message: `out of memory: it reached its memory limit and ${message}`,
    };
  }
  if (ended.exitCode === undefined && ended.signal === undefined) {
    return {
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      reason: "REASON_EXECUTOR_TERMINATED",
      message,
    };
  }
  return { state: "TASK_FAILED", source: "SOURCE_EXECUTOR", message };
}

function wordsFor(ended: Ended): string {
  if (ended.kind === "launch-failed") return `was never started: ${ended.message}`;
  const words =
    ended.signal !== undefined
      ? `killed by signal ${ended.signal}`
      : ended.exitCode !== undefined
        ? `exited with status ${ended.exitCode}`
        : "ended, and nobody knows with which status";
  return ended.message === undefined ? words : `${words}: ${ended.message}`;
}
