import type { Capability } from "@bourse/model/framework";
import type { Quota } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import { contains, kindOf, type Resources, scalarMilli, subtract } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import {
  type AgentOptions,
  ALLOCATOR_DEFAULTS,
  type Allocation,
  type AllocatorConfig,
  type FrameworkOptions,
  type RecoverCause,
} from "./options.ts";
import {
  AGENTS,
  CONSTRAINTS,
  type Conversion,
  FRAMEWORKS,
  NODES,
  ROLES,
  type Step,
  TOTALS,
} from "./oracle-steps.ts";
import { World } from "./oracle-world.ts";
import { ReferenceAllocator } from "./reference-allocator.ts";
import { isQuotaBound } from "./reference-quota.ts";

/** `ORACLE_RUNS=40000 ORACLE_SEED=1 npx vitest run --project fast master/allocator/oracle.test.ts` for a long one. */
const RUNS = Number(process.env.ORACLE_RUNS ?? 120);
const SEED = process.env.ORACLE_SEED === undefined ? {} : { seed: Number(process.env.ORACLE_SEED) };
const TIMEOUT_MS = Math.max(60_000, RUNS * 500);

const anyConfig: fc.Arbitrary<AllocatorConfig> = fc
  .record({
    fairnessExcluded: fc.constantFrom<readonly string[]>([], ["mem"]),
    domain: fc.constantFrom(null, { region: "east", zone: "e1" }),
    minAllocatable: fc.constantFrom(ALLOCATOR_DEFAULTS.minAllocatable, []),
  })
  .map((config) => ({ ...ALLOCATOR_DEFAULTS, ...config }));

test(
  "the fast allocator makes the offers that the obvious one makes, also after a restore",
  () => {
    check((steps, config) => {
      const twins = new Twins(config);
      for (const step of steps) twins.take(step);
      twins.take({ kind: "batch" });
    });
  },
  TIMEOUT_MS,
);

test(
  "what is offered was free, and is in no other offer of the same run",
  () => {
    const seen = new Set<string>();
    watch((world, offers) => {
      const left = new Map<string, Resources>();
      for (const { agentId, role, resources } of offers) {
        const free = left.get(agentId) ?? world.freeOf(agentId);
        expect(contains(free, resources)).toBe(true);
        left.set(agentId, subtract(free, resources));
        if (role.includes("/")) seen.add("a role below the top");
        if (resources.some(({ isShared }) => isShared)) seen.add("a shared volume");
        if (resources.some(({ name }) => name === "gpus")) seen.add("gpus");
        const holders = resources.flatMap(({ reservations }) => reservations?.at(-1)?.role ?? []);
        if (holders.some((holder) => holder !== role)) seen.add("an ancestor's reservation");
        const rest = subtract(free, resources).filter(isQuotaBound);
        if (rest.some((one) => resources.some((other) => kindOf(other) === kindOf(one))))
          seen.add("a part of a scalar");
      }
    });
    // The random clusters are about something.
    expect(seen.size).toBe(5);
  },
  TIMEOUT_MS,
);

test(
  "no role and none of its ancestors gets above a limit by unreserved offers",
  () => {
    watch((world, offers) => {
      for (const offer of offers) {
        world.note([offer]);
        for (const { role, limits } of world.quotas.values()) {
          if (offer.role !== role && !offer.role.startsWith(`${role}/`)) continue;
          for (const { name, milli } of limits)
            if (scalarMilli(offer.resources.filter(isQuotaBound), name) > 0)
              expect(world.quota.consumedOf(role, name)).toBeLessThanOrEqual(milli);
        }
        world.held.pop();
      }
    });
  },
  TIMEOUT_MS,
);

test(
  "after a run as much is free as guarantees still need, when it was so before",
  () => {
    watch((world, offers) => {
      const names = ["cpus", "mem", "disk", "gpus"];
      const surplus = () =>
        names.map(
          (name) => world.quota.availableHeadroom(name) - world.quota.requiredHeadroom(name),
        );
      const before = surplus();
      world.held.push(...offers);
      surplus().forEach((after, index) => {
        const required = world.quota.requiredHeadroom(names[index] as string);
        if (required > 0)
          expect(after).toBeGreaterThanOrEqual(Math.min(0, before[index] as number));
      });
      world.held.splice(world.held.length - offers.length, offers.length);
    });
  },
  TIMEOUT_MS,
);

