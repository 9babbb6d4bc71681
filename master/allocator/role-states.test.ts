import { Random } from "@bourse/model/random";
import { canonical, type Resource, type Resources, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS, type RoleState } from "./options.ts";

/** A cluster, its frameworks, and what `roles` says of them. */
class Story {
  allocator = new Allocator({ random: Random.fromSeed(1), config: ALLOCATOR_DEFAULTS });
  seconds = 0;

  get now() {
    return { monoMs: this.seconds * 1000, wallMs: 0 };
  }

  /** `held`: by framework, in a role of the same name. */
  agent(agentId: string, total: Resources, held: Readonly<Record<string, Resources>> = {}): this {
    const used = Object.entries(held).map(([role, resources]) => ({
      frameworkId: role.replaceAll("/", "-"),
      role,
      resources,
    }));
    this.allocator.addAgent(agentId, { total, hostname: agentId, attributes: [] }, used);
    return this;
  }

  framework(...roles: readonly string[]): this {
    for (const role of roles)
      this.allocator.addFramework(role.replaceAll("/", "-"), {
        roles: [role],
        suppressedRoles: [],
        capabilities: ["SHARED_RESOURCES"],
      });
    return this;
  }

  /** A periodic run; what is offered is offered for good. */
  run(seconds: number): this {
    this.seconds = seconds;
    this.allocator.allocate(this.now, "all");
    return this;
  }

  role(name: string): RoleState | undefined {
    return this.allocator.roles(this.now).find(({ role }) => role === name);
  }

  /** Of the roles that frameworks have. */
  shares(): string {
    return this.allocator
      .roles(this.now)
      .filter(({ frameworkIds }) => frameworkIds.length > 0)
      .toSorted((left, right) => left.share - right.share || (left.role < right.role ? -1 : 1))
      .map(({ role, share }) => `${role} ${share.toFixed(3)}`)
      .join(", ");
  }
}

const of = parseResources;

function sharedVolume(milli: number): Resource {
  return { ...scalar("disk", milli), disk: { persistence: { id: "v" } }, isShared: true };
}

test("S12 SharedResources: a client is charged once for a shared volume, whoever else uses it", () => {
  const volume = sharedVolume(100_000);
  const total = canonical([...of("cpus:100;mem:100;disk:900"), volume]);
  const story = new Story().framework("a", "b", "c");
  story.agent("A", total, {
    a: canonical([...of("cpus:5;mem:5"), volume]),
    b: of("cpus:6;mem:6"),
    c: canonical([...of("cpus:1;mem:1"), volume]),
  });
  expect(story.shares()).toBe("b 0.060, a 0.100, c 0.100");
  const again = { frameworkId: "a", role: "a", resources: [volume] };
  story.allocator.addUsed("A", again);
  expect(story.shares()).toBe("b 0.060, a 0.100, c 0.100");
  const back = () =>
    story.allocator.recover({ ...again, agentId: "A" }, { kind: "terminal" }, story.now);
  back();
  expect(story.role("a")?.share).toBeCloseTo(0.1);
  back();
  expect(story.role("a")?.share).toBeCloseTo(0.05);
});

test("every node of the tree is shown, by name, with all that holds it there", () => {
  const story = new Story().framework("eng/web", "ops");
  story.allocator.updateWeight("res", 2.5);
  story.allocator.updateQuota({
    role: "q/deep",
    guarantees: [],
    limits: [{ name: "cpus", milli: 1 }],
  });
  const names = () => story.allocator.roles(story.now).map(({ role }) => role);
  expect(names()).toEqual(["eng", "eng/web", "ops", "q", "q/deep", "res"]);
  expect(story.role("res")).toMatchObject({ weightMilli: 2500, fairShare: 0, unservedForMs: null });
  story.allocator.updateWeight("res", 1);
  story.allocator.updateQuota({ role: "q/deep", guarantees: [], limits: [] });
  story.allocator.removeFramework("ops");
  expect(names()).toEqual(["eng", "eng/web"]);
});

