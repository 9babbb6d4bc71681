import { runScenario } from "@bourse/engine/scenario/run-scenario";
import { type SimCell, scenarioOf } from "./sim-rows.ts";

/** One run of a simulated cluster in a process of its own: the cell as JSON in, what it took as JSON out. */
export interface SimRun {
  readonly wallSeconds: number;
  /** Of all threads; comparable when others use the machine too. */
  readonly cpuSeconds: number;
  readonly masterCoreSeconds: number;
  readonly peakRssMib: number;
  readonly placed: number;
  readonly violations: number;
  readonly virtualSeconds: number;
  readonly decisions: Readonly<Record<Decision, DecisionMicros>>;
  readonly hash: string;
}

export type Decision = "accept" | "update" | "allocateOne" | "allocateAll";

export interface DecisionMicros {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
}

const cell = JSON.parse(process.argv[2] ?? "{}") as SimCell;
const report = runScenario(scenarioOf(cell), {
  stopwatch: () => performance.now() * 1e6,
  peakRssMib: () => process.resourceUsage().maxRSS / 1_024,
});
const { accept, update, allocateOne, allocateAll } = report.decisions;
const { user, system } = process.cpuUsage();
const run: SimRun = {
  wallSeconds: report.wallSeconds,
  cpuSeconds: (user + system) / 1e6,
  masterCoreSeconds: report.masterCoreSeconds,
  peakRssMib: report.peakRssMib,
  placed: report.tasks.placed,
  violations: report.violations.length,
  virtualSeconds: report.virtualMs / 1_000,
  decisions: {
    accept: micros(accept),
    update: micros(update),
    allocateOne: micros(allocateOne),
    allocateAll: micros(allocateAll),
  },
  hash: report.hash,
};
process.stdout.write(JSON.stringify(run));

function micros({ count, p50, p99 }: DecisionMicros): DecisionMicros {
  return { count, p50, p99 };
}
