import type { AgentId } from "@bourse/model/ids";
import {
  canonical,
  contains,
  formatResources,
  type Resource,
  type Resources,
} from "@bourse/model/resources";
import type { TaskInfo } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import { CLUSTER_LIMITS } from "./config.ts";
import type { Framework } from "./state.ts";

/**
 * Why a task cannot be launched on what is left of an accepted offer, in words; null when it can. `resources` must
 * be the canonical form of the task's (FEATURES 3.3, MESOS-V1 "Accept / decline").
 */
export function taskProblem(
  framework: Framework,
  task: TaskInfo,
  resources: Resources,
  agentId: AgentId,
  left: Resources,
): string | null {
  const idProblem = identifierProblem(task.taskId);
  if (idProblem !== null) return `the task id ${idProblem}`;
  if (framework.tasks.has(task.taskId)) {
    return `task ${task.taskId} has the id of a task that is not over yet; use a fresh id for each launch`;
  }
  if (task.agentId !== agentId) {
    return `task ${task.taskId} names agent ${task.agentId}, but the offer is of agent ${agentId}`;
  }
  if (task.executor !== undefined) {
    return `task ${task.taskId} names executor ${task.executor.executorId}, but custom executors are not supported yet; launch a command task`;
  }
  if (resources.length === 0) return `task ${task.taskId} uses no resources`;
  if (!contains(left, resources)) {
    return `task ${task.taskId} uses ${formatResources(resources)}, more than the ${formatResources(left)} left of the offer`;
  }
  return null;
}

/** The canonical form of resources that a peer sent, or what is wrong with them. */
export function checkedResources(list: Resources): Resources | string {
  for (const resource of list) {
    const problem = resourceProblem(resource);
    if (problem !== null) return problem;
  }
  return canonical(list);
}

/** States that an agent may report; the others are conclusions of the master about an agent. */
export function isAgentState(state: TaskState): boolean {
  switch (state) {
    case "TASK_UNREACHABLE":
    case "TASK_GONE_BY_OPERATOR":
    case "TASK_UNKNOWN":
      return false;
    default:
      return true;
  }
}

/** Ids become parts of paths and keys: one path component, as in Mesos. */
export function identifierProblem(id: string): string | null {
  if (id === "") return "is empty";
  if (id.length > CLUSTER_LIMITS.idLengthMax) {
    return `is longer than ${CLUSTER_LIMITS.idLengthMax} characters`;
  }
  if (id === "." || id === "..") return `is "${id}"`;
  for (let index = 0; index < id.length; index++) {
    const code = id.charCodeAt(index);
    if (code === 0x2f || code === 0x5c) return "contains a slash";
    if (code <= 0x1f || code === 0x7f) return "contains a control character";
  }
  return null;
}

function resourceProblem({ name, value }: Resource): string | null {
  if (name === "") return "a resource has no name";
  switch (value.type) {
    case "scalar":
      if (!Number.isSafeInteger(value.milli) || value.milli < 0) {
        return `the amount of ${name} is not a whole number of thousandths from 0`;
      }
      return null;
    case "ranges": {
      const isOrdered = value.ranges.every(
        ({ begin, end }) =>
          Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin <= end,
      );
      return isOrdered ? null : `a range of ${name} does not run upwards from a whole number`;
    }
    case "set":
      return null;
  }
}
