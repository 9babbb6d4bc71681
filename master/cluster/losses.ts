import type { TaskReason } from "@bourse/model/task-state";
import { releasesResources } from "@bourse/model/task-state";
import { releaseTask } from "./allocation.ts";
import { decide } from "./decisions.ts";
import type { Agent, Task, Turn } from "./state.ts";
import { masterStatus, moveTask, noteStatus, removeTask, tellStatus } from "./tasks.ts";

/** The task's agent is out of reach: the task may still run and may come back, its resources count no more. */
export function loseTask(turn: Turn, agent: Agent, task: Task, cause: string): void {
  if (releasesResources(task.state)) return;
  releaseTask(turn, task);
  moveTask(turn, task, "TASK_UNREACHABLE");
  report(turn, task, {
    state: "TASK_UNREACHABLE",
    reason: "REASON_AGENT_REMOVED",
    message: `the agent is out of reach: ${cause}`,
    ...(agent.unreachableSinceMs !== null && { unreachableSinceMs: agent.unreachableSinceMs }),
  });
}

/**
 * The task runs nowhere any more: its launch never arrived (DROPPED), or its agent has no trace of it (GONE).
 * Reported once, unreliably; a framework that misses it learns the same by reconciliation.
 */
export function giveUpTask(turn: Turn, task: Task, reason: TaskReason, message: string): void {
  const framework = turn.state.frameworks.get(task.frameworkId);
  if (!releasesResources(task.state)) {
    const state = task.state === "TASK_STAGING" ? "TASK_DROPPED" : "TASK_GONE";
    releaseTask(turn, task);
    moveTask(turn, task, state);
    report(turn, task, { state, reason, message });
  }
  if (framework !== undefined) removeTask(turn, framework, task);
}

function report(
  turn: Turn,
  task: Task,
  fields: Omit<Parameters<typeof masterStatus>[1], "taskId" | "agentId">,
): void {
  const framework = turn.state.frameworks.get(task.frameworkId);
  const { taskId } = task.info;
  const { agentId } = task;
  const status = masterStatus(turn, { taskId, agentId, ...fields });
  noteStatus(turn, task, status);
  if (framework === undefined) return;
  decide(turn, framework, { kind: "lost", taskId, agentId, cause: fields.message });
  tellStatus(turn, framework, status);
}
