import { Checks } from "../checks/checks.ts";
import { Violations } from "../checks/violations.ts";
import { repair, scheduleFaults } from "../faults/schedule-faults.ts";
import { Recorder } from "../report/recorder.ts";
import type { RunReport } from "../report/run-report.ts";
import { RunHash } from "../run-hash.ts";
import type { StartState } from "../start/start-state.ts";
import type { World } from "../world.ts";
import { buildWorld, startWorld } from "./build-world.ts";
import type { Fault } from "./fault.ts";
import { Operations } from "./operations.ts";
import { PendingUpdates } from "./pending-updates.ts";
import { scheduleReloads } from "./reloads.ts";
import type { PolicySpec, Scenario } from "./scenario.ts";
import { lastPlanMs, taskCountOf } from "./scenario-size.ts";
import { unsettled } from "./unsettled.ts";

/** What the engine cannot have by itself, and who wants to hear of the run. */
export interface RunTools {
  /** Nanoseconds from any origin: the engine itself has no clock. */
  stopwatch(): number;
  peakRssMib?(): number;
  /** After each step. */
  progress?(progress: RunProgress): void;
  /** Faults, crashes, restarts, for people. */
  noted?(atMs: number, text: string): void;
  /** What a live cluster holds already; absent = the cluster begins empty. */
  readonly start?: StartState;
  /** Whom a fault without targets picked. */
  struck?(fault: Fault, names: readonly string[]): void;
}

export interface RunProgress {
  readonly nowMs: number;
  /** The run is over then at the latest, its liveness phase not counted. */
  readonly endMs: number;
  /** Tasks of loads that run or have ended. */
  readonly placed: number;
  readonly tasks: number;
}

/** One step, in virtual time: short enough to stop soon, long enough to cost nothing. */
const STEP_MS = 250;
/** In the liveness phase: asking everybody whether all is done costs a walk. */
const LIVENESS_STEP_MS = 1_000;
/** After the last thing that was planned, until nothing of it can be under way any more: a kill's grace and more. */
const QUIET_MS = 10_000;

/** Runs a scenario to its end. The real cores decide; only time, network, disks and containers are made up. */
export function runScenario(scenario: Scenario, tools: RunTools): RunReport {
  const run = new ScenarioRun(scenario, tools);
  while (run.step());
  return run.report();
}

/**
 * One run, step by step, so that who steps may stop in between and still have a report. A run ends
 *
 *   by time, or when done -> converging -> still -> over
 *
 * where the two in the middle are the liveness phase (DESIGN section 6), if the scenario has one.
 */
export class ScenarioRun {
  readonly world: World;
  readonly #scenario: Scenario;
  readonly #tools: RunTools;
  readonly #hash = new RunHash();
  readonly #updates: PendingUpdates;
  readonly #operations: Operations;
  readonly #recorder: Recorder;
  readonly #checks: Checks | null;
  readonly #violations: Violations;
  readonly #tasks: number;
  readonly #lastPlanMs: number;
  readonly #beganNs: number;
  #phase: "load" | "converging" | "still" | "over" = "load";
  #isComplete = false;
  /** When the phase is over, whatever happens. */
  #untilMs: number;

