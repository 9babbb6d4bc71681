import type { FrameworkCall } from "@bourse/model/scheduler";
import { releasesResources } from "@bourse/model/task-state";
import { reconcileTask } from "./reconcile.ts";
import type { Framework, Task, Turn } from "./state.ts";

/**
 * A framework wants a task dead. Idempotent. What cannot be killed now is answered like a reconciliation (MESOS-V1,
 * KILL); a wish that the agent cannot hear now is kept and told when it returns.
 */
export function kill(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "kill" }>,
): void {
  const task = framework.tasks.get(call.taskId);
  const isElsewhere = call.agentId !== undefined && task?.agentId !== call.agentId;
  if (task === undefined || isElsewhere || releasesResources(task.state)) {
    reconcileTask(turn, framework, call.taskId, call.agentId);
    return;
  }
  requestKill(turn, task, call.killPolicy);
  if (task.state === "TASK_UNREACHABLE") reconcileTask(turn, framework, call.taskId, call.agentId);
}

/** Remembers the wish and tells the agent if it listens. */
export function requestKill(
  turn: Turn,
  task: Task,
  policy: { gracePeriodMs: number } | undefined,
): void {
  task.kill = policy === undefined ? {} : { policy };
  sendKill(turn, task);
}

/** Also after an agent has returned: the first kill may have been lost with the broken session. */
export function sendKill(turn: Turn, task: Task): void {
  const session = turn.state.agents.get(task.agentId)?.session ?? null;
  if (session === null || task.kill === null) return;
  turn.out.toAgent(session, {
    kind: "kill",
    frameworkId: task.frameworkId,
    taskId: task.info.taskId,
    ...(task.kill.policy !== undefined && { killPolicy: task.kill.policy }),
  });
}