test(
  "what was declined is not offered again before its time and a periodic run",
  () => {
    watch((world, offers) => {
      for (const offer of offers)
        for (const refused of world.refused) {
          const isSame =
            refused.agentId === offer.agentId &&
            refused.frameworkId === offer.frameworkId &&
            refused.role === offer.role &&
            contains(refused.resources, offer.resources);
          if (!isSame) continue;
          expect(world.monoMs).toBeGreaterThanOrEqual(refused.untilMs);
          expect(world.runs).toBeGreaterThan(refused.afterRuns);
        }
    });
  },
  TIMEOUT_MS,
);

test(
  "nobody gets more offers than its budget, nor two of one agent and role in a run",
  () => {
    watch((world, offers) => {
      const keys = offers.map(
        ({ agentId, frameworkId, role }) => `${agentId} ${frameworkId}@${role}`,
      );
      expect(new Set(keys).size).toBe(keys.length);
      for (const [framework, left] of world.budgets)
        expect(
          offers.filter(({ frameworkId }) => frameworkId === framework).length,
        ).toBeLessThanOrEqual(left);
    });
  },
  TIMEOUT_MS,
);

test(
  "a run right after another has nothing more to give, but copies of shared volumes",
  () => {
    check((steps, config) => {
      const world = new World(config);
      const allocator = new Allocator({ random: Random.fromSeed(7), config });
      for (const step of steps) {
        if (step.kind === "run") world.note(allocator.allocate(world.now, "changed"));
        else world.tell(step, [allocator]);
      }
      const now = { monoMs: world.monoMs + 1_000, wallMs: 0 };
      if (allocator.countFilters(now) > 0) return; // One of them may end with the first run.
      allocator.allocate(now, "all");
      for (const { resources } of allocator.allocate(now, "all"))
        expect(resources.filter(({ isShared }) => !isShared)).toEqual([]);
    });
  },
  TIMEOUT_MS,
);

const anyAgentOptions: fc.Arbitrary<AgentOptions> = fc
  .record({
    total: fc.constantFrom(...TOTALS),
    hostname: fc.constantFrom("h1", "h2"),
    attributes: fc.constantFrom<AgentOptions["attributes"]>(
      [],
      [],
      [{ name: "rack", value: { type: "text", text: "k1" } }],
      [{ name: "rack", value: { type: "scalar", milli: 1_000 } }],
    ),
    domain: fc.constantFrom(
      undefined,
      undefined,
      { region: "east", zone: "e1" },
      { region: "west", zone: "w1" },
    ),
  })
  .map(({ domain, ...options }) => (domain === undefined ? options : { ...options, domain }));

const anyConstraints = fc.array(
  fc.tuple(
    fc.constantFrom(...ROLES),
    fc.array(fc.subarray([...CONSTRAINTS], { minLength: 1, maxLength: 2 }), {
      minLength: 1,
      maxLength: 2,
    }),
  ),
  { maxLength: 2 },
);

const anyAgent = fc.constantFrom(...AGENTS);
const anyFramework = fc.constantFrom(...FRAMEWORKS);
const anyRoles = fc.subarray(ROLES);
const anyOptions: fc.Arbitrary<FrameworkOptions> = fc
  .record({
    roles: fc.subarray(ROLES, { minLength: 1, maxLength: 4 }),
    suppressedRoles: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, anyRoles),
    capabilities: fc.subarray<Capability>([
      "GPU_RESOURCES",
      "REVOCABLE_RESOURCES",
      "SHARED_RESOURCES",
      "RESERVATION_REFINEMENT",
      "REGION_AWARE",
    ]),
    minAllocatable: fc.constantFrom(
      new Map<string, readonly Resources[]>(),
      new Map([["r1", []]]),
      new Map([["r2/x", []]]),
      new Map([["*", [parseResources("cpus:2;mem:100"), parseResources("nothere:1")]]]),
    ),
    constraints: fc.option(anyConstraints, { freq: 4 }),
  })
  .map(({ constraints, ...options }) =>
    constraints === null ? options : { ...options, offerConstraints: new Map(constraints) },
  );

