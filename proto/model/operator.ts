import type { Attribute, FaultDomain } from "./agent.ts";
import type { RoleConstraints } from "./constraints.ts";
import type { Refusal } from "./errors.ts";
import type { Explanation } from "./explain.ts";
import type { Capability } from "./framework.ts";
import type {
  AgentId,
  ExecutorId,
  FrameworkId,
  OfferId,
  OperationId,
  OperationUuid,
  Role,
  TaskId,
} from "./ids.ts";
import type { Machine, MachineMode, MaintenanceWindow, Unavailability } from "./maintenance.ts";
import type { OperationState, ResourceOperation } from "./operation.ts";
import type { Amount, Quota, RoleWeight } from "./quota.ts";
import type { Resource, Resources } from "./resources.ts";
import type { TaskStatus } from "./task.ts";
import type { TaskState } from "./task-state.ts";

/** What an operator may change. Each is answered with `OperatorReply`, after the change is durable. */
export type OperatorCall =
  /** No more offers of this agent; its tasks go on (FEATURES M-50). */
  | { readonly kind: "deactivate-agent"; readonly agentId: AgentId }
  | { readonly kind: "reactivate-agent"; readonly agentId: AgentId }
  /** Kills all tasks of the framework; its id never returns. */
  | { readonly kind: "teardown-framework"; readonly frameworkId: FrameworkId }
  | {
      readonly kind: "kill-task";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly gracePeriodMs?: number;
    }
  /** All or nothing. Refused without force when something is consumed above a new limit (M-31). */
  | {
      readonly kind: "update-quotas";
      /** Empty guarantees and limits remove a role's quota. */
      readonly quotas: readonly Quota[];
      readonly isForced: boolean;
      /** Only say whether it would be refused. */
      readonly isDryRun?: true;
    }
  /** 1000 = the default, which removes the record. */
  | { readonly kind: "update-weights"; readonly weights: readonly RoleWeight[] }
  /** On free resources; offers that are in the way are rescinded (M-32). */
  | {
      readonly kind: "operate";
      readonly agentId: AgentId;
      readonly operation: ResourceOperation;
    }
  /** Replaces the whole schedule (M-71). */
  | {
      readonly kind: "update-maintenance-schedule";
      readonly windows: readonly MaintenanceWindow[];
    }
  | { readonly kind: "start-maintenance"; readonly machines: readonly Machine[] }
  | { readonly kind: "stop-maintenance"; readonly machines: readonly Machine[] };

export type OperatorReply =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** What an operator may ask. Lists are paged: `after` is the last id of the page before. */
export type OperatorQuery =
  | { readonly kind: "master" }
  | { readonly kind: "agents"; readonly page: Page }
  | { readonly kind: "frameworks"; readonly page: Page; readonly hasCompleted: boolean }
  | { readonly kind: "offers"; readonly page: Page }
  | { readonly kind: "tasks"; readonly page: Page; readonly filter: TaskFilter }
  | { readonly kind: "roles"; readonly page: Page }
  | { readonly kind: "reservations"; readonly page: Page }
  | { readonly kind: "volumes"; readonly page: Page }
  | { readonly kind: "operations"; readonly page: Page }
  | { readonly kind: "maintenance" }
  | { readonly kind: "explain"; readonly subject: ExplainSubject };

export interface Page {
  /** At most 1,000. */
  readonly limit: number;
  readonly after?: string;
}

export interface TaskFilter {
  readonly frameworkId?: FrameworkId;
  readonly agentId?: AgentId;
  readonly states?: readonly TaskState[];
  /** Task id or a prefix of one (FEATURES C-2). */
  readonly idPrefix?: string;
  /** Also the ended tasks that the master still remembers (M-81). */
  readonly hasCompleted: boolean;
}

export type ExplainSubject =
  | {
      readonly kind: "framework";
      readonly frameworkId: FrameworkId /** What it would like to place. */;
      readonly wanted?: Resources;
    }
  | { readonly kind: "task"; readonly frameworkId: FrameworkId; readonly taskId: TaskId }
  | { readonly kind: "role"; readonly role: Role }
  | { readonly kind: "agent"; readonly agentId: AgentId }
  /** What would keep a task of this shape, of the role, from being offered what it needs. */
  | {
      readonly kind: "shape";
      readonly role: Role;
      readonly wanted: Resources;
      readonly constraints?: RoleConstraints;
      readonly capabilities?: readonly Capability[];
    };

