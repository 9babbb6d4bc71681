import { accessSync, constants, statSync } from "node:fs";
import { dirname } from "node:path";
import { ClusterError } from "@bourse/model/errors";

/** A long run must not end in vain. Throws `invalid_call` when the file could not be written at its end. */
export function checkWritable(path: string | undefined, flag: string): void {
  if (path === undefined) return;
  const kind = kindOf(path, flag);
  if (kind === "directory") throw refusal(flag, path, "it is a directory");
  // What is there and no file is a device or a pipe: it is written in place.
  mayWrite(kind === "other" ? path : dirname(path), { flag, path });
}

/** The same for a directory: it is there, or can be made in one that is. */
export function checkDirectory(path: string, flag: string): void {
  const kind = kindOf(path, flag);
  if (kind === "file" || kind === "other") throw refusal(flag, path, "it is no directory");
  mayWrite(kind === "directory" ? path : dirname(path), { flag, path });
}

function kindOf(path: string, flag: string): "directory" | "file" | "other" | "absent" {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there === undefined) return "absent";
    return there.isDirectory() ? "directory" : there.isFile() ? "file" : "other";
  } catch (cause) {
    throw refusal(flag, path, whyOf(cause));
  }
}

function mayWrite(what: string, of: { readonly flag: string; readonly path: string }): void {
  try {
    accessSync(what, constants.W_OK);
  } catch (cause) {
    throw refusal(of.flag, of.path, whyOf(cause));
  }
}

function whyOf(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ENOTDIR" ? "there is no such directory" : "no permission";
}

function refusal(flag: string, path: string, why: string): ClusterError {
  return new ClusterError("invalid_call", `${flag} ${path} cannot be written: ${why}`, {
    hint: "name one in a directory that is there",
  });
}
