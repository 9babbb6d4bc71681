import type { RunReport } from "@bourse/engine/report/run-report";

/** What is inlined for the page's script. One run, or two that are compared. */
export interface PageData {
  readonly runs: readonly PageRun[];
}

export interface PageRun {
  /** Of a single run nothing, of two `A` and `B`. */
  readonly label: string;
  readonly report: RunReport;
}
