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
  /** Tasks with a container. */
  const running = new Set<Task>();
  for (const agent of world.agents) {
    const place = agent.agentId ?? agent.name;
    for (const container of agent.engine.containers) {
      if (container.state === "exited") continue;
      const { frameworkId, taskId } = container.launch;
      const task = state.frameworks.get(frameworkId)?.tasks.get(taskId);
      if (task !== undefined) running.add(task);
      if (container.isStopping) continue;
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
  for (const [taskId, { state }] of tasks) {
    if (isTerminal(state)) continue;
    const told = framework.heard.get(taskId)?.state ?? "nothing";
    const wanted = stateFor(state, isAware);
    if (told === wanted) continue;
    violations.report(
      CHECK,
      `task ${taskId} of ${framework.name} is ${wanted} at the master, its framework heard ${told}`,
    );
  }
  // Of a task that its policy has given up, e.g. one on an agent that was away too long, nobody need tell it.
  let waitedFor: ReadonlySet<TaskId> | null = null;
  for (const [taskId, { state }] of framework.heard) {
    if (isTerminal(state) || isListed(tasks, taskId)) continue;
    waitedFor ??= new Set(framework.session?.snapshot().tasks.live.map(([live]) => live));
    if (!waitedFor.has(taskId)) continue;
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
