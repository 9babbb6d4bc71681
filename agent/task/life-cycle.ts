import type { TaskState } from "@bourse/model/task-state";

/**
 * The life of a task on its agent (FEATURES M-39) and the only moves in it; a state without moves is the end.
 *
 *   STAGING --> STARTING --> RUNNING --> KILLING --> KILLED
 *      \___________\____________\____________\_____> FINISHED | FAILED | KILLED | ERROR
 *
 * STAGING may skip ahead: a restarted agent can find the container running or ended that it was about to start.
 * KILLING is only entered for frameworks with TASK_KILLING_STATE, and left for FAILED only when the time to
 * complete was up.
 */
export const MOVES = {
  TASK_STAGING: [
    "TASK_STARTING",
    "TASK_RUNNING",
    "TASK_FINISHED",
    "TASK_FAILED",
    "TASK_KILLED",
    "TASK_ERROR",
  ],
  TASK_STARTING: ["TASK_RUNNING", "TASK_KILLING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"],
  // To itself: a health check has a new opinion.
  TASK_RUNNING: ["TASK_RUNNING", "TASK_KILLING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"],
  TASK_KILLING: ["TASK_FAILED", "TASK_KILLED"],
  TASK_FINISHED: [],
  TASK_FAILED: [],
  TASK_KILLED: [],
  TASK_ERROR: [],
} as const satisfies Partial<Record<TaskState, readonly TaskState[]>>;

/** The states an agent itself gives to a task; LOST, UNREACHABLE and the like are the master's. */
export type AgentTaskState = keyof typeof MOVES;

export const AGENT_TASK_STATES = Object.keys(MOVES) as readonly AgentTaskState[];

export function mayMove(from: TaskState, to: TaskState): boolean {
  const moves: Partial<Record<TaskState, readonly TaskState[]>> = MOVES;
  return moves[from]?.includes(to) ?? false;
}

/** Whether the container of a task in this state has, as far as the agent knows, run at some time. */
export function hasRun(state: TaskState): boolean {
  return state === "TASK_RUNNING" || state === "TASK_KILLING";
}
