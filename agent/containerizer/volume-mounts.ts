import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import type { ContainerLaunch } from "@bourse/task/effects";
import { type VolumeRef, volumeName } from "@bourse/task/volumes";

/** Where the agent keeps the data of a volume. */
export type VolumePath = (volume: VolumeRef) => string;

/** A persistent volume on its way into a container. */
export interface VolumeMountPoint {
  /** On the host; there. */
  readonly path: string;
  /** In the container; `isInSandbox`: below the sandbox, else absolute. */
  readonly target: string;
  readonly isInSandbox: boolean;
  readonly isReadOnly: boolean;
}

/** What a container must see of persistent volumes (FEATURES M-68). Throws with the reason why a launch must fail. */
export function volumeMounts(
  { persistentVolumes }: ContainerLaunch,
  pathOf: VolumePath,
): readonly VolumeMountPoint[] {
  return persistentVolumes.map(({ volume, containerPath, mode }) => {
    const path = pathOf(volume);
    if (!existsSync(path)) {
      throw new Error(
        `${volumeName(volume)} has no directory ${path}: see the agent's log for why`,
      );
    }
    const isInSandbox = !isAbsolute(containerPath);
    const parts = (isInSandbox ? containerPath : containerPath.slice(1)).split("/");
    if (parts.some((part) => part === "" || part === "." || part === "..")) {
      throw new Error(
        `${volumeName(volume)} cannot be mounted at ${JSON.stringify(containerPath)}: name a path below the sandbox, as in: data`,
      );
    }
    return { path, target: containerPath, isInSandbox, isReadOnly: mode === "RO" };
  });
}
