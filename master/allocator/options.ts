import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { OfferConstraints } from "@bourse/model/constraints";
import type { Capability } from "@bourse/model/framework";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Amount, Quota } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { type Resources, scalar } from "@bourse/model/resources";

/** Resources of one agent that now count as allocated to one framework in one role: an offer to be made. */
export interface Allocation {
  readonly agentId: AgentId;
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly resources: Resources;
}

/** How the children of a role and the frameworks of a role are put in order (M-24). */
export type SorterKind = "drf" | "random";

export interface AllocatorConfig {
  readonly allocationIntervalMs: number;
  /** Alternatives of which an offer must satisfy one (M-23). */
  readonly minAllocatable: readonly Resources[];
  /** Names that never count in a share (M-24): scarce things that would make every share alike. */
  readonly fairnessExcluded: readonly string[];
  readonly roleSorter: SorterKind;
  readonly frameworkSorter: SorterKind;
  /** The master's own (M-37); null = it has none, and no agent is remote. */
  readonly domain: FaultDomain | null;
}

/** FEATURES 3.19: every second; cpus 0.01 or mem 32 MB; everything counts in shares. */
export const ALLOCATOR_DEFAULTS: AllocatorConfig = {
  allocationIntervalMs: 1_000,
  minAllocatable: [[scalar("cpus", 10)], [scalar("mem", 32_000)]],
  fairnessExcluded: [],
  roleSorter: "drf",
  frameworkSorter: "drf",
  domain: null,
};

export interface AllocatorOptions {
  readonly random: Random;
  readonly config: AllocatorConfig;
}

/** What offers of an agent depend on. */
export interface AgentOptions {
  readonly total: Resources;
  readonly hostname: string;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
}

export interface FrameworkOptions {
  readonly roles: readonly Role[];
  readonly suppressedRoles: readonly Role[];
  readonly capabilities: readonly Capability[];
  /** Per role, instead of the cluster's minimum; an empty list accepts anything (CASES A16). */
  readonly minAllocatable?: ReadonlyMap<Role, readonly Resources[]>;
  /** Valid (`compileConstraints` says why not). */
  readonly offerConstraints?: OfferConstraints;
}

/** One role of the tree as people see it: `RoleView` without what only the cluster knows. */
export interface RoleState {
  readonly role: Role;
  readonly weightMilli: number;
  /** Subscribed to this very role. */
  readonly frameworkIds: readonly FrameworkId[];
  /** Dominant share of the subtree, not divided by weight. */
  readonly share: number;
  readonly fairShare: number;
  readonly quota: Quota | null;
  /** Of the subtree, as quota counts it. */
  readonly consumed: readonly Amount[];
  /** Of this very role: scalars, offered or in use. */
  readonly allocated: Resources;
  /** For this very role, on all agents: scalars. */
  readonly reserved: Resources;
  readonly unservedForMs: number | null;
  /** In force now, of all frameworks, in this very role. */
  readonly refusals: number;
}

/** What somebody holds of an agent already when the agent comes (back). */
export interface UsedResources {
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly resources: Resources;
}

/** Who holds something of which agent. */
export interface HolderOnAgent {
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly agentId: AgentId;
}

/** Why resources come back. */
export type RecoverCause =
  /** An offer or the rest of an accepted one that the framework does not want for `refuseMs`; 0 = no filter. */
  | { readonly kind: "declined"; readonly refuseMs: number }
  /** A task ended, or never began. */
  | { readonly kind: "terminal" }
  /** The master took an offer back. */
  | { readonly kind: "rescinded" };
