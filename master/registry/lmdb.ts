import { mkdir, statfs } from "node:fs/promises";
import { ClusterError } from "@bourse/model/errors";
import type { RegistryEntry, RegistryRecord } from "@bourse/model/registry";
import { type Database, open, type RootDatabase } from "lmdb";
import { Packr } from "msgpackr";
import { DirectoryLock } from "./directory-lock.ts";
import { type Registry, STORE_VERSION } from "./registry.ts";

/** Below this much free space a write is refused: LMDB itself would fail half-way and say it badly. */
const FREE_BYTES_MIN = 8 << 20;

/** Objects stay objects and maps stay maps; every value carries its own structure, so each stands alone. */
const packr = new Packr({ useRecords: true, moreTypes: true });

/**
 * The embedded store (DESIGN D4): one LMDB directory. Every append is one transaction that first compares the
 * epoch in the store with ours, so a second master on the same directory can end us but never mix with us.
 */
export class LmdbRegistry implements Registry {
  readonly epoch: number;
  readonly #directory: string;
  readonly #root: RootDatabase<Uint8Array, string>;
  readonly #meta: Database<number, string>;
  readonly #entries: Database<Uint8Array, string>;
  readonly #lock: DirectoryLock;

  private constructor(store: OpenStore, epoch: number) {
    this.#directory = store.directory;
    this.#root = store.root;
    this.#meta = store.meta;
    this.#entries = store.entries;
    this.#lock = store.lock;
    this.epoch = epoch;
  }

  /** Opens or makes the store in `directory` and raises its epoch. Refusals are one line: what, why, what to do. */
  static async open(directory: string): Promise<LmdbRegistry> {
    await makeDirectory(directory);
    const lock = await DirectoryLock.take(directory);
    try {
      await checkSpace(directory, 0);
      const store = openStore(directory, lock);
      try {
        return new LmdbRegistry(store, await raiseEpoch(store));
      } catch (error) {
        await store.root.close();
        throw error;
      }
    } catch (error) {
      await lock.release();
      throw refusal(`open the registry in ${directory}`, error);
    }
  }

  async load(): Promise<readonly RegistryEntry[]> {
    const rows: { key: string; entry: RegistryEntry }[] = [];
    for (const { key, value } of this.#entries.getRange()) {
      // The value lies in LMDB's memory map: copy it, so that payloads outlive the read.
      rows.push({ key, entry: packr.unpack(new Uint8Array(value)) as RegistryEntry });
    }
    rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return rows.map(({ entry }) => entry);
  }

  async append(records: readonly RegistryRecord[]): Promise<void> {
    try {
      const writes = records.map((record) => ({
        key: record.key,
        bytes: record.op === "put" ? packr.pack(record.entry) : null,
      }));
      await checkSpace(
        this.#directory,
        writes.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0),
      );
      const isOwner = await this.#meta.ifVersion("epoch", this.epoch, () => {
        for (const { key, bytes } of writes) {
          if (bytes === null) this.#entries.remove(key);
          else this.#entries.put(key, bytes);
        }
      });
      if (!isOwner) {
        throw new ClusterError(
          "stale_epoch",
          `write to the registry in ${this.#directory}: another master has taken it over`,
        );
      }
      await this.#root.flushed;
    } catch (error) {
      throw refusal(`write to the registry in ${this.#directory}`, error);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
    await this.#lock.release();
  }
}

interface OpenStore {
  readonly directory: string;
  readonly root: RootDatabase<Uint8Array, string>;
  readonly meta: Database<number, string>;
  readonly entries: Database<Uint8Array, string>;
  readonly lock: DirectoryLock;
}

function openStore(directory: string, lock: DirectoryLock): OpenStore {
  const root = open<Uint8Array, string>({ path: directory, noSubdir: false, maxDbs: 4 });
  return {
    directory,
    lock,
    root,
    meta: root.openDB<number, string>("meta", { encoding: "msgpack", useVersions: true }),
    entries: root.openDB<Uint8Array, string>("entries", { encoding: "binary" }),
  };
}

async function raiseEpoch({ directory, root, meta }: OpenStore): Promise<number> {
  const version = meta.get("version");
  if (version !== undefined && version !== STORE_VERSION) {
    throw new ClusterError(
      "conflict",
      `open the registry in ${directory}: it has store version ${version}, this program knows version ${STORE_VERSION}; ` +
        "start the program that wrote it, or name another directory",
    );
  }
  const epoch = (meta.get("epoch") ?? 0) + 1;
  await Promise.all([
    meta.put("version", STORE_VERSION, STORE_VERSION),
    meta.put("epoch", epoch, epoch),
  ]);
  await root.flushed;
  return epoch;
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw refusal(`make the registry's directory ${directory}`, error);
  }
}

/** A transaction copies the pages it touches: allow for four times the bytes. */
async function checkSpace(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN + 4 * bytes) return;
  throw new ClusterError(
    "internal",
    `write to the registry in ${directory}: the disk is full (${Math.floor(freeBytes / 1024)} KiB free); ` +
      "free some space and start the master again",
  );
}

/** One line for what the file system or the engine said. */
function refusal(attempt: string, error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  // LMDB hands out the real cause as a promise that nobody else waits for.
  const cause = (error as { commitError?: Promise<unknown> }).commitError;
  cause?.catch(() => {});
  const code = (error as NodeJS.ErrnoException).code;
  const why = WHY[String(code)] ?? ClusterError.from(error).message;
  return new ClusterError("internal", `${attempt}: ${why}`, { cause: error });
}

const WHY: Readonly<Record<string, string>> = {
  EACCES: "no permission to write there; change its owner or name another directory",
  EPERM: "no permission to write there; change its owner or name another directory",
  EROFS: "the file system is read-only; name another directory",
  ENOTDIR: "a part of the path is a file; name another directory",
  EEXIST: "it is a file; name a directory",
  ENOSPC: "the disk is full; free some space and start the master again",
  EDQUOT: "the disk quota is used up; free some space and start the master again",
  EIO: "the disk reports an error (full, or broken); check it and start the master again",
};
