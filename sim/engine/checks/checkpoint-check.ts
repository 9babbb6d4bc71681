import { RollingHash } from "@bourse/model/hash";
import type { SimAgent } from "../sim-agent.ts";
import type { CreateCheck } from "./check.ts";

/**
 * What an agent has on disk is what it knows: a restart at any moment loses nothing (FEATURES M-57). Each sweep looks
 * at one agent, in turn, because it costs a walk over all that the agent knows; the end at all.
 */
export const createCheckpointCheck: CreateCheck = (world, violations) => {
  let turn = 0;
  const look = (agent: SimAgent): void => {
    if (agent.core === null || !agent.isDrained || agent.checkpoint === null) return;
    const stored = new RollingHash().add(agent.checkpoint).digest();
    const known = new RollingHash().add(agent.core.checkpoint()).digest();
    if (stored === known) return;
    violations.report("checkpoint", `what ${agent.name} has stored is not what it knows`);
  };
  return {
    sweep() {
      const agent = world.agents[turn % Math.max(1, world.agents.length)];
      turn += 1;
      if (agent !== undefined) look(agent);
    },
    settle() {
      for (const agent of world.agents) look(agent);
    },
  };
};
