import type { KnownAgent } from "./agent.ts";
import type { KnownFramework } from "./framework.ts";
import type { AgentId, FrameworkId } from "./ids.ts";
import type { Machine, MaintenanceWindow } from "./maintenance.ts";
import type { Quota, RoleWeight } from "./quota.ts";

/**
 * What a master must never forget (FEATURES M-3), and framework records besides, so that a failover timeout
 * survives the master (M-10). One entry a key; tasks and offers are rebuilt from agents and frameworks.
 */
export type RegistryEntry =
  | {
      readonly kind: "agent";
      readonly agent: KnownAgent;
      readonly isDeactivated: boolean;
      readonly registeredAtMs: number;
      /** Of the life in which the agent was admitted; it may never have heard its id (see `register`). */
      readonly registrationKey?: string;
      /** Set while the agent is out of reach; wall clock. */
      readonly unreachableSinceMs?: number;
    }
  | { readonly kind: "quota"; readonly quota: Quota }
  | { readonly kind: "weight"; readonly weight: RoleWeight }
  | {
      readonly kind: "maintenance";
      readonly windows: readonly MaintenanceWindow[];
      /** Machines that an operator took down; lower case. */
      readonly down: readonly Machine[];
    }
  | { readonly kind: "gone-agent"; readonly agentId: AgentId; readonly sinceMs: number }
  | {
      readonly kind: "framework";
      readonly framework: KnownFramework;
      readonly registeredAtMs: number;
      readonly disconnectedSinceMs?: number;
    }
  | {
      readonly kind: "completed-framework";
      readonly frameworkId: FrameworkId;
      readonly name: string;
      readonly atMs: number;
    };

/** A change to write. Later records for a key win; `put` replaces the whole entry. */
export type RegistryRecord =
  | { readonly op: "put"; readonly key: string; readonly entry: RegistryEntry }
  | { readonly op: "delete"; readonly key: string };
