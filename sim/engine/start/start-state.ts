import type { ClusterConfig } from "@bourse/cluster/inputs";
import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { Capability } from "@bourse/model/framework";
import type { AgentId, FrameworkId, Role, TaskId } from "@bourse/model/ids";
import type { Machine, MaintenanceWindow } from "@bourse/model/maintenance";
import type { Quota, RoleWeight } from "@bourse/model/quota";
import type { Resources } from "@bourse/model/resources";

/**
 * What a live cluster holds, as plain data: all that a simulated cluster needs to begin where the live one was. It is
 * what the master tells operators and no more, so it begins as after a failover of the master: agents return with their
 * tasks, frameworks under their ids, and offers are made anew. Times are wall clock, milliseconds.
 */
export interface StartState {
  readonly takenAtMs: number;
  /** From where, for people. */
  readonly source: string;
  /** Of the master, as far as it is known; what is absent counts as the default. */
  readonly config: Partial<ClusterConfig>;
  readonly agents: readonly StartAgent[];
  readonly frameworks: readonly StartFramework[];
  /** Those that hold resources, by the master's word. */
  readonly tasks: readonly StartTask[];
  readonly quotas: readonly Quota[];
  readonly weights: readonly RoleWeight[];
  readonly maintenance: {
    readonly windows: readonly MaintenanceWindow[];
    readonly down: readonly Machine[];
  };
  /** What those who are there do from now on; absent = they keep what they have. */
  readonly behaviour?: StartBehaviour;
}

/** What nobody can see in a live cluster, and so has to be assumed. Virtual times from the beginning of the run. */
export interface StartBehaviour {
  /** Tasks end well after a time drawn evenly up to this; absent = they go on for ever. */
  readonly taskLifetimeMs?: number;
  /** A task whose agent is out of reach is given up and replaced after so long. */
  readonly replaceUnreachableAfterMs?: number;
  /** Machines that are added, with their agents; `hostname` differs from all others. */
  readonly join?: readonly {
    readonly atMs: number;
    readonly hostname: string;
    readonly resources: Resources;
    readonly attributes: readonly Attribute[];
    readonly domain?: FaultDomain;
  }[];
  /** Frameworks are told to leave these agents: they stop their tasks there and launch each anew elsewhere. */
  readonly leave?: readonly { readonly atMs: number; readonly agentIds: readonly AgentId[] }[];
}

export interface StartAgent {
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly port: number;
  readonly version: string;
  /** Dynamic reservations and volumes included. */
  readonly total: Resources;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
  readonly isDeactivated: boolean;
  /** Its process runs. False: the master waits for it, or has given it up. */
  readonly isUp: boolean;
  readonly registeredAtMs: number;
  /** Set once the master has given it up. */
  readonly unreachableSinceMs?: number;
}

export interface StartFramework {
  readonly frameworkId: FrameworkId;
  readonly name: string;
  readonly user: string;
  readonly principal?: string;
  readonly roles: readonly Role[];
  readonly capabilities: readonly Capability[];
  readonly failoverTimeoutMs: number;
  /** Its scheduler is connected. False: its tasks go on, and it may be removed when its time is over. */
  readonly isUp: boolean;
  readonly registeredAtMs: number;
  readonly disconnectedSinceMs?: number;
}

export interface StartTask {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  readonly name: string;
  readonly agentId: AgentId;
  readonly role: Role;
  readonly resources: Resources;
  /** A kill is under way. */
  readonly isKilling: boolean;
  readonly launchedAtMs: number;
}
