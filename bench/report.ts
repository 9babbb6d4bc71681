import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** What one bench found. */
export interface Measured {
  readonly bench: string;
  readonly yardstickMs: number;
  /** The unit is the end of the name. */
  readonly figures: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, string | number>>;
}

/** A measurement with where and when it was made: what `-o json` prints and `baselines/` keeps. */
export interface Baseline extends Measured {
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

export function withMachine(measured: Measured): Baseline {
  const [cpu] = cpus();
  const machine = `${cpus().length} x ${cpu?.model ?? "unknown"}`;
  const date = new Date().toISOString().slice(0, 10);
  return { ...measured, machine, node: process.version, date };
}

/** The baseline that is committed, or null when there is none yet. */
export function readBaseline(bench: string): Baseline | null {
  // From dist/ the committed files are one level up.
  const file = new URL(`../baselines/${bench}.json`, import.meta.url);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Baseline;
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
  return `${where}\n${columns([head, ...rows, yardstick])}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
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
