import type { Allocator } from "@bourse/allocator/allocator";
import type { AgentInfo } from "@bourse/model/agent";
import type { OfferConstraints } from "@bourse/model/constraints";
import type { Decision } from "@bourse/model/explain";
import type { FrameworkInfo } from "@bourse/model/framework";
import type {
  AgentId,
  FrameworkId,
  OfferId,
  OperationId,
  OperationUuid,
  Role,
  SessionId,
  TaskId,
  UpdateUuid,
} from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import type { OperationState, ResourceOperation } from "@bourse/model/operation";
import type { Resources } from "@bourse/model/resources";
import type { KillPolicy, TaskInfo, TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import type { ClusterConfig } from "./inputs.ts";
import type { Maintenance } from "./machines.ts";
import type { OfferBudget } from "./offer-budget.ts";
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
  /** Agents that may not know their id (`knowsItsId`), by the key of their registration. */
  readonly newcomers: Map<string, Agent>;
  readonly goneAgents: Map<AgentId, number /** Since when; wall clock. */>;
  /** Oldest first, so that the first is the first to time out. */
  readonly offers: Map<OfferId, OfferRecord>;
  /** Not yet answered, or answered and not yet acknowledged; oldest first. */
  readonly operations: Map<OperationUuid, OperationRecord>;
  readonly sessions: Map<SessionId, Peer>;
  /** Live tasks by their newest state. */
  readonly taskCounts: Map<TaskState, number>;
  /**
   * What live tasks hold, by the name of the scalar, in thousandths; follows from the tasks. Without shared volumes, of
   * which every user has the whole.
   */
  readonly allocatedMilli: Map<string, number>;
  readonly maintenance: Maintenance;
  /** Agents, by id or host, that are offered at all (M-51); null = all. Whoever feeds it tells it again after a start. */
  whitelist: ReadonlySet<string> | null;
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
  inverseOffers: number;
  tasks: number;
  operations: number;
  /** Agents of the registry that have not returned since the start; reconciliation waits for them. */
  recovering: number;
  /** How many of them there were at the start if offers wait until most are back (M-8), else 0. */
  awaited: number;
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
  /** Null = none (M-38). */
  offerConstraints: OfferConstraints | null;
  readonly tasks: Map<TaskId, Task>;
  readonly offers: Set<OfferRecord>;
  /** Null = no bound. */
  offerBudget: OfferBudget | null;
  /** So many more offers it asked for when it last revived; null = no bound. */
  offersWanted: number | null;
  /** Those with an id, until their end is acknowledged. */
  readonly operations: Map<OperationId, OperationRecord>;
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
  /** Its resources count what operations will make of them. */
  info: AgentInfo;
  /** Its resources by its own word: without what is still on its way. */
  confirmed: Resources;
  session: SessionId | null;
  condition: "active" | "disconnected" | "recovering" | "unreachable";
  isDeactivated: boolean;
  readonly registeredAtMs: number;
  unreachableSinceMs: number | null;
  readonly tasks: Set<Task>;
  readonly offers: Set<OfferRecord>;
  /** Oldest first. */
  readonly operations: Set<OperationRecord>;
  /** Tasks hold what the agent said it does not have: an operation failed after they were sent. */
  isOverdrawn: boolean;
  pingSequence: number;
  /** Pings in a row that nothing answered. */
  pingMisses: number;
  /** Whether anything came from the agent since the last ping. */
  isHeard: boolean;
  /** False until the agent has said something that shows that it learnt its id. */
  knowsItsId: boolean;
  /** By what it is found when it registers again before it knows. */
  registrationKey: string | null;
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

/** An operation that was sent to an agent (operations.ts draws its life). */
export interface OperationRecord {
  readonly operationUuid: OperationUuid;
  readonly agentId: AgentId;
  /** Null for an operator's. */
  readonly frameworkId: FrameworkId | null;
  /** Null when nobody wants feedback. */
  readonly operationId: OperationId | null;
  /** Null for one that an earlier master sent. */
  readonly kind: ResourceOperation["kind"] | null;
  readonly consumed: Resources;
  readonly converted: Resources;
  state: OperationState;
  message: string | null;
  /** Of the agent's update, which is to be acknowledged. */
  updateUuid: UpdateUuid | null;
  readonly startedAtMs: number;
  /** The session on which it was sent: only there may it still be on its way. Null once the agent spoke of it. */
  sentOn: SessionId | null;
}

/** One input being applied: the time, the state that it changes, the effects that it gathers. */
export interface Turn {
  readonly now: Now;
  readonly state: ClusterState;
  readonly out: Outbox;
}
