import { scalarMilli } from "@bourse/model/resources";
import { expect, test } from "vitest";
import { failuresOf, render, rowOf, type SimReport } from "./sim.ts";
import { growthChart } from "./sim-chart.ts";
import type { SimRun } from "./sim-process.ts";
import { HEADLINE, type SimCell, scenarioOf } from "./sim-rows.ts";

const none = { count: 0, p50: 0, p99: 0 };
const run: SimRun = {
  wallSeconds: 3,
  cpuSeconds: 4,
  masterCoreSeconds: 0.5,
  peakRssMib: 400,
  placed: 100_000,
  violations: 0,
  virtualSeconds: 66,
  decisions: {
    accept: { count: 10, p50: 12, p99: 90 },
    update: { count: 10, p50: 1, p99: 4 },
    allocateOne: none,
    allocateAll: { count: 10, p50: 100, p99: 2_500 },
  },
  hash: "h",
};

test("a row has the median of each figure", () => {
  const row = rowOf(HEADLINE, [run, { ...run, wallSeconds: 9 }, { ...run, wallSeconds: 4 }]);
  expect(row).toMatchObject({ runs: 3, wallSeconds: 4, peakRssMib: 400, hash: "h" });
});

test("tasks that were not placed, invariants that broke and runs that differ are failures", () => {
  const name = "headline, 1000 agents, 100000 tasks";
  expect(failuresOf(HEADLINE, [run, run])).toEqual([]);
  expect(failuresOf(HEADLINE, [{ ...run, placed: 1 }])).toEqual([`${name}: 1 tasks were placed`]);
  expect(failuresOf(HEADLINE, [{ ...run, violations: 2 }])).toEqual([
    `${name}: 2 invariants broke`,
  ]);
  expect(failuresOf(HEADLINE, [run, { ...run, hash: "i" }])).toEqual([
    `${name}: the same seed gave different runs`,
  ]);
});

test("goals stand beside what was measured", () => {
  const place = { machine: "2 x X", node: "v20", date: "2026-01-01" };
  const report: SimReport = { yardstickSeconds: 2, rows: [rowOf(HEADLINE, [run])], ...place };
  const text = render(report, null);
  expect(text).toMatch(/headline, 1000 agents, 100000 tasks: wall, s +4 +3\.00 +met/);
  expect(text).toMatch(/allocateAll p99, us +2000 +2500 +MISSED/);
});

test("a bar is as long as its share of the longest", () => {
  const small = rowOf({ ...HEADLINE, kind: "turnover" }, [run]);
  const bars = growthChart([small, { ...small, wallSeconds: 1.5 }])
    .split("\n")
    .slice(1, 3);
  expect(bars.map((line) => line.replace(/[^#]/g, "").length)).toEqual([40, 20]);
});

test("in a turnover there is room for six tasks of ten, and they end", () => {
  const cell: SimCell = { kind: "turnover", agents: 10, tasks: 200, runs: 1 };
  const { agents, frameworks } = scenarioOf(cell);
  expect(scalarMilli(agents[0]?.resources ?? [], "cpus")).toBe(20 * 0.6 * 100);
  const loads = frameworks.flatMap(({ policy }) => (policy.kind === "batch" ? policy.load : []));
  expect(loads.length).toBeGreaterThan(0);
  for (const { runMs } of loads) expect(runMs).toBeLessThanOrEqual(120_000);
});
