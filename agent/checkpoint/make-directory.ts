import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { storageError } from "./storage-error.ts";

/**
 * Makes a directory and those above it, readable by its owner only. Not with `mkdir`'s own `recursive`, which never
 * returns where a file system takes no directories (nodejs/node, below `/proc` for one).
 */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await make(path, true);
  } catch (thrown) {
    throw storageError("use", path, thrown);
  }
}

async function make(path: string, mayMakeParent: boolean): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT" && mayMakeParent && dirname(path) !== path) {
      await make(dirname(path), true);
      await make(path, false);
    } else if (code !== "EEXIST" || !(await stat(path)).isDirectory()) throw thrown;
  }
}
