import type { Attribute, FaultDomain } from "./agent.ts";
import type { Refusal } from "./errors.ts";
import type { Explanation } from "./explain.ts";
import type { Capability } from "./framework.ts";
import type { AgentId, ExecutorId, FrameworkId, OfferId, Role, TaskId } from "./ids.ts";
import type { Resources } from "./resources.ts";
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
    };

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
  | { readonly kind: "task"; readonly frameworkId: FrameworkId; readonly taskId: TaskId };

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
  | { readonly kind: "task-removed"; readonly frameworkId: FrameworkId; readonly taskId: TaskId }
  /** The subscriber asked for events that are no longer kept: list anew, then go on from `sequence`. */
  | { readonly kind: "gap"; readonly fromSequence: number };
