import { Random } from "@bourse/model/random";
import { canonical, type Resource, type Resources, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS, type FrameworkOptions, type UsedResources } from "./options.ts";

const NOW = { monoMs: 0, wallMs: 0 };
const ALL: FrameworkOptions["capabilities"] = ["REVOCABLE_RESOURCES", "GPU_RESOURCES"];

function newAllocator(): Allocator {
  return new Allocator({ random: Random.fromSeed(1), config: ALLOCATOR_DEFAULTS });
}

/** An agent that is nothing but what it has. */
function addAgent(
  allocator: Allocator,
  agentId: string,
  total: Resources,
  used: readonly UsedResources[],
): void {
  allocator.addAgent(agentId, { total, hostname: agentId, attributes: [] }, used);
}

function updateTotal(allocator: Allocator, agentId: string, total: Resources): void {
  allocator.updateAgent(agentId, { total, hostname: agentId, attributes: [] });
}

function addFramework(allocator: Allocator, frameworkId: string, role = frameworkId): void {
  allocator.addFramework(frameworkId, { roles: [role], suppressedRoles: [], capabilities: ALL });
}

/** `a .10, b .20`, poorest first. */
function standing(allocator: Allocator, ...frameworkIds: readonly string[]): string {
  return frameworkIds
    .flatMap((frameworkId) => allocator.explain({ frameworkId }, NOW).roles)
    .toSorted((a, b) => a.position - b.position)
    .map(({ role, share }) => `${role} ${share.toFixed(3)}`)
    .join(", ");
}

function volume(milli: number, id: string): Resource {
  return { ...scalar("disk", milli), disk: { persistence: { id } } };
}

test("S9b MultipleSlavesUpdateTotal: a share is of the cluster, not of an agent", () => {
  const allocator = newAllocator();
  for (const name of ["a", "b"]) addFramework(allocator, name);
  const held = (frameworkId: string, text: string) => [
    { frameworkId, role: frameworkId, resources: parseResources(text) },
  ];
  addAgent(allocator, "A", parseResources("cpus:5;mem:50"), held("a", "cpus:2;mem:1"));
  addAgent(allocator, "B", parseResources("cpus:5;mem:50"), held("b", "cpus:1;mem:3"));
  expect(standing(allocator, "a", "b")).toBe("b 0.100, a 0.200");
  updateTotal(allocator, "A", parseResources("cpus:95;mem:50"));
  expect(standing(allocator, "a", "b")).toBe("a 0.020, b 0.030");
});

test("S11 SplitResourceShares: the volumes of one agent add up", () => {
  const allocator = newAllocator();
  for (const name of ["a", "b"]) addFramework(allocator, name);
  const volumes = [volume(5_000, "v1"), volume(5_000, "v2")];
  const total = canonical([...parseResources("cpus:100;mem:100;disk:90"), ...volumes]);
  addAgent(allocator, "A", total, [
    { frameworkId: "a", role: "a", resources: parseResources("cpus:9;mem:9;disk:9") },
    {
      frameworkId: "b",
      role: "b",
      resources: canonical([...parseResources("cpus:9;mem:9"), ...volumes]),
    },
  ]);
  expect(standing(allocator, "a", "b")).toBe("a 0.090, b 0.100");
});

test("S12b RevocableResources: they count with the others of their name", () => {
  const allocator = newAllocator();
  for (const name of ["a", "b"]) addFramework(allocator, name);
  const revocable = (milli: number): Resource => ({ ...scalar("cpus", milli), isRevocable: true });
  const list = (text: string, milli: number): Resources =>
    canonical([...parseResources(text), revocable(milli)]);
  addAgent(allocator, "A", list("cpus:10;mem:100", 10_000), [
    { frameworkId: "a", role: "a", resources: parseResources("cpus:2;mem:1") },
    { frameworkId: "b", role: "b", resources: list("cpus:1;mem:1", 9_000) },
  ]);
  expect(standing(allocator, "a", "b")).toBe("a 0.100, b 0.500");
});

