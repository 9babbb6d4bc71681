import type { TimelineEntry } from "@bourse/engine/report/run-report";
import type UPlot from "uplot";
import type { ChartSpec, Line } from "./chart-specs.ts";
import { fillWhenOpened, offerCsv, type TableData } from "./data-table.ts";
import { drawMarks, markNear } from "./marks.ts";
import type { PageRun } from "./page-data.ts";
import { color, lineColor } from "./theme.ts";
import { TIME_STEPS, timeMarks } from "./time-axis.ts";
import type { TimeWindow } from "./time-window.ts";
import { format, formatCount, formatMs, type Unit } from "./units.ts";

/** What all charts of a page have in common. */
export interface Shared {
  readonly runs: readonly PageRun[];
  readonly window: TimeWindow;
  readonly timeline: readonly TimelineEntry[];
  /** All that draws; to be drawn again when colours change. */
  readonly redraws: (() => void)[];
}

/** Draws one chart over time into its figure, with its summary, table and file. */
export function drawTimeChart(figure: HTMLElement, spec: ChartSpec, shared: Shared): void {
  const box = figure.querySelector<HTMLElement>(".plot");
  if (box === null) return;
  const table = (): TableData => tableOf(spec, shared, titleOf(figure));
  bindData(figure, spec.id, table);
  describe(figure, spec, shared);
  if (!hasAny(spec.lines)) {
    sayNothing(box);
    return;
  }
  const { window } = shared;
  const note = document.createElement("p");
  note.className = "note";
  const plot = new uPlot(
    {
      ...sizeOf(box),
      scales: { x: { time: false, range: () => [window.fromMs, window.untilMs] }, y: yScale(spec) },
      axes: [
        {
          ...axisLook(),
          incrs: TIME_STEPS,
          values: (_, marks, __, ___, step) => timeMarks(marks, step),
        },
        {
          ...(spec.isLog ? tenfoldLook() : axisLook()),
          size: 74,
          values: (_, marks) => marks.map((mark) => labelOf(mark, spec.unit)),
          ...(spec.unit === "count" ? { incrs: WHOLE_STEPS } : {}),
        },
      ],
      series: [
        { label: "time", value: (_, ms) => (ms === null ? "" : formatMs(ms)) },
        ...spec.lines.map((line) => seriesOf(line, spec)),
      ],
      cursor: {
        drag: { x: true, y: false, setScale: false },
        sync: { key: "time", scales: ["x", null], filters: { pub: isMove, sub: isMove } },
      },
      hooks: {
        drawAxes: [(drawn) => drawMarks(drawn, shared.timeline, ["operation", "fault"])],
        draw: [(drawn) => drawMarks(drawn, shared.timeline, ["violation"])],
        setCursor: [
          (moved) => {
            const { left } = moved.cursor;
            const isOver = left !== undefined && left !== null && left >= 0;
            note.textContent = isOver
              ? markNear(moved, shared.timeline, moved.posToVal(left, "x"))
              : "";
          },
        ],
        setSelect: [
          (selected) => {
            const { left, width } = selected.select;
            if (width < 4) return;
            window.show(selected.posToVal(left, "x"), selected.posToVal(left + width, "x"));
            selected.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    dataOf(spec, shared),
    box,
  );
  if (shared.timeline.length > 0) box.append(note);
  plot.over.addEventListener("dblclick", () => window.showAll());
  window.watch(() => plot.setScale("x", { min: window.fromMs, max: window.untilMs }));
  finish(plot, box, spec.lines, shared);
}

/** Follows its box and the colours; its legend can be used with the keyboard. */
export function finish(
  plot: UPlot,
  box: HTMLElement,
  lines: readonly { readonly color: number; readonly isDashed: boolean }[],
  { redraws }: Pick<Shared, "redraws">,
): void {
  plot.ctx.canvas.setAttribute("aria-hidden", "true"); // The summary below says it in words.
  const fit = (): boolean => {
    const { width, height } = sizeOf(box);
    if (width === plot.width && height === plot.height) return false;
    plot.setSize({ width, height });
    return true;
  };
  new ResizeObserver(fit).observe(box);
  redraws.push(() => {
    if (!fit()) plot.redraw(false);
  });
  const rows = Array.from(plot.root.querySelectorAll<HTMLElement>(".u-legend .u-series")).slice(1);
  rows.forEach((row, index) => {
    const line = lines[index];
    const marker = row.querySelector<HTMLElement>(".u-marker");
    if (line === undefined || marker === null) return;
    marker.style.border = `2px ${line.isDashed ? "dotted" : "solid"} var(--line-${line.color % 10})`;
    marker.style.background = "none";
    const label = row.querySelector<HTMLElement>("th");
    if (label === null) return;
    label.tabIndex = 0;
    label.setAttribute("role", "button");
    label.title = "show or hide";
    label.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      label.click();
    });
  });
}

export function sayNothing(box: HTMLElement): void {
  const text = document.createElement("p");
  text.className = "nothing";
  text.textContent = "Nothing to draw: the run has no such readings.";
  box.append(text);
}

export function bindData(figure: HTMLElement, id: string, table: () => TableData): void {
  const details = figure.querySelector<HTMLDetailsElement>("details.data");
  const button = figure.querySelector<HTMLButtonElement>("button.csv");
  if (details !== null) fillWhenOpened(details, table);
  if (button !== null) offerCsv(button, id, table);
}

export function titleOf(figure: HTMLElement): string {
  return figure.querySelector("h3")?.textContent ?? "";
}

export function sizeOf(box: HTMLElement): { width: number; height: number } {
  const width = Math.max(240, box.clientWidth);
  return { width, height: width < 500 ? 200 : 240 };
}

export function axisLook(): UPlot.Axis {
  const grid = { stroke: () => color("--grid"), width: 1 };
  return { stroke: () => color("--muted"), grid, ticks: grid, font: "12px system-ui, sans-serif" };
}

/** Of a logarithmic axis: lines at powers of ten only. */
export function tenfoldLook(): UPlot.Axis {
  const look = axisLook();
  const filter: UPlot.Axis.Filter = (_, marks) =>
    marks.map((mark) => (Number.isInteger(Math.log10(mark)) ? mark : null));
  return { ...look, filter, grid: { ...look.grid, filter }, ticks: { ...look.ticks, filter } };
}

const WHOLE_STEPS = [0, 3, 6, 9].flatMap((power) =>
  [1, 2, 5, 10, 20, 50, 100, 200, 500].map((step) => step * 10 ** power),
);

/** Only where the pointer is; what is selected goes by the window of time. */
function isMove(type: string): boolean {
  return type === "mousemove" || type === "mouseleave";
}

function seriesOf(
  { label, color: index, isDashed }: Line,
  { isStepped, unit }: ChartSpec,
): UPlot.Series {
  const stepped = uPlot.paths.stepped?.({ align: -1 });
  return {
    label,
    stroke: () => lineColor(index),
    width: 1.5,
    ...(isDashed ? { dash: [6, 4] } : {}),
    ...(isStepped && stepped !== undefined ? { paths: stepped } : {}),
    points: { show: true, size: 4, filter: (plot, series) => lonely(plot.data[series] ?? []) },
    value: (_, value) => (value === null || value === undefined ? "" : format(value, unit)),
  };
}

/** Points without a neighbour to draw a line to. */
function lonely(values: ArrayLike<number | null | undefined>): number[] {
  const found: number[] = [];
  let before: number | null = null;
  let last = -1;
  let isLonely = false;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined) continue; // A time of the other run.
    if (value === null) {
      if (isLonely) found.push(last);
      isLonely = false;
    } else {
      isLonely = before === null;
      last = index;
    }
    before = value;
  }
  if (isLonely) found.push(last);
  return found;
}

