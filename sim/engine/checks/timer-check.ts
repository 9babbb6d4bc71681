import type { CreateCheck } from "./check.ts";

const CHECK = "timer";

/** Nothing waits for ever without a timer: whoever owes or is owed something has a time at which it will look again. */
export const createTimerCheck: CreateCheck = (world, violations) => ({
  sweep() {
    const { master } = world;
    if (master.isUp && master.isDrained && master.wakeAtMs === Number.POSITIVE_INFINITY) {
      violations.report(CHECK, "the master will never look at its agents and offers again");
    }
    for (const agent of world.agents) {
      if (!agent.isConnected || !agent.isDrained) continue;
      if (agent.wakeAtMs < Number.POSITIVE_INFINITY) continue;
      const pending =
        agent.core?.checkpoint().tasks.some((task) => task.pending.length > 0) ?? false;
      if (pending)
        violations.report(CHECK, `${agent.name} will never resend an update it still holds`);
      if (agent.agentId === null)
        violations.report(CHECK, `${agent.name} will never register again`);
    }
    for (const framework of world.frameworks) {
      if (framework.isUp && framework.endCause === null && !framework.isAlert) {
        violations.report(CHECK, `${framework.name} is cut off and will never connect again`);
      }
    }
  },
});
