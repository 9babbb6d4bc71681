import { present } from "@bourse/model/assert";
import { NO_RESOURCES, type Resources, subtract } from "@bourse/model/resources";
import type { TaskInfo } from "@bourse/model/task";
import type { TaskReason, TaskState } from "@bourse/model/task-state";
import { holdCopy, keepPart } from "./allocation.ts";
import { CLUSTER_LIMITS } from "./config.ts";
import { decide } from "./decisions.ts";
import type { Agent, Framework, Turn } from "./state.ts";
import { checkedResources, taskProblem } from "./task-validation.ts";
import { addTask, masterStatus, newTask, tellStatus } from "./tasks.ts";

/** Takes what the valid tasks use from the offered resources; the others are errors. */
export function judge(
  turn: Turn,
  given: {
    readonly framework: Framework;
    readonly agent: Agent;
    readonly role: string;
    readonly tasks: readonly TaskInfo[];
    readonly offered: Resources;
  },
): { launched: TaskInfo[]; left: Resources } {
  const { framework, agent, role, tasks } = given;
  const launched: TaskInfo[] = [];
  let left = given.offered;
  for (const task of tasks) {
    const resources = checkedResources(task.resources);
    const problem =
      typeof resources === "string"
        ? resources
        : launched.length >= CLUSTER_LIMITS.tasksPerAcceptMax
          ? `one call launches at most ${CLUSTER_LIMITS.tasksPerAcceptMax} tasks`
          : taskProblem(framework, task, resources, agent.agentId, left);
    if (problem !== null || typeof resources === "string") {
      const cause = problem ?? "its resources are not valid";
      refuseTask(turn, framework, task, "TASK_ERROR", "REASON_TASK_INVALID", cause);
      continue;
    }
    const shared = sharedPart(resources);
    left = subtract(left, withoutShared(resources, shared));
    const info = launchInfo(task, resources, role);
    launched.push(info);
    const atMs = turn.now.wallMs;
    const launchSession = agent.session;
    const state = "TASK_STAGING";
    const added = newTask(turn, { framework, agent, info, role, state, atMs, launchSession });
    keepPart(turn.state, added);
    if (shared.length > 0) holdCopy(turn.state, added, shared);
    addTask(turn, framework, agent, added);
  }
  return { launched, left };
}

/** Member by member: a copy of an object that somebody else made is several times as slow. */
function launchInfo(task: TaskInfo, resources: Resources, role: string): TaskInfo {
  const { taskId, name, agentId, payload, executor } = task;
  const info = { taskId, name, agentId, resources, role, payload };
  // The compiler says here when a task has got another member.
  info satisfies Record<Exclude<keyof TaskInfo, "executor">, unknown>;
  return executor === undefined ? info : { ...info, executor };
}

/** What a task uses and others may use as well: the offer keeps its copy. */
function sharedPart(resources: Resources): Resources {
  for (const resource of resources) {
    if (resource.isShared) return resources.filter(({ isShared }) => isShared);
  }
  return NO_RESOURCES;
}

function withoutShared(resources: Resources, shared: Resources): Resources {
  return shared.length === 0 ? resources : resources.filter(({ isShared }) => !isShared);
}

/** Sends tasks that were judged to their agent. */
export function launch(
  turn: Turn,
  framework: Framework,
  agent: Agent,
  tasks: readonly TaskInfo[],
): void {
  if (tasks.length === 0) return;
  const { frameworkId, info } = framework;
  const session = present(agent.session, "the session of an agent with offers");
  turn.out.toAgent(session, { kind: "launch", framework: { frameworkId, info }, tasks });
  const { agentId } = agent;
  decide(turn, framework, { kind: "launched", agentId, taskCount: tasks.length });
}

export function refuseTask(
  turn: Turn,
  framework: Framework,
  task: TaskInfo,
  state: TaskState,
  reason: TaskReason,
  message: string,
): void {
  const { taskId, agentId } = task;
  decide(turn, framework, { kind: "dropped", taskId, cause: message });
  tellStatus(turn, framework, masterStatus(turn, { taskId, agentId, state, reason, message }));
}
