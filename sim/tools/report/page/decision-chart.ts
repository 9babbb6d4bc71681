import type { DecisionKind, RunReport } from "@bourse/engine/report/run-report";
import type UPlot from "uplot";
import type { TableData } from "./data-table.ts";
import {
  axisLook,
  bindData,
  finish,
  type Shared,
  sayNothing,
  sizeOf,
  tenfoldLook,
  titleOf,
} from "./plot.ts";
import { lineColor } from "./theme.ts";
import { format, formatCount } from "./units.ts";

interface Bars {
  readonly label: string;
  readonly color: number;
  readonly isDashed: boolean;
  readonly buckets: readonly number[];
}

const KINDS: readonly DecisionKind[] = ["accept", "update", "allocateOne", "allocateAll"];

/** How often decisions took how long: bars of each kind side by side, in buckets that double. */
export function drawDecisions(figure: HTMLElement, shared: Shared): void {
  const box = figure.querySelector<HTMLElement>(".plot");
  if (box === null) return;
  const bars = shared.runs.flatMap(({ label, report }, run) => barsOf(label, report, run));
  const count = Math.max(0, ...bars.map(({ buckets }) => buckets.length));
  const table = (): TableData => tableOf(bars, count, titleOf(figure));
  bindData(figure, "decisions", table);
  if (count === 0) {
    sayNothing(box);
    return;
  }
  describe(figure, shared);
  const paths = uPlot.paths.bars?.({ size: [1, 40], align: 0 });
  const plot = new uPlot(
    {
      ...sizeOf(box),
      scales: {
        x: { time: false, range: () => [-0.6, count - 0.4] },
        y: { distr: 3, range: (_, __, max) => [0.5, Math.max(10, max * 2)] },
      },
      axes: [
        {
          ...axisLook(),
          splits: () => Array.from({ length: count }, (_, bucket) => bucket),
          values: (_, marks) => marks.map((bucket) => edge(bucket)),
          space: 60,
          grid: { show: false },
        },
        {
          ...tenfoldLook(),
          size: 74,
          values: (_, marks) =>
            marks.map((mark) => (mark === null || mark < 1 ? "" : formatCount(mark))),
        },
      ],
      series: [
        { label: "took", value: (_, x) => (x === null ? "" : bucketName(Math.round(x))) },
        ...bars.map(
          ({ label, color }, index): UPlot.Series => ({
            label,
            stroke: () => lineColor(color),
            fill: () => lineColor(color),
            ...(paths === undefined ? {} : { paths }),
            fillTo: () => 0.5, // So that one decision is a bar, too.
            points: { show: false },
            value: (drawn, _, __, at) => near(drawn, index, at),
          }),
        ),
      ],
      cursor: { drag: { x: false, y: false } },
    },
    dataOf(bars, count),
    box,
  );
  finish(plot, box, bars, shared);
}

function barsOf(of: string, { decisions }: RunReport, run: number): readonly Bars[] {
  return KINDS.flatMap((kind, color) => {
    const { buckets } = decisions[kind];
    if (buckets.length === 0) return [];
    const label = of === "" ? kind : `${of} ${kind}`;
    return [{ label, color: color + run * KINDS.length, isDashed: false, buckets }];
  });
}

/** Each kind has places of its own, a little beside the middle of the bucket. */
function dataOf(bars: readonly Bars[], count: number): UPlot.AlignedData {
  const xs: number[] = [];
  const columns = bars.map((): (number | null)[] => []);
  for (let bucket = 0; bucket < count; bucket++)
    for (let place = 0; place < bars.length; place++) {
      xs.push(bucket + ((place - (bars.length - 1) / 2) * 0.8) / bars.length);
      columns.forEach((column, index) => {
        column.push((index === place ? bars[index]?.buckets[bucket] : null) || null);
      });
    }
  return [xs, ...columns];
}

/** The count of the bucket under the pointer, whichever bar is there. */
function near(plot: UPlot, index: number, at: number | null): string {
  if (at === null) return "";
  const count = plot.series.length - 1;
  const bucket = Math.floor(at / count);
  const value = plot.data[index + 1]?.[bucket * count + index];
  return value == null ? "0" : formatCount(value);
}

/** Where a bucket begins. */
function edge(bucket: number): string {
  return bucket === 0 ? "< 1 µs" : format(2 ** (bucket - 1), "us");
}

function bucketName(bucket: number): string {
  return bucket === 0 ? "< 1 µs" : `${edge(bucket)} to ${format(2 ** bucket, "us")}`;
}

function describe(figure: HTMLElement, { runs }: Shared): void {
  const summary = figure.querySelector(".summary");
  if (summary === null) return;
  const texts = runs.flatMap(({ label, report }) =>
    KINDS.filter((kind) => report.decisions[kind].count > 0).map((kind) => {
      const { count, p50, p99, max } = report.decisions[kind];
      const name = label === "" ? kind : `${label} ${kind}`;
      return `${name}: ${formatCount(count)} decisions, half within ${format(p50, "us")}, 99 % within ${format(p99, "us")}, at most ${format(max, "us")}`;
    }),
  );
  summary.textContent = `${texts.join("; ")}.`;
}

function tableOf(bars: readonly Bars[], count: number, caption: string): TableData {
  return {
    caption,
    heads: ["took", ...bars.map(({ label }) => label)],
    rows: Array.from({ length: count }, (_, bucket) => [
      bucketName(bucket),
      ...bars.map(({ buckets }) => String(buckets[bucket] ?? 0)),
    ]),
  };
}
