import type { Capability } from "@bourse/model/framework";
import { Random } from "@bourse/model/random";
import {
  canonical,
  contains,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
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
import { ReferenceAllocator } from "./reference-allocator.ts";

/** Few of everything, so that ids, shares and amounts collide. */
const AGENTS = ["a0", "a1", "a2", "a3", "a4"];
const FRAMEWORKS = ["f0", "f1", "f2", "f3"];
const ROLES = ["*", "r1", "r2", "r2/x"];

const REVOCABLE: Resource = {
  name: "cpus",
  value: { type: "scalar", milli: 1000 },
  isRevocable: true,
};
const TOTALS: readonly Resources[] = [
  "cpus:1;mem:100",
  "cpus:2;mem:100;ports:[1-10]",
  "cpus:3;mem:100;cpus(r1):1;mem(r1):50",
  "cpus:2;mem:300;gpus:1;cpus(r2):2",
  "cpus:0.001;mem:1;disk:7",
  "cpus:3;mem:70;ports:[1-3,8-9];ports(r2/x):[20-22];bugs:{a,b}",
  "cpus(r1):2",
].map((text) => parseResources(text));
const REVOCABLE_TOTAL = canonical([...parseResources("cpus:1;mem:50"), REVOCABLE]);

const anyTotal = fc.oneof(fc.constantFrom(...TOTALS), fc.constant<Resources>(REVOCABLE_TOTAL));
const anyAgent = fc.constantFrom(...AGENTS);
const anyFramework = fc.constantFrom(...FRAMEWORKS);
const anyRoles = fc.subarray(ROLES);
const anyOptions: fc.Arbitrary<FrameworkOptions> = fc.record({
  roles: fc.subarray(ROLES, { minLength: 1 }),
  suppressedRoles: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, anyRoles),
  capabilities: fc.subarray<Capability>([
    "GPU_RESOURCES",
    "REVOCABLE_RESOURCES",
    "PARTITION_AWARE",
  ]),
  minAllocatable: fc.constantFrom(
    new Map<string, readonly Resources[]>(),
    new Map([["r1", []]]),
    new Map([["*", [parseResources("cpus:2;mem:100"), parseResources("nothere:1")]]]),
  ),
});
const anyCause: fc.Arbitrary<RecoverCause> = fc.oneof(
  fc.record({ kind: fc.constant("declined" as const), refuseMs: fc.constantFrom(0, 500, 5000) }),
  fc.constant<RecoverCause>({ kind: "terminal" }),
  fc.constant<RecoverCause>({ kind: "rescinded" }),
);

type Step =
  | { kind: "add-agent"; agent: string; total: Resources; used: string | null }
  | { kind: "total"; agent: string; total: Resources }
  | { kind: "remove-agent" | "activate" | "deactivate"; agent: string }
  | { kind: "add-framework" | "update-framework"; framework: string; options: FrameworkOptions }
  | { kind: "remove-framework" | "connect" | "disconnect"; framework: string }
  | { kind: "suppress" | "revive"; framework: string; roles: string[] }
  | { kind: "weight"; role: string; weight: number }
  | { kind: "recover"; which: number; isPart: boolean; cause: RecoverCause }
  | { kind: "batch" | "run" | "restore" }
  | { kind: "wait"; ms: number };

const kind = <K extends Step["kind"]>(...kinds: K[]) => fc.constantFrom(...kinds);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("add-agent"),
      agent: anyAgent,
      total: anyTotal,
      used: fc.option(anyFramework, { freq: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("total"), agent: anyAgent, total: anyTotal }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind("remove-agent", "activate", "deactivate"), agent: anyAgent }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("add-framework", "update-framework"),
      framework: anyFramework,
      options: anyOptions,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind("remove-framework", "connect", "disconnect"),
      framework: anyFramework,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind("suppress", "revive"),
      framework: anyFramework,
      roles: anyRoles,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind("weight"),
      role: fc.constantFrom(...ROLES),
      weight: fc.constantFrom(0.5, 1, 2, 3),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kind("recover"),
      which: fc.nat(),
      isPart: fc.boolean(),
      cause: anyCause,
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: kind("batch", "run", "restore") }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("wait"), ms: fc.constantFrom(1, 400, 3000) }) },
);