function yScale({ unit, isLog }: ChartSpec): UPlot.Scale {
  if (isLog) {
    return {
      distr: 3,
      range: (_, __, max) => [1, 10 ** Math.max(1, Math.ceil(Math.log10(Math.max(1, max ?? 1))))],
    };
  }
  if (unit === "fraction")
    return {
      range: (_, __, max) => [0, (max ?? 0) > 0.5 ? 1.01 : Math.max(0.01, (max ?? 0) * 1.1)],
    };
  return { range: (_, __, max) => [0, Math.max(1, (max ?? 0) * 1.05)] };
}

function labelOf(mark: number | null, unit: Unit): string {
  if (mark === null) return "";
  // Powers of ten stay so: 1,000 s, not 16 min 40 s.
  return unit === "ms" && mark >= 1_000 ? `${formatCount(mark / 1_000)} s` : format(mark, unit);
}

function dataOf({ lines, isLog }: ChartSpec, { runs }: Shared): UPlot.AlignedData {
  const drawn = (values: Line["values"]): (number | null)[] =>
    values.map((value) => (value === null || !isLog ? value : Math.max(1, value)));
  const tables = runs.map(
    ({ report }, run): UPlot.AlignedData => [
      Array.from(report.series.atMs),
      ...lines.filter((line) => line.run === run).map(({ values }) => drawn(values)),
    ],
  );
  const [first] = tables;
  return tables.length === 1 && first !== undefined ? first : uPlot.join(tables);
}

