import type { AgentId } from "@bourse/model/ids";
import type { LaunchedTask } from "./inputs.ts";

/** Why this agent cannot run a task at all; null when it can. The words end up in TASK_ERROR. */
export function validateLaunch(launched: LaunchedTask, me: AgentId): string | null {
  const { task, run } = launched;
  if ("refusal" in run) {
    const { message, hint } = run.refusal;
    return hint === undefined ? message : `${message}; ${hint}`;
  }
  if (task.agentId !== me) {
    return `task ${task.taskId} is meant for agent ${task.agentId}, this is ${me}`;
  }
  if (task.executor !== undefined) {
    return `task ${task.taskId} brings its own executor, which this agent cannot run; give it a command or an image instead`;
  }
  return null;
}
