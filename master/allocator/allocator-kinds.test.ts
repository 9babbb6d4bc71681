import { present } from "@bourse/model/assert";
import type { Quota } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import {
  canonical,
  type DiskInfo,
  type Resource,
  type Resources,
  scalar,
} from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import { ALLOCATOR_DEFAULTS, type UsedResources } from "./options.ts";

const NOW = { monoMs: 0, wallMs: 0 };
const ACCEPTS_ANYTHING = new Map([["r", []]]);

function newAllocator(): Allocator {
  return new Allocator({ random: Random.fromSeed(1), config: ALLOCATOR_DEFAULTS });
}

function addAgent(
  allocator: Allocator,
  agentId: string,
  total: Resources,
  used: readonly UsedResources[] = [],
): void {
  allocator.addAgent(agentId, { total, hostname: agentId, attributes: [] }, used);
}

function addFramework(allocator: Allocator, frameworkId: string): void {
  allocator.addFramework(frameworkId, {
    roles: ["r"],
    suppressedRoles: [],
    capabilities: ["GPU_RESOURCES", "SHARED_RESOURCES", "RESERVATION_REFINEMENT"],
    minAllocatable: ACCEPTS_ANYTHING,
  });
}

function reserved(resource: Resource, role = "r"): Resource {
  return { ...resource, reservations: [{ type: "dynamic", role }] };
}

function disk(milli: number, info: DiskInfo): Resource {
  return { ...scalar("disk", milli), disk: info };
}

test.each<[what: string, resource: Resource, limit: number, offered: number]>([
  ["cpus", scalar("cpus", 4_000), 1_500, 1_500],
  ["gpus in whole ones", scalar("gpus", 4_000), 2_999, 2_000],
  ["less than one gpu not at all", scalar("gpus", 4_000), 999, 0],
  ["a disk that is a path", disk(100, { source: { type: "path", root: "/d" } }), 40, 40],
  ["a path with an id", disk(100, { source: { type: "path", id: "p", root: "/d" } }), 40, 40],
  ["a mount only whole", disk(100, { source: { type: "mount", root: "/m" } }), 99, 0],
  ["a mount that fits", disk(100, { source: { type: "mount", root: "/m" } }), 100, 100],
  ["a block device only whole", disk(100, { source: { type: "block", id: "b" } }), 99, 0],
  ["a raw disk only whole", disk(100, { source: { type: "raw", id: "d" } }), 99, 0],
  ["a raw pool", disk(100, { source: { type: "raw" } }), 99, 99],
  ["a volume only whole", disk(100, { persistence: { id: "v" } }), 99, 0],
  ["a shared volume only whole", { ...scalar("disk", 100), isShared: true }, 99, 0],
])("a limit cuts %s (M-31, CASES A24, A25)", (_, resource, milli, offered) => {
  const allocator = newAllocator();
  const limits = [{ name: resource.name, milli }];
  allocator.updateQuota({ role: "r", guarantees: [], limits } satisfies Quota);
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", [resource]);
  const offers = allocator.allocate(NOW, "changed");
  const wanted = { ...resource, value: { type: "scalar", milli: offered } };
  expect(offers.map(({ resources }) => resources)).toEqual(offered === 0 ? [] : [[wanted]]);
});

test("two resources of one name share what a limit leaves", () => {
  const allocator = newAllocator();
  allocator.updateQuota({ role: "r", guarantees: [], limits: [{ name: "disk", milli: 120 }] });
  addFramework(allocator, "f1");
  const path = disk(100, { source: { type: "path", root: "/d" } });
  addAgent(allocator, "a1", canonical([scalar("disk", 100), path]));
  const [offer] = allocator.allocate(NOW, "changed");
  expect(offer?.resources).toEqual([
    scalar("disk", 100),
    { ...path, value: { type: "scalar", milli: 20 } },
  ]);
});

test("an operation changes what is held, not how often its holder was served (M-17)", () => {
  const allocator = newAllocator();
  for (const name of ["f1", "f2"]) addFramework(allocator, name);
  addAgent(allocator, "a1", parseResources("cpus:4"));
  const [offer] = allocator.allocate(NOW, "changed");
  const before = allocator.snapshot();
  const converted = [reserved(scalar("cpus", 4_000))];
  allocator.convertHeld({ ...present(offer, "an offer") }, parseResources("cpus:4"), converted);
  const after = allocator.snapshot();
  expect(after.frameworks).toEqual(before.frameworks);
  expect(after.agents[0]?.total).toEqual(converted);
  expect(after.agents[0]?.held.map(({ resources }) => resources)).toEqual([converted]);
  allocator.recover(
    { ...present(offer, "an offer"), resources: converted },
    { kind: "terminal" },
    NOW,
  );
  expect(allocator.freeOf("a1")).toEqual(converted);
});

