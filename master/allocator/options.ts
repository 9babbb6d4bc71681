import type { Capability } from "@bourse/model/framework";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import { type Resources, scalar } from "@bourse/model/resources";

/** Resources of one agent that now count as allocated to one framework in one role: an offer to be made. */
export interface Allocation {
  readonly agentId: AgentId;
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly resources: Resources;
}

export interface AllocatorConfig {
  readonly allocationIntervalMs: number;
  /** Alternatives of which an offer must satisfy one (M-23). */
  readonly minAllocatable: readonly Resources[];
  /** Names that never count in a share (M-24): scarce things that would make every share alike. */
  readonly fairnessExcluded: readonly string[];
}

/** FEATURES 3.19: every second; cpus 0.01 or mem 32 MB; everything counts in shares. */
export const ALLOCATOR_DEFAULTS: AllocatorConfig = {
  allocationIntervalMs: 1_000,
  minAllocatable: [[scalar("cpus", 10)], [scalar("mem", 32_000)]],
  fairnessExcluded: [],
};

export interface AllocatorOptions {
  readonly random: Random;
  readonly config: AllocatorConfig;
}

export interface FrameworkOptions {
  readonly roles: readonly Role[];
  readonly suppressedRoles: readonly Role[];
  readonly capabilities: readonly Capability[];
  /** Per role, instead of the cluster's minimum; an empty list accepts anything (CASES A16). */
  readonly minAllocatable?: ReadonlyMap<Role, readonly Resources[]>;
}

/** What somebody holds of an agent already when the agent comes (back). */
export interface UsedResources {
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly resources: Resources;
}

/** Why resources come back. */
export type RecoverCause =
  /** An offer or the rest of an accepted one that the framework does not want for `refuseMs`; 0 = no filter. */
  | { readonly kind: "declined"; readonly refuseMs: number }
  /** A task ended, or never began. */
  | { readonly kind: "terminal" }
  /** The master took an offer back. */
  | { readonly kind: "rescinded" };