  constructor(scenario: Scenario, tools: RunTools) {
    this.#beganNs = tools.stopwatch();
    this.#scenario = scenario;
    this.#tools = tools;
    const world = buildWorld(scenario, { meter: () => this.#recorder.meter, start: tools.start });
    this.world = world;
    this.#recorder = new Recorder(world, scenario, tools);
    if (tools.noted !== undefined) world.probes.add({ noted: tools.noted });
    world.probes.add(this.#hash.probe);
    this.#updates = new PendingUpdates(world);
    world.probes.add(this.#updates.probe);
    const { areOn, hasReloads, sweepEvery } = scenario.checks;
    this.#checks = areOn ? new Checks(world, sweepEvery) : null;
    this.#violations = this.#checks?.violations ?? new Violations(world.simulation);
    this.#tasks = taskCountOf(scenario);
    this.#lastPlanMs = lastPlanMs(scenario);
    this.#untilMs = scenario.end.atMs;
    this.#operations = new Operations(world, scenario.operations);
    scheduleFaults(world, scenario.faults, tools.struck);
    if (hasReloads) scheduleReloads(world, scenario.end);
    startWorld(world, scenario);
  }

  /** Goes on for a moment of virtual time; false = the run is over. */
  step(): boolean {
    if (this.#phase === "over") return false;
    const { simulation } = this.world;
    const stepMs = this.#phase === "converging" ? LIVENESS_STEP_MS : STEP_MS;
    simulation.runUntil(Math.min(simulation.nowMs + stepMs, this.#untilMs));
    this.#operations.hear();
    this.#tellProgress();
    const isTimeUp = simulation.nowMs >= this.#untilMs;
    switch (this.#phase) {
      case "load":
        if (this.#scenario.end.isWhenDone && this.#isDone) this.#endLoad(true);
        else if (isTimeUp) this.#endLoad(!this.#scenario.end.isWhenDone);
        break;
      case "converging":
        this.#converge(isTimeUp);
        break;
      case "still":
        if (isTimeUp) this.#end(true);
        break;
    }
    return (this.#phase as string) !== "over";
  }

  /** What keeps the run from being done, in words. */
  get lacks(): readonly string[] {
    const lacks: string[] = [];
    for (const { name, policy, isUp, endCause } of this.world.frameworks) {
      if (endCause !== null) continue;
      if (!isUp) lacks.push(`${name} is down`);
      const lack = policy?.lacks?.() ?? null;
      if (lack !== null) lacks.push(`${name}: ${lack}`);
    }
    if (lacks.length === 0 && !this.#updates.areNone) lacks.push("updates are not acknowledged");
    return lacks;
  }

  get #isDone(): boolean {
    const { nowMs } = this.world.simulation;
    return nowMs >= this.#lastPlanMs && this.lacks.length === 0;
  }

  #endLoad(isComplete: boolean): void {
    const { liveness } = this.#scenario.end;
    if (liveness === null) {
      this.#end(isComplete && this.#isQuiet);
      this.#isComplete = isComplete;
      return;
    }
    repair(this.world);
    this.#phase = "converging";
    this.#untilMs = this.world.simulation.nowMs + liveness.withinMs;
  }

  #converge(isTimeUp: boolean): void {
    const reasons = unsettled(this.world);
    if (reasons.length > 0 && !isTimeUp) return;
    for (const reason of reasons) this.#violations.report("liveness", reason);
    this.#phase = "still";
    this.#untilMs = this.world.simulation.nowMs + (this.#scenario.end.liveness?.stillMs ?? 0);
    this.#isComplete = true;
  }

  /** Some checks hold only when nothing is on its way any more: `isStill`. */
  #end(isStill: boolean): void {
    if (isStill) this.#checks?.settle();
    else this.#checks?.sweep();
    this.#phase = "over";
  }

  /** Nobody launches by himself for ever, and nothing that was planned can still be under way. */
  get #isQuiet(): boolean {
    const { frameworks, faults, operations, end } = this.#scenario;
    const hasPlans = faults.length > 0 || operations.length > 0;
    return (
      end.isWhenDone &&
      frameworks.every(
        ({ policy, flapping }) => flapping === null && QUIET_KINDS.has(policy.kind),
      ) &&
      this.world.agents.every(({ isConnected }) => isConnected) &&
      (!hasPlans || this.world.simulation.nowMs >= this.#lastPlanMs + QUIET_MS)
    );
  }

  #tellProgress(): void {
    const { progress } = this.#tools;
    if (progress === undefined) return;
    const { nowMs } = this.world.simulation;
    progress({ nowMs, endMs: this.#scenario.end.atMs, placed: this.#placed, tasks: this.#tasks });
  }

  get #placed(): number {
    let placed = 0;
    for (const { policy } of this.world.frameworks) placed += policy?.placedCount ?? 0;
    return placed;
  }

  /** What there is to say by now; of a run that is not over, `isComplete` is false. */
  report(): RunReport {
    if (this.#phase !== "over") this.#checks?.sweep();
    return this.#recorder.report({
      isComplete: this.#phase === "over" && this.#isComplete,
      hash: this.#hash.digest(),
      wallSeconds: (this.#tools.stopwatch() - this.#beganNs) / 1e9,
      peakRssMib: this.#tools.peakRssMib?.() ?? 0,
      violations: this.#violations.list,
    });
  }
}

/** What these launch ends or is told to stay: when they lack nothing, nothing is on its way. */
const QUIET_KINDS: ReadonlySet<PolicySpec["kind"]> = new Set([
  "batch",
  "service",
  "idle",
  "hoarder",
]);
