import type { Capability } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import type { Amount } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import type { LoadRow } from "./load-row.ts";
import type { BatchSpec, FrameworkSpec, Placement, PolicySpec } from "./scenario.ts";

/** What frameworks have to know of their cluster. */
export interface FrameworkTraits {
  /** Agents have the attribute `rack`, r1 or r2, half of them each. */
  readonly hasRacks: boolean;
  readonly hasGpus: boolean;
  /** Some agents lie in another region than the master. */
  readonly hasRegions: boolean;
  /** When load stops to come and what was made is taken back. */
  readonly untilMs: number;
}

export interface RandomFramework {
  readonly spec: FrameworkSpec;
  /** What all of it that runs until it is stopped may need at once. */
  readonly cpuMilliMax: number;
}

interface RandomPolicy {
  readonly policy: PolicySpec;
  readonly cpuMilliMax: number;
}

type Draw = (random: Random, context: Context) => RandomPolicy;

interface Context {
  readonly traits: FrameworkTraits;
  readonly capabilities: readonly Capability[];
}

const KINDS: readonly { readonly name: string; readonly weight: number; readonly draw: Draw }[] = [
  { name: "batch", weight: 5, draw: randomBatch },
  { name: "service", weight: 4, draw: randomService },
  { name: "data", weight: 3, draw: randomVolumes },
  { name: "greedy", weight: 1, draw: randomGreedy },
  { name: "idle", weight: 0.5, draw: randomIdle },
  { name: "hoarder", weight: 1, draw: randomHoarder },
];

/** One framework of any kind. Times as in the rest of a random scenario: about a tenth of those of a live cluster. */
export function randomFramework(
  random: Random,
  {
    index,
    capabilities,
    traits,
  }: {
    readonly index: number;
    readonly capabilities: readonly Capability[];
    readonly traits: FrameworkTraits;
  },
): RandomFramework {
  const { name: kind, draw } = pickByWeight(random);
  const name = `${kind}-${index}`;
  const { policy, cpuMilliMax } = draw(random, { traits, capabilities });
  const spec: FrameworkSpec = {
    name,
    count: 1,
    roles: [roleOf(random, name, policy)],
    // What operators reserve for it on any agent it must be offered to be able to give it back.
    capabilities: policy.kind === "volumes" ? withAll(capabilities, traits) : capabilities,
    // One in eight may run out while its scheduler is down: then it is over, and nothing of it may remain.
    failoverTimeoutMs: random.chance(0.125) ? 5_000 : 3_600_000,
    startAtMs: random.chance(0.2) ? random.below(20_000) : 0,
    policy,
    flapping: random.chance(0.1)
      ? { upMs: random.between(1_000, 20_000), downMs: random.between(100, 5_000) }
      : null,
  };
  return { spec, cpuMilliMax };
}

function withAll(some: readonly Capability[], traits: FrameworkTraits): readonly Capability[] {
  const all = new Set(some);
  if (traits.hasGpus) all.add("GPU_RESOURCES");
  if (traits.hasRegions) all.add("REGION_AWARE");
  return Array.from(all);
}

function pickByWeight(random: Random) {
  let left = random.fraction() * KINDS.reduce((sum, { weight }) => sum + weight, 0);
  for (const kind of KINDS) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  return random.pick(KINDS);
}

/** One that takes back what it reserved has its role for itself. */
function roleOf(random: Random, name: string, { kind }: PolicySpec): Role {
  const own = [name, `org/${name}`] as const;
  return random.pick(kind === "volumes" ? own : [...own, "org", "*", "*"]);
}

function randomService(random: Random): RandomPolicy {
  const count = random.between(1, 8);
  const scales = Array.from({ length: random.below(4) }, () => ({
    atMs: random.below(60_000),
    count: random.below(10),
  })).sort((a, b) => a.atMs - b.atMs);
  const size = [
    { name: "cpus", milli: 200 },
    { name: "mem", milli: 256_000 },
  ];
  return {
    policy: {
      kind: "service",
      count,
      size,
      ports: random.below(3),
      maxPerAgent: random.chance(0.3) ? random.between(4, 6) : Number.POSITIVE_INFINITY,
      replaceUnreachableAfterMs: random.between(2_000, 15_000),
      scales,
      runMs: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
      config: { refuseMs: 3_000, reviveIntervalMs: 500, backoffMs: 200, backoffMaxMs: 2_000 },
    },
    cpuMilliMax: 200 * Math.max(count, ...scales.map((scale) => scale.count)),
  };
}

