import type { SimAgent } from "../sim-agent.ts";
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
      if (holdsUpdates(agent))
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

function holdsUpdates({ core }: SimAgent): boolean {
  for (const { pending } of core?.tasks() ?? []) if (pending.length > 0) return true;
  return false;
}
