import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { VolumeMountPoint } from "../volume-mounts.ts";
import type { TaskUser } from "./task-user.ts";

/**
 * Rejects with why a process of the host would not find its persistent volumes: they are links in its sandbox, so each
 * must be below it, and its user must be let through to where the data is.
 */
export async function assertReachable(
  volumes: readonly VolumeMountPoint[],
  { prefix }: TaskUser,
): Promise<void> {
  for (const { path, target, isInSandbox } of volumes) {
    if (!isInSandbox) {
      throw new Error(
        `a volume cannot be at ${target} for a process of the host: name a path below the sandbox, or give the task an image`,
      );
    }
    const [program, ...words] = prefix;
    if (program === undefined) continue;
    await promisify(execFile)(program, [...words, "test", "-w", path]).catch(() => {
      throw new Error(
        `the task's user may not write to its volume in ${path}: run the task as the agent's user, give it an image, or let others pass through the agent's work directory (chmod o+x)`,
      );
    });
  }
}
