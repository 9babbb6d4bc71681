import { createHash } from "node:crypto";
import type { ContainerId } from "@bourse/model/ids";

/** File names are at most 255 bytes; this leaves room for what an adapter adds. */
const READABLE_MAX = 120;

/**
 * The directory name of a container. Ids come from frameworks and may hold anything, `../` included: all but
 * plain characters is replaced, and a hash keeps different ids apart.
 */
export function directoryName(containerId: ContainerId): string {
  const readable = containerId.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, READABLE_MAX);
  const hash = createHash("sha256").update(containerId).digest("hex");
  return `${readable}-${hash.slice(0, 12)}`;
}
