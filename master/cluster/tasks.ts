import { assert } from "@bourse/model/assert";
import { isPartitionAware } from "@bourse/model/framework";
import type { AgentId, TaskId } from "@bourse/model/ids";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { stateFor, type TaskReason, type TaskState } from "@bourse/model/task-state";
import { STATUSES_PER_TASK_MAX } from "./config.ts";
import type { Agent, Framework, Task, Turn } from "./state.ts";

/** Adds a task to its framework and its agent. Whether its resources count as held is the caller's statement. */
export function addTask(turn: Turn, framework: Framework, agent: Agent, task: Task): void {
  framework.tasks.set(task.info.taskId, task);
  agent.tasks.add(task);
  count(turn, task.state, 1);
  const { frameworkId, agentId } = task;
  turn.out.change({ kind: "task-added", frameworkId, taskId: task.info.taskId, agentId });
}

export function newTask(
  { state }: Turn,
  fields: {
    readonly framework: Framework;
    readonly agent: Agent;
    readonly info: TaskInfo;
    readonly role: string;
    readonly state: TaskState;
    readonly atMs: number;
    readonly launchSession: number | null;
  },
): Task {
  return {
    frameworkId: fields.framework.frameworkId,
    info: fields.info,
    agentId: fields.agent.agentId,
    role: fields.role,
    sequence: state.counters.tasks++,
    state: fields.state,
    statuses: NO_STATUSES,
    launchedAtMs: fields.atMs,
    launchSession: fields.launchSession,
    kill: null,
    isHolding: false,
  };
}

/** Forgets a task; it stays visible among the completed ones for a while (M-81). */
export function removeTask(turn: Turn, framework: Framework, task: Task): void {
  assert(!task.isHolding, `task ${task.info.taskId} must hold nothing when it is forgotten`);
  const { frameworkId } = task;
  const { taskId } = task.info;
  framework.tasks.delete(taskId);
  turn.state.agents.get(task.agentId)?.tasks.delete(task);
  count(turn, task.state, -1);
  framework.completedTasks.push(task);
  turn.out.change({ kind: "task-removed", frameworkId, taskId });
}

/** Moves a live task to another state; resources are the caller's business. */
export function moveTask(turn: Turn, task: Task, state: TaskState): void {
  if (task.state === state) return;
  count(turn, task.state, -1);
  count(turn, state, 1);
  task.state = state;
}

/** Keeps a status with its task and shows it to operators. */
export function noteStatus(turn: Turn, task: Task, status: TaskStatus): void {
  task.statuses = appended(task.statuses, status);
  turn.out.change({ kind: "task-updated", frameworkId: task.frameworkId, status });
}

/** Lists of exact size: a list that grew by push keeps room for sixteen more, and there is one a task. */
function appended(statuses: readonly TaskStatus[], status: TaskStatus): readonly TaskStatus[] {
  const [first, second] = statuses;
  if (first === undefined) return [status];
  if (second === undefined) return [first, status];
  return statuses.slice(-(STATUSES_PER_TASK_MAX - 1)).concat(status);
}

const NO_STATUSES: readonly TaskStatus[] = [];

/** A status that the master makes: not reliable, so without uuid; reconciliation repeats it on demand. */
export function masterStatus(
  turn: Turn,
  fields: {
    readonly taskId: TaskId;
    readonly agentId?: AgentId;
    readonly state: TaskState;
    readonly reason: TaskReason;
    readonly message: string;
    readonly unreachableSinceMs?: number;
  },
): TaskStatus {
  return { ...fields, source: "SOURCE_MASTER", timestampMs: turn.now.wallMs };
}

/** Sends a status, in the words that this framework understands (M-40). Dropped while it is disconnected. */
export function tellStatus(turn: Turn, framework: Framework, status: TaskStatus): void {
  if (framework.session === null) return;
  const state = stateFor(status.state, isPartitionAware(framework.info));
  const told = state === status.state ? status : { ...status, state };
  turn.out.toFramework(framework.session, { kind: "update", status: told });
}

function count(turn: Turn, state: TaskState, change: 1 | -1): void {
  const { taskCounts } = turn.state;
  const next = (taskCounts.get(state) ?? 0) + change;
  if (next === 0) taskCounts.delete(state);
  else taskCounts.set(state, next);
}
