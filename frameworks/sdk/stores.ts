import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import type { SessionRecord } from "@bourse/session/session-io";

/** Keeps the framework id between runs (FEATURES N-06, K-6): without it the tasks of an earlier run have no owner. */
export interface FrameworkStore {
  load(): Promise<SessionRecord | undefined>;
  /** Durable when it resolves. */
  save(record: SessionRecord): Promise<void>;
  /** After a teardown the id can never be used again. */
  clear(): Promise<void>;
}

/** For frameworks that need not outlive their process. */
export function memoryStore(record?: SessionRecord): FrameworkStore {
  let kept = record;
  return {
    load: async () => kept,
    save: async (saved) => {
      kept = saved;
    },
    clear: async () => {
      kept = undefined;
    },
  };
}

/** One small JSON file, replaced atomically. Throws `internal` with the path when it cannot be read or written. */
export function fileStore(path: string): FrameworkStore {
  return {
    load: async () => {
      const text = await readIfThere(path);
      return text === null ? undefined : parseRecord(path, text);
    },
    save: (record) => writeWhole(path, `${JSON.stringify(record)}\n`),
    clear: () => rm(path, { force: true }),
  };
}

/** Null when there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw storeError("read", path, thrown);
  }
}

/** Replaces a file: the old or the new is there after a crash, never a half. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "w");
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (thrown) {
    throw storeError("write", path, thrown);
  }
}

export function storeError(verb: "read" | "write", path: string, cause: unknown): ClusterError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ClusterError("internal", `cannot ${verb} ${path}: ${message}`, {
    cause,
    hint: "check that the directory exists, is writable and has space",
  });
}

function parseRecord(path: string, text: string): SessionRecord {
  try {
    const { kind, frameworkId, epochSeen } = JSON.parse(text) as Partial<SessionRecord>;
    if (kind === "framework" && typeof frameworkId === "string" && Number.isInteger(epochSeen))
      return { kind, frameworkId, epochSeen: epochSeen as number };
  } catch {
    // Not JSON: the same answer as for JSON that is something else.
  }
  throw new ClusterError("internal", `${path} is no framework record`, {
    hint: "move it away to subscribe as a new framework; tasks of the old one then have no owner",
  });
}
