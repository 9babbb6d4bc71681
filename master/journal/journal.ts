import { mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput, ClusterStart } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";
import { RollingHash } from "@bourse/model/hash";
import type { Now } from "@bourse/model/now";
import type { Recorder } from "../run.ts";
import { FrameWriter, JOURNAL_FORMAT, type JournalHeader } from "./format.ts";
import { JournalFile } from "./journal-file.ts";
import { splitSnapshot } from "./snapshot-pieces.ts";

export interface JournalOptions {
  readonly directory: string;
  readonly build: string;
  readonly start: ClusterStart;
  readonly openedAt: Now;
  /** State of the core, for the head of each later file. */
  snapshot(): unknown;
  /** The disk failed: the master goes on without a journal. */
  onStopped(error: ClusterError): void;
  readonly limits?: JournalLimits;
}

export interface JournalLimits {
  /** Records of one file; the snapshot at its head comes on top. */
  readonly fileBytesMax: number;
  readonly filesMax: number;
}

/** Some 300,000 task launches a file; half a gigabyte in all, and snapshots. */
export const JOURNAL_LIMITS: JournalLimits = { fileBytesMax: 128 << 20, filesMax: 4 };

/** More than this waiting means that the disk does not keep up: better no journal than no memory. */
const WAITING_BYTES_MAX = 256 << 20;

/**
 * Writes down every input in the order applied, with both clocks, so that the same program can live through it
 * again (`replay`). Bounded: after so many bytes it begins a new file with a snapshot and drops the oldest. Not
 * synced: a power cut may cost the last moments, SIGKILL the last milliseconds, a bug of the core nothing.
 */
export class Journal implements Recorder {
  readonly #options: JournalOptions;
  readonly #limits: JournalLimits;
  readonly #hash = new RollingHash();
  #writer = new FrameWriter();
  #file: JournalFile;
  /** Of the records in the newest file. */
  #recordBytes = 0;
  #part = 1;
  #inputs = 0;
  #bytesBefore = 0;
  #isStopped = false;
  /** Parts of the newest snapshot that are not packed yet, and what must stand behind them in the file. */
  #pieces: (readonly unknown[])[] = [];
  #held: (readonly Uint8Array[])[] = [];
  /** Earlier files that are still being written. */
  readonly #closing = new Set<Promise<void>>();

  /** Throws a one-line refusal when the directory cannot be written. */
  constructor(options: JournalOptions) {
    this.#options = options;
    this.#limits = options.limits ?? JOURNAL_LIMITS;
    try {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
      this.#file = this.#begin(options.start, null);
    } catch (error) {
      throw new ClusterError(
        "internal",
        `open the journal in ${options.directory}: ${ClusterError.from(error).message}; ` +
          "name another directory, or switch the journal off",
        { cause: error },
      );
    }
  }

  /** Of all inputs and effects so far; null once the journal has stopped. */
  get digest(): string | null {
    return this.#isStopped ? null : this.#hash.digest();
  }

  get inputs(): number {
    return this.#inputs;
  }

  /** Written by this process, over all files. */
  get bytes(): number {
    return this.#bytesBefore + this.#file.bytes;
  }

