import type { Probe } from "@bourse/engine/probe";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { FrameworkSpec, Scenario } from "@bourse/engine/scenario/scenario";
import type { World } from "@bourse/engine/world";
import { assert } from "@bourse/model/assert";
import { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import { mean, quantile, type StudyProgress, type StudyTable } from "./study-table.ts";

export interface Failover {
  /** Of each kill: until every agent and every framework was back, in virtual milliseconds. */
  readonly backMs: readonly number[];
  readonly tasksFinished: number;
  /** Attempts beyond the first: launches that were on their way. */
  readonly launchesLost: number;
  /** Tasks that ran and did not end by themselves. */
  readonly runningLost: number;
  readonly violations: number;
}

const FRAMEWORKS = 200;
const TASKS_PER_AGENT = 2;
const TASK_MS = 20_000;
const KILLS = 10;
const FIRST_KILL_MS = 30_000;
/** Sessions that have lasted longer than the longest back-off (15 s) begin with a short one again. */
const KILL_EVERY_MS = 45_000;
/** A supervisor starts a process that died after about this long. */
const DOWN_MS = 1_000;
const END_MS = FIRST_KILL_MS + (KILLS + 1) * KILL_EVERY_MS;
/** How finely the return is timed. */
const LOOK_EVERY_MS = 20;

/**
 * M4 of CASES: the master of a busy cluster is killed and started again; how long until all agents and all 200
 * frameworks are back with it. Tasks go on meanwhile; a launch that was on its way is lost with its link and tried again.
 */
export function studyFailover(
  agentCounts: readonly number[],
  progress: StudyProgress = () => {},
): StudyTable {
  const rows = agentCounts.map((agents, index) => {
    const result = runFailover(agents);
    progress(index + 1, agentCounts.length);
    const seconds = result.backMs.map((ms) => ms / 1_000);
    return [
      agents,
      "4-8",
      mean(seconds),
      quantile(seconds, 0.95),
      result.tasksFinished,
      result.launchesLost,
      result.runningLost,
      result.violations,
    ];
  });
  return {
    name: "failover",
    title:
      "Mesos paper, section 6.5 (M4): seconds from the kill of the master until everybody is back",
    columns: [
      "agents",
      "published mean",
      "ours mean",
      "ours p95",
      "tasks done",
      "lost",
      "violations",
    ],
    rows,
    notes: [
      `${KILLS} kills. The same master starts again after ${DOWN_MS / 1_000} s; the paper's standby had to notice first, through ZooKeeper.`,
      "Virtual time: messages take 1 ms, decisions take none. What is left are the back-offs with which agents and frameworks come back.",
    ],
  };
}

export function runFailover(agents: number): Failover {
  const run = new ScenarioRun(failoverScenario(agents), { stopwatch: () => 0 });
  const { world } = run;
  const { simulation } = world;
  const random = Random.fromSeed(`failover/${agents}`);
  const backMs: number[] = [];
  const running = new RunningTasks();
  world.probes.add(running.probe);
  for (let kill = 0; kill < KILLS; kill++) {
    const killMs = FIRST_KILL_MS + kill * KILL_EVERY_MS + random.below(1_000);
    while (simulation.nowMs < killMs) simulation.runUntil(killMs);
    world.note("the master is killed");
    world.master.crash();
    simulation.runFor(DOWN_MS);
    world.master.start();
    while (!isEverybodyBack(world)) {
      assert(simulation.nowMs < killMs + KILL_EVERY_MS - 1_000, "everybody comes back");
      simulation.runFor(LOOK_EVERY_MS);
    }
    backMs.push(simulation.nowMs - killMs);
  }
  while (run.step());
  const { tasks, violations } = run.report();
  return {
    backMs,
    tasksFinished: tasks.finished,
    launchesLost: tasks.retries - running.lost,
    runningLost: running.lost,
    violations: violations.length,
  };
}

/** Looks for tasks that ran and ended otherwise than well. */
class RunningTasks {
  lost = 0;
  readonly #running = new Set<string>();
  readonly probe: Probe = {
    frameworkHeard: ({ name }, event) => {
      if (event.kind !== "update") return;
      const { taskId, state } = event.status;
      const key = `${name}/${taskId}`;
      if (state === "TASK_RUNNING") this.#running.add(key);
      else if (!GOING_ON.has(state) && this.#running.delete(key) && state !== "TASK_FINISHED") {
        this.lost += 1;
      }
    },
  };
}

/** States after which a task may still come to its end. */
const GOING_ON: ReadonlySet<string> = new Set([
  "TASK_STAGING",
  "TASK_STARTING",
  "TASK_UNREACHABLE",
]);

function isEverybodyBack(world: World): boolean {
  const state = world.master.cluster?.state;
  if (state === undefined) return false;
  if (state.agents.size < world.agents.length) return false;
  for (const { condition } of state.agents.values()) if (condition !== "active") return false;
  if (state.frameworks.size < world.frameworks.length) return false;
  for (const { condition } of state.frameworks.values()) if (condition !== "active") return false;
  return world.frameworks.every(({ session }) => session?.isSubscribed === true);
}

export function failoverScenario(agents: number): Scenario {
  const perFramework = Math.max(1, Math.ceil((agents * TASKS_PER_AGENT) / FRAMEWORKS));
  const count = Math.ceil(perFramework * 2 * (END_MS / TASK_MS));
  const frameworks = Array.from({ length: FRAMEWORKS }, (_, index): FrameworkSpec => {
    const name = `framework-${index + 1}`;
    const amounts = [
      { name: "cpus", milli: 1_000 },
      { name: "mem", milli: 1_024_000 },
    ];
    // A little apart, so that not all tasks of the cluster end together.
    const atMs = 5_000 + index * 100;
    const load = [{ atMs, count, amounts, runMs: TASK_MS, job: "" }];
    const policy = { ...BATCH_DEFAULTS, load, tasksPerOfferMax: TASKS_PER_AGENT };
    return { ...FRAMEWORK_DEFAULTS, name, roles: [name], policy };
  });
  return {
    ...SCENARIO_DEFAULTS,
    name: `failover/${agents}`,
    seed: "1",
    end: { atMs: END_MS, isWhenDone: false, liveness: null },
    checks: { ...SCENARIO_DEFAULTS.checks, sweepEvery: Number.POSITIVE_INFINITY },
    agents: [
      {
        ...AGENT_GROUP_DEFAULTS,
        name: "agent",
        count: agents,
        resources: canonical([
          scalar("cpus", TASKS_PER_AGENT * 1_000),
          scalar("mem", TASKS_PER_AGENT * 1_024_000),
        ]),
      },
    ],
    frameworks,
  };
}