export type OperatorView =
  | { readonly kind: "master"; readonly master: MasterView }
  | { readonly kind: "agents"; readonly agents: readonly AgentView[]; readonly next?: string }
  | {
      readonly kind: "frameworks";
      readonly frameworks: readonly FrameworkView[];
      readonly next?: string;
    }
  | { readonly kind: "offers"; readonly offers: readonly OfferView[]; readonly next?: string }
  | { readonly kind: "tasks"; readonly tasks: readonly TaskView[]; readonly next?: string }
  | { readonly kind: "roles"; readonly roles: readonly RoleView[]; readonly next?: string }
  | {
      readonly kind: "reservations";
      readonly reservations: readonly ReservationView[];
      readonly next?: string;
    }
  | { readonly kind: "volumes"; readonly volumes: readonly VolumeView[]; readonly next?: string }
  | {
      readonly kind: "operations";
      readonly operations: readonly OperationView[];
      readonly next?: string;
    }
  | { readonly kind: "maintenance"; readonly machines: readonly MachineView[] }
  | { readonly kind: "explanation"; readonly explanation: Explanation }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export interface MasterView {
  readonly masterId: string;
  readonly epoch: number;
  /** Of the newest operator event. */
  readonly sequence: number;
  readonly startedAtMs: number;
  readonly counts: Readonly<Record<"agents" | "frameworks" | "offers" | "tasks", number>>;
  readonly tasksByState: Readonly<Partial<Record<TaskState, number>>>;
  readonly total: Resources;
  readonly offered: Resources;
  readonly allocated: Resources;
  /** How far the core has come: `<epoch>.<inputs applied>`; the position in its journal. */
  readonly version: string;
}

export const AGENT_CONDITIONS = [
  "active",
  "deactivated",
  "disconnected",
  "recovering",
  "unreachable",
] as const;
export type AgentCondition = (typeof AGENT_CONDITIONS)[number];

export interface AgentView {
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly port: number;
  readonly condition: AgentCondition;
  readonly isDeactivated: boolean;
  readonly total: Resources;
  readonly offered: Resources;
  readonly allocated: Resources;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
  readonly version: string;
  readonly tasks: number;
  readonly registeredAtMs: number;
  readonly unreachableSinceMs?: number;
}

export const FRAMEWORK_CONDITIONS = ["active", "disconnected", "recovered", "completed"] as const;
export type FrameworkCondition = (typeof FRAMEWORK_CONDITIONS)[number];

export interface FrameworkView {
  readonly frameworkId: FrameworkId;
  readonly name: string;
  readonly user: string;
  readonly principal?: string;
  readonly roles: readonly Role[];
  readonly suppressedRoles: readonly Role[];
  readonly capabilities: readonly Capability[];
  readonly condition: FrameworkCondition;
  readonly failoverTimeoutMs: number;
  /** When a disconnected framework will be removed; wall clock. */
  readonly removeAtMs?: number;
  readonly hostname?: string;
  readonly webuiUrl?: string;
  readonly tasks: number;
  readonly offers: number;
  readonly offered: Resources;
  readonly allocated: Resources;
  readonly registeredAtMs: number;
}

export interface OfferView {
  readonly offerId: OfferId;
  readonly frameworkId: FrameworkId;
  readonly agentId: AgentId;
  readonly role: Role;
  readonly resources: Resources;
  readonly offeredAtMs: number;
  readonly rescindAtMs?: number;
}

/** One role of the tree: with frameworks, allocations, reservations, quota or weight, or above one that has. */
export interface RoleView {
  readonly role: Role;
  readonly weightMilli: number;
  /** Subscribed to this very role. */
  readonly frameworkIds: readonly FrameworkId[];
  /** Dominant share of the subtree in [0, 1], not divided by weight. */
  readonly share: number;
  /** What the share would be if all active roles were served by weight alone. */
  readonly fairShare: number;
  readonly quota?: Quota;
  /** Of the subtree, as quota counts it. */
  readonly consumed: readonly Amount[];
  /** Of this very role: offered or in use, scalars. */
  readonly allocated: Resources;
  /** For this very role, on all agents, scalars. */
  readonly reserved: Resources;
  /** How long it has been entitled to more and got nothing; null = it is not, or it was served just now. */
  readonly unservedForMs: number | null;
  /** Filters in force, of all frameworks, in this very role (M-25). */
  readonly refusals: number;
}

