import { basename } from "node:path";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";
import type { Now } from "@bourse/model/now";
import { inputTitle } from "../input-title.ts";
import { type JournalHeader, type JournalRecord, readJournal } from "./format.ts";
import { HashComparison } from "./hash-comparison.ts";
import { journalBytes } from "./journal-files.ts";

/** What came of living through a journal again. */
export interface ReplayResult {
  readonly file: string;
  readonly build: string;
  readonly epoch: number;
  readonly seed: string;
  /** Applied from this file, and by the master before it. */
  readonly inputs: number;
  readonly inputsBefore: number;
  readonly rollingHash: string;
  readonly stateHash: string;
  /** The last record is not whole: the master was killed while it wrote. */
  readonly isTorn: boolean;
  /** Null when every hash in the file was found again; otherwise the first that was not, in words. */
  readonly difference: string | null;
  /** The input that ended the master, when the file ends with one that the core cannot apply. */
  readonly failure: string | null;
}

export interface ReplayProgress {
  readonly inputs: number;
  /** Of the file. */
  readonly fraction: number;
}

/** A core that a journal is lived through with: `Cluster`, or in tests another. */
export interface ReplayCore {
  apply(now: Now, input: ClusterInput): Effects;
  stateHash(): string;
}

/** Inputs between two calls of `onProgress`. */
const PROGRESS_INPUTS = 10_000;

/**
 * Applies a journal's inputs to the core it started from, and compares the rolling hash at every input and
 * the state at the end. Deterministic: the same file gives the same result on every machine.
 */
export async function replayWith(
  file: string,
  revive: (header: JournalHeader) => ReplayCore,
  onProgress?: (done: ReplayProgress) => void,
): Promise<ReplayResult> {
  const bytes = await journalBytes(file);
  const content = readJournal(file, bytes);
  const { header } = content;
  const run = new Run(revive(header), header);
  for (const record of content.records) {
    run.take(record);
    if (run.failure !== null) break;
    if (onProgress !== undefined && run.inputs % PROGRESS_INPUTS === 0) {
      onProgress({ inputs: run.inputs, fraction: content.position / bytes.length });
      await new Promise(setImmediate);
    }
  }
  return {
    file: basename(file),
    build: header.build,
    epoch: header.start.epoch,
    seed: header.start.seed,
    inputs: run.inputs,
    inputsBefore: header.inputs,
    rollingHash: run.comparison.digest(),
    stateHash: run.core.stateHash(),
    isTorn: content.isTorn,
    difference: run.comparison.difference,
    failure: run.failure,
  };
}

class Run {
  readonly core: ReplayCore;
  readonly comparison: HashComparison;
  readonly #inputsBefore: number;
  inputs = 0;
  failure: string | null = null;

  constructor(core: ReplayCore, header: JournalHeader) {
    this.core = core;
    this.comparison = HashComparison.begin(header);
    this.#inputsBefore = header.inputs;
  }

  take(record: JournalRecord): void {
    if (record.kind === "input") this.#apply(record);
    else this.comparison.atEnd(record, () => this.core.stateHash());
  }

  #apply(record: Extract<JournalRecord, { kind: "input" }>): void {
    this.inputs++;
    const title = `input ${this.#inputsBefore + this.inputs} (${inputTitle(record.input)})`;
    this.comparison.beforeInput(record, title);
    try {
      this.comparison.afterInput(this.core.apply(record.now, record.input));
    } catch (error) {
      this.failure = `${title}: ${ClusterError.from(error).message}`;
    }
  }
}
