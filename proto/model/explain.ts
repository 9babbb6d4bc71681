import type { AgentId, FrameworkId, OfferId, Role } from "./ids.ts";
import type { DeclineReason } from "./offer.ts";
import type { Amount } from "./quota.ts";
import type { Resources } from "./resources.ts";

/**
 * Why a framework has or lacks offers, or a task is where it is, as data (FEATURES A-1, N-01). For every agent
 * every check with its verdict, not only the first that failed.
 */
export interface Explanation {
  /** Of the framework or the task that was asked about. */
  readonly frameworkId?: FrameworkId;
  /** One sentence that answers the question; the rest is its basis. */
  readonly summary: string;
  readonly roles: readonly RoleStanding[];
  readonly agents: readonly AgentVerdict[];
  /** The smallest changes that would produce an offer, the smallest first; empty when there is one already. */
  readonly relaxations: readonly Relaxation[];
  /** What happened lately to this framework or task, oldest first. */
  readonly decisions: readonly Decision[];
}

/** A role among its siblings; an answer has every role from the top of the tree down to the one in question. */
export interface RoleStanding {
  readonly role: Role;
  readonly isSuppressed: boolean;
  /** Dominant share of the subtree in [0, 1] divided by weight, as the sorter compares it. */
  readonly share: number;
  /** 1 = next to be served among the `of` siblings that somebody may be served in, itself included. */
  readonly position: number;
  readonly of: number;
  readonly weightMilli: number;
  /** What `share` would be if all active roles were served by weight alone. */
  readonly fairShare: number;
  /** How long it has been entitled to more and got nothing; null = it is not. */
  readonly unservedForMs: number | null;
  /** The tightest of its own and its ancestors' limits, with what is consumed of it; only names with a limit. */
  readonly limits: readonly {
    readonly role: Role;
    readonly name: string;
    readonly limitMilli: number;
    readonly consumedMilli: number;
  }[];
}

/** One agent for one framework; in answers about a role or an agent there is one for each framework. */
export interface AgentVerdict {
  readonly agentId: AgentId;
  /** Absent for a task shape: nobody asks for it yet. */
  readonly frameworkId?: FrameworkId;
  readonly free: Resources;
  readonly checks: readonly Check[];
  /** Who has the rest, offered or in use. */
  readonly holders: readonly Holder[];
  /** Refusals of the framework in question that are in force. */
  readonly filters: readonly PendingFilter[];
}

export interface Holder {
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly resources: Resources;
}

export interface PendingFilter {
  readonly frameworkId: FrameworkId;
  readonly role: Role;
  readonly refused: Resources;
  /** How much longer, at most; a periodic run must pass too. */
  readonly restMs: number;
}

/** One set of changes, all of which are needed. `text` says them in words with the command to type. */
export interface Relaxation {
  /** Agents on which it would help. */
  readonly agentIds: readonly AgentId[];
  readonly changes: readonly RelaxedCheck[];
  readonly text: string;
}

export interface RelaxedCheck {
  readonly check: CheckName;
  readonly role?: Role;
  /** How much of which scalar is short, of the agent, the limit or the headroom. */
  readonly shortfalls: readonly Amount[];
}

export const CHECK_NAMES = [
  "agent-active",
  "role-not-suppressed",
  "framework-connected",
  "min-allocatable",
  "capability",
  "region",
  "constraints",
  "quota-limit",
  "quota-headroom",
  "offer-budget",
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
