import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { ClusterError } from "@bourse/model/errors";
import type { LoadMeasured, LoadReply } from "@bourse/model/load";
import { LiveCluster } from "./live-cluster.ts";
import {
  type LiveOptions,
  type LiveRamp,
  type LiveReport,
  type LiveStep,
  type ProcessCores,
  partsOf,
} from "./live-report.ts";
import type { MasterMetrics } from "./master-metrics.ts";

/** How the run tells what it is doing. */
export interface LiveTools {
  readonly say: (line: string) => void;
  readonly progress?: (running: number, waiting: number) => void;
  /** Ends the run; what was measured is still reported. */
  readonly signal: AbortSignal;
}

/** Tasks of the steady steps end after this long, so that as many end as are submitted. */
const RUN_MS = 1_000;
/** Before it counts: until as many tasks end as begin, and the code is compiled. Shorter where the step is, too. */
const WARM_UP_MS_MAX = 3_000;

/** For all tasks to run, or to end; whatever has not by then never will. */
const PATIENCE_MS = 600_000;

/**
 * Measures a real cluster of this machine's processes (DESIGN section 5): the ramp from nothing to all tasks, then
 * submissions at a steady rate on the empty, the half full and the full cluster. Leaves nothing behind.
 */
export async function runLive(options: LiveOptions, tools: LiveTools): Promise<LiveReport> {
  checkLiveOptions(options);
  const cluster = new LiveCluster(options);
  try {
    return await new LiveRun(options, tools, cluster).run();
  } finally {
    await cluster.stop();
  }
}

class LiveRun {
  readonly #options: LiveOptions;
  readonly #tools: LiveTools;
  readonly #cluster: LiveCluster;
  readonly #steady: LiveStep[] = [];
  #ramp: LiveRamp | null = null;
  #rampSeconds: number | null = null;
  #connections = 0;
  /** Tasks that were submitted to run for ever and not killed. */
  #resident = 0;

  constructor(options: LiveOptions, tools: LiveTools, cluster: LiveCluster) {
    this.#options = options;
    this.#tools = tools;
    this.#cluster = cluster;
    cluster.onProgress = (running, waiting) => tools.progress?.(running, waiting);
  }

  async run(): Promise<LiveReport> {
    const { tasks } = this.#options;
    const { signal } = this.#tools;
    const interrupt = (): void => {
      if (this.#connections > 0) this.#cluster.load.send({ kind: "interrupt" });
    };
    signal.addEventListener("abort", interrupt);
    try {
      await this.#orInterrupted(this.#cluster.start(this.#tools.say));
      this.#connections = signal.aborted ? 0 : this.#cluster.agentConnections();
      if (!signal.aborted) await this.#step(0);
      if (!signal.aborted) await this.#rampUp();
      if (this.#rampSeconds === null) return this.#report(true);
      if (!signal.aborted) await this.#step(tasks);
      if (!signal.aborted && tasks > 1) await this.#step(Math.floor(tasks / 2));
    } finally {
      signal.removeEventListener("abort", interrupt);
    }
    return this.#report(signal.aborted);
  }

  #report(isPartial: boolean): LiveReport {
    const { agents, tasks, seed } = this.#options;
    return {
      agents,
      tasks,
      seed,
      agentConnections: this.#connections,
      capacityTasks: agents * this.#cluster.slotsPerAgent,
      rampSeconds: this.#rampSeconds,
      ramp: this.#ramp,
      steady: this.#steady.toSorted((a, b) => a.runningTasks - b.runningTasks),
      isPartial,
      machine: { cpus: availableParallelism(), node: process.version },
    };
  }

  async #rampUp(): Promise<void> {
    const { tasks } = this.#options;
    const missing = tasks - this.#resident;
    this.#tools.say(`submitting ${missing} tasks at once`);
    const before = await this.#look();
    const filled = await this.#ask("filled", { kind: "fill", tasks: missing });
    const after = await this.#look();
    this.#resident += filled.tasks;
    if (filled.tasks === filled.wanted) this.#rampSeconds = rounded(filled.seconds);
    const { submitToRunning } = filled.latencies;
    this.#ramp = {
      tasks: filled.tasks,
      submitToRunningMs: submitToRunning,
      parts: partsOf(filled.latencies),
      ...spent(before, after),
      masterRssMib: rounded(this.#cluster.masterRssMib),
    };
    this.#tools.say(`${filled.tasks} tasks run after ${filled.seconds.toFixed(1)} s`);
  }

