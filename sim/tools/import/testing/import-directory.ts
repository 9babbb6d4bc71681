import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { parse } from "yaml";
import { readLoadFile } from "../../load-file/read-load-file.ts";
import { IMPORT_DEFAULTS, type ImportOptions } from "../import-options.ts";
import { type ImportReport, importTrace } from "../import-trace.ts";

export interface Imported {
  readonly rows: readonly LoadRow[];
  readonly agents: unknown;
  readonly report: ImportReport;
}

/** For tests: imports small files of a trace in a directory of its own. Removed by `remove`. */
export class ImportDirectory {
  readonly path = mkdtempSync(join(tmpdir(), "bourse-import-"));

  /** Files of one trace, by name; what comes out of them. */
  async imported(
    files: Readonly<Record<string, string | Uint8Array>>,
    options: Partial<ImportOptions> = {},
  ): Promise<Imported> {
    const paths = Object.entries(files).map(([name, content]) => {
      writeFileSync(join(this.path, name), content);
      return join(this.path, name);
    });
    const targets = {
      loadPath: join(this.path, "out.csv"),
      agentsPath: join(this.path, "agents.yaml"),
    };
    const report = await importTrace(paths, { ...IMPORT_DEFAULTS, ...options }, targets);
    return {
      rows: report.load.rows === 0 ? [] : await readLoadFile(targets.loadPath),
      agents: report.machines === 0 ? null : parse(readFileSync(targets.agentsPath, "utf8")).agents,
      report,
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Amounts of one task, as a load has them. */
export function taskOf(cpus: number, memMib: number): LoadRow["amounts"] {
  return [
    { name: "cpus", milli: cpus * 1_000 },
    { name: "mem", milli: memMib * 1_000 },
  ];
}
