import { constants, writeSync } from "node:fs";
import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ClusterError } from "@bourse/model/errors";
import type { CheckpointRecord } from "@bourse/task/effects";
import { Packr } from "msgpackr";
import { frame, headerLine, parseFile } from "./record-file.ts";
import { storageError } from "./storage-error.ts";

export interface CheckpointLogOptions {
  /** Exists and is this agent's alone (see work-dir-lock.ts). */
  readonly directory: string;
  /** Names this installation on its host when there is no log yet. */
  readonly newOwner: string;
  /** Whether records must survive a power cut; false where the containers would not either. */
  readonly isSynced: boolean;
  /** The log cannot be written: nothing may be done any more. Called once. */
  readonly onFatal: (error: ClusterError) => void;
}

/** Below this a log is not worth compacting. */
const COMPACT_BYTES_MIN = 1_048_576;
/** A log this many times larger than right after the last compaction is mostly history. */
const COMPACT_GROWTH = 4;

const FILE_NAME = "checkpoint.log";
const NEW_FILE_NAME = "checkpoint.new";

interface Waiting {
  readonly records: readonly CheckpointRecord[];
  readonly onDurable: () => void;
}

/**
 * The one append log of an agent (FEATURES M-57). All records that wait are one write and one sync; callers are
 * told in the order in which they came. Compaction takes the place of an append: it writes what the core knows,
 * which holds all that waits.
 */
export class CheckpointLog {
  readonly owner: string;
  /** What the log held when it was opened; the caller folds it once. */
  readonly records: readonly CheckpointRecord[];
  readonly #options: CheckpointLogOptions;
  readonly #path: string;
  readonly #packr = new Packr({ copyBuffers: true });
  readonly #currentRecords: () => readonly CheckpointRecord[];
  #file: FileHandle;
  #sizeBytes: number;
  #compactAtBytes = 0; // The first write compacts.
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;
  #isOver = false;

  private constructor(
    options: CheckpointLogOptions,
    read: {
      file: FileHandle;
      owner: string;
      records: readonly CheckpointRecord[];
      sizeBytes: number;
    },
    currentRecords: () => readonly CheckpointRecord[],
  ) {
    this.#options = options;
    this.#path = join(options.directory, FILE_NAME);
    this.#currentRecords = currentRecords;
    this.#file = read.file;
    this.owner = read.owner;
    this.records = read.records;
    this.#sizeBytes = read.sizeBytes;
  }

  /** `currentRecords`: the shortest log of all that has been appended so far; asked for at compaction. */
  static async open(
    options: CheckpointLogOptions,
    currentRecords: () => readonly CheckpointRecord[],
  ): Promise<CheckpointLog> {
    const path = join(options.directory, FILE_NAME);
    let file: FileHandle | null = null;
    try {
      const bytes = await readOrNull(path);
      await rm(join(options.directory, NEW_FILE_NAME), { force: true });
      if (bytes === null || bytes.length === 0) {
        // Under another name first, so that a log always has its whole header.
        const newPath = join(options.directory, NEW_FILE_NAME);
        file = await create(newPath, headerLine(options.newOwner), options);
        await rename(newPath, path);
        const sizeBytes = headerLine(options.newOwner).length;
        const read = { file, owner: options.newOwner, records: [], sizeBytes };
        return new CheckpointLog(options, read, currentRecords);
      }
      const { owner, bodies, length } = parseFile(bytes, path);
      file = await open(path, constants.O_RDWR);
      await file.truncate(length);
      const packr = new Packr({ copyBuffers: true });
      const records = bodies.flatMap((body) => packr.unpack(body) as CheckpointRecord[]);
      const read = { file, owner, records, sizeBytes: length };
      return new CheckpointLog(options, read, currentRecords);
    } catch (thrown) {
      await file?.close().catch(() => {});
      if (thrown instanceof ClusterError) throw thrown;
      throw storageError("open", path, thrown);
    }
  }

  /** Records whose write has not ended; 0 means that `append` without records is done at once. */
  get backlog(): number {
    return this.#waiting.length + (this.#writing === null ? 0 : 1);
  }

  /** `onDurable` runs once these records, and all appended before, are on disk; at once when nothing waits. */
  append(records: readonly CheckpointRecord[], onDurable: () => void): void {
    if (this.#isOver) return;
    if (records.length === 0 && this.backlog === 0) {
      onDurable();
      return;
    }
    this.#waiting.push({ records, onDurable });
    // At the end of the loop turn, so that all that one turn decides is one write.
    this.#writing ??= new Promise((resolve) => setImmediate(resolve)).then(() => this.#write());
  }

  /** Waits for what was appended, then lets go of the file. */
  async close(): Promise<void> {
    while (this.#writing !== null) await this.#writing;
    this.#isOver = true;
    await this.#file.close().catch(() => {});
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0 && !this.#isOver) {
        const group = this.#waiting;
        this.#waiting = [];
        if (!(await this.#store(group))) return;
        for (const { onDurable } of group) onDurable(); // What it throws is a bug, not a full disk.
      }
    } finally {
      this.#writing = null;
    }
  }

  /** False when it could not be written: then nothing is, ever again. */
  async #store(group: readonly Waiting[]): Promise<boolean> {
    try {
      const records = group.flatMap((waiting) => waiting.records);
      if (this.#sizeBytes >= this.#compactAtBytes) await this.#compact(this.#currentRecords());
      else if (records.length > 0) await this.#append(records);
      return true;
    } catch (thrown) {
      this.#isOver = true;
      this.#options.onFatal(storageError("write", this.#path, thrown));
      return false;
    }
  }

  async #append(records: readonly CheckpointRecord[]): Promise<void> {
    const bytes = frame(this.#packr.pack(records));
    if (this.#options.isSynced) {
      await writeAll(this.#file, bytes, this.#sizeBytes);
      await this.#file.datasync();
    } else {
      // Into the page cache: a thread would take longer to wake up than this takes.
      writeAllSync(this.#file.fd, bytes, this.#sizeBytes);
    }
    this.#sizeBytes += bytes.length;
  }

  /** A new file takes the place of the old one in one step. */
  async #compact(records: readonly CheckpointRecord[]): Promise<void> {
    const bytes = Buffer.concat([headerLine(this.owner), frame(this.#packr.pack(records))]);
    const path = join(this.#options.directory, NEW_FILE_NAME);
    const file = await create(path, bytes, this.#options);
    await rename(path, this.#path);
    if (this.#options.isSynced) await syncDirectory(this.#options.directory);
    await this.#file.close();
    this.#file = file;
    this.#sizeBytes = bytes.length;
    this.#compactAtBytes = Math.max(COMPACT_BYTES_MIN, COMPACT_GROWTH * bytes.length);
  }
}

async function create(
  path: string,
  bytes: Buffer,
  { isSynced }: Pick<CheckpointLogOptions, "isSynced">,
): Promise<FileHandle> {
  // Only the owner may read it: environment values of tasks are in it.
  const file = await open(path, "w+", 0o600);
  try {
    await writeAll(file, bytes, 0);
    if (isSynced) await file.datasync();
    return file;
  } catch (thrown) {
    await file.close().catch(() => {});
    throw thrown;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const rest = bytes.length - written;
    const { bytesWritten } = await file.write(bytes, written, rest, position + written);
    written += bytesWritten;
  }
}

function writeAllSync(fd: number, bytes: Buffer, position: number): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(fd, bytes, written, bytes.length - written, position + written);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function readOrNull(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}