  /** Submits at the steady rate while so many tasks run: long ones, and the short ones that are submitted. */
  async #step(runningTasks: number): Promise<void> {
    const { ratePerSecond, stepSeconds } = this.#options;
    await this.#settleAt(Math.max(0, runningTasks - (ratePerSecond * RUN_MS) / 1000));
    if (this.#tools.signal.aborted) return;
    this.#tools.say(`${ratePerSecond} submissions a second at ${runningTasks} running tasks`);
    const metricsBefore = await this.#cluster.metrics();
    const measuring = this.#ask("measuring", {
      kind: "steady",
      ratePerSecond,
      runMs: RUN_MS,
      warmUpMs: Math.min(WARM_UP_MS_MAX, RUN_MS + 200 * stepSeconds),
      durationMs: stepSeconds * 1_000,
    });
    const measured = this.#cluster.load.next("measured");
    await Promise.race([measuring, measured]);
    const before = this.#lookAtProcesses();
    const reply = await this.#whileAlive(measured);
    const after = this.#lookAtProcesses();
    if (reply.submitted === 0) return; // Ended in its warm-up.
    const masterRssMib = rounded(this.#cluster.masterRssMib);
    const metrics = await this.#cluster.metrics();
    const processes = spent({ ...before, metrics: metricsBefore }, { ...after, metrics });
    this.#steady.push({
      runningTasks,
      ratePerSecond,
      masterRssMib,
      ...processes,
      ...stepOf(reply, metrics),
      masterCpuCores: processes.cpuCores.master,
    });
    const { p50, p99 } = reply.latencies.submitToRunning;
    this.#tools.say(`submit to running: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  }

  async #settleAt(resident: number): Promise<void> {
    const surplus = this.#resident - resident;
    if (surplus <= 0) return;
    this.#tools.say(`ending ${surplus} tasks`);
    // The short ones of the last step end by themselves first, or they would count as killed.
    await this.#whileAlive(delay(2 * RUN_MS));
    const drained = await this.#ask("drained", { kind: "drain", tasks: surplus });
    this.#resident -= drained.tasks;
  }

  #ask<Kind extends LoadReply["kind"]>(
    kind: Kind,
    command: Parameters<LiveCluster["load"]["send"]>[0],
  ): Promise<Extract<LoadReply, { kind: Kind }>> {
    const { load } = this.#cluster;
    const reply = this.#whileAlive(load.next(kind));
    load.send(command);
    const timer = setTimeout(() => load.send({ kind: "interrupt" }), PATIENCE_MS).unref();
    return reply.finally(() => clearTimeout(timer));
  }

  #whileAlive<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#cluster.failed, this.#cluster.load.failed]);
  }

  async #orInterrupted(work: Promise<void>): Promise<void> {
    const { signal } = this.#tools;
    const interrupted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    work.catch(() => {}); // Of no interest once interrupted.
    await Promise.race([work, interrupted]);
  }

  #lookAtProcesses(): { readonly atMs: number; readonly cpu: ProcessCores } {
    return { atMs: performance.now(), cpu: this.#cluster.cpuSeconds() };
  }

  async #look(): Promise<Look> {
    return { ...this.#lookAtProcesses(), metrics: await this.#cluster.metrics() };
  }
}

interface Look {
  readonly atMs: number;
  readonly cpu: ProcessCores;
  readonly metrics: MasterMetrics;
}

/** What the processes took between two looks. */
function spent(before: Look, after: Look): Pick<LiveStep, "cpuCores" | "masterGc"> {
  const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
  const cores = (name: keyof ProcessCores): number =>
    rounded((after.cpu[name] - before.cpu[name]) / seconds);
  return {
    cpuCores: { master: cores("master"), agents: cores("agents"), load: cores("load") },
    masterGc: {
      count: after.metrics.gc.count - before.metrics.gc.count,
      seconds: rounded(after.metrics.gc.seconds - before.metrics.gc.seconds),
    },
  };
}

function stepOf(measured: LoadMeasured, metrics: MasterMetrics) {
  const { submitted, ran, lost, latencies, generatorLateMs } = measured;
  return {
    runningTasksMean: measured.runningTasks,
    seconds: rounded(measured.seconds),
    submitToRunningMs: latencies.submitToRunning,
    parts: partsOf(latencies),
    submitted,
    ran,
    lost,
    throughputPerSecond: rounded(measured.throughputPerSecond),
    generatorLateMs,
    masterHeapMib: rounded(metrics.heapMib),
    masterLoopLagP99Ms: rounded(metrics.loopLagP99Ms),
  };
}

/** Refuses what cannot be run; the command line has checked each number by itself. */
export function checkLiveOptions({ agents, agentProcesses, keepDirectory }: LiveOptions): void {
  if (process.platform !== "linux") {
    throw new ClusterError("invalid_call", "sim live reads /proc, which only Linux has", {
      hint: "take `bourse sim run`, which simulates the same",
    });
  }
  if (agentProcesses > agents) {
    throw new ClusterError(
      "invalid_call",
      `${agents} agents cannot be in ${agentProcesses} processes`,
      {
        hint: "take fewer --agent-processes",
      },
    );
  }
  if (keepDirectory !== null && filesIn(keepDirectory).length > 0) {
    throw new ClusterError("conflict", `--keep ${keepDirectory} is not empty`, {
      hint: "name a new directory: a cluster of before would be found in it",
    });
  }
}

function filesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new ClusterError("invalid_call", `--keep ${directory} is no directory`, {
      cause: thrown,
    });
  }
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
