import type { Amount } from "@bourse/model/quota";

/**
 * Tasks that arrive together and are alike: one row of a load file. A trace of millions of instances is tens of
 * thousands of rows. Rows are in order of arrival.
 */
export interface LoadRow {
  /** Intended arrival, virtual milliseconds from the beginning of the run. Latency counts from here. */
  readonly atMs: number;
  /** Tasks, at least 1. */
  readonly count: number;
  /** Of one task, in thousandths, by name: cpus, disk (MiB), gpus (whole), mem (MiB). */
  readonly amounts: readonly Amount[];
  /** From running to its end; Infinity = until the run is over. */
  readonly runMs: number;
  /** Rows of one job say the same; empty = the row is its own job. */
  readonly job: string;
  /**
   * Thousandths of one GPU, when it takes a part of one; `amounts` then names no gpus. A part lies on one device:
   * agents that share GPUs have a scalar for each (`gpu0`, `gpu1`, ... of 1 each).
   */
  readonly gpuMilli?: number;
  /** GPU models that will do; absent = any. */
  readonly gpuModels?: readonly string[];
}
