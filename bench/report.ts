import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** One thing that is measured: `npm run bench -- NAME`. */
export interface Bench {
  /** `say` tells how far it is. */
  run(say: (line: string) => void, options: BenchOptions): BenchResult;
}

export interface BenchOptions {
  /** Only what a goal is set for. */
  readonly isQuick: boolean;
}

export interface BenchResult {
  /** What `-o json` prints and `baselines/` keeps. */
  readonly report: object;
  /** The same for people, beside the baseline. */
  readonly text: string;
  /** What must hold on every machine and does not; the process fails then. */
  readonly failures: readonly string[];
}

/** What a bench of single figures found. */
export interface Measured {
  readonly bench: string;
  readonly yardstickMs: number;
  /** The unit is the end of the name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, string | number>>;
}

/** A measurement with where and when it was made: what `-o json` prints and `baselines/` keeps. */
export interface Baseline extends Measured, Machine {}

export interface Machine {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

export function machine(): Machine {
  const [cpu] = cpus();
  const name = `${cpus().length} x ${cpu?.model ?? "unknown"}`;
  const date = new Date().toISOString().slice(0, 10);
  return { machine: name, node: process.version, date };
}

/** A bench that finds single figures. */
export function figuresBench(measure: (say: (line: string) => void) => Measured): Bench {
  return {
    run(say) {
      const report: Baseline = { ...measure(say), ...machine() };
      const text = renderTable(report, readBaseline<Baseline>(report.bench));
      return { report, text, failures: [] };
    },
  };
}

/** The baseline that is committed, or null when there is none yet. */
export function readBaseline<Report>(bench: string): Report | null {
  // From dist/ the committed files are one level up.
  const file = new URL(`../baselines/${bench}.json`, import.meta.url);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw thrown;
  }
}

/** A table for people: the figure, the baseline's, and their ratio. */
export function renderTable(measured: Baseline, baseline: Baseline | null): string {
  const rows = Object.entries(measured.figures).map(([name, value]) => {
    const before = baseline?.figures[name];
    const ratio = before === undefined || before === 0 ? "" : `${(value / before).toFixed(2)} x`;
    return [name, format(value), before === undefined ? "" : format(before), ratio];
  });
  const head = ["", "now", "baseline", ""];
  const yardstick = ["yardstickMs", format(measured.yardstickMs)];
  const before = baseline?.yardstickMs;
  yardstick.push(before === undefined ? "" : format(before));
  yardstick.push(before === undefined ? "" : `${(measured.yardstickMs / before).toFixed(2)} x`);
  const notes = Object.entries(measured.notes).map(([name, value]) => `${name} ${value}`);
  const where = `${measured.bench} on ${measured.machine}, Node ${measured.node}; ${notes.join(", ")}`;
  return `${where}\n${renderColumns([head, ...rows, yardstick])}`;
}

/** Cells under each other: the first column to the left, the others to the right. */
export function renderColumns(rows: readonly (readonly string[])[]): string {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 1 ? 2 : 4);
}
