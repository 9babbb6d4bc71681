import type { AttributeConstraint } from "@bourse/model/constraints";
import type { Capability } from "@bourse/model/framework";
import type { Quota } from "@bourse/model/quota";
import { canonical, type Resource, type Resources, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import fc from "fast-check";
import type { AgentOptions, FrameworkOptions, RecoverCause } from "./options.ts";

/**
 * Random clusters and calls for the properties. Few of everything, so that ids, shares and amounts collide; all
 * that the allocator knows is in: a tree of roles, quotas at every level (also ones that the master would refuse),
 * reservations with stacks, volumes, shared ones, gpus, regions, constraints, budgets, changes of kind.
 */
export const ROLES = ["*", "r1", "r2", "r2/x", "r2/x/u", "r2/y", "r3/a"];
/** Roles that may have a quota and a weight: inner ones too. */
export const NODES = [...ROLES.slice(1), "r3"];

const AGENTS = ["a0", "a1", "a2", "a3", "a4"];
const FRAMEWORKS = ["f0", "f1", "f2", "f3"];

const REVOCABLE: Resource = {
  name: "cpus",
  value: { type: "scalar", milli: 1000 },
  isRevocable: true,
};
const mount = (milli: number): Resource => ({
  ...scalar("disk", milli),
  disk: { source: { type: "mount", id: "m", root: "/m" } },
});
const reserved = (resource: Resource, ...roles: readonly string[]): Resource => ({
  ...resource,
  reservations: roles.map((role, index) => ({
    type: index === 0 ? ("static" as const) : ("dynamic" as const),
    role,
  })),
});
const sharedVolume = (role: string): Resource => ({
  ...reserved(scalar("disk", 5_000), role),
  disk: {
    persistence: { id: `shared-${role}` },
    volume: { containerPath: "data", mode: "RW" },
  },
  isShared: true,
});

const TOTALS: readonly Resources[] = [
  ..."cpus:1;mem:100 cpus:2;mem:100;ports:[1-10] cpus:3;mem:100;cpus(r1):1;mem(r1):50 cpus:2;mem:300;gpus:2;cpus(r2):2 cpus:0.001;mem:1;disk:7 cpus:3;mem:70;ports:[1-3,8-9];ports(r2/x):[20-22];bugs:{a,b} cpus(r1):2 cpus:4;mem:400;disk:20 cpus:1;mem:50;cpus(r2/x):1;mem(r3):60;disk(r3):9"
    .split(" ")
    .map((text) => parseResources(text)),
  canonical([...parseResources("cpus:1;mem:50"), REVOCABLE]),
  canonical([...parseResources("cpus:2;mem:64;disk:4"), mount(10_000)]),
  canonical([
    ...parseResources("cpus:1;mem:64"),
    reserved(scalar("cpus", 2_000), "r2", "r2/x"),
    reserved(REVOCABLE, "r2"),
  ]),
  canonical([...parseResources("cpus:2;mem:64;disk:3"), sharedVolume("r2")]),
  canonical([...parseResources("mem:90"), sharedVolume("r1"), sharedVolume("r2/x")]),
];

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

const CONSTRAINTS: readonly AttributeConstraint[] = [
  { selector: { type: "hostname" }, predicate: { type: "text-equals", value: "h1" } },
  { selector: { type: "hostname" }, predicate: { type: "text-not-matches", pattern: "h[13]" } },
  { selector: { type: "region" }, predicate: { type: "text-not-equals", value: "west" } },
  { selector: { type: "zone" }, predicate: { type: "exists" } },
  { selector: { type: "attribute", name: "rack" }, predicate: { type: "not-exists" } },
  {
    selector: { type: "attribute", name: "rack" },
    predicate: { type: "text-matches", pattern: "k.*" },
  },
];
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

/** What becomes of a piece of what somebody holds or what is free. */
export type Conversion =
  | { readonly to: "reserve"; readonly role: string }
  | { readonly to: "unreserve" | "destroy" }
  | { readonly to: "create"; readonly isShared: boolean };

const anyConversion: fc.Arbitrary<Conversion> = fc.oneof(
  fc.record({ to: fc.constant("reserve" as const), role: fc.constantFrom(...NODES) }),
  fc.record({ to: fc.constantFrom("unreserve" as const, "destroy" as const) }),
  fc.record({ to: fc.constant("create" as const), isShared: fc.boolean() }),
);

export type Step =
  | { kind: "add-agent"; agent: string; options: AgentOptions; used: string | null }
  | { kind: "update-agent"; agent: string; options: AgentOptions }
  | { kind: "remove-agent" | "activate" | "deactivate"; agent: string }
  | { kind: "add-framework" | "update-framework"; framework: string; options: FrameworkOptions }
  | { kind: "remove-framework" | "connect" | "disconnect"; framework: string }
  | { kind: "suppress" | "revive"; framework: string; roles: string[] }
  | { kind: "limit-offers"; framework: string; offersMax: number | null }
  | { kind: "weight"; role: string; weight: number }
  | { kind: "quota"; quota: Quota }
  | { kind: "add-used"; agent: string; framework: string; part: number }
  | { kind: "recover"; which: number; isPart: boolean; cause: RecoverCause }
  | { kind: "convert-held"; which: number; isHalf: boolean; conversion: Conversion }
  | { kind: "convert-free"; agent: string; isHalf: boolean; conversion: Conversion }
  | { kind: "batch" | "run" | "restore" }
  | { kind: "wait"; ms: number };

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
export const anySteps: fc.Arbitrary<readonly Step[]> = fc
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
