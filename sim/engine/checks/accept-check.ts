import type { TaskId } from "@bourse/model/ids";
import type { SimFramework } from "../sim-framework.ts";
import type { CreateCheck } from "./check.ts";

/** Every ACCEPT ends in an update or in an answer to reconciliation, for each task that it was to launch. */
export const createAcceptCheck: CreateCheck = (world, violations) => {
  const waiting = new Map<SimFramework, Map<TaskId, number>>();
  return {
    probe: {
      frameworkSent(framework, call) {
        if (call.kind !== "accept") return;
        let tasks = waiting.get(framework);
        if (tasks === undefined) {
          tasks = new Map();
          waiting.set(framework, tasks);
        }
        const { nowMs } = world.simulation;
        for (const operation of call.operations) {
          if (operation.kind !== "launch") continue;
          for (const { taskId } of operation.tasks) tasks.set(taskId, nowMs);
        }
      },
      frameworkHeard(framework, event) {
        if (event.kind === "update") waiting.get(framework)?.delete(event.status.taskId);
      },
    },
    settle() {
      for (const [framework, tasks] of waiting) {
        if (framework.endCause !== null || tasks.size === 0) continue;
        const isForgetful = framework.policy?.isForgetful === true;
        const known = new Set(framework.session?.snapshot().tasks.live.map(([taskId]) => taskId));
        for (const [taskId, sentMs] of tasks) {
          if (isForgetful && !known.has(taskId)) continue;
          violations.report(
            "accept",
            `${framework.name} launched task ${taskId} at ${sentMs} ms and never heard of it again`,
          );
        }
      }
    },
  };
};
