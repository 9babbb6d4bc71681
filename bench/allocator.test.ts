import { expect, test } from "vitest";
import { type AllocatorReport, failuresOf, render } from "./allocator.ts";
import { type AllocatorRow, allCells, goalCells, goalOf, keyOf } from "./allocator-rows.ts";

const row: AllocatorRow = {
  work: "offer-all",
  agents: 10_000,
  frameworks: 50,
  roles: 1,
  medianMs: 12,
  p99Ms: 20,
  heapGrowthBytes: 100,
  variant: "used",
  minMs: 11,
  rounds: 50,
};
const report: AllocatorReport = {
  yardstickSeconds: 2,
  rows: [row],
  machine: "2 x X",
  node: "v20",
  date: "2026-01-01",
};

test("the grid is every number of agents by every number of frameworks, in one role and in many", () => {
  const cells = allCells().map((cell) => JSON.stringify(cell));
  expect(new Set(cells).size).toBe(cells.length);
  const used = allCells().filter(({ variant }) => variant === "used");
  expect(used).toHaveLength(4 * (1 + 4 * 2));
});

test("what a goal is set for is part of the grid", () => {
  const all = allCells().map((cell) => JSON.stringify(cell));
  for (const cell of goalCells()) expect(all).toContain(JSON.stringify(cell));
});

test.each<[row: Partial<AllocatorRow>, maxMs: number | undefined]>([
  [{}, 16],
  [{ agents: 5_000 }, 8],
  [{ agents: 5_000, frameworks: 10 }, undefined],
  [{ agents: 1_000, frameworks: 200 }, 2],
  [{ agents: 1_000, frameworks: 200, variant: "plain" }, 0.7],
  [{ work: "all-offered", agents: 1_000, frameworks: 200 }, 0.15],
  [{ work: "all-offered", agents: 1_000, frameworks: 200, roles: 200 }, 0.5],
  [{ work: "all-filtered", agents: 1_000, frameworks: 10 }, 1],
  [{ work: "one-agent-freed", agents: 50_000, frameworks: 1_000, roles: 1_000 }, 0.1],
  [{ work: "one-agent-freed", agents: 50_000, frameworks: 1_000 }, undefined],
])("%j is to take %d ms", (changes, maxMs) => {
  expect(goalOf({ ...row, ...changes })?.maxMs).toBe(maxMs);
});

test("the bench fails when 100 repetitions on 10,000 agents grow the heap by more than 64 KiB", () => {
  const grown = { ...row, heapGrowthBytes: 65_537 };
  expect(failuresOf(report)).toEqual([]);
  expect(failuresOf({ rows: [{ ...grown, agents: 5_000 }] })).toEqual([]);
  expect(failuresOf({ rows: [grown] })).toEqual([
    "offer-all, used, 10000 agents, 50 frameworks, 1 roles: the heap grows by 65537 bytes in 100 repetitions, at most 65536 are allowed",
  ]);
});

test("rows stand beside those of the baseline and their goals", () => {
  const baseline = { ...report, yardstickSeconds: 1, rows: [{ ...row, medianMs: 24 }] };
  const [head, , line] = render(report, baseline).split("\n");
  expect(head).toContain("yardstick 2.00 (baseline 1.00) s");
  expect(line).toMatch(/^offer-all +used +10000 .* 24\.00 \(0\.50 x\) +16 met$/);
  const slow = { ...report, rows: [{ ...row, medianMs: 17 }] };
  expect(render(slow, null)).toContain("16 MISSED");
});

test("one decision on the largest cluster is compared with one on the smallest", () => {
  const freed = { ...row, work: "one-agent-freed", frameworks: 1_000, roles: 1_000 } as const;
  const rows = [
    { ...freed, agents: 1_000, medianMs: 1, p99Ms: 2 },
    { ...freed, agents: 50_000, medianMs: 1.5, p99Ms: 2 },
  ];
  expect(render({ ...report, rows }, null)).toContain("1.50 x the median and 1.00 x the p99");
});

test("a row's key says everything that it is compared by", () => {
  expect(keyOf(row)).toBe("offer-all used 10000 50 1");
});
