import { Random } from "@bourse/model/random";
import { contains, type Resources, scalarMilli, subtract } from "@bourse/model/resources";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS, type Allocation, type AllocatorConfig } from "./options.ts";
import { anySteps, NODES, ROLES, type Step } from "./oracle-steps.ts";
import { World } from "./oracle-world.ts";
import { ReferenceAllocator } from "./reference-allocator.ts";
import { isQuotaBound } from "./reference-quota.ts";

/** `ORACLE_RUNS=40000 ORACLE_SEED=1 npx vitest run --project fast master/allocator/oracle.test.ts` for a long one. */
const RUNS = Number(process.env.ORACLE_RUNS ?? 200);
const SEED = process.env.ORACLE_SEED === undefined ? {} : { seed: Number(process.env.ORACLE_SEED) };
const TIMEOUT_MS = Math.max(10_000, RUNS * 100);

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
    watch((world, offers) => {
      const left = new Map<string, Resources>();
      for (const { agentId, resources } of offers) {
        const free = left.get(agentId) ?? world.freeOf(agentId);
        expect(contains(free, resources)).toBe(true);
        left.set(agentId, subtract(free, resources));
      }
    });
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
