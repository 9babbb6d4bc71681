import { checkInvariants, checkTouched } from "@bourse/cluster/invariants";
import type { CreateCheck } from "./check.ts";

const CHECK = "master";

/** What the master's core says must hold of itself (`master/cluster/invariants.ts`): a walk over everything. */
export const createMasterCheck: CreateCheck = (world, violations) => ({
  sweep() {
    const { cluster } = world.master;
    if (cluster === null) return;
    for (const problem of checkInvariants(cluster)) violations.report(CHECK, problem);
  },
});

/** The part of it that each input may have broken: too dear for large runs. */
export const createTouchedCheck: CreateCheck = (world, violations) => ({
  probe: {
    masterDecided(_now, input, effects) {
      const { cluster } = world.master;
      if (cluster === null) return;
      for (const problem of checkTouched(cluster, input, effects))
        violations.report(CHECK, problem);
    },
  },
});