test("the fast allocator makes the offers that the obvious one makes, also after a restore", () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { minLength: 10, maxLength: 60 }),
      fc.constantFrom<readonly string[]>([], ["mem"]),
      (steps, fairnessExcluded) => {
        const pair = new Pair({ ...ALLOCATOR_DEFAULTS, fairnessExcluded });
        for (const step of steps) pair.take(step);
        pair.take({ kind: "batch" });
      },
    ),
    { numRuns: 400 },
  );
});

function agentOptions(hostname: string, total: Resources): AgentOptions {
  return { hostname, total, attributes: [] };
}

/** Both allocators, told the same, with the books of who holds what and who refused what. */
class Pair {
  readonly #config: AllocatorConfig;
  #fast: Allocator;
  readonly #slow: ReferenceAllocator;
  #monoMs = 0;
  #runs = 0;
  readonly #agents = new Map<string, Resources>();
  readonly #frameworks = new Map<string, FrameworkOptions>();
  #held: Allocation[] = [];
  #refused: (Allocation & { untilMs: number; afterRuns: number })[] = [];

  constructor(config: AllocatorConfig) {
    this.#config = config;
    this.#fast = new Allocator({ random: Random.fromSeed(7), config });
    this.#slow = new ReferenceAllocator({ random: Random.fromSeed(7), config });
  }

