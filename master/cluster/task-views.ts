import type { Page, TaskFilter, TaskView } from "@bourse/model/operator";
import { CLUSTER_LIMITS } from "./config.ts";
import type { ClusterState, Task } from "./state.ts";

/** One page of tasks in the order in which the master came to know them; the cursor is their sequence. */
export function taskViews(
  state: ClusterState,
  { limit, after }: Page,
  filter: TaskFilter,
): { items: TaskView[]; next?: string } {
  const afterSequence = after === undefined ? -1 : Number(after);
  const size = Math.max(1, Math.min(limit, CLUSTER_LIMITS.pageMax));
  const found: Task[] = [];
  for (const { tasks, isAscending } of listsOf(state, filter)) {
    // A page more than full is enough to know that another follows: no need to walk an ascending list to its end.
    const end = isAscending ? found.length + size + 1 : Number.POSITIVE_INFINITY;
    for (const task of tasks) {
      if (task.sequence <= afterSequence || !matches(task, filter)) continue;
      found.push(task);
      if (found.length === end) break;
    }
  }
  found.sort((a, b) => a.sequence - b.sequence);
  const page = found.slice(0, size);
  const last = page.at(-1);
  const items = page.map(taskView);
  return last !== undefined && found.length > size
    ? { items, next: String(last.sequence) }
    : { items };
}

export function taskView(task: Task): TaskView {
  const { frameworkId, info, agentId, role, state, statuses } = task;
  const isHealthy = statuses.findLast((status) => status.isHealthy !== undefined)?.isHealthy;
  return {
    frameworkId,
    taskId: info.taskId,
    name: info.name,
    agentId,
    ...(info.executor !== undefined && { executorId: info.executor.executorId }),
    role,
    state,
    ...(isHealthy !== undefined && { isHealthy }),
    resources: info.resources,
    statuses,
    launchedAtMs: task.launchedAtMs,
  };
}

interface TaskList {
  readonly tasks: Iterable<Task>;
  /** By sequence. Those that ended are kept in the order of their ends. */
  readonly isAscending: boolean;
}

function* listsOf(state: ClusterState, filter: TaskFilter): Generator<TaskList> {
  const { frameworkId, agentId, hasCompleted } = filter;
  if (agentId !== undefined && !hasCompleted) {
    yield { tasks: state.agents.get(agentId)?.tasks ?? [], isAscending: false };
    return;
  }
  for (const framework of state.frameworks.values()) {
    if (frameworkId !== undefined && framework.frameworkId !== frameworkId) continue;
    yield { tasks: framework.tasks.values(), isAscending: true };
    if (hasCompleted) yield { tasks: framework.completedTasks.toArray(), isAscending: false };
  }
  if (!hasCompleted) return;
  for (const completed of state.completedFrameworks.values()) {
    if (frameworkId !== undefined && completed.frameworkId !== frameworkId) continue;
    yield { tasks: completed.last?.tasks ?? [], isAscending: false };
  }
}

function matches(task: Task, filter: TaskFilter): boolean {
  return (
    (filter.frameworkId === undefined || task.frameworkId === filter.frameworkId) &&
    (filter.agentId === undefined || task.agentId === filter.agentId) &&
    (filter.states === undefined || filter.states.includes(task.state)) &&
    (filter.idPrefix === undefined || task.info.taskId.startsWith(filter.idPrefix))
  );
}
