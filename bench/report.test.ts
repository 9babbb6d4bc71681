import { expect, test } from "vitest";
import { type Baseline, readBaseline, renderTable } from "./report.ts";
import { median } from "./yardstick.ts";

const measured: Baseline = {
  bench: "spine",
  yardstickMs: 100,
  figures: { wallSeconds: 8, violations: 0 },
  notes: { seed: "1" },
  machine: "2 x X",
  node: "v20",
  date: "2026-01-01",
};

test("figures stand beside those of the baseline, with their ratio where there is one", () => {
  const baseline = { ...measured, yardstickMs: 50, figures: { wallSeconds: 4, violations: 0 } };
  expect(renderTable(measured, baseline)).toBe(
    [
      "spine on 2 x X, Node v20; seed 1",
      "             now  baseline",
      "wallSeconds    8         4  2.00 x",
      "violations     0         0",
      "yardstickMs  100        50  2.00 x",
    ].join("\n"),
  );
});

test("without a baseline the figures stand alone; a bench that nobody ran has none", () => {
  expect(renderTable(measured, null)).toContain("wallSeconds    8\n");
  expect(readBaseline("never-measured")).toBeNull();
});

test.each<[number[], number]>([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])("the median of %j is %d", (values, expected) => expect(median(values)).toBe(expected));
