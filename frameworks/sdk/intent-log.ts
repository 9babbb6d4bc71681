import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import { readIfThere, storeError, writeWhole } from "./stores.ts";

/** Where a policy's intents are written down before they are acted upon (FEATURES K-6). */
export interface IntentStore {
  /** All records, in order. */
  load(): Promise<readonly unknown[]>;
  /** Durable when it resolves. Called by one at a time. */
  append(records: readonly unknown[]): Promise<void>;
  /** Replaces everything by the fewest records that say the same. */
  rewrite(records: Iterable<unknown>): Promise<void>;
  close(): Promise<void>;
}

export function memoryIntents(initial: readonly unknown[] = []): IntentStore {
  let kept = [...initial];
  return {
    load: async () => kept,
    append: async (records) => {
      for (const record of records) kept.push(record);
    },
    rewrite: async (records) => {
      kept = Array.from(records);
    },
    close: async () => {},
  };
}

/**
 * An append log, one JSON record a line; what comes together is one write and one sync. A torn last line, as a crash
 * leaves it, is dropped: it was never acted upon. Anything else that cannot be read is refused.
 */
export function fileIntents(path: string): IntentStore {
  let file: FileHandle | null = null;
  const opened = async (): Promise<FileHandle> => {
    if (file === null) {
      await mkdir(dirname(path), { recursive: true });
      file = await open(path, "a");
    }
    return file;
  };
  const close = async (): Promise<void> => {
    await file?.close();
    file = null;
  };
  return {
    load: async () => {
      const text = (await readIfThere(path)) ?? "";
      const whole = text.slice(0, text.lastIndexOf("\n") + 1);
      // What comes next must not be glued to the torn end.
      if (whole.length < text.length) await writeWhole(path, whole);
      return whole
        .split("\n")
        .slice(0, -1)
        .map((line, index) => parseLine(path, index + 1, line));
    },
    append: async (records) => {
      try {
        const log = await opened();
        await log.appendFile(records.map(lineOf).join(""));
        await log.datasync();
      } catch (thrown) {
        throw storeError("write", path, thrown);
      }
    },
    rewrite: async (records) => {
      await close();
      await writeWhole(path, Array.from(records, lineOf).join(""));
    },
    close,
  };
}

/** Rewrites the log to `records()`, what it says in the end, whenever that many records were appended. */
export function compacting(
  store: IntentStore,
  records: () => Iterable<unknown>,
  recordsMax = 20_000,
): IntentStore {
  let appended = 0;
  return {
    ...store,
    append: async (more) => {
      await store.append(more);
      appended += more.length;
      if (appended < recordsMax) return;
      appended = 0;
      await store.rewrite(records());
    },
  };
}

function lineOf(record: unknown): string {
  return `${JSON.stringify(record, bytesAsText)}\n`;
}

/** A Buffer has turned itself into something else by the time its value is shown; its holder still has it. */
function bytesAsText(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key];
  if (!(raw instanceof Uint8Array)) return value;
  return { $bytes: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString("base64") };
}

function parseLine(path: string, number: number, line: string): unknown {
  try {
    return JSON.parse(line, (_key, value: unknown) => {
      const bytes = (value as { $bytes?: unknown } | null)?.$bytes;
      return typeof bytes === "string" ? new Uint8Array(Buffer.from(bytes, "base64")) : value;
    });
  } catch (cause) {
    throw new ClusterError("internal", `${path}, line ${number}, is damaged`, {
      cause,
      hint: "restore the file, or remove that line if you know what it said",
    });
  }
}