test("revocable resources go only to frameworks that take them (M-19), the rest to anybody", () => {
  const allocator = newAllocator();
  const revocable: Resource = { ...scalar("cpus", 1_000), isRevocable: true };
  allocator.addFramework("f1", { roles: ["r"], suppressedRoles: [], capabilities: [] });
  addAgent(allocator, "a1", canonical([scalar("cpus", 2_000), revocable]), []);
  const offers = () => allocator.allocate(NOW, "changed").map(({ resources }) => resources);
  expect(offers()).toEqual([[scalar("cpus", 2_000)]]);
  addFramework(allocator, "f2", "r");
  expect(offers()).toEqual([[revocable]]);
});

test("an agent with gpus is offered only to frameworks that take them (M-19)", () => {
  const allocator = newAllocator();
  allocator.addFramework("f1", { roles: ["r"], suppressedRoles: [], capabilities: [] });
  addAgent(allocator, "a1", parseResources("cpus:1;mem:64;gpus:1"), []);
  expect(allocator.allocate(NOW, "all")).toEqual([]);
  addFramework(allocator, "f2", "r");
  expect(allocator.allocate(NOW, "all").map(({ frameworkId }) => frameworkId)).toEqual(["f2"]);
});

test("shared resources go only to frameworks that take them (M-19)", () => {
  const allocator = newAllocator();
  const shared: Resource = { ...volume(100_000, "v"), isShared: true };
  allocator.addFramework("f1", { roles: ["r"], suppressedRoles: [], capabilities: [] });
  addAgent(allocator, "a1", canonical([scalar("cpus", 2_000), shared]), []);
  const offers = () => allocator.allocate(NOW, "changed").map(({ resources }) => resources);
  expect(offers()).toEqual([[scalar("cpus", 2_000)]]);
  const minAllocatable = new Map([["r", []]]);
  allocator.addFramework("f2", {
    roles: ["r"],
    suppressedRoles: [],
    capabilities: ["SHARED_RESOURCES"],
    minAllocatable,
  });
  expect(offers()).toEqual([[shared]]);
});

test.each<[refuseMs: number, kept: number]>([
  [60_000, 1],
  [60_001, 1],
  [59_999, 2],
])("a newer refusal of as much for %i ms leaves %i of two", (refuseMs, kept) => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4;mem:64"), []);
  allocator.allocate(NOW, "changed");
  const held = { frameworkId: "f1", role: "f1", agentId: "a1" };
  const decline = (text: string, forMs: number) =>
    allocator.recover(
      { ...held, resources: parseResources(text) },
      { kind: "declined", refuseMs: forMs },
      NOW,
    );
  decline("cpus:1", 60_000);
  decline("cpus:2", refuseMs);
  expect(allocator.countFilters(NOW)).toBe(kept);
  // A pause and a refusal of other resources leave them all.
  decline("cpus:1", 0);
  decline("mem:64", 60_000);
  expect(allocator.countFilters(NOW)).toBe(kept + 1);
});

test("a refusal stays when the agent loses some of what was refused", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4;ports:[1-3]"), []);
  for (const offer of allocator.allocate(NOW, "all"))
    allocator.recover(offer, { kind: "declined", refuseMs: 60_000 }, NOW);
  updateTotal(allocator, "a1", parseResources("cpus:4"));
  expect(allocator.allocate({ monoMs: 1_000, wallMs: 0 }, "all")).toEqual([]);
  expect(allocator.allocate({ monoMs: 59_999, wallMs: 0 }, "all")).toEqual([]);
  expect(allocator.allocate({ monoMs: 60_000, wallMs: 0 }, "all")).toHaveLength(1);
});

test("a run looks only at what changed since the last one", () => {
  const allocator = newAllocator();
  expect(allocator.hasChanges()).toBe(false);
  addFramework(allocator, "f1");
  expect(allocator.hasChanges()).toBe(true);
  allocator.allocate(NOW, "changed");
  expect(allocator.hasChanges()).toBe(false);
  addAgent(allocator, "a1", parseResources("cpus:1"), []);
  expect(allocator.hasChanges()).toBe(true);
  expect(allocator.allocate(NOW, "changed")).toHaveLength(1);
  expect(allocator.hasChanges()).toBe(false);
});