function hasAny(lines: readonly Line[]): boolean {
  return lines.some(({ values }) => values.some((value) => value !== null));
}

const DESCRIBED_MAX = 6;

/** The chart in words: the highest and the last reading of each line. */
function describe(figure: HTMLElement, { lines, unit }: ChartSpec, { runs }: Shared): void {
  const summary = figure.querySelector(".summary");
  if (summary === null || !hasAny(lines)) return;
  // Medians follow their 99th percentiles.
  const told =
    unit === "ms" ? lines.filter(({ isDashed }, _, all) => !isDashed || all.length <= 4) : lines;
  const texts = told.slice(0, DESCRIBED_MAX).map(({ label, values, run }) => {
    const times = runs[run]?.report.series.atMs ?? [];
    let highest = -1;
    let last: number | null = null;
    values.forEach((value, row) => {
      if (value === null) return;
      last = value;
      if (highest < 0 || value > (values[highest] ?? 0)) highest = row;
    });
    if (last === null) return `${label}: none`;
    const most = format(values[highest] ?? 0, unit);
    return `${label}: at most ${most} at ${formatMs(times[highest] ?? 0)}, ${format(last, unit)} at the end`;
  });
  const more = told.length - DESCRIBED_MAX;
  summary.textContent = `${texts.join("; ")}${more > 0 ? `; and ${more} more in the table` : ""}.`;
}

function tableOf({ lines, unit }: ChartSpec, { runs }: Shared, caption: string): TableData {
  const rows = runs.flatMap(({ label, report }, run) =>
    report.series.atMs.map((ms, row) => [
      ...(label === "" ? [] : [label]),
      String(ms / 1_000),
      ...lines.map((line) => {
        const value = line.run === run ? line.values[row] : null;
        return value === null || value === undefined ? "" : exact(value, unit);
      }),
    ]),
  );
  const heads = [
    ...(runs.length > 1 ? ["run"] : []),
    "until, s",
    ...lines.map(({ label }) => `${label}${UNIT_NAME[unit]}`),
  ];
  return { caption, heads, rows };
}

const UNIT_NAME: Readonly<Record<Unit, string>> = {
  ms: ", ms",
  us: ", µs",
  count: "",
  perSecond: ", 1/s",
  fraction: ", %",
};

function exact(value: number, unit: Unit): string {
  return String(
    unit === "fraction" ? Math.round(value * 10_000) / 100 : Math.round(value * 1_000) / 1_000,
  );
}
