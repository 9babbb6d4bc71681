import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { AgentInfo } from "@bourse/model/agent";
import type { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { SESSION_DEFAULTS } from "@bourse/session/session-io";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import { Checks } from "./checks/checks.ts";
import type { Violation } from "./checks/violations.ts";
import { type ContainerPlan, RUNS_FOR_EVER, type Workload } from "./containers.ts";
import { DecisionTimes } from "./decision-times.ts";
import { Histogram } from "./histogram.ts";
import { LOAD_CPU_MILLI_MEAN, LOAD_MEM_MIB_MEAN, makeLoad } from "./load.ts";
import { LoadPolicy } from "./load-policy.ts";
import { RunHash } from "./run-hash.ts";
import { PLAIN_SHELL, World } from "./world.ts";

export interface LoadRunOptions {
  readonly seed: string;
  readonly agents: number;
  readonly tasks: number;
}

export interface LoadRunTools {
  /** Nanoseconds from any origin: the engine itself has no clock. */
  stopwatch(): number;
  /** Now and then, with how many tasks run. */
  progress?(running: number): void;
}

export interface LoadRunResult {
  /** Tasks that run and whose updates are all acknowledged. */
  readonly placed: number;
  readonly violations: readonly Violation[];
  readonly decisions: DecisionTimes;
  /** In virtual milliseconds, from a task's intended arrival to its RUNNING update at its framework. */
  readonly submitToRunning: Histogram;
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
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
const CHUNK_MS = 250;

/**
 * The load of `bourse sim run`: a healthy cluster, batch frameworks whose tasks arrive in jobs over a minute, until all
 * of them run and every update is acknowledged. The real cores decide; only time, network and containers are made up.
 */
export function runLoad(options: LoadRunOptions, tools: LoadRunTools): LoadRunResult {
  const world = new World({
    seed: options.seed,
    shell: PLAIN_SHELL,
    latency: { minMs: 1, maxMs: 1 },
    master: CLUSTER_DEFAULTS,
  });
  const { simulation } = world;
  const hash = new RunHash();
  const decisions = new DecisionTimes(tools.stopwatch, world.master);
  const submitToRunning = new Histogram();
  const acknowledged = new PendingUpdates();
  world.probes.add(hash.probe);
  world.probes.add(acknowledged.probe);
  world.master.timed = (now, input, apply) => decisions.time(now, input, apply);
  // A sweep walks over everything; in a healthy cluster one at the end finds what one on the way would.
  const checks = new Checks(world, Number.POSITIVE_INFINITY);
  addAgents(world, options);
  const policies = addFrameworks(world, options, submitToRunning);
  world.startAll();
  const running = (): number => policies.reduce((sum, policy) => sum + policy.runningCount, 0);
  const lateMs = LOAD_FROM_MS + LOAD_LASTS_MS + LOAD_LATE_MAX_MS;
  while (simulation.nowMs < lateMs) {
    simulation.runFor(CHUNK_MS);
    tools.progress?.(running());
    if (running() === options.tasks && acknowledged.count === 0) break;
  }
  if (acknowledged.count > 0) {
    checks.violations.report("liveness", `${acknowledged.count} updates are not acknowledged`);
  }
  for (const { name, policy } of world.frameworks) {
    const lack = policy?.lacks?.() ?? null;
    if (lack !== null) checks.violations.report("liveness", `${name}: ${lack}`);
  }
  checks.settle();
  return {
    placed: running(),
    violations: checks.found,
    decisions,
    submitToRunning,
    hash: hash.digest(),
    virtualMs: simulation.nowMs,
    events: simulation.eventCount,
  };
}

/** How many status updates the agents hold that nobody has acknowledged. */
class PendingUpdates {
  count = 0;
  readonly probe = {
    agentStored: (_agent: unknown, record: { readonly kind: string }): void => {
      if (record.kind === "update") this.count += 1;
      else if (record.kind === "acknowledged") this.count -= 1;
    },
  };
}

function addAgents(world: World, { agents, tasks }: LoadRunOptions): void {
  const random = world.simulation.random.fork("containers");
  const workload = new StartingWorkload(random);
  const tasksPerAgent = Math.max(10, Math.ceil(tasks / agents / LOAD_FILLS));
  const resources = canonical([
    scalar("cpus", tasksPerAgent * LOAD_CPU_MILLI_MEAN),
    scalar("mem", tasksPerAgent * LOAD_MEM_MIB_MEAN * 1_000),
  ]);
  for (let index = 1; index <= agents; index++) {
    const info: AgentInfo = {
      hostname: `host-${index}`,
      port: 5_051,
      resources,
      attributes: [],
      version: "0.1.0",
      payload: NO_PAYLOAD,
    };
    world.addAgent({ name: `agent-${index}`, info, config: AGENT_CONFIG_DEFAULTS, workload });
  }
}

function addFrameworks(
  world: World,
  { tasks }: LoadRunOptions,
  submitToRunning: Histogram,
): readonly LoadPolicy[] {
  const random = world.simulation.random.fork("load");
  const count = Math.min(FRAMEWORKS_MAX, Math.max(1, Math.ceil(tasks / TASKS_PER_FRAMEWORK)));
  const meter = { running: (latencyMs: number): void => submitToRunning.add(latencyMs) };
  const policies: LoadPolicy[] = [];
  for (let index = 0; index < count; index++) {
    const name = `load-${index + 1}`;
    const taskCount =
      Math.floor((tasks * (index + 1)) / count) - Math.floor((tasks * index) / count);
    const load = makeLoad(random.fork(name), {
      taskCount,
      tasksPerJob: Math.max(1, Math.min(1_000, Math.ceil(tasks / 100))),
      fromMs: LOAD_FROM_MS,
      untilMs: LOAD_FROM_MS + LOAD_LASTS_MS,
      tasksPerOfferMax: 10,
    });
    const policy = new LoadPolicy(load, meter);
    policies.push(policy);
    world.addFramework({
      name,
      info: {
        user: "nobody",
        name,
        roles: [name],
        failoverTimeoutMs: 3_600_000,
        isCheckpointing: true,
        capabilities: ["PARTITION_AWARE"],
        payload: NO_PAYLOAD,
      },
      // It has no work yet, and an offer that nobody asked for is one to decline.
      session: { ...SESSION_DEFAULTS, suppressedRoles: [name] },
      createPolicy: () => policy,
    });
  }
  return policies;
}

/** Images are there: a container needs a few hundred milliseconds to start, and runs for ever. */
class StartingWorkload implements Workload {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  plan(): ContainerPlan {
    return { ...RUNS_FOR_EVER, startMs: this.#random.between(200, 800) };
  }
}
