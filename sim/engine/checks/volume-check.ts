import { volumeKey, volumeName, volumesIn } from "@bourse/task/volumes";
import type { CreateCheck } from "./check.ts";

const CHECK = "volume";

/**
 * Data is where it was promised to be, and nowhere else: no container starts on a volume that is not there, no volume
 * goes while a container uses it, and a machine keeps exactly the volumes that its agent knows (FEATURES M-68).
 */
export const createVolumeCheck: CreateCheck = (world, violations) => ({
  probe: {
    containerBegan(agent, { launch }) {
      for (const { volume } of launch.persistentVolumes) {
        if (agent.volumes.has(volumeKey(volume))) continue;
        violations.report(
          CHECK,
          `${launch.containerId} starts on ${volumeName(volume)}, which ${agent.name} does not have`,
        );
      }
    },
    volumeGone(agent, volume) {
      const key = volumeKey(volume);
      for (const { launch, state } of agent.engine.containers) {
        const uses = launch.persistentVolumes.some((one) => volumeKey(one.volume) === key);
        if (state === "exited" || !uses) continue;
        violations.report(
          CHECK,
          `${volumeName(volume)} of ${agent.name} goes while ${launch.containerId} uses it`,
        );
      }
    },
  },
  settle() {
    for (const { name, core, volumes } of world.agents) {
      if (core === null) continue;
      const known = volumesIn(core.total).map(volumeKey).sort().join("; ");
      const kept = Array.from(volumes).sort().join("; ");
      if (known !== kept) {
        violations.report(CHECK, `${name} keeps the volumes ${kept}, it knows ${known}`);
      }
    }
  },
});
