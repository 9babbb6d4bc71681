import type { Check } from "@bourse/model/explain";
import { Random } from "@bourse/model/random";
import { formatResources } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { describe, expect, test } from "vitest";
import { Allocator } from "./allocator.ts";
import type { ExplainQuestion } from "./explain-candidate.ts";
import {
  type AgentOptions,
  ALLOCATOR_DEFAULTS,
  type AllocatorConfig,
  type FrameworkOptions,
  type UsedResources,
} from "./options.ts";

const NOW = { monoMs: 0, wallMs: 0 };

function newAllocator(config: Partial<AllocatorConfig> = {}): Allocator {
  return new Allocator({
    random: Random.fromSeed(1),
    config: { ...ALLOCATOR_DEFAULTS, ...config },
  });
}

function addAgent(
  allocator: Allocator,
  agentId: string,
  total: string,
  { used = [], ...options }: Partial<AgentOptions> & { used?: readonly UsedResources[] } = {},
): void {
  const about = { hostname: `host-${agentId}`, attributes: [], ...options };
  allocator.addAgent(agentId, { ...about, total: parseResources(total) }, used);
}

function addFramework(
  allocator: Allocator,
  frameworkId: string,
  roles: readonly string[],
  options: Partial<FrameworkOptions> = {},
): void {
  allocator.addFramework(frameworkId, {
    roles,
    suppressedRoles: [],
    capabilities: [],
    ...options,
  });
}

function use(frameworkId: string, role: string, resources: string): UsedResources {
  return { frameworkId, role, resources: parseResources(resources) };
}

/** `name: detail` of what fails on the agent. */
function failures(allocator: Allocator, question: ExplainQuestion, agentId = "a1"): string[] {
  const verdict = allocator
    .explain(question, NOW)
    .agents.find((one) => one.agentId === agentId) as { checks: readonly Check[] };
  return verdict.checks
    .filter(({ isPassed }) => !isPassed)
    .map(({ name, detail }) => `${name}: ${detail}`);
}

function remedies(allocator: Allocator, question: ExplainQuestion): readonly string[] {
  return allocator.explain(question, NOW).relaxations.map(({ text }) => text);
}

const f1 = { frameworkId: "f1" };