test("a role shows what it and its subtree hold, have reserved and are promised", () => {
  const total = of("cpus:10;mem:1000;cpus(eng):2;mem(eng/web):100;ports:[1-9];ports(eng):[20-21]");
  const story = new Story().framework("eng", "eng/web");
  story.agent("A", total, {
    eng: of("cpus:1;cpus(eng):2;ports:[1-2]"),
    "eng/web": of("cpus:2;mem:300"),
  });
  const quota = {
    role: "eng",
    guarantees: [{ name: "cpus", milli: 6_000 }],
    limits: [{ name: "cpus", milli: 9_000 }],
  };
  story.allocator.updateQuota(quota);
  expect(story.role("eng")).toEqual({
    role: "eng",
    weightMilli: 1000,
    frameworkIds: ["eng"],
    share: 5 / 12,
    fairShare: 1,
    quota,
    consumed: [
      { name: "cpus", milli: 5_000 },
      { name: "mem", milli: 400_000 },
    ],
    allocated: of("cpus:3"),
    reserved: of("cpus:2"),
    unservedForMs: null,
    refusals: 0,
  });
  expect(story.role("eng/web")).toMatchObject({
    quota: null,
    fairShare: 0.5,
    allocated: of("cpus:2;mem:300"),
    reserved: of("mem:100"),
  });
});

test("M-25, M-79: refusals in force are counted in the very role, until they expire or it revives", () => {
  const total = of("cpus:4;mem:4000");
  const story = new Story().framework("eng", "eng/web").agent("A", total).agent("B", total);
  const refusals = () => ["eng", "eng/web"].map((role) => story.role(role)?.refusals);
  expect(refusals()).toEqual([0, 0]);
  const made = story.allocator.allocate(story.now, "all");
  for (const held of made)
    story.allocator.recover(held, { kind: "declined", refuseMs: 5_000 }, story.now);
  const countOf = (role: string) => made.filter((held) => held.role === role).length;
  expect(made).toHaveLength(2);
  expect(refusals()).toEqual([countOf("eng"), countOf("eng/web")]);
  story.allocator.revive("eng", []);
  expect(refusals()).toEqual([0, countOf("eng/web")]);
  expect(story.run(60).run(61).role("eng/web")?.refusals).toBe(0);
});

test("N-02: a role that hoards no more than its share and is offered nothing waits from the first run on", () => {
  const total = of("cpus:4;mem:4000");
  const story = new Story().framework("hog").agent("A", total, { hog: total });
  story.run(1).framework("poor").run(2).run(5);
  expect([story.role("hog"), story.role("poor")].map((role) => role?.unservedForMs)).toEqual([
    null,
    3000,
  ]);
  story.allocator = Allocator.restore(story.allocator.snapshot(), ALLOCATOR_DEFAULTS);
  expect(story.run(9).role("poor")?.unservedForMs).toBe(7000);
  story.agent("B", of("cpus:1;mem:1000")).run(10);
  expect(story.role("poor")?.unservedForMs).toBe(0); // Served, and a fifth is below a half still.
  story.allocator.suppress("poor", []);
  expect(story.run(20).role("poor")?.unservedForMs).toBe(null);
});

test("a role below its guarantee waits, though it has more than its fair share", () => {
  const story = new Story().framework("rich", "poor");
  story.agent("A", of("cpus:4;mem:4000"), {
    rich: of("cpus:3;mem:3000"),
    poor: of("cpus:1;mem:1000"),
  });
  story.run(1);
  expect(story.role("rich")?.unservedForMs).toBe(null);
  story.allocator.updateQuota({
    role: "rich",
    guarantees: [{ name: "cpus", milli: 3_500 }],
    limits: [],
  });
  expect(story.run(2).run(4).role("rich")?.unservedForMs).toBe(2000);
  story.allocator.updateQuota({ role: "rich", guarantees: [], limits: [] });
  expect(story.run(5).role("rich")?.unservedForMs).toBe(null);
});

test("random orders go on after a restore where they were", () => {
  const config = {
    ...ALLOCATOR_DEFAULTS,
    roleSorter: "random",
    frameworkSorter: "random",
  } as const;
  const takers = (allocator: Allocator, from: number) =>
    Array.from({ length: 20 }, (_, index) => {
      const now = { monoMs: (from + index) * 1000, wallMs: 0 };
      const [given] = allocator.allocate(now, "all");
      if (given === undefined) throw new Error("the agent is free");
      allocator.recover(given, { kind: "terminal" }, now);
      return `${given.frameworkId} as ${given.role}`;
    });
  const one = new Allocator({ random: Random.fromSeed(4), config });
  for (const id of ["f1", "f2", "f3"])
    one.addFramework(id, { roles: ["a", "a/b", "c"], suppressedRoles: [], capabilities: [] });
  one.addAgent("A", { total: of("cpus:1;mem:100"), hostname: "A", attributes: [] }, []);
  expect(new Set(takers(one, 0)).size).toBeGreaterThan(5);
  const two = Allocator.restore(one.snapshot(), config);
  expect(takers(two, 20)).toEqual(takers(one, 20));
  expect(two.snapshot()).toEqual(one.snapshot());
});
