import { hostKey } from "@bourse/cluster/machines";
import type { CreateCheck } from "./check.ts";

const CHECK = "maintenance";

/** Once all has drained a machine that was taken down for maintenance runs nothing (FEATURES M-71). */
export const createMaintenanceCheck: CreateCheck = (world, violations) => ({
  settle() {
    const down = world.master.cluster?.state.maintenance.down;
    if (down === undefined || down.size === 0) return;
    for (const { name, info, engine } of world.agents) {
      if (!down.has(hostKey(info.hostname)) || engine.liveCount === 0) continue;
      violations.report(
        CHECK,
        `${name} is down for maintenance and still runs ${engine.liveCount} containers`,
      );
    }
  },
});
