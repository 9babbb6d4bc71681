import { expect, test } from "vitest";
import { BATCH_DEFAULTS, FRAMEWORK_DEFAULTS } from "../scenario/defaults.ts";
import type { LoadRow } from "../scenario/load-row.ts";
import type { FrameworkSpec } from "../scenario/scenario.ts";
import { typicalTasks } from "./typical-tasks.ts";

const capacity = { cpus: 100_000, mem: 100_000_000 };

test("one shape stands for all tasks", () => {
  expect(typicalTasks({ frameworks: [batch(row(1_000, 10), row(1_000, 90))] }, capacity)).toEqual([
    { amounts: [{ name: "cpus", milli: 1_000 }], gpuMilli: 0, weight: 1 },
  ]);
});

test("many shapes are eight at most, as common as the tasks around them", () => {
  const rows = Array.from({ length: 1_000 }, (_, index) => row(index + 1, 1));
  const typical = typicalTasks({ frameworks: [batch(...rows)] }, capacity);
  expect(typical.map(({ amounts }) => amounts[0]?.milli)).toEqual([
    63, 188, 313, 438, 563, 688, 813, 938,
  ]);
  expect(typical.reduce((sum, { weight }) => sum + weight, 0)).toBe(1);
});

test("a rare giant does not stand for the small ones", () => {
  const typical = typicalTasks({ frameworks: [batch(row(100, 999), row(50_000, 1))] }, capacity);
  expect(typical.map(({ amounts }) => amounts[0]?.milli)).toEqual([100]);
});

test("a scenario without tasks has no typical one", () => {
  expect(typicalTasks({ frameworks: [] }, capacity)).toEqual([]);
});

function row(milli: number, count: number): LoadRow {
  return { atMs: 0, count, amounts: [{ name: "cpus", milli }], runMs: 1_000, job: "" };
}

function batch(...load: LoadRow[]): FrameworkSpec {
  const policy = { ...BATCH_DEFAULTS, load };
  return { ...FRAMEWORK_DEFAULTS, name: "b", roles: ["b"], policy } as FrameworkSpec;
}
