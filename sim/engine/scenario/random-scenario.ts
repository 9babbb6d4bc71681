import type { ClusterConfig } from "@bourse/cluster/inputs";
import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { Capability } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import { Random } from "@bourse/model/random";
import { canonical, ranges, scalar } from "@bourse/model/resources";
import { quotaOf } from "../faults/operator-faults.ts";
import { randomFaults } from "../faults/random-faults.ts";
import type { ShellOptions } from "../shell.ts";
import { FAULT_KINDS, type Fault } from "./fault.ts";
import { type FrameworkTraits, randomFramework } from "./random-framework.ts";
import type { AgentGroup, FrameworkSpec, RoleSetting, Scenario } from "./scenario.ts";

/** How long things go wrong; then how long the cluster may take to converge, and how long it must then stay so. */
const FAULTS_MS = 60_000;
const CONVERGE_MAX_MS = 180_000;
const STILL_MS = 20_000;

const HOME: FaultDomain = { region: "home", zone: "z1" };

/**
 * A small random cluster under faults of all kinds, then in peace. All of it comes from the seed: how many agents of
 * which kinds, roles and their shares, frameworks and what they run, what breaks when. It is such that in peace all of
 * it fits: what does not converge is wrong.
 */
export function randomScenario(seed: string): Scenario {
  const random = Random.fromSeed(`${seed}/scenario`);
  const cluster = randomCluster(random.fork("cluster"));
  const specs = randomFrameworks(random.fork("frameworks"), cluster);
  const frameworks = specs.map(({ spec }) => spec);
  const neededMilli = specs.reduce((sum, one) => sum + one.cpuMilliMax, 0);
  return {
    name: `fuzz-${seed}`,
    seed,
    end: {
      atMs: FAULTS_MS,
      isWhenDone: false,
      liveness: { withinMs: CONVERGE_MAX_MS, stillMs: STILL_MS },
    },
    master: { ...MASTER_CONFIG, ...randomMaster(random.fork("master"), cluster) },
    agentConfig: AGENT_CONFIG,
    sessionConfig: SESSION_CONFIG,
    shell: STRICT_SHELL,
    latency: { minMs: 0, maxMs: random.fork("latency").pick([5, 30, 30, 200]) },
    agents: randomAgents(random.fork("agents"), cluster, neededMilli),
    roles: randomRoles(random.fork("roles"), frameworks),
    frameworks,
    operations: [],
    faults: faultsOf(random.fork("faults")),
    checks: { sweepEvery: 120, hasReloads: false, areOn: true },
  };
}

/** What the parts of a scenario have to agree on. */
interface RandomCluster extends FrameworkTraits {
  /** Agents that every framework may use. */
  readonly plainCount: number;
  /** Agents with GPUs, far away, or both. */
  readonly otherCount: number;
}

function randomCluster(random: Random): RandomCluster {
  const otherCount = random.chance(0.4) ? random.between(1, 3) : 0;
  return {
    plainCount: random.between(3, otherCount > 0 ? 5 : 8),
    otherCount,
    hasGpus: otherCount > 0 && random.chance(0.7),
    hasRegions: otherCount > 0 && random.chance(0.5),
    hasRacks: random.chance(0.4),
    untilMs: FAULTS_MS,
  };
}

/** As large as it takes for all that runs until it is stopped to fit on half of the plain ones. */
function randomAgents(
  random: Random,
  cluster: RandomCluster,
  neededMilli: number,
): readonly AgentGroup[] {
  const { plainCount, otherCount } = cluster;
  const leastMilli = Math.ceil(neededMilli / Math.floor(plainCount / 2) / 1_000) * 1_000;
  const hasZones = cluster.hasRegions || random.chance(0.6);
  return Array.from({ length: plainCount + otherCount }, (_, index): AgentGroup => {
    const isPlain = index < plainCount;
    const own = random.fork(`agent-${index}`);
    const cpuMilli = Math.max(own.between(2, 8) * 1_000, leastMilli);
    const gpus = isPlain || !cluster.hasGpus ? 0 : own.between(1, 4);
    const attributes: Attribute[] = cluster.hasRacks ? [text("rack", `r${(index % 2) + 1}`)] : [];
    if (own.chance(0.2)) attributes.push(text("disk", "ssd"));
    return {
      name: `host-${index + 1}`,
      count: 1,
      resources: canonical([
        scalar("cpus", cpuMilli),
        scalar("disk", 100_000),
        scalar("mem", own.between(4, 16) * 1_024_000),
        ranges("ports", [{ begin: 31_000, end: 31_000 + own.between(20, 50) }]),
        ...(gpus > 0 ? [scalar("gpus", gpus * 1_000)] : []),
      ]),
      attributes,
      domains: hasZones ? [domainOf(own, isPlain || !cluster.hasRegions)] : [],
      startWithinMs: 0,
      containers: {
        startMs: [0, own.pick([100, 1_500])],
        stopMs: [0, own.pick([100, 5_000])],
        launchFailures: own.pick([0, 0, 0.05, 0.2]),
      },
    };
  });
}

