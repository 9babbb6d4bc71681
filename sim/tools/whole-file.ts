import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { ClusterError } from "@bourse/model/errors";

/**
 * Writes a file that is there whole or not at all: what was there before stays until then. Throws `invalid_call` when
 * it cannot be written.
 */
export function writeWholeFile(path: string, text: string): void {
  const { target, partial } = whereToWrite(path);
  try {
    writeFileSync(partial, text);
    if (partial !== target) renameSync(partial, target);
  } catch (thrown) {
    if (partial !== target) rmSync(partial, { force: true });
    throw cannotWrite(path, thrown);
  }
}

/**
 * Where a file lies, and under which name until it is whole. A device or a pipe is written as it is: it is no file to
 * replace. Throws `invalid_call` when the path leads nowhere.
 */
export function whereToWrite(path: string): { readonly target: string; readonly partial: string } {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isFile() === false) return { target: path, partial: path };
    const target = there === undefined ? path : realpathSync(path);
    return { target, partial: `${target}.partial` };
  } catch (thrown) {
    throw cannotWrite(path, thrown);
  }
}

export function cannotWrite(what: string, why: unknown): ClusterError {
  const reason = why instanceof Error ? why.message : String(why);
  return new ClusterError("invalid_call", `cannot write ${what}: ${reason}`, {
    cause: why,
    hint: "name a file in a directory that is there and may be written",
  });
}
