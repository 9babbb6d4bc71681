import type { FrameworkId, Role } from "./ids.ts";
import type { Resources } from "./resources.ts";

export const CAPABILITIES = [
  "REVOCABLE_RESOURCES",
  "TASK_KILLING_STATE",
  "GPU_RESOURCES",
  "SHARED_RESOURCES",
  "PARTITION_AWARE",
  "MULTI_ROLE",
  "RESERVATION_REFINEMENT",
  "REGION_AWARE",
] as const;
/** FEATURES M-19. */
export type Capability = (typeof CAPABILITIES)[number];

/** FEATURES M-18, with safe defaults (T-5) given by the edges. `payload`: the rest of Mesos' FrameworkInfo. */
export interface FrameworkInfo {
  readonly user: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly failoverTimeoutMs: number;
  readonly isCheckpointing: boolean;
  readonly capabilities: readonly Capability[];
  readonly hostname?: string;
  readonly principal?: string;
  readonly webuiUrl?: string;
  /** Per role, the alternatives of which an offer must satisfy one (M-23); an empty list accepts anything. */
  readonly minAllocatable?: ReadonlyMap<Role, readonly Resources[]>;
  readonly payload: Uint8Array;
}

/** A framework with its id, as agents and the registry keep it. */
export interface KnownFramework {
  readonly frameworkId: FrameworkId;
  readonly info: FrameworkInfo;
}

export function isPartitionAware(info: FrameworkInfo): boolean {
  return info.capabilities.includes("PARTITION_AWARE");
}
