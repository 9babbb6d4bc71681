import type { RunSpec } from "@bourse/model/container";
import type { AgentId } from "@bourse/model/ids";
import { type Resources, rangesOf } from "@bourse/model/resources";
import type { LaunchedTask } from "./inputs.ts";
import { volumeName, volumesIn, volumesWithout } from "./volumes.ts";

/** Why this agent cannot run a task at all; null when it can. The words end up in TASK_ERROR. */
export function validateLaunch(
  launched: LaunchedTask,
  here: { readonly agentId: AgentId; readonly total: Resources },
): string | null {
  const { task, run } = launched;
  if ("refusal" in run) {
    const { message, hint } = run.refusal;
    return hint === undefined ? message : `${message}; ${hint}`;
  }
  if (task.agentId !== here.agentId) {
    return `task ${task.taskId} is meant for agent ${task.agentId}, this is ${here.agentId}`;
  }
  if (task.executor !== undefined) {
    return `task ${task.taskId} brings its own executor, which this agent cannot run; give it a command or an image instead`;
  }
  return volumeProblem(task.resources, here.total) ?? portProblem(task.resources, run);
}

/** A volume that is not here was to be made by an operation that never arrived, or was done away with since. */
function volumeProblem(resources: Resources, total: Resources): string | null {
  const wanted = volumesIn(resources);
  const [missing] = wanted.length === 0 ? [] : volumesWithout(wanted, volumesIn(total));
  if (missing === undefined) return null;
  return `${volumeName(missing)} is not on this agent; create it first, on a new offer`;
}

/** A container may publish only host ports that its task holds, as in Mesos' Docker executor: no two tasks share one. */
function portProblem(resources: Resources, { container }: RunSpec): string | null {
  if (container.type !== "docker") return null;
  const held = rangesOf(resources, "ports");
  for (const { hostPort } of container.portMappings) {
    if (held.some(({ begin, end }) => begin <= hostPort && hostPort <= end)) continue;
    return `host port ${hostPort} is not among the task's resources; add it to them, or map a port that was offered`;
  }
  return null;
}
