import type { UpdateUuid } from "@bourse/model/ids";
import type { CreateCheck } from "./check.ts";

const CHECK = "update";

/**
 * A status update is resent until its framework has acknowledged it: no agent may drop one that the framework never
 * saw, and once all has drained no agent may still hold one.
 */
export const createUpdateCheck: CreateCheck = (world, violations) => {
  const heard = new Set<UpdateUuid>();
  return {
    probe: {
      frameworkHeard(_framework, event) {
        if (event.kind === "update" && event.status.uuid !== undefined)
          heard.add(event.status.uuid);
      },
      agentStored(agent, record) {
        if (record.kind !== "acknowledged" || heard.delete(record.uuid)) return;
        violations.report(
          CHECK,
          `${agent.name} counts update ${record.uuid} of task ${record.taskId} as acknowledged, but its framework never saw it`,
        );
      },
    },
    settle() {
      for (const agent of world.agents) {
        for (const { frameworkId, task, pending } of agent.core?.tasks() ?? []) {
          if (pending.length === 0) continue;
          const states = pending.map(({ status }) => status.state).join(", ");
          violations.report(
            CHECK,
            `${agent.name} still holds unacknowledged updates of task ${frameworkId}/${task.taskId}: ${states}`,
          );
        }
      }
    },
  };
};