  take(step: Step): void {
    if ("agent" in step && (step.kind === "add-agent") === this.#agents.has(step.agent)) return;
    if ("framework" in step) {
      const isNew = !this.#frameworks.has(step.framework);
      if ((step.kind === "add-framework") !== isNew) return;
      if (step.kind === "add-framework" && this.#holdsSomething(step.framework)) return;
    }
    this.#perform(step);
    this.#checkFree();
  }

  #perform(step: Step): void {
    const both = [this.#fast, this.#slow] as const;
    switch (step.kind) {
      case "add-agent": {
        const used = step.used === null ? [] : [this.#usedBy(step.used, step.total)];
        this.#fast.addAgent(step.agent, agentOptions(step.agent, step.total), used);
        this.#slow.addAgent(step.agent, agentOptions(step.agent, step.total), used);
        this.#agents.set(step.agent, step.total);
        for (const { frameworkId, role, resources } of used)
          this.#note({ agentId: step.agent, frameworkId, role, resources });
        break;
      }
      case "total":
        this.#fast.updateAgent(step.agent, agentOptions(step.agent, step.total));
        this.#slow.updateAgent(step.agent, agentOptions(step.agent, step.total));
        this.#agents.set(step.agent, step.total);
        break;
      case "remove-agent":
        for (const one of both) one.removeAgent(step.agent);
        this.#agents.delete(step.agent);
        this.#held = this.#held.filter(({ agentId }) => agentId !== step.agent);
        this.#refused = this.#refused.filter(({ agentId }) => agentId !== step.agent);
        break;
      case "activate":
        for (const one of both) one.activateAgent(step.agent);
        break;
      case "deactivate":
        for (const one of both) one.deactivateAgent(step.agent);
        break;
      case "add-framework":
        for (const one of both) one.addFramework(step.framework, step.options);
        this.#frameworks.set(step.framework, step.options);
        break;
      case "update-framework":
        for (const one of both) one.updateFramework(step.framework, step.options);
        this.#frameworks.set(step.framework, step.options);
        this.#forget(
          step.framework,
          ROLES.filter((role) => !step.options.roles.includes(role)),
        );
        break;
      case "remove-framework":
        for (const one of both) one.removeFramework(step.framework);
        this.#frameworks.delete(step.framework);
        this.#forget(step.framework, ROLES);
        break;
      case "connect":
        for (const one of both) one.activateFramework(step.framework);
        this.#forget(step.framework, ROLES); // What it declined while it was away left no filter.
        break;
      case "disconnect":
        for (const one of both) one.deactivateFramework(step.framework);
        this.#forget(step.framework, ROLES);
        break;
      case "suppress":
        for (const one of both) one.suppress(step.framework, step.roles);
        break;
      case "revive":
        for (const one of both) one.revive(step.framework, step.roles);
        this.#forget(step.framework, step.roles.length === 0 ? ROLES : step.roles);
        break;
      case "weight":
        for (const one of both) one.updateWeight(step.role, step.weight);
        break;
      case "recover":
        this.#recover(step);
        break;
      case "batch":
        this.#monoMs = Math.max(this.#monoMs, this.#fast.nextRunAtMs());
        this.#allocate("all");
        this.#runs++;
        break;
      case "run":
        this.#allocate("changed");
        break;
      case "restore":
        this.#restore();
        break;
      case "wait":
        this.#monoMs += step.ms;
    }
  }

  /** The restored one has the same snapshot, whatever the original has forgotten by now. */
  #restore(): void {
    const snapshot = JSON.parse(JSON.stringify(this.#fast.snapshot()));
    this.#fast = Allocator.restore(snapshot, this.#config);
    expect(this.#fast.snapshot()).toEqual(snapshot);
  }

  #recover(step: Step & { kind: "recover" }): void {
    if (this.#held.length === 0) return;
    const index = step.which % this.#held.length;
    const held = this.#held[index] as Allocation;
    const resources = step.isPart ? held.resources.slice(0, 1) : held.resources;
    const now = { monoMs: this.#monoMs, wallMs: 0 };
    for (const one of [this.#fast, this.#slow])
      one.recover({ ...held, resources }, step.cause, now);
    const rest = subtract(held.resources, resources);
    this.#held.splice(index, 1, ...(rest.length === 0 ? [] : [{ ...held, resources: rest }]));
    if (step.cause.kind !== "declined" || step.cause.refuseMs === 0) return;
    if (!this.#frameworks.get(held.frameworkId)?.roles.includes(held.role)) return;
    this.#refused.push({
      ...held,
      resources,
      untilMs: this.#monoMs + Math.max(step.cause.refuseMs, this.#config.allocationIntervalMs),
      afterRuns: this.#runs,
    });
  }

  #allocate(which: "all" | "changed"): void {
    const now = { monoMs: this.#monoMs, wallMs: 0 };
    const allocations = this.#fast.allocate(now, which);
    expect(allocations).toEqual(this.#slow.allocate(now, which));
    for (const allocation of allocations) {
      this.#checkNotRefused(allocation);
      this.#note(allocation);
    }
  }

  /** A declined (framework, role, agent, resources) is not offered again before its time and one batch. */
  #checkNotRefused(offer: Allocation): void {
    for (const refused of this.#refused) {
      const isSame =
        refused.agentId === offer.agentId &&
        refused.frameworkId === offer.frameworkId &&
        refused.role === offer.role &&
        contains(refused.resources, offer.resources);
      if (!isSame) continue;
      expect(this.#monoMs).toBeGreaterThanOrEqual(refused.untilMs);
      expect(this.#runs).toBeGreaterThan(refused.afterRuns);
    }
  }

  /** What is free and what is held are the whole agent, as long as it did not shrink below what is held. */
  #checkFree(): void {
    const [frameworkId] = this.#frameworks.keys();
    if (frameworkId === undefined) return;
    for (const { agentId, free } of this.#fast.explain({ frameworkId }, { monoMs: 0, wallMs: 0 })
      .agents)
      expect(free).toEqual(this.#slow.freeOf(agentId));
  }

  #note(allocation: Allocation): void {
    this.#held.push(allocation);
  }

  #forget(framework: string, roles: readonly string[]): void {
    this.#refused = this.#refused.filter(
      ({ frameworkId, role }) => frameworkId !== framework || !roles.includes(role),
    );
  }

  #holdsSomething(framework: string): boolean {
    return this.#held.some(({ frameworkId }) => frameworkId === framework);
  }

  #usedBy(frameworkId: string, total: Resources) {
    const options = this.#frameworks.get(frameworkId);
    return { frameworkId, role: options?.roles[0] ?? "r1", resources: total.slice(0, 1) };
  }
}
