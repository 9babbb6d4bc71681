import { describe, expect, test } from "vitest";
import { COLORS, chartSpecs } from "./page/chart-specs.ts";
import { TIME_STEPS, timeMarks } from "./page/time-axis.ts";
import { sampleRun } from "./testing/sample-run.ts";

const report = sampleRun();
const alone = chartSpecs([{ label: "", report }]);
const both = chartSpecs([
  { label: "A", report },
  { label: "B", report: sampleRun({}, 40) },
]);

describe("the charts of a page", () => {
  test("of one run: three latencies, each with its median dashed", () => {
    const { lines, isLog } = alone.find(({ id }) => id === "latency") ?? {
      lines: [],
      isLog: false,
    };
    expect(isLog).toBe(true);
    expect(lines.map(({ label, isDashed }) => [label, isDashed])).toEqual([
      ["running p99", false],
      ["running p50", true],
      ["accepted p99", false],
      ["accepted p50", true],
      ["offered p99", false],
      ["offered p50", true],
    ]);
  });

  test("of two runs: the same thing has the same colour, and the second run is dashed", () => {
    for (const { lines } of both.filter((spec) => spec.lines.length > 2)) {
      const colors = new Map<string, number>();
      for (const { label, color, isDashed, run } of lines) {
        const thing = label.slice(2);
        expect(label[0]).toBe(run === 0 ? "A" : "B");
        expect(isDashed).toBe(run === 1);
        expect(colors.get(thing) ?? color).toBe(color);
        colors.set(thing, color);
      }
      expect(new Set(colors.values()).size).toBe(colors.size);
    }
  });

  test("of two runs with one line each: a colour for each run", () => {
    const { lines } = both.find(({ id }) => id === "waiting") ?? { lines: [] };
    expect(lines.map(({ label, color }) => [label, color])).toEqual([
      ["A waiting", 0],
      ["B waiting", 1],
    ]);
  });

  test("counts by interval are drawn by the second, also in a last interval that is shorter", () => {
    const series = {
      ...report.series,
      stepMs: 1_000,
      atMs: [1_000, 2_000, 2_500],
      launched: [10, 0, 10],
    };
    const [spec] = chartSpecs([{ label: "", report: { ...report, series } }]).filter(
      ({ id }) => id === "launches",
    );
    expect(spec?.lines[0]?.values).toEqual([10, 0, 20]);
  });

  test("more roles than colours begin again, dashed", () => {
    const shares = Object.fromEntries(
      Array.from({ length: COLORS + 2 }, (_, index) => [`r${index}`, report.series.pending]),
    );
    const many = { ...report, series: { ...report.series, shares } };
    const [spec] = chartSpecs([{ label: "", report: many }]).filter(({ id }) => id === "shares");
    expect(spec?.lines.map(({ isDashed }) => isDashed).lastIndexOf(false)).toBe(COLORS - 1);
  });
});

test.each<[marks: readonly number[], stepMs: number, texts: readonly string[]]>([
  [[0, 200, 400], 200, ["0", "200 ms", "400 ms"]],
  [[0, 15_000, 90_000], 15_000, ["0", "15 s", "90 s"]],
  [[60_000, 120_000], 60_000, ["60 s", "2 min"]],
  [[0, 3_600_000, 5_400_000], 1_800_000, ["0", "60 min", "90 min"]],
  [[7_200_000, 10_800_000], 3_600_000, ["2 h", "3 h"]],
])("a time axis at %j reads in units of people", (marks, stepMs, texts) => {
  expect(TIME_STEPS).toContain(stepMs);
  expect(timeMarks(marks, stepMs)).toEqual(texts);
});