const anyCause: fc.Arbitrary<RecoverCause> = fc.oneof(
  fc.record({ kind: fc.constant("declined" as const), refuseMs: fc.constantFrom(0, 500, 5000) }),
  fc.constant<RecoverCause>({ kind: "terminal" }),
  fc.constant<RecoverCause>({ kind: "rescinded" }),
);

const anyAmounts = fc
  .record(
    {
      cpus: fc.constantFrom(500, 1_000, 2_500, 6_000),
      disk: fc.constantFrom(0, 2_000, 10_000),
      gpus: fc.constantFrom(1_000, 1_500),
      mem: fc.constantFrom(0, 80_000, 200_000),
    },
    { requiredKeys: [] },
  )
  .map((amounts) =>
    Object.entries(amounts).flatMap(([name, milli]) =>
      milli === undefined ? [] : [{ name, milli }],
    ),
  );
/** Mostly less than a small cluster has: where everything is promised nothing is left to decide. */
const anyGuarantees = fc
  .record(
    {
      cpus: fc.constantFrom(200, 500, 1_000, 3_000),
      disk: fc.constantFrom(1_000, 4_000),
      mem: fc.constantFrom(10_000, 50_000, 150_000),
    },
    { requiredKeys: [] },
  )
  .map((amounts) =>
    Object.entries(amounts)
      .flatMap(([name, milli]) => (milli === undefined ? [] : [{ name, milli }]))
      .slice(0, 2),
  );
const anyQuota: fc.Arbitrary<Quota> = fc.record({
  role: fc.constantFrom(...NODES),
  guarantees: fc.oneof(anyGuarantees, fc.constant([])),
  limits: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 3, arbitrary: anyAmounts }),
});

const anyConversion: fc.Arbitrary<Conversion> = fc.oneof(
  fc.record({ to: fc.constant("reserve" as const), role: fc.constantFrom(...NODES) }),
  fc.record({ to: fc.constantFrom("unreserve" as const, "destroy" as const) }),
  fc.record({ to: fc.constant("create" as const), isShared: fc.boolean() }),
);

const kind = <K extends Step["kind"]>(...kinds: K[]) => fc.constantFrom(...kinds);
const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  weighted(
    5,
    fc.record({
      kind: kind("add-agent"),
      agent: anyAgent,
      options: anyAgentOptions,
      used: fc.option(anyFramework, { freq: 3, nil: null }),
    }),
  ),
  weighted(1, fc.record({ kind: kind("update-agent"), agent: anyAgent, options: anyAgentOptions })),
  weighted(2, fc.record({ kind: kind("remove-agent", "activate", "deactivate"), agent: anyAgent })),
  weighted(
    5,
    fc.record({
      kind: kind("add-framework", "update-framework"),
      framework: anyFramework,
      options: anyOptions,
    }),
  ),
  weighted(
    2,
    fc.record({
      kind: kind("remove-framework", "connect", "disconnect"),
      framework: anyFramework,
    }),
  ),
  weighted(
    2,
    fc.record({ kind: kind("suppress", "revive"), framework: anyFramework, roles: anyRoles }),
  ),
  weighted(
    1,
    fc.record({
      kind: kind("limit-offers"),
      framework: anyFramework,
      offersMax: fc.constantFrom(0, 1, 2, null),
    }),
  ),
  weighted(
    1,
    fc.record({
      kind: kind("weight"),
      role: fc.constantFrom("*", ...NODES),
      weight: fc.constantFrom(0.5, 1, 2, 3),
    }),
  ),
  weighted(4, fc.record({ kind: kind("quota"), quota: anyQuota })),
  weighted(
    1,
    fc.record({
      kind: kind("add-used"),
      agent: anyAgent,
      framework: anyFramework,
      part: fc.nat(9),
    }),
  ),
  weighted(
    8,
    fc.record({
      kind: kind("recover"),
      which: fc.nat(),
      isPart: fc.boolean(),
      cause: anyCause,
    }),
  ),
  weighted(
    2,
    fc.record({
      kind: kind("convert-held"),
      which: fc.nat(),
      isHalf: fc.boolean(),
      conversion: anyConversion,
    }),
  ),
  weighted(
    1,
    fc.record({
      kind: kind("convert-free"),
      agent: anyAgent,
      isHalf: fc.boolean(),
      conversion: anyConversion,
    }),
  ),
  weighted(14, fc.record({ kind: kind("batch", "run", "restore") })),
  weighted(1, fc.record({ kind: kind("wait"), ms: fc.constantFrom(1, 400, 3000) })),
);

