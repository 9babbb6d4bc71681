import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { SimRunReport } from "@bourse/sim/tools/run";
import { heapNeededMib } from "@bourse/sim/tools/run";
import type { Measured } from "./report.ts";
import { median, yardstickMs } from "./yardstick.ts";

const LOAD = { agents: 1_000, tasks: 100_000, seed: "1" } as const;
const RUNS = 5;
/** Most of what a run allocates is dead within a virtual second: a larger nursery saves a sixth of the time. */
const YOUNG_HEAP = "--max-semi-space-size=64";

interface ProcessReport {
  readonly report: SimRunReport;
  readonly cpuSeconds: number;
}

/**
 * The spine: 100,000 tasks on 1,000 agents through the real cores, five runs, each in a process of its own so that
 * one's garbage is not another's. Medians; `cpuSeconds` is what is comparable when others use the machine too.
 */
export function measureSpine(say: (line: string) => void): Measured {
  const yardsticks = [yardstickMs()];
  const runs: ProcessReport[] = [];
  for (let run = 1; run <= RUNS; run++) {
    const one = spineInProcess();
    runs.push(one);
    yardsticks.push(yardstickMs());
    const { report, cpuSeconds } = one;
    say(
      `run ${run} of ${RUNS}: ${report.wallSeconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of cpu, ${report.placed} placed, ${report.violations.length} violations`,
    );
  }
  const [first] = runs;
  if (first === undefined) throw new Error("at least one run");
  if (runs.some(({ report }) => report.hash !== first.report.hash)) {
    throw new Error("the same seed gave different runs: something is not deterministic");
  }
  const of = (read: (run: ProcessReport) => number): number => median(runs.map(read));
  return {
    bench: "spine",
    yardstickMs: median(yardsticks),
    figures: {
      placed: of(({ report }) => report.placed),
      violations: of(({ report }) => report.violations.length),
      wallSeconds: of(({ report }) => report.wallSeconds),
      cpuSeconds: of(({ cpuSeconds }) => cpuSeconds),
      masterCoreSeconds: of(({ report }) => report.masterCoreSeconds),
      acceptMicrosP50: of(({ report }) => report.decisionMicros.accept.p50),
      acceptMicrosP99: of(({ report }) => report.decisionMicros.accept.p99),
      updateMicrosP50: of(({ report }) => report.decisionMicros.update.p50),
      updateMicrosP99: of(({ report }) => report.decisionMicros.update.p99),
      allocateOneMicrosP50: of(({ report }) => report.decisionMicros.allocateOne.p50),
      allocateOneMicrosP99: of(({ report }) => report.decisionMicros.allocateOne.p99),
      allocateAllMicrosP50: of(({ report }) => report.decisionMicros.allocateAll.p50),
      allocateAllMicrosP99: of(({ report }) => report.decisionMicros.allocateAll.p99),
      submitToRunningMsP50: of(({ report }) => report.submitToRunningMs.p50),
      submitToRunningMsP99: of(({ report }) => report.submitToRunningMs.p99),
      peakRssMib: of(({ report }) => report.peakRssMib),
    },
    notes: { hash: first.report.hash, agents: LOAD.agents, tasks: LOAD.tasks, runs: RUNS },
  };
}

function spineInProcess(): ProcessReport {
  const script = fileURLToPath(new URL("./spine-process.js", import.meta.url));
  const text = execFileSync(
    process.execPath,
    [`--max-old-space-size=${heapNeededMib(LOAD)}`, YOUNG_HEAP, script, JSON.stringify(LOAD)],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
  );
  return JSON.parse(text) as ProcessReport;
}
