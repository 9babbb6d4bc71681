import type { RunReport } from "@bourse/engine/report/run-report";
import type { PageRun } from "./page-data.ts";
import type { Unit } from "./units.ts";

/** One line of a chart. */
export interface Line {
  readonly label: string;
  /** Number of a colour, from 0. */
  readonly color: number;
  readonly isDashed: boolean;
  readonly values: readonly (number | null)[];
  /** Whose times these are. */
  readonly run: number;
}

/** One chart over time: what it shows, and what to hope for. */
export interface ChartSpec {
  readonly id: string;
  readonly unit: Unit;
  /** Orders of magnitude apart, so each has the same room; what is below 1 is drawn at 1. */
  readonly isLog: boolean;
  /** Values hold for the interval before their time; otherwise they are of that time. */
  readonly isStepped: boolean;
  readonly lines: readonly Line[];
}

type Column = readonly (number | null)[];

/** All charts over time. The page has a figure with each id. */
export function chartSpecs(runs: readonly PageRun[]): readonly ChartSpec[] {
  const isAlone = runs.length === 1;
  const chart = (
    id: string,
    unit: Unit,
    columnsOf: (report: RunReport) => readonly (readonly [label: string, values: Column])[],
    look: { isLog?: boolean; isStepped?: boolean } = {},
  ): ChartSpec => ({
    id,
    unit,
    isLog: look.isLog ?? false,
    isStepped: look.isStepped ?? false,
    lines: linesOf(runs, columnsOf),
  });
  return [
    isAlone ? latencyOfOne(runs) : chart("latency", "ms", runningLatency, { isLog: true }),
    chart("waiting", "count", ({ series }) => [["waiting", series.pending]]),
    chart("running", "count", ({ series }) => [["running", series.running]]),
    chart(
      "launches",
      "perSecond",
      (report) => [["launched", rate(report, report.series.launched)]],
      {
        isStepped: true,
      },
    ),
    chart("used", "fraction", ({ series }) => Object.entries(series.used)),
    chart("fragmentation", "fraction", ({ series }) => Object.entries(series.fragmentation)),
    chart("shares", "fraction", ({ series }) => Object.entries(series.shares)),
    chart("offers", "perSecond", offerRates, { isStepped: true }),
  ];
}

/**
 * Each line in a colour of its own, the same for both runs; the second run is dashed. Where each run has but one line
 * the colour says which run it is.
 */
function linesOf(
  runs: readonly PageRun[],
  columnsOf: (report: RunReport) => readonly (readonly [label: string, values: Column])[],
): readonly Line[] {
  const colors = new Map<string, number>();
  const columns = runs.map(({ report }) => columnsOf(report));
  const isOneEach = columns.every(({ length }) => length === 1);
  return runs.flatMap(({ label: of }, run) =>
    (columns[run] ?? []).map(([label, values]): Line => {
      const thing = isOneEach ? of : label;
      const color = colors.get(thing) ?? colors.size;
      colors.set(thing, color);
      const isDashed = run > 0 || (runs.length === 1 && color >= COLORS);
      return { label: of === "" ? label : `${of} ${label}`, color, isDashed, values, run };
    }),
  );
}

/** As many as the style sheet has; then they begin again, dashed. */
export const COLORS = 10;

/** Three states a task goes through: the colour says which, a dashed line is the median, a solid one the 99th. */
function latencyOfOne(runs: readonly PageRun[]): ChartSpec {
  const lines = runs.flatMap(({ report }, run) =>
    (["running", "accepted", "offered"] as const).flatMap((state, color): readonly Line[] => {
      const { p50, p99 } = report.series.latencyMs[state];
      return [
        { label: `${state} p99`, color, isDashed: false, values: p99, run },
        { label: `${state} p50`, color, isDashed: true, values: p50, run },
      ];
    }),
  );
  return { id: "latency", unit: "ms", isLog: true, isStepped: false, lines };
}

function runningLatency({ series }: RunReport): readonly (readonly [string, Column])[] {
  const { p50, p99 } = series.latencyMs.running;
  return [
    ["running p99", p99],
    ["running p50", p50],
  ];
}

function offerRates(report: RunReport): readonly (readonly [string, Column])[] {
  const { made, accepted, declined, rescinded, expired } = report.series.offers;
  return Object.entries({ made, accepted, declined, rescinded, expired }).map(
    ([outcome, counts]) => [outcome, rate(report, counts)] as const,
  );
}

/** Counts by interval become counts a second; the last interval may be shorter. */
function rate({ series }: RunReport, counts: readonly number[]): readonly number[] {
  const { atMs } = series;
  return counts.map((count, row) => {
    const lastedMs = (atMs[row] ?? 0) - (row === 0 ? 0 : (atMs[row - 1] ?? 0));
    return lastedMs > 0 ? (count * 1_000) / lastedMs : 0;
  });
}
