import type { RunReport } from "@bourse/engine/report/run-report";
import { writeWholeFile } from "../whole-file.ts";
import type { Comparison } from "./compare.ts";
import { htmlComparison, htmlReport } from "./html-report.ts";
import { readPageAssets } from "./page-assets.ts";

/** Writes the page of one run. Throws `invalid_call` when the file cannot be written. */
export function writeHtmlReport(path: string, report: RunReport): void {
  writeWholeFile(path, htmlReport(report, readPageAssets()));
}

/** Writes the page of two runs. Throws `invalid_call` when the file cannot be written. */
export function writeHtmlComparison(
  path: string,
  reports: readonly [RunReport, RunReport],
  comparison: Comparison,
): void {
  writeWholeFile(path, htmlComparison(reports, comparison, readPageAssets()));
}