describe("what a check says (A-1)", () => {
  test("a limit is shown with its numbers, and every limit in the way is raised, with all limits of its role", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["eng/web"]);
    addAgent(allocator, "a1", "cpus:8;mem:1024", { used: [use("f1", "eng/web", "cpus:3")] });
    const limits = [
      { name: "cpus", milli: 3_500 },
      { name: "mem", milli: 9_000_000 },
    ];
    allocator.updateQuota({ role: "eng", guarantees: [], limits });
    allocator.updateQuota({
      role: "eng/web",
      guarantees: [],
      limits: [{ name: "cpus", milli: 4_000 }],
    });
    const question = { ...f1, wanted: parseResources("cpus:2") };
    expect(failures(allocator, question)).toEqual([
      "quota-limit: 1.5 cpus short: role eng uses 3 of at most 3.5 cpus",
    ]);
    expect(remedies(allocator, question)).toEqual([
      "agent a1: 1.5 cpus more as limit: `bourse role quota set eng --limit 'cpus:5;mem:9000'` and `bourse role quota set eng/web --limit 'cpus:5'`",
    ]);
    const [top, own] = allocator.explain(question, NOW).roles;
    expect(top?.limits).toEqual([
      { role: "eng", name: "cpus", limitMilli: 3_500, consumedMilli: 3_000 },
      { role: "eng", name: "mem", limitMilli: 9_000_000, consumedMilli: 0 },
    ]);
    expect(own?.limits[0]).toMatchObject({ role: "eng", name: "cpus" });
  });

  test("headroom says for whom it is held, in the cluster and within a limit", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["dev"]);
    addAgent(allocator, "a1", "cpus:4;mem:1024");
    const guarantees = [{ name: "cpus", milli: 3_000 }];
    allocator.updateQuota({ role: "prod", guarantees, limits: [] });
    // Of cpus nothing is held for it.
    const mem = [{ name: "mem", milli: 1_000 }];
    allocator.updateQuota({ role: "idle", guarantees: mem, limits: [] });
    const question = { ...f1, wanted: parseResources("cpus:2") };
    expect(failures(allocator, question)).toEqual([
      "quota-headroom: 1 cpus short: of 4 cpus free guarantees hold 3 for role prod",
    ]);
    expect(remedies(allocator, question)).toEqual([
      "agent a1: 1 cpus more in the cluster, or less guaranteed: `bourse role quota set prod --guarantee 'cpus:2'`",
    ]);
    allocator.updateQuota({ role: "prod", guarantees: [], limits: [] });
    allocator.updateQuota({
      role: "dev",
      guarantees: [],
      limits: [{ name: "cpus", milli: 2_500 }],
    });
    allocator.updateQuota({
      role: "dev/night",
      guarantees: [{ name: "cpus", milli: 1_000 }],
      limits: [],
    });
    expect(failures(allocator, question)).toEqual([
      "quota-headroom: 0.5 cpus short: of 2.5 cpus left by the limit of role dev guarantees hold 1 for role dev/night",
    ]);
    expect(remedies(allocator, question)).toEqual([
      "agent a1: 0.5 cpus more as limit: `bourse role quota set dev --limit 'cpus:3'`, or less guaranteed: `bourse role quota set dev/night --guarantee 'cpus:0.5'`",
    ]);
    // More is promised than there is: what is missing of that comes first.
    allocator.updateQuota({
      role: "prod",
      guarantees: [{ name: "cpus", milli: 9_000 }],
      limits: [],
    });
    expect(failures(allocator, question)[0]).toMatch(
      /8 cpus short: of 4 cpus free guarantees hold 1 for role dev\/night and 9 for role prod/,
    );
  });

  test("the role that the guarantee is for may have what is held", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["prod"]);
    addAgent(allocator, "a1", "cpus:4;mem:1024");
    allocator.updateQuota({
      role: "prod",
      guarantees: [{ name: "cpus", milli: 4_000 }],
      limits: [],
    });
    expect(failures(allocator, { ...f1, wanted: parseResources("cpus:4") })).toEqual([]);
  });

  test("what is held for the role itself is not held from it", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["dev"]);
    addAgent(allocator, "a1", "cpus:4;mem:1024");
    for (const [role, milli] of [
      ["dev", 1_000],
      ["prod", 3_000],
    ] as const)
      allocator.updateQuota({ role, guarantees: [{ name: "cpus", milli }], limits: [] });
    expect(failures(allocator, { ...f1, wanted: parseResources("cpus:1") })).toEqual([]);
    expect(failures(allocator, { ...f1, wanted: parseResources("cpus:2") })).toEqual([
      "quota-headroom: 1 cpus short: of 4 cpus free guarantees hold 3 for role prod",
    ]);
  });

  test("of limits that leave equally little the topmost is named", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["eng/web"]);
    addAgent(allocator, "a1", "cpus:4;mem:1024");
    for (const role of ["eng", "eng/web"])
      allocator.updateQuota({ role, guarantees: [], limits: [{ name: "cpus", milli: 1_000 }] });
    const question = { ...f1, wanted: parseResources("cpus:2") };
    expect(failures(allocator, question)).toEqual([
      "quota-limit: 1 cpus short: role eng uses 0 of at most 1 cpus",
    ]);
    allocator.updateQuota({
      role: "eng",
      guarantees: [],
      limits: [{ name: "cpus", milli: 2_000 }],
    });
    // That limit is enough as it is.
    expect(remedies(allocator, question)).toEqual([
      "agent a1: 1 cpus more as limit: `bourse role quota set eng/web --limit 'cpus:2'`",
    ]);
  });

  test("region, capability and constraints say what would do", () => {
    const allocator = newAllocator({ domain: { region: "eu", zone: "eu-1" } });
    addFramework(allocator, "f1", ["r"], {
      offerConstraints: new Map([
        [
          "r",
          [
            [
              { selector: { type: "hostname" }, predicate: { type: "text-equals", value: "h9" } },
              {
                selector: { type: "attribute", name: "ssd" },
                predicate: { type: "exists" },
              },
            ],
            [{ selector: { type: "zone" }, predicate: { type: "text-matches", pattern: "eu.*" } }],
          ],
        ],
      ]),
    });
    addAgent(allocator, "a1", "cpus:4;mem:1024;gpus:1", {
      domain: { region: "us", zone: "us-1" },
    });
    expect(failures(allocator, f1)).toEqual([
      "constraints: @hostname=h9 and ssd, nor @zone~eu.*",
      "region: the agent is in region us: it needs REGION_AWARE",
      "capability: the agent has gpus: it needs GPU_RESOURCES",
    ]);
    expect(remedies(allocator, f1)).toEqual([
      "agent a1: drop constraint @zone~eu.* of framework f1, give framework f1 the capability REGION_AWARE and give framework f1 the capability GPU_RESOURCES",
    ]);
  });

  test("a filter that only withholds what is free now needs no waiting when more is needed anyway", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["r"]);
    addAgent(allocator, "a1", "cpus:2;mem:64");
    const [offer] = allocator.allocate(NOW, "all");
    allocator.recover(offer!, { kind: "declined", refuseMs: 8_000 }, NOW);
    expect(failures(allocator, f1)).toEqual(["filter: refused for 8.0 s more"]);
    expect(remedies(allocator, f1)).toEqual([
      "agent a1: wait 8.0 s for the filter (or let framework f1 revive role r)",
    ]);
    const question = { ...f1, wanted: parseResources("cpus:3") };
    expect(failures(allocator, question)).toHaveLength(2);
    expect(remedies(allocator, question)).toEqual(["1 cpus more on agent a1"]);
    expect(allocator.explain(f1, NOW).agents[0]?.filters).toEqual([
      { frameworkId: "f1", role: "r", refused: offer!.resources, restMs: 8_000 },
    ]);
  });

  test("a framework that revives a role has nothing more to wait for", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["r"]);
    addAgent(allocator, "a1", "cpus:2;mem:64");
    const [offer] = allocator.allocate(NOW, "all");
    allocator.recover(offer!, { kind: "declined", refuseMs: 8_000 }, NOW);
    allocator.suppress("f1", ["r"]);
    expect(failures(allocator, f1)).toHaveLength(2);
    expect(remedies(allocator, f1)).toEqual(["agent a1: framework f1 must revive role r"]);
  });

  test("a filter that ends before the next periodic run is in nobody's way", () => {
    const allocator = newAllocator({ allocationIntervalMs: 10_000 });
    addFramework(allocator, "f1", ["r"]);
    addAgent(allocator, "a1", "cpus:2;mem:64");
    const [offer] = allocator.allocate(NOW, "all");
    allocator.recover(offer!, { kind: "rescinded" }, NOW);
    expect(failures(allocator, f1)).toEqual([]);
    expect(allocator.explain(f1, NOW).agents[0]?.filters[0]).toMatchObject({ restMs: 10_000 });
  });
});

