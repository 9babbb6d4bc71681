import { writeFileSync } from "node:fs";
import type { RunReport } from "@bourse/engine/report/run-report";
import { ClusterError } from "@bourse/model/errors";
import type { Comparison } from "./compare.ts";
import { htmlComparison, htmlReport } from "./html-report.ts";
import { readPageAssets } from "./page-assets.ts";

/** Writes the page of one run. Throws `invalid_call` when the file cannot be written. */
export function writeHtmlReport(path: string, report: RunReport): void {
  write(path, htmlReport(report, readPageAssets()));
}

/** Writes the page of two runs. Throws `invalid_call` when the file cannot be written. */
export function writeHtmlComparison(
  path: string,
  reports: readonly [RunReport, RunReport],
  comparison: Comparison,
): void {
  write(path, htmlComparison(reports, comparison, readPageAssets()));
}

function write(path: string, html: string): void {
  try {
    writeFileSync(path, html);
  } catch (cause) {
    const { message } = cause as Error;
    throw new ClusterError("invalid_call", `${path} cannot be written: ${message}`, {
      cause,
      hint: "name a file in a directory that is there, e.g. -o run.html",
    });
  }
}
