import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "@bourse/model/errors";

const HINT = "journals lie in the master's data directory, under journal/";

/** The journal files of a path in the order in which they were written: a file itself, or all of a directory. */
export async function journalFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch((error) => {
    throw unreadable(path, error);
  });
  if (!found.isDirectory()) return [path];
  // Names begin with the epoch and the part, padded so that they sort as numbers.
  const names = (await readdir(path)).filter((name) => name.endsWith(".journal")).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new ClusterError("not_found", `read ${path}: no journal file is in this directory`, {
    hint: HINT,
  });
}

/** A plain byte array: what is decoded from a Buffer would be Buffers. */
export async function journalBytes(file: string): Promise<Uint8Array> {
  try {
    const buffer = await readFile(file);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(path: string, error: unknown): ClusterError {
  const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
  return new ClusterError(
    isMissing ? "not_found" : "invalid_call",
    `read ${path}: ${isMissing ? "there is no such file" : ClusterError.from(error).message}`,
    { cause: error, hint: HINT },
  );
}