describe("who is asked about", () => {
  function twoTeams(): Allocator {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["eng/web"], { suppressedRoles: ["eng/web"] });
    addFramework(allocator, "f2", ["eng", "ops"]);
    addAgent(allocator, "a1", "cpus:4;mem:1024", { used: [use("f2", "ops", "cpus:1")] });
    addAgent(allocator, "a2", "cpus:2;mem:1024");
    return allocator;
  }

  test("a role: every framework in it and below it, for that role only", () => {
    const { agents, roles, tally } = twoTeams().explain({ kind: "role", role: "eng" }, NOW);
    expect(agents.map(({ agentId, frameworkId }) => `${agentId} ${frameworkId}`)).toEqual([
      "a1 f1",
      "a1 f2",
      "a2 f1",
      "a2 f2",
    ]);
    expect(agents[1]?.checks.every(({ role }) => role === undefined || role === "eng")).toBe(true);
    expect(roles.map(({ role }) => role)).toEqual(["eng", "eng/web"]);
    expect(tally).toMatchObject({ ready: 2, readyPairs: 2, judged: 4, shown: 4, rows: 4 });
  });

  test("an agent: everybody, and who holds the rest", () => {
    const { agents } = twoTeams().explain({ kind: "agent", agentId: "a1" }, NOW);
    expect(agents.map(({ frameworkId }) => frameworkId)).toEqual(["f1", "f2"]);
    expect(formatResources(agents[0]?.free ?? [])).toBe("cpus:3; mem:1024");
    expect(agents[0]?.holders).toEqual([use("f2", "ops", "cpus:1")]);
  });

  test("a shape: a framework that is not there yet, with what it can take", () => {
    const allocator = twoTeams();
    addAgent(allocator, "a3", "cpus:8;mem:8192;gpus:1");
    const shape = { kind: "shape", role: "new/one", wanted: parseResources("cpus:6") } as const;
    expect(failures(allocator, shape, "a3")).toEqual([
      "capability: the agent has gpus: it needs GPU_RESOURCES",
    ]);
    const capable = { ...shape, capabilities: ["GPU_RESOURCES"] as const };
    expect(failures(allocator, capable, "a3")).toEqual([]);
    expect(failures(allocator, shape, "a1")).toEqual([
      "fits: 3 cpus short: it has 4 in all",
      "not-offered-elsewhere: f2 as ops holds cpus:1",
    ]);
    expect(allocator.explain(shape, NOW).roles.map(({ role }) => role)).toEqual(["new", "new/one"]);
  });

  test("a role has a place among its siblings at each level", () => {
    const { roles } = twoTeams().explain({ kind: "framework", frameworkId: "f2" }, NOW);
    expect(roles.map(({ role, position, of }) => `${role} ${position}/${of}`)).toEqual([
      "eng 1/2",
      "ops 2/2",
    ]);
    expect(roles[1]).toMatchObject({ weightMilli: 1_000, isSuppressed: false });
    expect(roles[1]?.share).toBeCloseTo(1 / 6);
  });

  test("an agent that nobody knows, and a role that nobody has, have no rows", () => {
    const allocator = twoTeams();
    expect(allocator.explain({ kind: "agent", agentId: "a9" }, NOW).agents).toEqual([]);
    expect(allocator.explain({ kind: "role", role: "nobody" }, NOW).agents).toEqual([]);
  });
});

