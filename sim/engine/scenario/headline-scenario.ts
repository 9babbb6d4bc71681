import { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  CONTAINER_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
} from "./defaults.ts";
import type { LoadRow } from "./load-row.ts";
import type { AgentGroup, FrameworkSpec, Scenario } from "./scenario.ts";

export interface HeadlineOptions {
  readonly agents: number;
  readonly tasks: number;
  readonly seed: string;
}

/** Agents register with jitter over about two seconds (FEATURES M-45); the load begins after that. */
const LOAD_FROM_MS = 5_000;
/** 100,000 tasks in a minute are 1,700 a second. */
const LOAD_LASTS_MS = 60_000;
/** A load that is not placed this long after its last arrival never will be. */
const LOAD_LATE_MAX_MS = 600_000;
/** What the tasks take of the cluster when all run. */
const LOAD_FILLS = 0.7;
const TASKS_PER_FRAMEWORK = 10_000;
const FRAMEWORKS_MAX = 10;

/** Small containers of nine sizes: a tenth of a cpu and 128 MiB on average. */
const CPU_MILLI = [50, 100, 150] as const;
const MEM_MIB = [64, 128, 192] as const;
const CPU_MILLI_MEAN = 100;
const MEM_MIB_MEAN = 128;
const SIZES = CPU_MILLI.flatMap((cpuMilli) =>
  MEM_MIB.map((memMib) => [
    { name: "cpus", milli: cpuMilli },
    { name: "mem", milli: memMib * 1_000 },
  ]),
);

/**
 * What `bourse sim run` runs without a scenario file, and what the simulator's own speed is measured with: a healthy
 * cluster, at most ten batch frameworks whose tasks arrive in jobs over a minute and run for ever, until all of them
 * run and every update is acknowledged.
 */
export function headlineScenario(options: HeadlineOptions): Scenario {
  const { agents, tasks, seed } = options;
  return {
    ...SCENARIO_DEFAULTS,
    name: "headline",
    seed,
    end: {
      atMs: LOAD_FROM_MS + LOAD_LASTS_MS + LOAD_LATE_MAX_MS,
      isWhenDone: true,
      liveness: null,
    },
    agents: [agentGroup(agents, tasks)],
    frameworks: frameworks(options),
    // A sweep walks over everything; in a healthy cluster the one at the end finds what one on the way would.
    checks: { ...SCENARIO_DEFAULTS.checks, sweepEvery: Number.POSITIVE_INFINITY },
  };
}

function agentGroup(count: number, tasks: number): AgentGroup {
  const tasksPerAgent = Math.max(10, Math.ceil(tasks / count / LOAD_FILLS));
  return {
    ...AGENT_GROUP_DEFAULTS,
    name: "agent",
    count,
    resources: canonical([
      scalar("cpus", tasksPerAgent * CPU_MILLI_MEAN),
      scalar("mem", tasksPerAgent * MEM_MIB_MEAN * 1_000),
    ]),
    containers: { ...CONTAINER_DEFAULTS, stopMs: [0, 0] },
  };
}

function frameworks({ tasks, seed }: HeadlineOptions): readonly FrameworkSpec[] {
  const random = Random.fromSeed(`${seed}/headline`);
  const count = Math.min(FRAMEWORKS_MAX, Math.max(1, Math.ceil(tasks / TASKS_PER_FRAMEWORK)));
  const tasksPerJob = Math.max(1, Math.min(1_000, Math.ceil(tasks / 100)));
  return Array.from({ length: count }, (_, index): FrameworkSpec => {
    const name = `load-${index + 1}`;
    const from = Math.floor((tasks * index) / count);
    const own = Math.floor((tasks * (index + 1)) / count) - from;
    return {
      ...FRAMEWORK_DEFAULTS,
      name,
      roles: [name],
      policy: { ...BATCH_DEFAULTS, load: loadOf(random.fork(name), own, tasksPerJob) },
    };
  });
}

/** Jobs at any time; each task of a job has a size of its own. */
function loadOf(random: Random, tasks: number, tasksPerJob: number): readonly LoadRow[] {
  const jobs = Math.ceil(tasks / tasksPerJob);
  const times = random.fork("arrivals");
  const arrivals = Array.from({ length: jobs }, () => LOAD_FROM_MS + times.below(LOAD_LASTS_MS));
  arrivals.sort((a, b) => a - b);
  const sizes = random.fork("sizes");
  return arrivals.flatMap((atMs, job) => {
    const counts = new Uint32Array(SIZES.length);
    const end = Math.min(tasks, (job + 1) * tasksPerJob);
    for (let task = job * tasksPerJob; task < end; task++) counts[sizes.below(SIZES.length)]! += 1;
    return SIZES.map((amounts, size): LoadRow => {
      const count = counts[size] ?? 0;
      return { atMs, count, amounts, runMs: Number.POSITIVE_INFINITY, job: `job-${job + 1}` };
    }).filter(({ count }) => count > 0);
  });
}
