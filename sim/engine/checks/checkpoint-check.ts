import { RollingHash } from "@bourse/model/hash";
import type { CreateCheck } from "./check.ts";

/** What an agent has on disk is what it knows: a restart at any moment loses nothing (FEATURES M-57). */
export const createCheckpointCheck: CreateCheck = (world, violations) => ({
  sweep() {
    for (const agent of world.agents) {
      if (agent.core === null || !agent.isDrained || agent.checkpoint === null) continue;
      const stored = new RollingHash().add(agent.checkpoint).digest();
      const known = new RollingHash().add(agent.core.checkpoint()).digest();
      if (stored === known) continue;
      violations.report("checkpoint", `what ${agent.name} has stored is not what it knows`);
    }
  },
});