function randomVolumes(random: Random, { traits }: Context): RandomPolicy {
  return {
    policy: {
      kind: "volumes",
      untilMs: traits.untilMs,
      volumesMax: random.between(1, 3),
      tasksMax: random.between(2, 12),
      hasSharedVolumes: random.chance(0.4),
    },
    cpuMilliMax: 0,
  };
}

function randomBatch(random: Random, { traits, capabilities }: Context): RandomPolicy {
  const isClosedLoop = random.chance(0.1);
  const failures = random.chance(0.3) ? random.pick([0.1, 0.5]) : 0;
  const placement = randomPlacement(random, traits);
  const mayUse = (capability: Capability, isNeeded: boolean): boolean =>
    !isNeeded || capabilities.includes(capability);
  const load = randomLoad(random.fork("load"), {
    // Not on racks of its choice: there may be no GPU there.
    mayUseGpus:
      traits.hasGpus &&
      mayUse("GPU_RESOURCES", true) &&
      mayUse("REGION_AWARE", traits.hasRegions) &&
      placement.constraints.length === 0,
    isClosedLoop,
    // What fails again and again is to be done in the end.
    mayRunForEver: !isClosedLoop && failures === 0,
  });
  const policy: BatchSpec = {
    kind: "batch",
    load,
    placement,
    tasksPerOfferMax: random.between(1, 5),
    attemptsMax: random.chance(0.2) ? random.between(1, 4) : Number.POSITIVE_INFINITY,
    failures,
    replaceUnreachableAfterMs: random.fork("unreachable").between(2_000, 15_000),
    isClosedLoop,
  };
  const cpuMilliMax = load.reduce((sum, row) => sum + row.count * cpuMilliOf(row), 0);
  return { policy, cpuMilliMax };
}

/** Its tasks end soon: fair sharing has to give the others their part all the same. */
function randomGreedy(random: Random): RandomPolicy {
  const size = [
    { name: "cpus", milli: random.pick([500, 1_000, 2_000]) },
    { name: "mem", milli: random.pick([256_000, 1_024_000]) },
  ];
  return {
    policy: { kind: "greedy", size, runMs: random.between(1_000, 20_000) },
    cpuMilliMax: 0,
  };
}

function randomIdle(random: Random): RandomPolicy {
  const refuseMs = random.pick([0, 100, 5_000]);
  return { policy: { kind: "idle", refuseMs, isSuppressed: random.chance(0.5) }, cpuMilliMax: 0 };
}

function randomHoarder(random: Random): RandomPolicy {
  const holdMs = random.chance(0.5) ? Number.POSITIVE_INFINITY : random.between(100, 10_000);
  return { policy: { kind: "hoarder", holdMs }, cpuMilliMax: 0 };
}

function randomPlacement(random: Random, { hasRacks }: FrameworkTraits): Placement {
  const rule = random.pick(["first", "random", "spread", "best-fit", "dot-product"] as const);
  const isChoosy = hasRacks && random.chance(0.4);
  const constraint = { attribute: "rack", oneOf: [random.pick(["r1", "r2"])] };
  return { rule, constraints: isChoosy ? [constraint] : [] };
}

interface LoadTraits {
  readonly mayUseGpus: boolean;
  readonly mayRunForEver: boolean;
  readonly isClosedLoop: boolean;
}

/**
 * Half of all jobs run until they are stopped, the others end by themselves; those on GPUs all do. Of a closed loop the
 * next waits for the end of the one before, so there they are few and short.
 */
function randomLoad(
  random: Random,
  { mayUseGpus, mayRunForEver, isClosedLoop }: LoadTraits,
): readonly LoadRow[] {
  const rows: LoadRow[] = [];
  let left = random.between(1, isClosedLoop ? 8 : 25);
  while (left > 0) {
    const count = Math.min(left, random.between(1, 8));
    left -= count;
    const usesGpus = mayUseGpus && random.chance(0.3);
    const amounts: Amount[] = [
      { name: "cpus", milli: random.pick([50, 100, 150]) },
      ...(usesGpus ? [{ name: "gpus", milli: 1_000 }] : []),
      { name: "mem", milli: random.pick([64_000, 128_000, 192_000]) },
    ];
    const isForEver = mayRunForEver && !usesGpus && random.chance(0.5);
    rows.push({
      atMs: random.below(isClosedLoop ? 1_000 : 60_000),
      count,
      amounts,
      runMs: isForEver
        ? Number.POSITIVE_INFINITY
        : random.between(1, isClosedLoop ? 3_000 : 15_000),
      job: "",
    });
  }
  return rows.sort((a, b) => a.atMs - b.atMs);
}

function cpuMilliOf({ amounts }: LoadRow): number {
  return amounts.find(({ name }) => name === "cpus")?.milli ?? 0;
}
