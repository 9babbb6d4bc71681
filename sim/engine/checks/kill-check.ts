import type { TaskId } from "@bourse/model/ids";
import { releasesResources } from "@bourse/model/task-state";
import type { SimFramework } from "../sim-framework.ts";
import type { CreateCheck } from "./check.ts";

const CHECK = "kill";

/**
 * A kill is heard in the end: what a framework wanted dead is, whatever broke on the way, unless it was told that the
 * task is lost, which to one that is not partition-aware is an answer. What an operator was told is done holds for as
 * long as that master lives.
 */
export const createKillCheck: CreateCheck = (world, violations) => {
  const byFramework = new Map<SimFramework, Set<TaskId>>();
  /** `framework/task` to the epoch of the master that said `done`. */
  const byOperator = new Map<string, number>();
  return {
    probe: {
      frameworkSent(framework, call) {
        if (call.kind !== "kill") return;
        const killed = byFramework.get(framework);
        if (killed === undefined) byFramework.set(framework, new Set([call.taskId]));
        else killed.add(call.taskId);
      },
      frameworkHeard(framework, event) {
        if (event.kind !== "update" || !releasesResources(event.status.state)) return;
        byFramework.get(framework)?.delete(event.status.taskId);
      },
      masterDecided(_now, input, effects) {
        if (input.kind !== "operator-call" || input.call.kind !== "kill-task") return;
        const isDone = effects.send.some(
          (sending) => sending.to === "operator" && sending.reply.kind === "done",
        );
        const { frameworkId, taskId } = input.call;
        if (isDone) byOperator.set(`${frameworkId}/${taskId}`, world.master.epoch);
      },
    },
    settle() {
      const killed = new Set<string>();
      for (const [framework, taskIds] of byFramework) {
        for (const taskId of taskIds) killed.add(`${framework.frameworkId}/${taskId}`);
      }
      for (const [task, epoch] of byOperator) if (epoch === world.master.epoch) killed.add(task);
      if (killed.size === 0) return;
      for (const { engine, name } of world.agents) {
        for (const { state, launch } of engine.containers) {
          const task = `${launch.frameworkId}/${launch.taskId}`;
          if (state === "exited" || !killed.has(task)) continue;
          violations.report(CHECK, `task ${task} was to be killed and still runs on ${name}`);
        }
      }
    },
  };
};