test("only what is free can be converted by an operator", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4"));
  allocator.convertFree("a1", parseResources("cpus:1"), [reserved(scalar("cpus", 1_000))]);
  expect(allocator.freeOf("a1")).toEqual([scalar("cpus", 3_000), reserved(scalar("cpus", 1_000))]);
  expect(() => allocator.convertFree("a1", parseResources("cpus:3.5"), [])).toThrow(/must be free/);
});

test("what an agent has lost is forgotten when it is given back, and the role that it was for", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  const gone = [reserved(scalar("cpus", 1_000), "r/x")];
  allocator.addFramework("f2", { roles: ["r/x"], suppressedRoles: [], capabilities: [] });
  addAgent(allocator, "a1", gone);
  const [offer] = allocator.allocate(NOW, "changed");
  allocator.updateAgent("a1", { total: [], hostname: "a1", attributes: [] });
  allocator.removeFramework("f2");
  expect(allocator.roles(NOW).map(({ role }) => role)).toEqual(["r", "r/x"]);
  allocator.recover(present(offer, "an offer"), { kind: "terminal" }, NOW);
  expect(allocator.roles(NOW).map(({ role }) => role)).toEqual(["r"]);
});

test("a port that two tasks hold is free when both have given it back", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  const held = (frameworkId: string, ports: string) => {
    return { frameworkId, role: "r", resources: parseResources(`ports:${ports}`) };
  };
  const used = [held("f2", "[1-3]"), held("f3", "[3-5]")];
  addAgent(allocator, "a1", parseResources("ports:[1-6]"), used);
  expect(allocator.freeOf("a1")).toEqual(parseResources("ports:[6-6]"));
  allocator.recover({ ...held("f2", "[1-3]"), agentId: "a1" }, { kind: "terminal" }, NOW);
  expect(allocator.freeOf("a1")).toEqual(parseResources("ports:[1-2,6-6]"));
  allocator.recover({ ...held("f3", "[3-4]"), agentId: "a1" }, { kind: "terminal" }, NOW);
  expect(allocator.freeOf("a1")).toEqual(parseResources("ports:[1-4,6-6]"));
});

test("copies of a shared volume that its agent lost still count once after a restart (S12)", () => {
  const volume: Resource = { ...disk(50, { persistence: { id: "v" } }), isShared: true };
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", canonical([volume, scalar("disk", 100)]));
  for (let copies = 0; copies < 2; copies++) allocator.allocate(NOW, "all");
  allocator.updateAgent("a1", { total: [scalar("disk", 100)], hostname: "a1", attributes: [] });
  const restored = Allocator.restore(allocator.snapshot(), ALLOCATOR_DEFAULTS);
  for (const one of [allocator, restored])
    expect(one.consumedOf("r")).toEqual([{ name: "disk", milli: 150 }]);
});

test("a role's own frameworks hold a shared volume once, too, where they compete with its children (S12)", () => {
  const volume: Resource = { ...disk(10, { persistence: { id: "v" } }), isShared: true };
  const allocator = newAllocator();
  const held = (frameworkId: string, role: string, resource: Resource) => {
    return { frameworkId, role, resources: [resource] };
  };
  addAgent(allocator, "a1", canonical([volume, scalar("disk", 1_000)]), [
    held("f1", "r", volume),
    held("f3", "r/x", scalar("disk", 15)),
    held("f2", "r", volume),
  ]);
  for (const name of ["f1", "f2"]) addFramework(allocator, name);
  allocator.addFramework("f3", { roles: ["r/x"], suppressedRoles: [], capabilities: [] });
  allocator.deactivateAgent("a1");
  addAgent(allocator, "a2", parseResources("cpus:0.1"));
  expect(allocator.allocate(NOW, "all").map(({ role }) => role)).toEqual(["r"]);
});

test("a framework that comes back has no bound on its offers (A-6)", () => {
  const allocator = newAllocator();
  addFramework(allocator, "f1");
  addAgent(allocator, "a1", parseResources("cpus:4"));
  allocator.limitOffers("f1", 1);
  const [offer] = allocator.allocate(NOW, "all");
  addAgent(allocator, "a2", parseResources("cpus:4"));
  expect(allocator.allocate(NOW, "all")).toEqual([]);
  allocator.removeFramework("f1");
  addFramework(allocator, "f1");
  expect(allocator.allocate(NOW, "all").map(({ agentId }) => agentId)).toEqual(["a2"]);
  allocator.recover(present(offer, "an offer"), { kind: "terminal" }, NOW);
});