/** What is reserved for one role on one agent with the same labels and principal. */
export interface ReservationView {
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly role: Role;
  readonly resources: Resources;
  /** Offered or in use. */
  readonly allocated: Resources;
  /** No framework has the role or one below it (N-13). */
  readonly isOrphaned: boolean;
}

export interface VolumeView {
  readonly agentId: AgentId;
  readonly hostname: string;
  readonly volumeId: string;
  readonly role: Role;
  readonly resource: Resource;
  /** Tasks that use it. */
  readonly usedBy: readonly { readonly frameworkId: FrameworkId; readonly taskId: TaskId }[];
  readonly isOrphaned: boolean;
}

export interface OperationView {
  readonly operationUuid: OperationUuid;
  readonly agentId: AgentId;
  readonly operation: ResourceOperation["kind"];
  readonly frameworkId?: FrameworkId;
  readonly operationId?: OperationId;
  readonly state: OperationState;
  readonly message?: string;
  readonly startedAtMs: number;
}

/** A machine of the maintenance schedule, or one that is down. */
export interface MachineView {
  readonly machine: Machine;
  readonly mode: MachineMode;
  readonly unavailability?: Unavailability;
  readonly agentIds: readonly AgentId[];
  /** What frameworks said to their last inverse offer. */
  readonly answers: readonly {
    readonly frameworkId: FrameworkId;
    readonly agentId: AgentId;
    readonly answer: "accepted" | "declined" | "none";
  }[];
}

export interface TaskView {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  readonly name: string;
  readonly agentId: AgentId;
  readonly executorId?: ExecutorId;
  readonly role: Role;
  readonly state: TaskState;
  readonly isHealthy?: boolean;
  readonly resources: Resources;
  /** Newest last; bounded to the last few. */
  readonly statuses: readonly TaskStatus[];
  readonly launchedAtMs: number;
}

/**
 * What happened, for people and screens (FEATURES M-76): numbered without gaps per epoch, resumable within the
 * master's retention; after a gap the client lists anew.
 */
export interface OperatorEvent {
  readonly epoch: number;
  readonly sequence: number;
  readonly wallMs: number;
  readonly change: OperatorChange;
}

export type OperatorChange =
  | { readonly kind: "agent-added"; readonly agentId: AgentId; readonly hostname: string }
  | {
      readonly kind: "agent-changed";
      readonly agentId: AgentId;
      readonly condition: AgentCondition;
      readonly cause: string;
    }
  | { readonly kind: "agent-removed"; readonly agentId: AgentId; readonly cause: string }
  | { readonly kind: "framework-added"; readonly frameworkId: FrameworkId; readonly name: string }
  | {
      readonly kind: "framework-changed";
      readonly frameworkId: FrameworkId;
      readonly condition: FrameworkCondition;
      readonly cause: string;
    }
  | {
      readonly kind: "framework-removed";
      readonly frameworkId: FrameworkId;
      readonly cause: string;
    }
  | {
      readonly kind: "task-added";
      readonly frameworkId: FrameworkId;
      readonly taskId: TaskId;
      readonly agentId: AgentId;
    }
  | {
      readonly kind: "task-updated";
      readonly frameworkId: FrameworkId;
      readonly status: TaskStatus;
    }
  | { readonly kind: "quota-changed"; readonly role: Role }
  | { readonly kind: "weight-changed"; readonly role: Role; readonly weightMilli: number }
  | {
      readonly kind: "operation-updated";
      readonly agentId: AgentId;
      readonly operationUuid: OperationUuid;
      readonly state: OperationState;
    }
  | {
      readonly kind: "maintenance-changed";
      readonly hostname: string;
      readonly mode: MachineMode | "up";
    }
  | { readonly kind: "task-removed"; readonly frameworkId: FrameworkId; readonly taskId: TaskId }
  /** The subscriber asked for events that are no longer kept: list anew, then go on from `sequence`. */
  | { readonly kind: "gap"; readonly fromSequence: number };
