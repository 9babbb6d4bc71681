import type { Cluster } from "@bourse/cluster/cluster";
import type { Violation } from "../checks/violations.ts";
import { DecisionTimes } from "../decision-times.ts";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import type { Histogram } from "../histogram.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { World } from "../world.ts";
import { ClusterSampler } from "./cluster-sampler.ts";
import { HeatColumns } from "./heat-columns.ts";
import { OfferMeter } from "./offer-meter.ts";
import { RoleBooks, rounded } from "./role-books.ts";
import type { DecisionTimesReport, RunReport, RunSeries, TaskTotals } from "./run-report.ts";
import { capacityOf, summaryOf } from "./scenario-summary.ts";
import { TaskMeter } from "./task-meter.ts";
import { Gauge, TimeGrid } from "./time-grid.ts";
import { Timeline } from "./timeline.ts";

/** At most so many intervals in a report: as many as a wide screen has points. */
const INTERVALS_MAX = 1_000;
/** Fine enough to see one job among others in a run of seconds. */
const STEP_MS = 10;
const HEAT_COLUMNS_MAX = 200;
/**
 * A look at one agent takes about 100 ns. So many agents are looked at in every interval, four times as many in every
 * second, ...: 1,000 in each fifth, which is 200 to 400 looks in a run and 0.05 s. More than each 32nd would be too
 * coarse to draw: 50,000 agents cost a second of a run of minutes.
 */
const AGENTS_PER_LOOK = 60;
const LOOK_EVERY_MAX = 32;

/** What only the one who ran it knows. */
export interface RunEnd {
  readonly isComplete: boolean;
  readonly hash: string;
  readonly wallSeconds: number;
  /** 0 = nobody measured. */
  readonly peakRssMib: number;
  readonly violations: readonly Violation[];
}

/**
 * Watches one run from its beginning and writes its report. It asks nothing of the simulation: it looks at the cluster
 * when an input of the master comes that is later than the interval's end, so a run with it and one without are the
 * same. Create it when the world's agents are there, give `meter` to the frameworks.
 */
export class Recorder {
  readonly meter: LoadMeter;
  readonly decisions: DecisionTimes;
  readonly #world: World;
  readonly #scenario: Scenario;
  readonly #grid = new TimeGrid(INTERVALS_MAX, STEP_MS);
  readonly #roles = new RoleBooks(this.#grid);
  readonly #offers = new OfferMeter(this.#grid);
  readonly #timeline: Timeline;
  readonly #tasks: TaskMeter;
  readonly #pending = this.#grid.add(new Gauge(INTERVALS_MAX));
  readonly #running = this.#grid.add(new Gauge(INTERVALS_MAX));
  #looks: Looks | null = null;
  /** Intervals until the next walk over all agents. */
  #untilWalk = 0;
  #runningNow = 0;
  #stagingNow = 0;

