import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { ClusterError } from "@bourse/model/errors";

/**
 * Makes a directory for state, its parents included, and checks that it can be written; otherwise one line that names
 * the flag. Not `mkdir` with `recursive`: that one loops for ever where a file system denies that the parent exists (/proc).
 */
export function makeDataDirectory(path: string, flag: string): void {
  try {
    make(resolve(path));
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (thrown) {
    const { code = "unknown error" } = thrown as NodeJS.ErrnoException;
    throw new ClusterError(
      "internal",
      `${flag} ${path} ${PROBLEMS[code] ?? `is no use: ${code}`}`,
      {
        cause: thrown,
        hint: `name a directory that you may write to with ${flag}`,
      },
    );
  }
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: "may not be written by this user",
  EPERM: "may not be written by this user",
  EEXIST: "is a file, not a directory",
  ENOTDIR: "lies below a file, not below a directory",
  ENOENT: "cannot be made there",
  ENOSPC: "cannot be made: the disk is full",
  EROFS: "lies on a read-only file system",
};

function make(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) return;
  if (found === undefined && dirname(path) !== path) make(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
