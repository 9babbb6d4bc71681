import { isPartitionAware } from "@bourse/model/framework";
import { isTerminal, stateFor } from "@bourse/model/task-state";
import type { Container } from "../containers.ts";
import { type TaskBooks, taskBooks } from "../master-books.ts";
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
    const tasks = taskBooks(cluster).filter(({ state }) => !isTerminal(state));
    compareContainers(world, tasks, violations);
    compareFrameworks(world, tasks, violations);
  },
});

function compareContainers(
  world: World,
  tasks: readonly TaskBooks[],
  violations: Violations,
): void {
  const running = new Map<string, { container: Container; place: string }>();
  for (const agent of world.agents) {
    for (const container of agent.engine.containers) {
      if (container.state === "exited") continue;
      const { frameworkId, taskId } = container.launch;
      running.set(`${frameworkId}/${taskId}`, { container, place: agent.agentId ?? agent.name });
    }
  }
  const listed = new Map(tasks.map((task) => [`${task.frameworkId}/${task.taskId}`, task]));
  for (const [key, { container, place }] of running) {
    if (container.isStopping) continue;
    const task = listed.get(key);
    if (task === undefined) {
      violations.report(
        CHECK,
        `a container of task ${key} runs on ${place}, the master knows no such task`,
      );
    } else if (task.agentId !== place) {
      violations.report(
        CHECK,
        `task ${key} runs on ${place}, the master believes on ${task.agentId}`,
      );
    }
  }
  for (const [key, task] of listed) {
    if (task.state !== "TASK_RUNNING" || running.has(key)) continue;
    violations.report(
      CHECK,
      `task ${key} has no container on ${task.agentId}, the master believes it runs`,
    );
  }
}

function compareFrameworks(
  world: World,
  tasks: readonly TaskBooks[],
  violations: Violations,
): void {
  for (const framework of world.frameworks) {
    if (framework.endCause !== null || framework.frameworkId === null) continue;
    const own = tasks.filter(({ frameworkId }) => frameworkId === framework.frameworkId);
    compareFramework(framework, own, violations);
  }
}

function compareFramework(
  framework: SimFramework,
  tasks: readonly TaskBooks[],
  violations: Violations,
): void {
  const isAware = isPartitionAware(framework.options.info);
  const listed = new Set<string>();
  for (const { taskId, state } of tasks) {
    listed.add(taskId);
    const told = framework.heard.get(taskId)?.state ?? "nothing";
    const wanted = stateFor(state, isAware);
    if (told === wanted) continue;
    violations.report(
      CHECK,
      `task ${taskId} of ${framework.name} is ${wanted} at the master, its framework heard ${told}`,
    );
  }
  // Of a task that its policy has given up, e.g. one on an agent that was away too long, nobody need tell it.
  const waitedFor = new Set(framework.session?.snapshot().tasks.live.map(([taskId]) => taskId));
  for (const [taskId, { state }] of framework.heard) {
    if (listed.has(taskId) || isTerminal(state) || !waitedFor.has(taskId)) continue;
    violations.report(
      CHECK,
      `the master knows no task ${taskId} of ${framework.name}, its framework last heard ${state}`,
    );
  }
}