  get path(): string {
    return this.#file.path;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  recordInput(now: Now, input: ClusterInput): void {
    if (this.#isStopped) return;
    this.#inputs++;
    this.#append(this.#writer.input(now, input, checkOf(this.#hash)));
    this.#hash.add(this.#writer.crc);
  }

  recordEffects(effects: Effects): void {
    if (!this.#isStopped) addEffects(this.#hash, effects);
  }

  endTurn(): void {
    if (this.#isStopped) return;
    this.#file.flush();
    if (this.#file.waitingBytes > WAITING_BYTES_MAX) {
      this.#stop(new Error("the disk does not keep up"));
    } else if (this.#recordBytes > this.#limits.fileBytesMax) {
      this.#rotate();
    }
  }

  /** For a process that ends because of a bug: the input that met it is in the file. */
  flushNow(): void {
    if (this.#isStopped) return;
    try {
      this.#packPieces(Number.POSITIVE_INFINITY);
      this.#file.flushNow();
    } catch {
      // The process ends with a better reason than this.
    }
  }

  /** Ends the file with the hashes that a replay must find; null: the core failed, its state means nothing. */
  async close(stateHash: string | null): Promise<void> {
    this.#packPieces(Number.POSITIVE_INFINITY);
    if (!this.#isStopped && stateHash !== null) {
      this.#append(this.#writer.end(this.#hash.digest(), stateHash));
    }
    await this.#file.close();
    await Promise.all(this.#closing);
  }

  #rotate(): void {
    const { start, snapshot } = this.#options;
    const full = this.#file;
    this.#packPieces(Number.POSITIVE_INFINITY);
    this.#append(this.#writer.end(this.#hash.digest(), null));
    this.#bytesBefore += full.bytes;
    this.#part++;
    try {
      this.#file = this.#begin({ ...start, entries: [] }, snapshot());
    } catch (error) {
      this.#stop(error);
    }
    const closing = full.close().then(() => void this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** Behind the snapshot at the head of the file, if that is not whole yet. */
  #append(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#recordBytes += chunk.length;
    if (this.#pieces.length > 0) this.#held.push(chunks);
    else this.#file.append(chunks);
  }

  /** A large cluster's snapshot is packed a piece at a time, between the turns of the loop. */
  #packPieces(count: number): void {
    if (this.#pieces.length === 0 || this.#isStopped) return;
    for (const piece of this.#pieces.splice(0, count)) {
      this.#file.append(this.#writer.piece(piece));
    }
    this.#file.flush();
    if (this.#pieces.length > 0) {
      setImmediate(() => this.#packPieces(1));
      return;
    }
    for (const chunks of this.#held.splice(0)) this.#file.append(chunks);
    this.#file.flush();
  }

  #begin(start: ClusterStart, snapshot: unknown): JournalFile {
    const { skeleton, pieces } = splitSnapshot(snapshot);
    const { directory, build, openedAt } = this.#options;
    const header: JournalHeader = {
      format: JOURNAL_FORMAT,
      build,
      openedAtMs: openedAt.wallMs,
      part: this.#part,
      start,
      snapshot: skeleton,
      pieces: pieces.length,
      inputs: this.#inputs,
      hash: this.#hash.snapshot(),
    };
    const name = `${padded(start.epoch, 10)}-${padded(this.#part, 6)}.journal`;
    const file = new JournalFile(join(directory, name), (error) => this.#stop(error));
    this.#writer = new FrameWriter();
    file.append(this.#writer.header(header));
    this.#recordBytes = 0;
    file.flush();
    this.#dropOldest();
    this.#pieces = [...pieces];
    if (pieces.length > 0) setImmediate(() => this.#packPieces(1));
    return file;
  }

  #dropOldest(): void {
    const { directory } = this.#options;
    const files = readdirSync(directory)
      .filter((name) => name.endsWith(".journal"))
      .sort();
    for (const name of files.slice(0, -this.#limits.filesMax)) unlinkSync(join(directory, name));
  }

  #stop(error: unknown): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const message =
      `write the journal ${this.#file.path}: ${ClusterError.from(error).message}; ` +
      "the master goes on without one until it is started again";
    this.#options.onStopped(new ClusterError("internal", message, { cause: error }));
  }
}

/** The part of the rolling hash that each record carries: enough to see that two differ. */
export function checkOf(hash: RollingHash): number {
  return hash.first;
}

export function addEffects(hash: RollingHash, effects: Effects): void {
  hash.add(effects);
}

/** For `--no-journal`. */
export class NoJournal implements Recorder {
  recordInput(): void {}
  recordEffects(): void {}
  endTurn(): void {}
}

/** So that names sort as numbers. */
function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
