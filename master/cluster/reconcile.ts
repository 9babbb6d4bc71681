import type { AgentId, TaskId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import type { Framework, Task, Turn } from "./state.ts";
import { masterStatus, tellStatus } from "./tasks.ts";

/** Tells a framework the state of its tasks: of all that have not ended, or of those it names (MESOS-V1, RECONCILE). */
export function reconcile(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "reconcile" }>,
): void {
  if (call.tasks.length === 0) {
    for (const task of framework.tasks.values()) {
      if (!isTerminal(task.state)) tellStatus(turn, framework, answerKnown(turn, task));
    }
    return;
  }
  for (const { taskId, agentId } of call.tasks) reconcileTask(turn, framework, taskId, agentId);
}

/** One answer, or none while the agent that may run the task may still return. */
export function reconcileTask(
  turn: Turn,
  framework: Framework,
  taskId: TaskId,
  agentId: AgentId | undefined,
): void {
  const task = framework.tasks.get(taskId);
  const status =
    task === undefined ? answerUnknown(turn, taskId, agentId) : answerKnown(turn, task);
  if (status !== null) tellStatus(turn, framework, status);
}

/**
 * The newest state, with what is known of it. The reason is REASON_RECONCILIATION, as clients of Mesos expect;
 * the message, the health and the container status, which Mesos loses here, are kept, and the first reason
 * stands in the message (M-43).
 */
function answerKnown(turn: Turn, task: Task): TaskStatus {
  const newest = task.statuses.at(-1);
  // The state may run ahead of what was said of the one before.
  const last = newest?.state === task.state ? newest : undefined;
  const { executor, taskId } = task.info;
  return {
    taskId,
    agentId: task.agentId,
    state: task.state,
    source: "SOURCE_MASTER",
    reason: "REASON_RECONCILIATION",
    message: messageOf(task, last),
    timestampMs: turn.now.wallMs,
    ...(executor !== undefined && { executorId: executor.executorId }),
    ...(last?.isHealthy !== undefined && { isHealthy: last.isHealthy }),
    ...(last?.unreachableSinceMs !== undefined &&
      task.state === "TASK_UNREACHABLE" && { unreachableSinceMs: last.unreachableSinceMs }),
    ...(last?.payload !== undefined && { payload: last.payload }),
  };
}

const NO_MESSAGE = "the newest state that the master knows";

function messageOf({ statuses }: Task, last: TaskStatus | undefined): string {
  if (statuses.length === 0)
    return "the task was sent to its agent, which has not spoken of it yet";
  if (last === undefined) return NO_MESSAGE;
  if (last.reason === undefined) return last.message ?? NO_MESSAGE;
  return last.message === undefined ? last.reason : `${last.message} (${last.reason})`;
}

function answerUnknown(
  turn: Turn,
  taskId: TaskId,
  agentId: AgentId | undefined,
): TaskStatus | null {
  const { agents, goneAgents, counters } = turn.state;
  const reason = "REASON_RECONCILIATION";
  if (agentId === undefined) {
    if (counters.recovering > 0) return null;
    const message = "no agent of this cluster knows the task";
    return masterStatus(turn, { taskId, state: "TASK_UNKNOWN", reason, message });
  }
  if (goneAgents.has(agentId)) {
    const message = "an operator declared the task's agent gone";
    return masterStatus(turn, { taskId, agentId, state: "TASK_GONE_BY_OPERATOR", reason, message });
  }
  const agent = agents.get(agentId);
  if (agent === undefined) {
    const message = "the task's agent is not known";
    return masterStatus(turn, { taskId, agentId, state: "TASK_UNKNOWN", reason, message });
  }
  switch (agent.condition) {
    case "recovering":
      return null;
    case "unreachable":
      return masterStatus(turn, {
        taskId,
        agentId,
        state: "TASK_UNREACHABLE",
        reason,
        message: "the task's agent is out of reach",
        ...(agent.unreachableSinceMs !== null && { unreachableSinceMs: agent.unreachableSinceMs }),
      });
    case "active":
    case "disconnected":
      return masterStatus(turn, {
        taskId,
        agentId,
        state: "TASK_GONE",
        reason,
        message: "the agent does not know the task",
      });
  }
}
