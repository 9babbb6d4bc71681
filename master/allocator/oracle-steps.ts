import type { AttributeConstraint } from "@bourse/model/constraints";
import type { Quota } from "@bourse/model/quota";
import { canonical, type Resource, type Resources, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import type { AgentOptions, FrameworkOptions, RecoverCause } from "./options.ts";

/**
 * What random clusters are made of and what may happen to them. Few of everything, so that ids, shares and amounts
 * collide; all that the allocator knows is in: a tree of roles, quotas at every level, reservations with stacks,
 * volumes, shared ones, gpus, regions, constraints, budgets, changes of kind.
 */
export const ROLES = ["*", "r1", "r2", "r2/x", "r2/x/u", "r2/y", "r3/a"];
/** Roles that may have a quota and a weight: inner ones too. */
export const NODES = [...ROLES.slice(1), "r3"];

export const AGENTS = ["a0", "a1", "a2", "a3", "a4"];
export const FRAMEWORKS = ["f0", "f1", "f2", "f3"];

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
const shared = (disk: Resource, id: string): Resource => ({
  ...disk,
  disk: { persistence: { id }, volume: { containerPath: "data", mode: "RW" } },
  isShared: true,
});
const sharedVolume = (role: string): Resource =>
  shared(reserved(scalar("disk", 5_000), role), `shared-${role}`);

export const TOTALS: readonly Resources[] = [
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
  // Nobody makes volumes of what is not reserved; counting must not depend on it.
  canonical([...parseResources("cpus:1;mem:80"), shared(scalar("disk", 2_000), "unreserved")]),
];

export const CONSTRAINTS: readonly AttributeConstraint[] = [
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
/** What becomes of a piece of what somebody holds or what is free. */
export type Conversion =
  | { readonly to: "reserve"; readonly role: string }
  | { readonly to: "unreserve" | "destroy" }
  | { readonly to: "create"; readonly isShared: boolean };

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
