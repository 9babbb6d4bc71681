import type { AgentId, FrameworkId, OfferId, Role } from "./ids.ts";
import type { DeclineReason } from "./offer.ts";
import type { Resources } from "./resources.ts";

/**
 * Why a framework has or lacks offers, or a task is where it is, as data (FEATURES A-1, N-01). For every agent
 * every check with its verdict, not only the first that failed.
 */
export interface Explanation {
  readonly frameworkId: FrameworkId;
  /** One sentence that answers the question; the rest is its basis. */
  readonly summary: string;
  readonly roles: readonly RoleStanding[];
  readonly agents: readonly AgentVerdict[];
  /** What happened lately to this framework or task, oldest first. */
  readonly decisions: readonly Decision[];
}

export interface RoleStanding {
  readonly role: Role;
  readonly isSuppressed: boolean;
  /** Dominant share in [0, 1] divided by weight, as the sorter compares it. */
  readonly share: number;
  /** 1 = next to be served among the active roles. */
  readonly position: number;
  readonly of: number;
}

export interface AgentVerdict {
  readonly agentId: AgentId;
  readonly free: Resources;
  readonly checks: readonly Check[];
}

export const CHECK_NAMES = [
  "agent-active",
  "role-not-suppressed",
  "framework-connected",
  "min-allocatable",
  "capability",
  "filter",
  "fits",
  "not-offered-elsewhere",
] as const;
export type CheckName = (typeof CHECK_NAMES)[number];

export interface Check {
  readonly name: CheckName;
  readonly role?: Role;
  readonly isPassed: boolean;
  /** What is missing or in the way and until when, in words: `filter for 3.2 s more`, `0.4 cpus short`. */
  readonly detail?: string;
}

/** One decision of the master, kept in a bounded ring per framework. */
export interface Decision {
  readonly wallMs: number;
  readonly what:
    | {
        readonly kind: "offered";
        readonly offerId: OfferId;
        readonly agentId: AgentId;
        readonly role: Role;
        readonly resources: Resources;
      }
    | {
        readonly kind: "rescinded";
        readonly offerId: OfferId;
        readonly agentId: AgentId;
        readonly cause: string;
      }
    | {
        readonly kind: "declined";
        readonly offerId: OfferId;
        readonly agentId: AgentId;
        readonly refuseMs: number;
        readonly reasons: readonly DeclineReason[];
      }
    | { readonly kind: "launched"; readonly agentId: AgentId; readonly taskCount: number }
    | { readonly kind: "dropped"; readonly taskId: string; readonly cause: string }
    | {
        readonly kind: "lost";
        readonly taskId: string;
        readonly agentId: AgentId;
        readonly cause: string;
      }
    | { readonly kind: "withheld"; readonly cause: string };
}
