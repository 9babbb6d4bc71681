import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import { cannotWrite, whereToWrite } from "../whole-file.ts";
import { LOAD_COLUMNS } from "./load-columns.ts";
import { LoadSummary, type LoadTotals } from "./load-summary.ts";
import { loadClosed, loadOpened } from "./open-loads.ts";

/**
 * Writes rows as a load file, packed when the path ends in `.gz`. The file appears under its name only when it is
 * whole: a run that is stopped half way leaves what was there before. `path: null` = to stdout, as they come. Says what
 * they come to.
 */
export async function writeLoadFile(
  path: string | null,
  rows: Iterable<LoadRow>,
): Promise<LoadTotals> {
  const writer = path === null ? LoadWriter.toStream(process.stdout) : LoadWriter.toFile(path);
  const summary = new LoadSummary();
  try {
    for (const row of rows) {
      summary.add(row);
      if (writer.write(row)) await writer.drained();
    }
    await writer.close();
  } catch (thrown) {
    await writer.discard();
    throw thrown;
  }
  return summary.totals();
}

/** Load rows to a file or a stream, as they come, without holding them. */
class LoadWriter {
  readonly #path: string | null;
  /** Null: it is written where it will be, there is nothing to rename or to remove. */
  #where: { readonly target: string; readonly partial: string } | null = null;
  readonly #sink: Writable;
  readonly #file: Writable;
  #buffer = `${LOAD_COLUMNS.join(",")}\n`;
  #failure: unknown = null;

  private constructor(file: Writable, path: string | null, isPacked: boolean) {
    this.#file = file;
    this.#path = path;
    this.#sink = file;
    file.on("error", (error) => (this.#failure ??= error));
    if (!isPacked) return;
    const gzip = createGzip();
    gzip.pipe(file);
    this.#sink = gzip;
  }

  static toFile(path: string): LoadWriter {
    const where = whereToWrite(path);
    const isPacked = path.endsWith(".gz");
    const writer = new LoadWriter(createWriteStream(where.partial), path, isPacked);
    if (where.partial === where.target) return writer;
    writer.#where = where;
    loadOpened(where.partial);
    return writer;
  }

  /** The stream stays open: it is the caller's. */
  static toStream(stream: Writable): LoadWriter {
    return new LoadWriter(stream, null, false);
  }

  /** True: wait for `drained()` before the next. */
  write(row: LoadRow): boolean {
    this.#buffer += loadRowText(row);
    return this.#buffer.length > BUFFER_LENGTH;
  }

  async drained(): Promise<void> {
    const text = this.#buffer;
    this.#buffer = "";
    if (text !== "" && this.#failure === null && !this.#sink.write(text)) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#sink.off("drain", go);
          this.#file.off("error", go);
          resolve();
        };
        this.#sink.on("drain", go);
        this.#file.on("error", go);
      });
    }
    if (this.#failure !== null) throw this.#writeFailure();
  }

  async close(): Promise<void> {
    await this.drained();
    if (this.#path === null) return;
    this.#sink.end();
    try {
      await finished(this.#file);
      if (this.#where === null) return;
      await rename(this.#where.partial, this.#where.target);
      loadClosed(this.#where.partial);
    } catch (thrown) {
      this.#failure ??= thrown;
      throw this.#writeFailure();
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    if (this.#path === null) return;
    this.#sink.destroy();
    this.#file.destroy();
    if (this.#where === null) return;
    await rm(this.#where.partial, { force: true });
    loadClosed(this.#where.partial);
  }

  #writeFailure(): ClusterError {
    return cannotWrite(this.#path ?? "the load", this.#failure);
  }
}

const BUFFER_LENGTH = 65_536;

/** One line, its end included. */
export function loadRowText(row: LoadRow): string {
  const run = row.runMs === Infinity ? "" : row.runMs;
  const models = row.gpuModels?.join("|") ?? "";
  return `${row.atMs},${row.count},${amountsText(row.amounts)},${row.gpuMilli ?? ""},${models},${run},${quoted(row.job)}\n`;
}

/** `cpus,mem,disk,gpus` as a file has them; what a task does not take is empty. */
function amountsText(amounts: readonly Amount[]): string {
  let cpus = "";
  let mem = "";
  let disk = "";
  let gpus = "";
  for (const { name, milli } of amounts) {
    const text = String(milli / 1_000);
    if (name === "cpus") cpus = text;
    else if (name === "mem") mem = text;
    else if (name === "disk") disk = text;
    else if (name === "gpus") gpus = text;
    else {
      throw new ClusterError("invalid_call", `a load file has no column for ${name}`, {
        hint: "a task of a load takes cpus, mem, disk and gpus",
      });
    }
  }
  return `${cpus},${mem},${disk},${gpus}`;
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
