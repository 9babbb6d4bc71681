import type { AllocatorConfig } from "@bourse/allocator/options";
import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { RequestId, SessionId } from "@bourse/model/ids";
import type { OperatorCall } from "@bourse/model/operator";
import type { RegistryEntry } from "@bourse/model/registry";
import type { FrameworkCall } from "@bourse/model/scheduler";

/**
 * Everything that can happen to a master, in the order in which it happened: what the journal records and
 * what the simulator makes up. `principal` is who sent it; null while authentication is off.
 */
export type ClusterInput = { readonly principal: string | null } & (
  | { readonly kind: "framework-call"; readonly session: SessionId; readonly call: FrameworkCall }
  /** The stream broke or was closed; `cause` for people, e.g. `stream overflow`. */
  | { readonly kind: "framework-closed"; readonly session: SessionId; readonly cause: string }
  | { readonly kind: "agent-message"; readonly session: SessionId; readonly message: AgentToMaster }
  | { readonly kind: "agent-closed"; readonly session: SessionId; readonly cause: string }
  | { readonly kind: "operator-call"; readonly request: RequestId; readonly call: OperatorCall }
  /** Whom to offer from now on, by agent id or host; the rest goes on without offers. Null = everybody (M-51). */
  | { readonly kind: "whitelist"; readonly agents: readonly string[] | null }
  /** A timer of the core is due; sent at or after `wakeAtMs` of the last effects. */
  | { readonly kind: "wake" }
  /** No more input waits: now the allocator runs for what changed (DESIGN, When the allocator runs). */
  | { readonly kind: "batch-end" }
);

/** What a cluster starts from. The same in the journal's header, so that a replay starts alike. */
export interface ClusterStart {
  readonly config: ClusterConfig;
  /** Of the leader; every session carries it. */
  readonly epoch: number;
  readonly seed: string;
  /** What the registry held. */
  readonly entries: readonly RegistryEntry[];
}

/** All times in milliseconds. Defaults: `config.ts`, with the FEATURES ids they come from. */
export interface ClusterConfig extends AllocatorConfig {
  /** How long a framework may hold an offer; null = for ever (Mesos' default). */
  readonly offerTimeoutMs: number | null;
  readonly agentPingIntervalMs: number;
  readonly agentPingMissesMax: number;
  /** How long known agents may take to return after a master start. */
  readonly agentReregisterTimeoutMs: number;
  readonly frameworkHeartbeatMs: number;
  /** Used when a framework asks for none (T-5: Mesos' default of 0 kills everything at once). */
  readonly failoverTimeoutDefaultMs: number;
  readonly refuseDefaultMs: number;
  /** Ended tasks remembered per framework (M-81). */
  readonly completedTasksMax: number;
  /** Removed frameworks of which tasks and all are kept to look at (M-81); ids are refused for much longer. */
  readonly completedFrameworksMax: number;
  /** Decisions kept per framework for `explain`. */
  readonly decisionsMax: number;
  /** Agents, by id or host, of which there are offers at the start (M-51); null = of all. */
  readonly whitelist: readonly string[] | null;
}
