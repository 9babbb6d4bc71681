import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import type { VolumeRef } from "@bourse/task/volumes";

/** File names are at most 255 bytes. */
const NAME_MAX = 200;
const READABLE_MAX = 120;

/**
 * Where the data of a volume is: `volumes/roles/<role>/<id>` below the work directory, or below the root of its disk;
 * a disk that is a mount of its own is the volume as a whole (FEATURES M-68, M-69).
 */
export function volumePath(workDir: string, { role, id, disk }: VolumeRef): string {
  const root = disk === undefined ? workDir : resolve(workDir, disk.root);
  if (disk?.type === "mount") return root;
  return join(root, "volumes", "roles", fileName(role), fileName(id));
}

/** Where volumes that were destroyed wait for their deletion, on the same file system. */
export function trashPath(workDir: string, { disk }: Pick<VolumeRef, "disk">): string {
  const root = disk === undefined ? workDir : resolve(workDir, disk.root);
  return disk?.type === "mount" ? join(root, ".bourse-trash") : join(root, "volumes", "trash");
}

/**
 * One file name for any text, different ones for different texts: all but plain characters as `%xx`, and a hash in
 * place of the end where that is too long. No name has a dot in front or a `~` but for the hash.
 */
export function fileName(text: string): string {
  const encoded = Array.from(Buffer.from(text, "utf8"), (byte, index) => {
    const character = String.fromCharCode(byte);
    const isPlain = /[A-Za-z0-9_-]/.test(character) || (character === "." && index > 0);
    return isPlain ? character : `%${byte.toString(16).padStart(2, "0")}`;
  }).join("");
  if (encoded.length <= NAME_MAX) return encoded;
  const hash = createHash("sha256").update(text).digest("hex");
  return `${encoded.slice(0, READABLE_MAX)}~${hash}`;
}
