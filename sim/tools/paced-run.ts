import type { RunReport } from "@bourse/engine/report/run-report";
import { type RunTools, ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { agentCountOf, taskCountOf } from "@bourse/engine/scenario/scenario-size";
import { ClusterError } from "@bourse/model/errors";
import { scalarMilli } from "@bourse/model/resources";

export interface PacedTools extends Pick<RunTools, "progress" | "noted" | "start"> {
  /** Ends the run between two steps; there is a report all the same. */
  readonly signal?: AbortSignal;
  /** Signals and screens wait for so long at most, unless one step takes longer; 50 by default. */
  readonly sliceMs?: number;
}

export interface PacedResult {
  readonly report: RunReport;
  /** What kept the run from being done, in words; empty when nothing did. */
  readonly lacks: readonly string[];
}

const SLICE_MS = 50;

/**
 * Runs a scenario with this machine's clock, in slices: between two of them the process hears signals and draws. Costs
 * a thousandth of the run.
 */
export async function runPaced(scenario: Scenario, tools: PacedTools = {}): Promise<PacedResult> {
  const { signal, sliceMs = SLICE_MS, ...runTools } = tools;
  const run = new ScenarioRun(scenario, { ...runTools, stopwatch, peakRssMib });
  let sliceEndMs = performance.now() + sliceMs;
  while (signal?.aborted !== true && stepped(run, scenario)) {
    if (performance.now() < sliceEndMs) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    sliceEndMs = performance.now() + sliceMs;
  }
  const report = run.report();
  return { report, lacks: report.isComplete ? [] : run.lacks };
}

/** A core that throws breaks a promise of its own: a bug, which who runs into it can show to others. */
function stepped(run: ScenarioRun, { seed }: Scenario): boolean {
  try {
    return run.step();
  } catch (cause) {
    const { nowMs } = run.world.simulation;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ClusterError("internal", `the simulated cluster broke after ${nowMs} ms: ${why}`, {
      cause,
      hint: `this is a bug in Bourse: keep the scenario and its seed ${JSON.stringify(seed)}; BOURSE_DEBUG=1 shows where`,
    });
  }
}

/** A double holds nanoseconds since the process began exactly for 104 days. */
function stopwatch(): number {
  return performance.now() * 1e6;
}

function peakRssMib(): number {
  return process.resourceUsage().maxRSS / 1_024;
}

/**
 * The old-space heap, in MiB, that a run needs. A process whose limit is lower should start itself again with
 * `--max-old-space-size`. Measured: 300,000 tasks on 1,000 agents keep 0.8 GiB
 * alive and peak at 1.5 GiB; of a task that has ended there remains a tenth of that.
 */
export function heapNeededMib({ agents, tasks }: HeapSize, endedTasks = 0): number {
  return Math.ceil(
    HEAP_BASE_MIB +
      agents * HEAP_MIB_PER_AGENT +
      tasks * HEAP_MIB_PER_TASK +
      endedTasks * HEAP_MIB_PER_ENDED_TASK,
  );
}

export interface HeapSize {
  readonly agents: number;
  /** That are alive at once. */
  readonly tasks: number;
}

/** As many tasks as arrive, but no more than fit on the agents at once. */
export function heapNeededForMib(scenario: Scenario): number {
  const tasks = taskCountOf(scenario);
  const atOnce = Math.min(tasks, roomFor(scenario));
  return heapNeededMib({ agents: agentCountOf(scenario), tasks: atOnce }, tasks - atOnce);
}

const HEAP_BASE_MIB = 256;
const HEAP_MIB_PER_AGENT = 0.1;
const HEAP_MIB_PER_TASK = 0.006;
const HEAP_MIB_PER_ENDED_TASK = 0.0006;

/** How many of the tasks, as large as they are on average, the cluster holds. */
function roomFor({ agents, frameworks }: Scenario): number {
  let room = Number.POSITIVE_INFINITY;
  for (const name of ["cpus", "mem"]) {
    let wanted = 0;
    let tasks = 0;
    for (const { count: copies, policy } of frameworks) {
      if (policy.kind !== "batch") continue;
      for (const { amounts, count } of policy.load) {
        wanted += copies * count * (amounts.find((one) => one.name === name)?.milli ?? 0);
        tasks += copies * count;
      }
    }
    const total = agents.reduce(
      (sum, { count, resources }) => sum + count * scalarMilli(resources, name),
      0,
    );
    if (wanted > 0) room = Math.min(room, (total * tasks) / wanted);
  }
  return Math.ceil(room);
}
