import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { heapFlags } from "@bourse/sim/tools/heap-flags";
import { heapNeededForMib } from "@bourse/sim/tools/paced-run";
import { type Bench, machine, readBaseline, renderColumns } from "./report.ts";
import { growthChart } from "./sim-chart.ts";
import type { Decision, SimRun } from "./sim-process.ts";
import { allCells, quickCells, type SimCell, scenarioOf } from "./sim-rows.ts";
import { median, yardstickSeconds } from "./yardstick.ts";

/** Medians of the runs of one cluster. */
export interface SimRow extends SimRun, Omit<SimCell, "runs"> {
  readonly runs: number;
}

/** What `-o json` prints and `baselines/sim.json` keeps. */
export interface SimReport {
  readonly yardstickSeconds: number;
  readonly rows: readonly SimRow[];
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

/**
 * The simulator: how long a run takes, of that the master's core, one decision, and how much memory; how all of it grows
 * with the cluster. Each run in a process of its own. Fails when tasks are not placed, an invariant breaks or two runs
 * of a seed differ.
 */
export const simBench: Bench = {
  run(say, { isQuick }) {
    const yardsticks = [yardstickSeconds()];
    const failures: string[] = [];
    const rows = (isQuick ? quickCells() : allCells()).map((cell) => {
      const runs: SimRun[] = [];
      while (runs.length < cell.runs) {
        const run = runInProcess(cell);
        runs.push(run);
        say(`${nameOf(cell)}, run ${runs.length} of ${cell.runs}: ${run.wallSeconds.toFixed(2)} s`);
      }
      yardsticks.push(yardstickSeconds());
      failures.push(...failuresOf(cell, runs));
      return rowOf(cell, runs);
    });
    const report = { yardstickSeconds: median(yardsticks), rows, ...machine() };
    return { report, text: render(report, readBaseline<SimReport>("sim")), failures };
  },
};

function runInProcess(cell: SimCell): SimRun {
  const script = fileURLToPath(new URL("./sim-process.js", import.meta.url));
  const heapMib = heapNeededForMib(scenarioOf(cell));
  const text = execFileSync(
    process.execPath,
    [...heapFlags(Math.max(HEAP_MIN_MIB, heapMib), heapMib), script, JSON.stringify(cell)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  return JSON.parse(text) as SimRun;
}

/** As `bourse sim run`, which never takes less than a process has by itself. */
const HEAP_MIN_MIB = 2_048;

/** What must hold wherever it is measured. Goals in seconds depend on the machine and are only printed. */
export function failuresOf(cell: SimCell, runs: readonly SimRun[]): readonly string[] {
  const failures: string[] = [];
  for (const { placed, violations } of runs) {
    if (placed < cell.tasks) failures.push(`${nameOf(cell)}: ${placed} tasks were placed`);
    if (violations > 0) failures.push(`${nameOf(cell)}: ${violations} invariants broke`);
  }
  const hashes = new Set(runs.map(({ hash }) => hash));
  if (hashes.size > 1) failures.push(`${nameOf(cell)}: the same seed gave different runs`);
  return failures;
}

export function rowOf({ kind, agents, tasks }: SimCell, runs: readonly SimRun[]): SimRow {
  const of = (read: (run: SimRun) => number): number => median(runs.map(read));
  const decision = (name: Decision) => ({
    count: of((run) => run.decisions[name].count),
    p50: of((run) => run.decisions[name].p50),
    p99: of((run) => run.decisions[name].p99),
  });
  return {
    kind,
    agents,
    tasks,
    runs: runs.length,
    wallSeconds: of((run) => run.wallSeconds),
    cpuSeconds: of((run) => run.cpuSeconds),
    masterCoreSeconds: of((run) => run.masterCoreSeconds),
    peakRssMib: of((run) => run.peakRssMib),
    placed: of((run) => run.placed),
    violations: of((run) => run.violations),
    virtualSeconds: of((run) => run.virtualSeconds),
    decisions: {
      accept: decision("accept"),
      update: decision("update"),
      allocateOne: decision("allocateOne"),
      allocateAll: decision("allocateAll"),
    },
    hash: runs[0]?.hash ?? "",
  };
}

interface Goal {
  readonly name: string;
  readonly max: number;
  readonly of: (row: SimRow) => number;
}

/** Issue 4, Numbers. */
const HEADLINE_GOALS: readonly Goal[] = [
  { name: "wall, s", max: 4, of: ({ wallSeconds }) => wallSeconds },
  { name: "master's core, s", max: 0.6, of: ({ masterCoreSeconds }) => masterCoreSeconds },
  { name: "accept p99, us", max: 100, of: ({ decisions }) => decisions.accept.p99 },
  { name: "allocateAll p99, us", max: 2_000, of: ({ decisions }) => decisions.allocateAll.p99 },
];
const SMALL_GOALS: readonly Goal[] = [
  { name: "allocateOne p99, us", max: 100, of: ({ decisions }) => decisions.allocateOne.p99 },
];
const LARGE_GOALS: readonly Goal[] = [
  { name: "memory, MiB", max: 16_384, of: ({ peakRssMib }) => peakRssMib },
  { name: "accept p99, us", max: 200, of: ({ decisions }) => decisions.accept.p99 },
  { name: "allocateOne p99, us", max: 200, of: ({ decisions }) => decisions.allocateOne.p99 },
];

function goalsOf({ kind, agents }: SimRow): readonly Goal[] {
  if (kind === "headline") return HEADLINE_GOALS;
  if (agents === 1_000) return SMALL_GOALS;
  return agents === 50_000 ? LARGE_GOALS : [];
}

/** A table of all rows, how they compare with the baseline, the goals, and what grows with the cluster. */
export function render(report: SimReport, baseline: SimReport | null): string {
  const before = baseline === null ? "" : ` (baseline ${baseline.yardstickSeconds.toFixed(2)})`;
  const lines = report.rows.map((row) => lineOf(row, baseline));
  return [
    `sim on ${report.machine}, Node ${report.node}; yardstick ${report.yardstickSeconds.toFixed(2)} s${before}`,
    renderColumns([HEAD, ...lines]),
    "",
    renderColumns([GOAL_HEAD, ...report.rows.flatMap(goalLines)]),
    "",
    growthChart(report.rows.filter(({ kind }) => kind === "turnover")),
  ].join("\n");
}

const HEAD = [
  "cluster",
  "agents",
  "tasks",
  "wall s",
  "cpu s",
  "core s",
  "MiB",
  "accept p50",
  "p99 us",
  "update p99",
  "one p50",
  "p99 us",
  "all p50",
  "p99 us",
  "wall, baseline",
];
const GOAL_HEAD = ["goal", "at most", "measured", ""];

function lineOf(row: SimRow, baseline: SimReport | null): readonly string[] {
  const { accept, update, allocateOne, allocateAll } = row.decisions;
  const old = baseline?.rows.find(
    ({ kind, agents, tasks }) => kind === row.kind && agents === row.agents && tasks === row.tasks,
  )?.wallSeconds;
  return [
    row.kind,
    String(row.agents),
    String(row.tasks),
    row.wallSeconds.toFixed(2),
    row.cpuSeconds.toFixed(2),
    row.masterCoreSeconds.toFixed(2),
    row.peakRssMib.toFixed(0),
    accept.p50.toFixed(1),
    accept.p99.toFixed(1),
    update.p99.toFixed(1),
    ...(allocateOne.count === 0
      ? ["-", "-"]
      : [allocateOne.p50.toFixed(1), allocateOne.p99.toFixed(1)]),
    allocateAll.p50.toFixed(0),
    allocateAll.p99.toFixed(0),
    old === undefined ? "" : `${old.toFixed(2)} (${(row.wallSeconds / old).toFixed(2)} x)`,
  ];
}

function goalLines(row: SimRow): readonly (readonly string[])[] {
  return goalsOf(row).map(({ name, max, of }) => {
    const measured = of(row);
    const digits = measured < 10 ? 2 : 0;
    const verdict = measured <= max ? "met" : "MISSED";
    return [`${nameOf(row)}: ${name}`, String(max), measured.toFixed(digits), verdict];
  });
}

function nameOf({ kind, agents, tasks }: Pick<SimRow, "kind" | "agents" | "tasks">): string {
  return `${kind}, ${agents} agents, ${tasks} tasks`;
}