test("the periodic run is due at once, then after every interval", () => {
  const allocator = newAllocator();
  expect(allocator.nextRunAtMs()).toBe(0);
  allocator.allocate({ monoMs: 5_300, wallMs: 0 }, "all");
  expect(allocator.nextRunAtMs()).toBe(6_300);
  allocator.allocate({ monoMs: 5_400, wallMs: 0 }, "changed");
  expect(allocator.nextRunAtMs()).toBe(6_300);
});

test("agents are offered in another order each time (M-21)", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  for (let agent = 0; agent < 8; agent++)
    addAgent(allocator, `a${agent}`, parseResources("cpus:1"), []);
  const orders = new Set<string>();
  for (let run = 0; run < 20; run++) {
    const offers = allocator.allocate(NOW, "all");
    orders.add(offers.map(({ agentId }) => agentId).join());
    for (const offer of offers) allocator.recover(offer, { kind: "terminal" }, NOW);
  }
  expect(orders.size).toBeGreaterThan(15);
});

test("what an offer says never changes with the allocator's state", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4;ports:[1-10]"), []);
  const [offer] = allocator.allocate(NOW, "changed");
  const said = JSON.stringify(offer);
  const part = parseResources("cpus:1;ports:[3-4]");
  allocator.recover(
    { frameworkId: "f1", role: "f1", agentId: "a1", resources: part },
    { kind: "terminal" },
    NOW,
  );
  allocator.allocate(NOW, "changed");
  updateTotal(allocator, "a1", parseResources("cpus:9"));
  expect(JSON.stringify(offer)).toBe(said);
});

test("giving back what is not held is a bug", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4;ports:[1-10]"), []);
  allocator.allocate(NOW, "changed");
  const giveBack = (text: string, frameworkId = "f1") =>
    allocator.recover(
      { frameworkId, role: "f1", agentId: "a1", resources: parseResources(text) },
      { kind: "terminal" },
      NOW,
    );
  expect(() => giveBack("cpus:5")).toThrow(/must be held/);
  expect(() => giveBack("ports:[9-11]")).toThrow(/must be held/);
  expect(() => giveBack("mem:1")).toThrow(/must be held/);
  expect(() => giveBack("cpus:1", "f2")).toThrow(/f2 must be known/);
});

test("resources of a removed agent may still be given back: they are gone", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4"), []);
  const offers = allocator.allocate(NOW, "changed");
  allocator.removeAgent("a1");
  for (const offer of offers) allocator.recover(offer, { kind: "rescinded" }, NOW);
  expect(allocator.hasChanges()).toBe(false);
});

test("a removed framework counts until all that it held is back, then it is forgotten", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1", "r");
  addFramework(allocator, "f2", "r");
  addAgent(allocator, "a1", parseResources("cpus:4"), []);
  addAgent(allocator, "a2", parseResources("cpus:4"), []);
  const offers = allocator.allocate(NOW, "changed");
  allocator.removeFramework("f1");
  expect(standing(allocator, "f2")).toBe("r 1.000");
  for (const offer of offers)
    if (offer.frameworkId === "f1") allocator.recover(offer, { kind: "terminal" }, NOW);
  expect(standing(allocator, "f2")).toBe("r 0.500");
  expect(() => allocator.explain({ frameworkId: "f1" }, NOW)).toThrow(/f1 must be known/);
});

test("agents with more kinds than columns widen the tables", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addFramework(allocator, "f2");
  allocator.suppress("f2", []);
  addAgent(allocator, "a0", parseResources("cpus:1;ports:[1-2]"), []);
  const many = Array.from({ length: 30 }, (_, index) => scalar(`x${index}`, 1_000 + index));
  addAgent(allocator, "a1", canonical([...many, scalar("cpus", 1_000)]), []);
  const offers = allocator.allocate(NOW, "changed");
  expect(new Map(offers.map(({ agentId, resources }) => [agentId, resources]))).toEqual(
    new Map([
      ["a0", parseResources("cpus:1;ports:[1-2]")],
      ["a1", canonical([...many, scalar("cpus", 1_000)])],
    ]),
  );
  expect(standing(allocator, "f1", "f2")).toBe("f1 1.000, f2 0.000");
});
