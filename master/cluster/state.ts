import type { Allocator } from "@bourse/allocator/allocator";
import type { AgentInfo } from "@bourse/model/agent";
import type { Decision } from "@bourse/model/explain";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { AgentId, FrameworkId, OfferId, Role, SessionId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import type { KillPolicy, TaskInfo, TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import type { ClusterConfig } from "./inputs.ts";
import type { Outbox } from "./outbox.ts";
import type { Ring } from "./ring.ts";
import type { Timers } from "./timers.ts";

/**
 * Everything the master knows. Records are changed in place and never leave the core; what they point to (infos,
 * statuses, offers, resources) is immutable and may.
 */
export interface ClusterState {
  readonly config: ClusterConfig;
  readonly epoch: number;
  /** Of this leader; the prefix of every id it gives out, so that ids of two masters never meet. */
  readonly masterId: string;
  readonly counters: Counters;
  readonly frameworks: Map<FrameworkId, Framework>;
  /** Oldest first; ids that can never return (N-06). */
  readonly completedFrameworks: Map<FrameworkId, CompletedFramework>;
  readonly agents: Map<AgentId, Agent>;
  readonly goneAgents: Map<AgentId, number /** Since when; wall clock. */>;
  /** Oldest first, so that the first is the first to time out. */
  readonly offers: Map<OfferId, OfferRecord>;
  readonly sessions: Map<SessionId, Peer>;
  /** Live tasks by their newest state. */
  readonly taskCounts: Map<TaskState, number>;
  /** What live tasks hold, by the name of the scalar, in thousandths; follows from the tasks. */
  readonly allocatedMilli: Map<string, number>;
  readonly timers: Timers;
  readonly allocator: Allocator;
}

export interface Counters {
  /** Wall clock of the first input; null before it. */
  startedAtMs: number | null;
  inputs: number;
  /** Of the newest operator event. */
  sequence: number;
  frameworks: number;
  agents: number;
  offers: number;
  tasks: number;
  /** Agents of the registry that have not returned since the start; reconciliation waits for them. */
  recovering: number;
}

export type Peer =
  | { readonly kind: "framework"; readonly framework: Framework }
  | { readonly kind: "agent"; readonly agent: Agent };

export interface Framework {
  readonly frameworkId: FrameworkId;
  info: FrameworkInfo;
  /** Null while no scheduler is connected. */
  session: SessionId | null;
  /** `recovered`: known from the registry or from agents, not yet back since the master's start. */
  condition: "active" | "disconnected" | "recovered";
  suppressedRoles: readonly Role[];
  readonly tasks: Map<TaskId, Task>;
  readonly offers: Set<OfferRecord>;
  readonly completedTasks: Ring<Task>;
  readonly decisions: Ring<Decision>;
  readonly registeredAtMs: number;
  /** Wall clock. */
  disconnectedSinceMs: number | null;
}

export interface CompletedFramework {
  readonly frameworkId: FrameworkId;
  readonly name: string;
  readonly atMs: number;
  /** What is left to show of it; null when only its id is remembered. */
  last: {
    readonly info: FrameworkInfo;
    readonly registeredAtMs: number;
    readonly tasks: readonly Task[];
  } | null;
}

/**
 *   register -> active <-> disconnected -> unreachable -> (returns) active
 *   registry -> recovering -> active, or unreachable when it does not return in time
 */
export interface Agent {
  readonly agentId: AgentId;
  info: AgentInfo;
  session: SessionId | null;
  condition: "active" | "disconnected" | "recovering" | "unreachable";
  isDeactivated: boolean;
  readonly registeredAtMs: number;
  unreachableSinceMs: number | null;
  readonly tasks: Set<Task>;
  readonly offers: Set<OfferRecord>;
  pingSequence: number;
  /** Pings in a row that nothing answered. */
  pingMisses: number;
  /** Whether anything came from the agent since the last ping. */
  isHeard: boolean;
  /** False until the agent has said something that shows that it learnt its id. */
  knowsItsId: boolean;
}

/** A task until it has ended and its end is acknowledged. */
export interface Task {
  readonly frameworkId: FrameworkId;
  readonly info: TaskInfo;
  readonly agentId: AgentId;
  readonly role: Role;
  /** Ascending in the order in which the master came to know its tasks. */
  readonly sequence: number;
  /** The newest the agent knows; ahead of the last status while earlier updates wait (M-58). */
  state: TaskState;
  /** Newest last, a few. Replaced, never changed. */
  statuses: readonly TaskStatus[];
  readonly launchedAtMs: number;
  /** On which session of the agent the launch went out: only a launch of an earlier session can be missing. */
  launchSession: SessionId | null;
  /** Set once a kill was asked for; sent again whenever the agent returns. */
  kill: { readonly policy?: KillPolicy } | null;
  /** Whether the task's resources count as allocated on its agent. */
  isHolding: boolean;
}

export interface OfferRecord {
  readonly offer: Offer;
  readonly offeredAtMs: number;
  /** In `monoMs`; null = for ever. */
  readonly dueMs: number | null;
}

/** One input being applied: the time, the state that it changes, the effects that it gathers. */
export interface Turn {
  readonly now: Now;
  readonly state: ClusterState;
  readonly out: Outbox;
}
