import type { ClusterState, Task } from "@bourse/cluster/state";
import { isPartitionAware } from "@bourse/model/framework";
import type { TaskId } from "@bourse/model/ids";
import { isTerminal, stateFor } from "@bourse/model/task-state";
import type { SimFramework } from "../sim-framework.ts";
import type { World } from "../world.ts";
import type { CreateCheck } from "./check.ts";
import type { Violations } from "./violations.ts";

const CHECK = "task";

/**
 * Once messages have drained a task is in one state everywhere: what runs on the machines, what the master lists and
 * what the frameworks were told are the same, and no container runs without a task.
 */
export const createTaskCheck: CreateCheck = (world, violations) => ({
  settle() {
    const { cluster } = world.master;
    if (cluster === null) return;
    compareContainers(world, cluster.state, violations);
    for (const framework of world.frameworks) {
      if (framework.endCause !== null || framework.frameworkId === null) continue;
      const tasks = cluster.state.frameworks.get(framework.frameworkId)?.tasks ?? NO_TASKS;
      compareFramework(framework, tasks, violations);
    }
  },
});

const NO_TASKS: ReadonlyMap<TaskId, Task> = new Map();

function compareContainers(world: World, state: ClusterState, violations: Violations): void {
  let found = 0;
  for (const agent of world.agents) {
    const place = agent.agentId ?? agent.name;
    for (const { state: containerState, launch, isStopping } of agent.engine.containers) {
      if (containerState === "exited") continue;
      const { frameworkId, taskId } = launch;
      const task = state.frameworks.get(frameworkId)?.tasks.get(taskId);
      if (task?.state === "TASK_RUNNING") found += 1;
      if (isStopping) continue;
      if (task === undefined || isTerminal(task.state)) {
        violations.report(
          CHECK,
          `a container of task ${frameworkId}/${taskId} runs on ${place}, the master knows no such task`,
        );
      } else if (task.agentId !== place) {
        violations.report(
          CHECK,
          `task ${frameworkId}/${taskId} runs on ${place}, the master believes on ${task.agentId}`,
        );
      }
    }
  }
  // Two containers of one task would make up for one that is missing; but two of one task are found elsewhere.
  if (found !== (state.taskCounts.get("TASK_RUNNING") ?? 0))
    reportMissing(world, state, violations);
}

function reportMissing(world: World, state: ClusterState, violations: Violations): void {
  const running = new Set<Task | undefined>();
  for (const { engine } of world.agents) {
    for (const { state: containerState, launch } of engine.containers) {
      if (containerState !== "exited")
        running.add(state.frameworks.get(launch.frameworkId)?.tasks.get(launch.taskId));
    }
  }
  for (const { frameworkId, tasks } of state.frameworks.values()) {
    for (const [taskId, task] of tasks) {
      if (task.state !== "TASK_RUNNING" || running.has(task)) continue;
      violations.report(
        CHECK,
        `task ${frameworkId}/${taskId} has no container on ${task.agentId}, the master believes it runs`,
      );
    }
  }
}

function compareFramework(
  framework: SimFramework,
  tasks: ReadonlyMap<TaskId, Task>,
  violations: Violations,
): void {
  const isAware = isPartitionAware(framework.options.info);
  let live = 0;
  for (const [taskId, { state }] of tasks) {
    if (isTerminal(state)) continue;
    const told = framework.heard.get(taskId)?.state ?? "nothing";
    if (told !== "nothing" && !isTerminal(told)) live += 1;
    const wanted = stateFor(state, isAware);
    if (told === wanted) continue;
    violations.report(
      CHECK,
      `task ${taskId} of ${framework.name} is ${wanted} at the master, its framework heard ${told}`,
    );
  }
  let heard = 0;
  for (const { state } of framework.heard.values()) if (!isTerminal(state)) heard += 1;
  if (heard > live) reportUnknown(framework, tasks, violations);
}

/** Of a task that its policy has given up, e.g. one on an agent that was away too long, nobody need tell it. */
function reportUnknown(
  framework: SimFramework,
  tasks: ReadonlyMap<TaskId, Task>,
  violations: Violations,
): void {
  const waitedFor = new Set(framework.session?.snapshot().tasks.live.map(([live]) => live));
  for (const [taskId, { state }] of framework.heard) {
    if (isTerminal(state) || isListed(tasks, taskId) || !waitedFor.has(taskId)) continue;
    violations.report(
      CHECK,
      `the master knows no task ${taskId} of ${framework.name}, its framework last heard ${state}`,
    );
  }
}

function isListed(tasks: ReadonlyMap<TaskId, Task>, taskId: TaskId): boolean {
  const task = tasks.get(taskId);
  return task !== undefined && !isTerminal(task.state);
}