  constructor(world: World, scenario: Scenario, tools: { stopwatch(): number }) {
    this.#world = world;
    this.#scenario = scenario;
    this.#tasks = new TaskMeter(this.#grid, this.#roles, {
      advance: (nowMs) => this.#advance(nowMs),
      now: () => world.simulation.nowMs,
    });
    this.meter = this.#tasks;
    this.#timeline = new Timeline({
      agent: (agentId) => this.#known?.agents.get(agentId)?.info.hostname ?? null,
      framework: (frameworkId) => {
        const { frameworks, completedFrameworks } = this.#known ?? {};
        const known = frameworks?.get(frameworkId)?.info.name;
        return known ?? completedFrameworks?.get(frameworkId)?.name ?? null;
      },
    });
    this.decisions = new DecisionTimes(() => tools.stopwatch(), world.master);
    world.master.timed = (now, input, apply) => {
      if (now.monoMs >= this.#grid.endMs) this.#advance(now.monoMs);
      const { cluster } = world.master;
      if (input.kind === "framework-call" && cluster !== null)
        this.#offers.answered(input.call, cluster.state.offers);
      return this.decisions.time(now, input, apply);
    };
    world.probes.add({
      masterDecided: (now, input, effects) => {
        this.#offers.decided(input, effects);
        if (input.kind === "operator-call") this.#timeline.operated(now.monoMs, input.call);
      },
      noted: (atMs, text) => this.#timeline.noted(atMs, text),
    });
  }

  get #known(): Cluster["state"] | undefined {
    return this.#world.master.cluster?.state;
  }

  /** May be asked for at any time, more than once. */
  report(end: RunEnd): RunReport {
    const { nowMs, eventCount } = this.#world.simulation;
    this.#advance(nowMs);
    this.#lookAround(true);
    const atMs = this.#grid.endsUntil(nowMs);
    this.#fill(this.#grid.closed, 0);
    const { entries, leftOut } = this.#timeline.list(end.violations);
    return {
      format: "bourse-sim-report",
      version: 1,
      scenario: summaryOf(this.#scenario, this.#world),
      isComplete: end.isComplete,
      hash: end.hash,
      virtualMs: nowMs,
      events: eventCount,
      wallSeconds: end.wallSeconds,
      masterCoreSeconds: this.decisions.totalNs / 1e9,
      peakRssMib: end.peakRssMib,
      violations: end.violations,
      tasks: this.#taskTotals(),
      latencyMs: this.#tasks.latencyMs(),
      decisions: {
        accept: decisionTimesOf(this.decisions.accept),
        update: decisionTimesOf(this.decisions.update),
        allocateOne: decisionTimesOf(this.decisions.allocateOne),
        allocateAll: decisionTimesOf(this.decisions.allocateAll),
      },
      offers: this.#offers.totals(),
      series: this.#series(atMs),
      roles: this.#roles.report(nowMs),
      timeline: entries,
      timelineLeftOut: leftOut,
      heat: this.#looked().heat.report(nowMs),
    };
  }

  /** Intervals that are over at `nowMs` are closed with what is seen now: nothing has changed since. */
  #advance(nowMs: number): void {
    if (nowMs < this.#grid.endMs) return;
    this.#lookAround(false);
    while (nowMs >= this.#grid.endMs) {
      this.#fill(this.#grid.closed, this.#grid.stepMs);
      this.#grid.close();
    }
  }

  #lookAround(isLast: boolean): void {
    const looks = this.#looked();
    const { cluster } = this.#world.master;
    this.#untilWalk -= 1;
    const isWalk = isLast || this.#untilWalk < 0;
    if (isWalk) {
      this.#untilWalk = looks.walkEvery - 1;
      looks.heat.advance(Math.min(this.#grid.endMs, this.#world.simulation.nowMs));
    }
    if (cluster === null || isRecovering(cluster)) {
      if (isWalk) looks.heat.done(); // Nobody is connected; what ran goes on as it was.
      return;
    }
    const { state } = cluster;
    if (isWalk) looks.sampler.lookAtAll(cluster, this.#roles, looks.heat);
    looks.sampler.lookAtTotals(cluster);
    this.#runningNow = state.taskCounts.get("TASK_RUNNING") ?? 0;
    this.#stagingNow =
      (state.taskCounts.get("TASK_STAGING") ?? 0) + (state.taskCounts.get("TASK_STARTING") ?? 0);
    const { usage } = state.allocator;
    for (let role = 0; role < this.#roles.names.length; role++) {
      const slot = usage.roleSlotOf(this.#roles.names[role]!);
      const { monoMs } = this.#world.simulation.now;
      this.#roles.lookAt(role, slot < 0 ? null : usage.unservedForMs(slot, monoMs));
    }
  }

  /** Made at the first look, when all agents and frameworks are there. */
  #looked(): Looks {
    if (this.#looks !== null) return this.#looks;
    const { agents, frameworks } = this.#world;
    for (const { role } of this.#scenario.roles) this.#roles.open(role);
    for (const { options } of frameworks)
      for (const role of options.info.roles) this.#roles.open(role);
    const capacity = capacityOf(this.#world);
    const sampler = new ClusterSampler(this.#world, this.#scenario, capacity);
    const wanted = Math.ceil(Math.sqrt(agents.length / AGENTS_PER_LOOK));
    const walkEvery = Math.min(LOOK_EVERY_MAX, Math.max(1, wanted));
    const half = Math.floor(INTERVALS_MAX / walkEvery / 2);
    const columns = Math.max(2, Math.min(HEAT_COLUMNS_MAX, half * 2));
    const stepMs = Math.ceil((STEP_MS * INTERVALS_MAX) / columns);
    const gauges = (): readonly Gauge[] =>
      sampler.names.map(() => this.#grid.add(new Gauge(INTERVALS_MAX)));
    this.#looks = {
      walkEvery,
      sampler,
      heat: new HeatColumns(agents, columns, stepMs),
      used: gauges(),
      fragmentation: gauges(),
    };
    return this.#looks;
  }

  #fill(row: number, lastedMs: number): void {
    const { sampler, used, fragmentation } = this.#looked();
    this.#pending.values[row] = this.#tasks.pending;
    this.#running.values[row] = this.#runningNow;
    for (let column = 0; column < used.length; column++) {
      used[column]!.values[row] = sampler.used[column]!;
      fragmentation[column]!.values[row] = sampler.fragmentation[column]!;
    }
    this.#roles.keepShares(row, lastedMs);
  }

  #taskTotals(): TaskTotals {
    const { submitted, pending, finished, failed, retries } = this.#tasks;
    const waiting = Math.min(submitted, Math.max(0, pending) + this.#stagingNow);
    return {
      submitted,
      placed: submitted - waiting,
      running: this.#runningNow,
      finished,
      failed,
      retries,
    };
  }

  #series(atMs: readonly number[]): RunSeries {
    const rows = atMs.length;
    const { sampler, used, fragmentation } = this.#looked();
    const counts = ({ values }: Gauge): readonly number[] => Array.from(values.subarray(0, rows));
    const { names } = sampler;
    const fractions = (
      gauges: readonly Gauge[],
      isKept: (name: string) => boolean = () => true,
    ): Readonly<Record<string, readonly number[]>> =>
      Object.fromEntries(
        gauges
          .map(({ values }, index) => [names[index]!, values] as const)
          .filter(([name]) => isKept(name))
          .map(([name, values]) => [name, Array.from(values.subarray(0, rows), rounded)]),
      );
    return {
      stepMs: this.#grid.stepMs,
      atMs,
      pending: counts(this.#pending),
      running: counts(this.#running),
      launched: counts(this.#offers.launched),
      latencyMs: this.#tasks.latencySeries(rows),
      used: fractions(used),
      fragmentation: fractions(fragmentation, (name) => sampler.isNeeded(name)),
      shares: this.#roles.shares(rows),
      offers: this.#offers.series(rows),
    };
  }
}

interface Looks {
  /** All agents are looked at in each interval, or in one of so many. */
  readonly walkEvery: number;
  readonly sampler: ClusterSampler;
  readonly heat: HeatColumns;
  readonly used: readonly Gauge[];
  readonly fragmentation: readonly Gauge[];
}

/** After its start the master knows of tasks only what agents told: a fifth of them or more have not come back yet. */
function isRecovering({ state }: Cluster): boolean {
  return state.counters.recovering * 5 > state.agents.size;
}

/** Nanoseconds become microseconds. */
function decisionTimesOf(histogram: Histogram): DecisionTimesReport {
  return { ...histogram.quantiles(1_000), buckets: histogram.doublings(1_000) };
}
