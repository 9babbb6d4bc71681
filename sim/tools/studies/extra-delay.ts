import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "@bourse/engine/scenario/defaults";
import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { FrameworkSpec, Scenario } from "@bourse/engine/scenario/scenario";
import type { Amount } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import { mean, type StudyProgress, type StudyTable } from "./study-table.ts";

export interface ExtraDelay {
  /** Of each of the five tasks, in virtual milliseconds beyond its own ten seconds. */
  readonly delaysMs: readonly number[];
  /** Of one core of this machine, while the cluster was full. */
  readonly masterBusy: number;
  /** The longest that this machine took for one decision of the master, in milliseconds. */
  readonly longestDecisionMs: number;
  /** Tasks that began in all. */
  readonly tasks: number;
  readonly violations: number;
}

/** Figure 10 of the Mesos paper, read by eye: seconds by agents. */
const PUBLISHED_SECONDS: ReadonlyMap<number, number> = new Map([
  [1_000, 0.13],
  [5_000, 0.18],
  [10_000, 0.23],
  [20_000, 0.38],
  [30_000, 0.38],
  [40_000, 0.54],
  [50_000, 0.75],
]);

const FRAMEWORKS = 200;
const TASKS_PER_AGENT = 2;
const FILL_AT_MS = 5_000;
/** By then all agents are full and the tasks of the first wave end at different times. */
const FIRST_TEST_MS = 50_000;
const TEST_EVERY_MS = 3_000;
const TESTS = 5;
const TEST_TASK_MS = 10_000;
const END_MS = FIRST_TEST_MS + TESTS * TEST_EVERY_MS + TEST_TASK_MS + 2_000;
const TASK: readonly Amount[] = [
  { name: "cpus", milli: 1_000 },
  { name: "mem", milli: 1_024_000 },
];

/**
 * M1 of CASES: 200 frameworks keep a cluster full with tasks of about 30 s; a framework comes, runs one task of 10 s and
 * is done. How much longer than the 10 s that takes: registering, waiting for an offer, accept, launch, updates.
 */
export function studyExtraDelay(
  agentCounts: readonly number[],
  stopwatch: () => number,
  progress: StudyProgress = () => {},
): StudyTable {
  const rows = agentCounts.map((agents, index) => {
    const result = runExtraDelay(agents, stopwatch);
    progress(index + 1, agentCounts.length);
    return [
      agents,
      PUBLISHED_SECONDS.get(agents) ?? null,
      mean(result.delaysMs) / 1_000,
      Math.max(...result.delaysMs) / 1_000,
      result.masterBusy * 100,
      result.longestDecisionMs,
      result.tasks,
      result.violations,
    ];
  });
  return {
    name: "extra-delay",
    title:
      "Mesos paper, figure 10 (M1): delay beyond its 10 s of one task in a full cluster, in seconds",
    columns: [
      "agents",
      "published",
      "ours",
      "longest of 5",
      "master busy, % of a core",
      "longest decision, ms",
      "tasks",
      "violations",
    ],
    rows,
    notes: [
      "Ours is virtual time: messages take 1 ms each way, containers start at once, decisions take no time.",
      "What this machine took for the decisions stands beside it: a request waits at most for the longest of them.",
    ],
  };
}

export function runExtraDelay(agents: number, stopwatch: () => number): ExtraDelay {
  const scenario = extraDelayScenario(agents);
  const run = new ScenarioRun(scenario, { stopwatch });
  const { world } = run;
  const delaysMs: number[] = [];
  let tasks = 0;
  world.probes.add({
    containerBegan: () => {
      tasks += 1;
    },
    frameworkHeard: ({ name }, event) => {
      if (event.kind !== "update" || event.status.state !== "TASK_FINISHED") return;
      const test = testIndexOf(name);
      if (test !== null) delaysMs.push(world.simulation.nowMs - testAtMs(test) - TEST_TASK_MS);
    },
  });
  const { timed } = world.master;
  let busyNs = 0;
  let longestNs = 0;
  world.master.timed = (now, input, apply) => {
    const startNs = stopwatch();
    const effects = timed === null ? apply() : timed(now, input, apply);
    const tookNs = stopwatch() - startNs;
    if (now.monoMs < FIRST_TEST_MS) return effects;
    busyNs += tookNs;
    if (tookNs > longestNs) longestNs = tookNs;
    return effects;
  };
  while (run.step());
  return {
    delaysMs,
    masterBusy: busyNs / 1e6 / (END_MS - FIRST_TEST_MS),
    longestDecisionMs: longestNs / 1e6,
    tasks,
    violations: run.report().violations.length,
  };
}

export function extraDelayScenario(agents: number): Scenario {
  const random = Random.fromSeed(`extra-delay/${agents}`);
  return {
    ...SCENARIO_DEFAULTS,
    name: `extra-delay/${agents}`,
    seed: "1",
    end: { atMs: END_MS, isWhenDone: false, liveness: null },
    shell: { ...SCENARIO_DEFAULTS.shell, connectMaxMs: 1 },
    checks: { ...SCENARIO_DEFAULTS.checks, sweepEvery: Number.POSITIVE_INFINITY },
    agents: [
      {
        ...AGENT_GROUP_DEFAULTS,
        name: "agent",
        count: agents,
        containers: { ...AGENT_GROUP_DEFAULTS.containers, startMs: [0, 0] },
        resources: canonical([
          scalar("cpus", TASKS_PER_AGENT * 1_000),
          scalar("mem", TASKS_PER_AGENT * 1_024_000),
        ]),
      },
    ],
    frameworks: [
      ...Array.from({ length: FRAMEWORKS }, (_, index) =>
        filler(`filler-${index + 1}`, agents, random.fork(`filler-${index}`)),
      ),
      ...Array.from({ length: TESTS }, (_, index) => testFramework(index)),
    ],
  };
}

/** Its share of the cluster, over and over, for as long as the run lasts. */
function filler(name: string, agents: number, random: Random): FrameworkSpec {
  const atOnce = (agents * TASKS_PER_AGENT) / FRAMEWORKS;
  const waves = END_MS / 30_000 + 1;
  const load = Array.from({ length: Math.ceil(atOnce * waves) }, (): LoadRow => {
    return { atMs: FILL_AT_MS, count: 1, amounts: TASK, runMs: normalMs(random), job: "" };
  });
  return {
    ...FRAMEWORK_DEFAULTS,
    name,
    roles: [name],
    policy: { ...BATCH_DEFAULTS, load, tasksPerOfferMax: TASKS_PER_AGENT },
  };
}

/** Registers and has its task at the same moment. */
function testFramework(index: number): FrameworkSpec {
  const startAtMs = testAtMs(index);
  const name = `test-${index + 1}`;
  const load = [{ atMs: startAtMs, count: 1, amounts: TASK, runMs: TEST_TASK_MS, job: "" }];
  const policy = { ...BATCH_DEFAULTS, load };
  return { ...FRAMEWORK_DEFAULTS, name, roles: [name], startAtMs, policy };
}

/** A little after a whole second, so that no periodic allocation happens to come at once. */
function testAtMs(index: number): number {
  return FIRST_TEST_MS + index * TEST_EVERY_MS + 137 * (index + 1);
}

function testIndexOf(name: string): number | null {
  return name.startsWith("test-") ? Number(name.slice("test-".length)) - 1 : null;
}

/** Mean 30 s, deviation 10 s, by the sum of twelve even draws; at least one second. */
function normalMs(random: Random): number {
  let sum = -6;
  for (let draw = 0; draw < 12; draw++) sum += random.fraction();
  return Math.max(1_000, Math.round(30_000 + 10_000 * sum));
}
