import { copyFile, type FileHandle, open, rename, stat, truncate } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { LogRequest, OutputChunk } from "../containerizer.ts";
import type { ContainerDirectory } from "./container-directory.ts";

const READ_BYTES = 64 * 1024;
const FOLLOW_INTERVAL_MS = 100;
const NEWLINE = 0x0a;

/**
 * Reads the output of a process container from its two files. While the task writes, the order between the
 * two streams is only as fine as the reading of them.
 */
export async function* fileLogs(
  directory: ContainerDirectory,
  request: LogRequest,
  hasEnded: () => boolean,
): AsyncGenerator<OutputChunk> {
  const readers = wantedStreams(request).map((stream) => new LogReader(directory, stream));
  try {
    for (const reader of readers) await reader.open(request.tailLines);
    while (request.signal?.aborted !== true) {
      // Asked before reading: what was written before the end is read after it.
      const isLastRound = !request.isFollowing || hasEnded();
      for (const reader of readers) yield* reader.readToEnd();
      if (isLastRound) return;
      await delay(FOLLOW_INTERVAL_MS);
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

/**
 * Keeps a log below its bound, as copy and truncate: the task goes on writing into the same file, at its end.
 * What it writes between the copy and the cut is lost, and between two rounds a fast writer exceeds the bound.
 */
export async function rotateLogs(directory: ContainerDirectory, bytesMax: number): Promise<void> {
  for (const stream of ["stdout", "stderr"] as const) {
    const path = directory.log(stream);
    const size = await stat(path).then(
      (info) => info.size,
      () => 0,
    );
    if (size <= bytesMax) continue;
    await copyFile(path, `${olderLog(path)}.tmp`);
    await truncate(path);
    // Last, because readers take the new copy for the sign that the file begins anew.
    await rename(`${olderLog(path)}.tmp`, olderLog(path));
  }
}

/** Two files a stream at most: this one is overwritten at the next rotation. */
function olderLog(path: string): string {
  return `${path}.1`;
}

function wantedStreams({ hasStdout, hasStderr }: LogRequest): readonly OutputChunk["stream"][] {
  return [...(hasStdout ? (["stdout"] as const) : []), ...(hasStderr ? (["stderr"] as const) : [])];
}

/** Reads one stream from where it stands to its end, again and again, across rotations. */
class LogReader {
  readonly #stream: OutputChunk["stream"];
  readonly #path: string;
  #file: FileHandle | null = null;
  #older: FileHandle | null = null;
  #position = 0;
  /** When the log was last cut; a change says that it was cut again, whatever its size is now. */
  #cutAtMs = 0;

  constructor(directory: ContainerDirectory, stream: OutputChunk["stream"]) {
    this.#stream = stream;
    this.#path = directory.log(stream);
  }

  async open(tailLines: number | undefined): Promise<void> {
    this.#file = await open(this.#path, "r");
    this.#cutAtMs = await this.#lastCutMs();
    const older = await open(olderLog(this.#path), "r").catch(() => null);
    if (tailLines === undefined) {
      this.#older = older;
      return;
    }
    await older?.close();
    this.#position = await tailPosition(this.#file, tailLines);
  }

  async *readToEnd(): AsyncGenerator<OutputChunk> {
    if (this.#older !== null) {
      yield* this.#readFile(this.#older, 0);
      await this.#older.close();
      this.#older = null;
    }
    const file = this.#file;
    if (file === null) return;
    const cutAtMs = await this.#lastCutMs();
    if (cutAtMs !== this.#cutAtMs) {
      this.#cutAtMs = cutAtMs;
      yield* this.#readRotatedRest();
      this.#position = 0;
    }
    yield* this.#readFile(file, this.#position, (position) => {
      this.#position = position;
    });
  }

  async close(): Promise<void> {
    await this.#file?.close();
    await this.#older?.close();
  }

  async #lastCutMs(): Promise<number> {
    return await stat(olderLog(this.#path)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  }

  /** The file was cut since the last round: what was not read of it stands in the copy. */
  async *#readRotatedRest(): AsyncGenerator<OutputChunk> {
    const older = await open(olderLog(this.#path), "r").catch(() => null);
    if (older === null) return;
    try {
      yield* this.#readFile(older, this.#position);
    } finally {
      await older.close();
    }
  }

  async *#readFile(
    file: FileHandle,
    from: number,
    onPosition: (position: number) => void = () => {},
  ): AsyncGenerator<OutputChunk> {
    let position = from;
    while (true) {
      const { bytesRead, buffer } = await file.read(
        Buffer.alloc(READ_BYTES),
        0,
        READ_BYTES,
        position,
      );
      if (bytesRead === 0) return;
      position += bytesRead;
      onPosition(position);
      yield { stream: this.#stream, data: buffer.subarray(0, bytesRead) };
    }
  }
}

/** Where the last so many lines begin; a last line without its end counts too. */
async function tailPosition(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat();
  if (lines === 0) return size;
  let left = lines;
  let end = size;
  while (end > 0) {
    const length = Math.min(READ_BYTES, end);
    const begin = end - length;
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, begin);
    for (let index = length - 1; index >= 0; index--) {
      const isEndOfFile = begin + index === size - 1;
      if (buffer[index] === NEWLINE && !isEndOfFile && --left === 0) return begin + index + 1;
    }
    end = begin;
  }
  return 0;
}
