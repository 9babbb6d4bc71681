import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { Random } from "@bourse/model/random";
import { LOAD_MS_MAX } from "../load-file/load-columns.ts";
import type { ImportOptions } from "./import-options.ts";
import { RowTable } from "./row-table.ts";

/** A machine of a trace. Machines of one shape become one group of agents. */
export interface TraceMachine {
  readonly cpuMilli: number;
  readonly memMib: number;
  readonly gpus: number;
  /** Model of its GPUs; empty = none. */
  readonly gpuModel: string;
  /** Kind of machine where the trace has one; empty = none. */
  readonly platform: string;
}

/**
 * Takes what readers of traces find, in trace time, and keeps what the options want of it: window, sample, scale of
 * time. Counts what is left out, with the reason.
 */
export class TraceSink {
  readonly table = new RowTable();
  readonly machines: TraceMachine[] = [];
  readonly leftOut = new Map<string, number>();
  /** What readers found that could become rows, before window and sample. */
  records = 0;
  readonly #options: ImportOptions;
  /** Rows so far that have neither a job nor a key. */
  #place = 0;
  #lastJob = "";
  #isLastIn = true;

  constructor(options: ImportOptions) {
    this.#options = options;
  }

  /** Whether a job is in the sample. Readers with state ask early, to keep none for those that are not. */
  hasJob(job: string): boolean {
    const { sample, seed } = this.#options;
    if (sample >= 1) return true;
    if (job === this.#lastJob) return this.#isLastIn;
    this.#lastJob = job;
    this.#isLastIn = Random.fromSeed(`${seed}/sample/${job}`).fraction() < sample;
    return this.#isLastIn;
  }

  /**
   * Tasks of one shape at one time. `key` is what the sample goes by, when not the job; a row without either is
   * sampled by its place in the trace.
   */
  add(row: LoadRow, key = row.job): void {
    this.records++;
    const { fromMs, untilMs, isWithRunning, timeScale, isEndless } = this.#options;
    const endMs = row.atMs + row.runMs;
    const isCarried = isWithRunning && row.atMs < fromMs && endMs > fromMs;
    if (!isCarried && (row.atMs < fromMs || row.atMs >= untilMs)) {
      this.leaveOut("outside --from and --until", row.count);
      return;
    }
    if (!this.hasJob(key === "" ? `#${this.#place++}` : key)) return;
    const runMs = isCarried ? endMs - fromMs : row.runMs;
    this.table.add({
      ...row,
      atMs: Math.min(LOAD_MS_MAX, Math.round(Math.max(0, row.atMs - fromMs) * timeScale)),
      runMs:
        isEndless || runMs === Infinity
          ? Infinity
          : Math.min(LOAD_MS_MAX, Math.round(runMs * timeScale)),
    });
  }

  leaveOut(reason: string, tasks = 1): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + tasks);
  }
}
