import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ClusterError } from "@bourse/model/errors";
import { type VolumeRef, volumeName } from "@bourse/task/volumes";
import { storageError } from "../checkpoint/storage-error.ts";
import { trashPath, volumePath } from "./volume-path.ts";

/**
 * The directories of persistent volumes (FEATURES M-68). Making one and taking one away are done when the call
 * returns, so that a container that is launched right behind finds what it was promised; only the deletion of data that
 * was taken away goes on by itself.
 */
export class VolumeStore {
  readonly #workDir: string;
  readonly #onError: (error: ClusterError) => void;
  readonly #deletions = new Set<Promise<void>>();

  constructor(workDir: string, onError: (error: ClusterError) => void) {
    this.#workDir = workDir;
    this.#onError = onError;
    this.#empty(trashPath(workDir, {})); // What an agent had no time for.
  }

  pathOf(volume: VolumeRef): string {
    return volumePath(this.#workDir, volume);
  }

  /** `isNew`: what is there already was left behind by a volume of the same name, and goes. */
  create(volume: VolumeRef, isNew: boolean): void {
    const path = this.pathOf(volume);
    try {
      if (isNew) this.#discard(volume);
      if (volume.disk?.type === "mount" || existsSync(path)) return;
      // Others may pass through to what they know the name of; in it any user of a container may write.
      mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
      mkdirSync(path);
      chmodSync(path, 0o777);
    } catch (thrown) {
      this.#onError(storageError(`make ${volumeName(volume)} in`, path, thrown));
    }
  }

  destroy(volume: VolumeRef): void {
    try {
      this.#discard(volume);
    } catch (thrown) {
      const path = this.pathOf(volume);
      this.#onError(storageError(`delete ${volumeName(volume)} in`, path, thrown));
    }
  }

  /** Waits for deletions under way. */
  async close(): Promise<void> {
    await Promise.all(this.#deletions);
  }

  /** Out of the way at once, deleted in a while. */
  #discard(volume: VolumeRef): void {
    const path = this.pathOf(volume);
    if (!existsSync(path)) return;
    const trash = trashPath(this.#workDir, volume);
    const place = join(trash, randomBytes(8).toString("hex"));
    mkdirSync(trash, { recursive: true, mode: 0o700 });
    if (volume.disk?.type !== "mount") renameSync(path, place);
    else {
      mkdirSync(place);
      for (const name of readdirSync(path)) {
        const isKept = name === "lost+found" || join(path, name) === trash;
        if (!isKept) renameSync(join(path, name), join(place, name));
      }
    }
    this.#empty(trash);
  }

  #empty(trash: string): void {
    const deletion = rm(trash, { recursive: true, force: true, maxRetries: 3 })
      .catch((thrown) => this.#onError(storageError("delete", trash, thrown)))
      .finally(() => this.#deletions.delete(deletion));
    this.#deletions.add(deletion);
  }
}