/** A cluster that has something to decide, then anything. */
const anySteps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    listOf(
      2,
      4,
      fc.record({
        kind: kind("add-agent"),
        agent: anyAgent,
        options: anyAgentOptions,
        used: fc.option(anyFramework, { freq: 5, nil: null }),
      }),
    ),
    listOf(0, 3, fc.record({ kind: kind("quota"), quota: anyQuota })),
    listOf(
      2,
      4,
      fc.record({ kind: kind("add-framework"), framework: anyFramework, options: anyOptions }),
    ),
    listOf(4, 40, anyStep),
  )
  .map((parts) => parts.flat());

function listOf(minLength: number, maxLength: number, step: fc.Arbitrary<Step>) {
  return fc.array(step, { minLength, maxLength, size: "max" });
}

function check(holds: (steps: readonly Step[], config: AllocatorConfig) => void): void {
  fc.assert(fc.property(anySteps, anyConfig, holds), { numRuns: RUNS, ...SEED });
}

/** Lets the fast allocator alone live through the steps and shows each run, before the books have its offers. */
function watch(see: (world: World, offers: readonly Allocation[]) => void): void {
  check((steps, config) => {
    const world = new World(config);
    const allocator = new Allocator({ random: Random.fromSeed(7), config });
    const run = (which: "all" | "changed") => {
      if (which === "all") world.monoMs = Math.max(world.monoMs, allocator.nextRunAtMs());
      const offers = allocator.allocate(world.now, which);
      see(world, offers);
      world.note(offers);
      if (which === "all") world.runs++;
    };
    for (const step of steps) {
      if (step.kind === "batch") run("all");
      else if (step.kind === "run") run("changed");
      else world.tell(step, [allocator]);
    }
    run("all");
  });
}

/** Both allocators, told the same. */
class Twins {
  readonly #config: AllocatorConfig;
  readonly #world: World;
  #fast: Allocator;
  readonly #slow: ReferenceAllocator;

  constructor(config: AllocatorConfig) {
    this.#config = config;
    this.#world = new World(config);
    this.#fast = new Allocator({ random: Random.fromSeed(7), config });
    this.#slow = new ReferenceAllocator({ random: Random.fromSeed(7), config });
  }

  take(step: Step): void {
    if (step.kind === "batch") {
      this.#world.monoMs = Math.max(this.#world.monoMs, this.#fast.nextRunAtMs());
      this.#allocate("all");
      this.#world.runs++;
    } else if (step.kind === "run") this.#allocate("changed");
    else if (step.kind === "restore") this.#restore();
    else this.#world.tell(step, [this.#fast, this.#slow]);
  }

  #allocate(which: "all" | "changed"): void {
    const allocations = this.#fast.allocate(this.#world.now, which);
    expect(allocations).toEqual(this.#slow.allocate(this.#world.now, which));
    this.#world.note(allocations);
    for (const agentId of this.#world.agents.keys())
      expect(this.#fast.freeOf(agentId)).toEqual(this.#slow.freeOf(agentId));
    for (const role of [...NODES, ...ROLES.slice(0, 1)])
      expect([role, this.#fast.consumedOf(role)]).toEqual([role, this.#slow.consumedOf(role)]);
  }

  /** The restored one has the same snapshot, whatever the original has forgotten by now. */
  #restore(): void {
    const snapshot = JSON.parse(JSON.stringify(this.#fast.snapshot()));
    this.#fast = Allocator.restore(snapshot, this.#config);
    expect(this.#fast.snapshot()).toEqual(snapshot);
  }
}
