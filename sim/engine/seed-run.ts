import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { ClusterConfig } from "@bourse/cluster/inputs";
import type { AgentInfo } from "@bourse/model/agent";
import type { Capability, FrameworkInfo } from "@bourse/model/framework";
import type { Random } from "@bourse/model/random";
import { canonical, formatResources, ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { SERVICE_DEFAULTS, type ServiceConfig } from "@bourse/service-policy/service-config";
import { SESSION_DEFAULTS } from "@bourse/session/session-io";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import type { AgentConfig } from "@bourse/task/inputs";
import { Checks } from "./checks/checks.ts";
import type { Violation } from "./checks/violations.ts";
import type { ContainerPlan, Workload } from "./containers.ts";
import { scheduleFaults } from "./faults.ts";
import { makeLoad } from "./load.ts";
import { LoadPolicy } from "./load-policy.ts";
import { RunHash } from "./run-hash.ts";
import type { ShellOptions } from "./shell.ts";
import type { SimFramework } from "./sim-framework.ts";
import { SimService } from "./sim-service.ts";
import { VolumePolicy } from "./volume-policy.ts";
import { World } from "./world.ts";

export interface SeedResult {
  readonly seed: string;
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly events: number;
  readonly virtualMs: number;
}

export interface SeedOptions {
  readonly seed: string;
  /** Cores are replaced by copies restored from their snapshots, at random: the run must stay the same. */
  readonly hasReloads?: boolean;
  /** Told of every fault, for people who look into a failing seed. */
  noted?(atMs: number, text: string): void;
}

/** How long things go wrong; then how long the cluster may take to converge, and how long it must then stay so. */
const FAULTS_MS = 60_000;
const CONVERGE_MAX_MS = 180_000;
const STILL_MS = 20_000;

const STRICT_SHELL: ShellOptions = {
  isStrict: true,
  hasCrashes: true,
  appendMaxMs: 20,
  holdMaxMs: 5,
  turnMaxMs: 3,
  connectMaxMs: 300,
};

/**
 * A small random cluster under faults of all kinds, then in peace. All of it comes from the seed: how many agents and
 * frameworks, what they run, what breaks when. Safety is checked all along; at the end everything must have converged.
 */
export function runSeed(options: SeedOptions): SeedResult {
  const world = buildScenario(options.seed);
  const { simulation } = world;
  if (options.noted !== undefined) world.probes.add({ noted: options.noted });
  const hash = new RunHash();
  world.probes.add(hash.probe);
  const checks = new Checks(world, 25);
  const mood = simulation.random.fork("mood");
  scheduleFaults(world, {
    untilMs: FAULTS_MS,
    everyMs: mood.between(500, 5_000),
    lastMaxMs: mood.between(1_000, 15_000),
  });
  if (options.hasReloads === true) scheduleReloads(world);
  world.startAll();
  simulation.runUntil(FAULTS_MS);
  let reasons = unsettled(world);
  while (reasons.length > 0 && simulation.nowMs < FAULTS_MS + CONVERGE_MAX_MS) {
    simulation.runFor(1_000);
    reasons = unsettled(world);
  }
  for (const reason of reasons) checks.violations.report("liveness", reason);
  simulation.runFor(STILL_MS);
  checks.settle();
  return {
    seed: options.seed,
    violations: checks.found,
    hash: hash.digest(),
    events: simulation.eventCount,
    virtualMs: simulation.nowMs,
  };
}

function scheduleReloads(world: World): void {
  const random = world.simulation.random.fork("reloads");
  const nodes = [world.master, world.master, ...world.agents, ...world.frameworks];
  for (let atMs = 0; atMs < FAULTS_MS * 2; atMs += random.below(200)) {
    const node = random.pick(nodes);
    world.simulation.at(atMs, () => node.reload());
  }
}

/** What has not come to rest yet, in words; nothing when all is as it should be. */
export function unsettled(world: World): readonly string[] {
  const reasons: string[] = [];
  for (const agent of world.agents) {
    if (!agent.isConnected) reasons.push(`${agent.name} is not connected`);
    for (const { task, pending } of agent.core?.checkpoint().tasks ?? []) {
      if (pending.length > 0) reasons.push(`an update of ${task.taskId} waits at ${agent.name}`);
    }
    for (const { state, launch, plan } of agent.engine.containers) {
      if (state === "starting" || (state === "running" && Number.isFinite(plan.runMs))) {
        reasons.push(`the container of ${launch.taskId} on ${agent.name} is not done`);
      }
    }
  }
  for (const framework of world.frameworks) {
    if (framework.endCause !== null) continue;
    if (!framework.isConnected) reasons.push(`${framework.name} is not connected`);
    const lack = framework.policy?.lacks?.() ?? null;
    if (lack !== null) reasons.push(`${framework.name}: ${lack}`);
    if (framework.policy instanceof VolumePolicy) reasons.push(...leftOf(framework.policy, world));
  }
  return reasons;
}

/** What a framework has reserved and not taken back. */
function leftOf({ role }: VolumePolicy, world: World): readonly string[] {
  return world.agents.flatMap(({ name, core }) => {
    const mine = (core?.total ?? []).filter(
      (resource) => resource.reservations?.at(-1)?.role === role,
    );
    return mine.length === 0 ? [] : [`${formatResources(mine)} of ${name} are still reserved`];
  });
}

function buildScenario(seed: string): World {
  const world = new World({
    seed,
    shell: STRICT_SHELL,
    latency: { minMs: 0, maxMs: 30 },
    master: MASTER_CONFIG,
  });
  const random = world.simulation.random.fork("scenario");
  const workload = new RandomWorkload(random.fork("workload"));
  const agentCount = random.between(3, 8);
  for (let index = 1; index <= agentCount; index++) {
    world.addAgent({
      name: `agent-${index}`,
      info: agentInfo(`host-${index}`, random),
      config: AGENT_CONFIG,
      workload,
    });
  }
  const frameworkCount = random.between(1, 3);
  for (let index = 1; index <= frameworkCount; index++) {
    if (random.chance(0.4)) addService(world, `service-${index}`, random);
    else addLoad(world, `load-${index}`, random);
  }
  if (random.chance(0.6)) addVolumes(world, "data-1", random);
  return world;
}

function addLoad(world: World, name: string, random: Random): SimFramework {
  const load = makeLoad(random.fork(name), {
    taskCount: random.between(1, 25),
    tasksPerJob: random.between(1, 8),
    fromMs: 0,
    untilMs: FAULTS_MS,
    tasksPerOfferMax: random.between(1, 5),
  });
  return world.addFramework({
    name,
    info: frameworkInfo(name, random),
    session: SESSION_CONFIG,
    createPolicy: ({ snapshot }) =>
      snapshot === null ? new LoadPolicy(load) : LoadPolicy.restore(load, null, snapshot),
  });
}

/** A framework with state: it reserves, makes volumes, launches on them, and in the end takes all of it back. */
function addVolumes(world: World, name: string, random: Random): SimFramework {
  const role = random.chance(0.5) ? name : `org/${name}`;
  const hasSharedVolumes = random.chance(0.4);
  const [volumesMax, tasksMax] = [random.between(1, 3), random.between(2, 12)];
  const plain = frameworkInfo(name, random);
  const { capabilities } = plain;
  const info: FrameworkInfo = {
    ...plain,
    roles: [role],
    capabilities: hasSharedVolumes ? [...capabilities, "SHARED_RESOURCES"] : capabilities,
    // Disk without cpus is worth an offer too: how else would it be taken back on a busy agent?
    minAllocatable: new Map([[role, []]]),
  };
  const untilMs = FAULTS_MS;
  const options = { info, role, untilMs, volumesMax, tasksMax, hasSharedVolumes };
  const chance = random.fork(name);
  return world.addFramework({
    name,
    info,
    session: SESSION_CONFIG,
    createPolicy: ({ snapshot }) =>
      snapshot === null
        ? new VolumePolicy(options, chance)
        : VolumePolicy.restore(options, snapshot),
  });
}

/** The service that is shipped, recovering from its own records, scaled up and down along the way. */
function addService(world: World, name: string, random: Random): SimFramework {
  const config: ServiceConfig = {
    ...SERVICE_DEFAULTS,
    name,
    count: random.between(1, 8),
    resources: canonical([scalar("cpus", 200), scalar("mem", 256_000)]),
    ports: random.below(3),
    seed: name,
    refuseMs: 3_000,
    reviveIntervalMs: 500,
    backoffMs: 200,
    backoffMaxMs: 2_000,
    replaceUnreachableAfterMs: random.between(2_000, 15_000),
  };
  const service = world.addFramework({
    name,
    info: frameworkInfo(name, random),
    session: SESSION_CONFIG,
    createPolicy: ({ intents, life }) =>
      new SimService({ ...config, seed: `${world.simulation.seed}/${name}/${life}` }, intents),
  });
  for (let change = random.below(4); change > 0; change--) {
    const count = random.below(10);
    world.simulation.at(random.below(FAULTS_MS), () => service.input({ kind: "scale", count }));
  }
  return service;
}

function agentInfo(hostname: string, random: Random): AgentInfo {
  const begin = 31_000;
  return {
    hostname,
    port: 5_051,
    resources: canonical([
      scalar("cpus", random.between(2, 8) * 1_000),
      scalar("disk", 100_000),
      scalar("mem", random.between(4, 16) * 1_024_000),
      ranges("ports", [{ begin, end: begin + random.between(10, 50) }]),
    ]),
    attributes: [],
    version: "0.1.0",
    payload: NO_PAYLOAD,
  };
}

function frameworkInfo(name: string, random: Random): FrameworkInfo {
  const capabilities: Capability[] = [];
  if (random.chance(0.7)) capabilities.push("PARTITION_AWARE");
  if (random.chance(0.3)) capabilities.push("TASK_KILLING_STATE");
  return {
    user: "nobody",
    name,
    roles: [random.pick([name, `org/${name}`, "org", "*", "*"])],
    // One in eight may run out while its scheduler is down: then it is over, and nothing of it may remain.
    failoverTimeoutMs: random.chance(0.125) ? 5_000 : 3_600_000,
    isCheckpointing: true,
    capabilities,
    payload: NO_PAYLOAD,
  };
}

/** Half of all containers run until they are stopped, the others end by themselves, well or badly. */
class RandomWorkload implements Workload {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  plan(): ContainerPlan {
    const random = this.#random;
    const runsForEver = random.chance(0.5);
    return {
      startMs: random.below(1_500),
      runMs: runsForEver ? Number.POSITIVE_INFINITY : random.below(15_000),
      exitCode: random.chance(0.2) ? 1 : 0,
      hasLaunchFailure: random.chance(0.05),
      stopMs: random.below(5_000),
    };
  }
}

/** The times of a live cluster divided by about ten: a minute of faults sees every timer run out. */
const MASTER_CONFIG: ClusterConfig = {
  ...CLUSTER_DEFAULTS,
  allocationIntervalMs: 500,
  offerTimeoutMs: 6_000,
  agentPingIntervalMs: 1_000,
  agentPingMissesMax: 4,
  agentReregisterTimeoutMs: 12_000,
  frameworkHeartbeatMs: 1_500,
};

const AGENT_CONFIG: AgentConfig = {
  ...AGENT_CONFIG_DEFAULTS,
  registrationBackoffMs: 100,
  registrationBackoffMaxMs: 3_000,
  updateRetryMs: 1_000,
  updateRetryMaxMs: 8_000,
  killRetryMs: 1_000,
  removeDelayMs: 4_000,
};

const SESSION_CONFIG = {
  ...SESSION_DEFAULTS,
  heartbeatMissesMax: 3,
  reconnectBackoffMs: 100,
  reconnectBackoffMaxMs: 2_000,
  offerDeadlineMs: 3_000,
  reconcileMs: 500,
  reconcileMaxMs: 8_000,
  implicitReconcileMs: 15_000,
  subscribeTimeoutMs: 3_000,
};