function domainOf(random: Random, isHome: boolean): FaultDomain {
  return { region: isHome ? HOME.region : "away", zone: random.pick(["z1", "z2", "z3"]) };
}

function text(name: string, value: string): Attribute {
  return { name, value: { type: "text", text: value } };
}

function randomFrameworks(random: Random, cluster: RandomCluster) {
  const capabilities = (own: Random): readonly Capability[] => {
    const some: Capability[] = [];
    if (own.chance(0.7)) some.push("PARTITION_AWARE");
    if (own.chance(0.3)) some.push("TASK_KILLING_STATE");
    if (cluster.hasGpus && own.chance(0.5)) some.push("GPU_RESOURCES");
    if (cluster.hasRegions && own.chance(0.5)) some.push("REGION_AWARE");
    return some;
  };
  const count = random.between(1, 4);
  const specs = [];
  for (let index = 1; index <= count; index++) {
    const own = random.fork(`framework-${index}`);
    specs.push(randomFramework(own, { index, capabilities: capabilities(own), traits: cluster }));
  }
  return specs;
}

/** Some roles weigh more, some have a quota from the beginning; it is lifted when all is repaired. */
function randomRoles(random: Random, frameworks: readonly FrameworkSpec[]): RoleSetting[] {
  const roles = new Set<Role>(["org", ...frameworks.flatMap((one) => one.roles)]);
  const settings: RoleSetting[] = [];
  for (const role of roles) {
    const hasWeight = random.chance(0.3);
    const hasQuota = role !== "*" && random.chance(0.15);
    if (!hasWeight && !hasQuota) continue;
    const quota = hasQuota ? quotaOf(role, random) : {};
    settings.push({
      ...quota,
      role,
      ...(hasWeight ? { weightMilli: random.between(1, 5) * 500 } : {}),
    });
  }
  return settings;
}

function randomMaster(random: Random, cluster: RandomCluster): Partial<ClusterConfig> {
  return {
    roleSorter: random.chance(0.25) ? "random" : "drf",
    frameworkSorter: random.chance(0.25) ? "random" : "drf",
    fairnessExcluded: random.chance(0.2) ? ["gpus"] : [],
    domain: cluster.hasRegions ? HOME : null,
    ...(random.chance(0.2)
      ? { minAllocatable: [[scalar("cpus", 50), scalar("mem", 64_000)]] }
      : {}),
    ...(random.chance(0.1) ? { offerTimeoutMs: 2_000 } : {}),
  };
}

/** Of all kinds, or of a few that then come up more often together. */
function faultsOf(random: Random): readonly Fault[] {
  const isFew = random.chance(0.3);
  const kinds = isFew ? FAULT_KINDS.filter(() => random.chance(0.25)) : FAULT_KINDS;
  return randomFaults(random, {
    fromMs: 0,
    untilMs: FAULTS_MS,
    everyMs: random.between(500, 5_000),
    lastMaxMs: random.between(1_000, 15_000),
    kinds,
  });
}

const STRICT_SHELL: ShellOptions = {
  isStrict: true,
  hasCrashes: true,
  appendMaxMs: 20,
  holdMaxMs: 5,
  turnMaxMs: 3,
  connectMaxMs: 300,
};

/** The times of a live cluster divided by about ten: a minute of faults sees every timer run out. */
const MASTER_CONFIG: Partial<ClusterConfig> = {
  allocationIntervalMs: 500,
  offerTimeoutMs: 6_000,
  agentPingIntervalMs: 1_000,
  agentPingMissesMax: 4,
  agentReregisterTimeoutMs: 12_000,
  frameworkHeartbeatMs: 1_500,
};

const AGENT_CONFIG: Scenario["agentConfig"] = {
  registrationBackoffMs: 100,
  registrationBackoffMaxMs: 3_000,
  updateRetryMs: 1_000,
  updateRetryMaxMs: 8_000,
  killRetryMs: 1_000,
  removeDelayMs: 4_000,
};

const SESSION_CONFIG: Scenario["sessionConfig"] = {
  heartbeatMissesMax: 3,
  reconnectBackoffMs: 100,
  reconnectBackoffMaxMs: 2_000,
  offerDeadlineMs: 3_000,
  reconcileMs: 500,
  reconcileMaxMs: 8_000,
  implicitReconcileMs: 15_000,
  subscribeTimeoutMs: 3_000,
};