describe("an answer is bounded", () => {
  test("1,000 rows are shown: those that fail fewest checks; all are counted", () => {
    const allocator = newAllocator();
    addFramework(allocator, "f1", ["r"]);
    for (let index = 0; index < 1_200; index++)
      addAgent(allocator, `a${index}`, index < 1_199 ? "cpus:1;mem:64" : "cpus:9;mem:64");
    const { agents, tally } = allocator.explain({ ...f1, wanted: parseResources("cpus:9") }, NOW);
    expect(agents).toHaveLength(1_000);
    expect(agents[0]?.agentId).toBe("a1199");
    expect(tally).toMatchObject({ rows: 1_200, judged: 1_200, shown: 1_000, ready: 1 });
  });

  test("many frameworks are looked at as far as 20,000 attempts go", () => {
    const allocator = newAllocator();
    for (let index = 0; index < 300; index++) addFramework(allocator, `f${index}`, ["r"]);
    for (let index = 0; index < 100; index++) addAgent(allocator, `a${index}`, "cpus:1;mem:64");
    const { tally } = allocator.explain({ kind: "role", role: "r" }, NOW);
    expect(tally).toMatchObject({ rows: 30_000, judged: 20_000, shown: 1_000, ready: 100 });
  });

  test("a framework with very many roles is held against the first agents", () => {
    const allocator = newAllocator();
    addFramework(
      allocator,
      "f1",
      Array.from({ length: 500 }, (_, index) => `r${index}`),
    );
    for (let index = 0; index < 60; index++) addAgent(allocator, `a${index}`, "cpus:1;mem:64");
    const { agents, tally } = allocator.explain(f1, NOW);
    expect(tally).toMatchObject({ rows: 60, judged: 40 });
    expect(agents.reduce((sum, { checks }) => sum + checks.length, 0)).toBeLessThan(50_000);
  });
});
