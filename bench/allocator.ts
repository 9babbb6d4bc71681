import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type AllocatorCell,
  type AllocatorRow,
  allCells,
  goalCells,
  goalOf,
  HEAP_AGENTS,
  HEAP_GROWTH_BYTES_MAX,
  keyOf,
} from "./allocator-rows.ts";
import { type Bench, machine, readBaseline, renderColumns } from "./report.ts";
import { median, yardstickSeconds } from "./yardstick.ts";

/** What `-o json` prints and `baselines/allocator.json` keeps. */
export interface AllocatorReport {
  readonly yardstickSeconds: number;
  readonly rows: readonly AllocatorRow[];
  readonly machine: string;
  readonly node: string;
  readonly date: string;
}

/**
 * The allocator alone, through its public calls: ids in and out as text, offers as resources. Each cluster in a process of its
 * own, so that one's garbage and types are not another's. Fails when the hot loop grows the heap.
 */
export const allocatorBench: Bench = {
  run(say, { isQuick }) {
    const yardsticks = [yardstickSeconds()];
    const cells = isQuick ? goalCells() : allCells();
    const rows: AllocatorRow[] = [];
    cells.forEach((cell, index) => {
      const { kind, agents, frameworks, roles, variant } = cell;
      say(
        `${index + 1} of ${cells.length}: ${kind}, ${variant}, ${agents} agents, ${frameworks} frameworks, ${roles} roles`,
      );
      rows.push(...rowsOf(cell));
      if (index % YARDSTICK_EVERY === YARDSTICK_EVERY - 1) yardsticks.push(yardstickSeconds());
    });
    yardsticks.push(yardstickSeconds());
    const report = { yardstickSeconds: median(yardsticks), rows, ...machine() };
    return {
      report,
      text: render(report, readBaseline<AllocatorReport>("allocator")),
      failures: failuresOf(report),
    };
  },
};

const YARDSTICK_EVERY = 20;

function rowsOf(cell: AllocatorCell): readonly AllocatorRow[] {
  const script = fileURLToPath(new URL("./allocator-process.js", import.meta.url));
  const text = execFileSync(process.execPath, ["--expose-gc", script, JSON.stringify(cell)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 1 << 26,
  });
  return JSON.parse(text) as readonly AllocatorRow[];
}

/** What must hold wherever it is measured. Goals in milliseconds depend on the machine and are only printed. */
export function failuresOf({ rows }: Pick<AllocatorReport, "rows">): readonly string[] {
  const tooLarge = rows.filter(
    ({ agents, heapGrowthBytes }) =>
      agents === HEAP_AGENTS && heapGrowthBytes > HEAP_GROWTH_BYTES_MAX,
  );
  return tooLarge.map(
    (row) =>
      `${nameOf(row)}: the heap grows by ${row.heapGrowthBytes} bytes in 100 repetitions, at most ${HEAP_GROWTH_BYTES_MAX} are allowed`,
  );
}

/** Rows beside those of the baseline and the goals, and how far one decision depends on the number of agents. */
export function render(report: AllocatorReport, baseline: AllocatorReport | null): string {
  const before = new Map(baseline?.rows.map((row) => [keyOf(row), row]));
  const lines = report.rows.map((row) => {
    const old = before.get(keyOf(row))?.medianMs;
    const goal = goalOf(row);
    return [
      row.work,
      row.variant,
      String(row.agents),
      String(row.frameworks),
      String(row.roles),
      milliseconds(row.medianMs),
      milliseconds(row.p99Ms),
      milliseconds(row.minMs),
      String(row.heapGrowthBytes),
      old === undefined ? "" : `${milliseconds(old)} (${(row.medianMs / old).toFixed(2)} x)`,
      goal === null
        ? ""
        : `${goal.of === "p99Ms" ? "p99 " : ""}${goal.maxMs} ${row[goal.of] <= goal.maxMs ? "met" : "MISSED"}`,
    ];
  });
  const yardsticks =
    baseline === null
      ? report.yardstickSeconds.toFixed(2)
      : `${report.yardstickSeconds.toFixed(2)} (baseline ${baseline.yardstickSeconds.toFixed(2)})`;
  return [
    `allocator on ${report.machine}, Node ${report.node}; times in ms; yardstick ${yardsticks} s`,
    renderColumns([HEAD, ...lines]),
    ...independence(report.rows),
  ].join("\n");
}

const HEAD = [
  "work",
  "cluster",
  "agents",
  "frameworks",
  "roles",
  "median",
  "p99",
  "min",
  "heap bytes",
  "baseline",
  "goal",
];

/** One decision on the largest cluster against one on the smallest, with the same frameworks and roles. */
function independence(rows: readonly AllocatorRow[]): readonly string[] {
  const freed = rows.filter(
    ({ work, frameworks, roles }) =>
      work === "one-agent-freed" && frameworks === 1_000 && roles === 1_000,
  );
  const small = freed.find(({ agents }) => agents === 1_000);
  const large = freed.find(({ agents }) => agents === 50_000);
  if (small === undefined || large === undefined) return [];
  return [
    `one-agent-freed, 1000 frameworks in 1000 roles: 50000 agents take ${(large.medianMs / small.medianMs).toFixed(2)} x the median and ${(large.p99Ms / small.p99Ms).toFixed(2)} x the p99 of 1000 agents`,
  ];
}

function nameOf({ work, variant, agents, frameworks, roles }: AllocatorRow): string {
  return `${work}, ${variant}, ${agents} agents, ${frameworks} frameworks, ${roles} roles`;
}

function milliseconds(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 1 ? value.toFixed(2) : value.toFixed(4);
}
