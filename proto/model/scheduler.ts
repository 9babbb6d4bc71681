import type { OfferConstraints } from "./constraints.ts";
import type { Refusal } from "./errors.ts";
import type { FrameworkInfo } from "./framework.ts";
import type {
  AgentId,
  ExecutorId,
  FrameworkId,
  InverseOfferId,
  OfferId,
  OperationId,
  Role,
  TaskId,
  UpdateUuid,
} from "./ids.ts";
import type { InverseOffer } from "./maintenance.ts";
import type { DeclineReason, Filters, Offer, Operation } from "./offer.ts";
import type { OperationStatus } from "./operation.ts";
import type { KillPolicy, TaskStatus } from "./task.ts";

/** What a framework may ask of the master (FEATURES 3.3). */
export type FrameworkCall =
  | {
      readonly kind: "subscribe";
      /** Absent = a new framework. */
      readonly frameworkId?: FrameworkId;
      readonly info: FrameworkInfo;
      readonly suppressedRoles: readonly Role[];
      /** Absent = none (M-38). */
      readonly offerConstraints?: OfferConstraints;
      /** The highest leader epoch this scheduler has seen; a master with a lower one refuses itself. */
      readonly epochSeen: number;
    }
  | { readonly kind: "teardown" }
  | {
      readonly kind: "accept";
      readonly offerIds: readonly OfferId[];
      readonly operations: readonly Operation[];
      readonly filters: Filters;
    }
  | {
      readonly kind: "decline";
      readonly offerIds: readonly OfferId[];
      readonly filters: Filters;
      readonly reasons?: readonly DeclineReason[];
    }
  /**
   * No roles given = all of the framework's roles. `offersMax`: at most so many offers, in all roles together, from now
   * until the next revive or subscription; absent = no bound. Who places one task need not hear of every agent.
   */
  | { readonly kind: "revive"; readonly roles: readonly Role[]; readonly offersMax?: number }
  | { readonly kind: "suppress"; readonly roles: readonly Role[] }
  | {
      readonly kind: "kill";
      readonly taskId: TaskId;
      readonly agentId?: AgentId;
      readonly killPolicy?: KillPolicy;
    }
  | {
      readonly kind: "acknowledge";
      readonly agentId: AgentId;
      readonly taskId: TaskId;
      readonly uuid: UpdateUuid;
    }
  /** No tasks given = implicit: the state of all tasks. */
  | {
      readonly kind: "reconcile";
      readonly tasks: readonly { readonly taskId: TaskId; readonly agentId?: AgentId }[];
    }
  | {
      readonly kind: "message";
      readonly agentId: AgentId;
      readonly executorId: ExecutorId;
      readonly data: Uint8Array;
    }
  /** All at once or nothing; principal, user and checkpointing may not change (FEATURES 3.3). */
  | {
      readonly kind: "update-framework";
      readonly info: FrameworkInfo;
      readonly suppressedRoles: readonly Role[];
      readonly offerConstraints?: OfferConstraints;
    }
  | {
      readonly kind: "acknowledge-operation";
      readonly agentId?: AgentId;
      readonly operationId: OperationId;
      readonly uuid: UpdateUuid;
    }
  /** No operations given = all that the master knows. */
  | {
      readonly kind: "reconcile-operations";
      readonly operations: readonly {
        readonly operationId: OperationId;
        readonly agentId?: AgentId;
      }[];
    }
  /** Advice: the framework will have left in time (M-71). */
  | {
      readonly kind: "accept-inverse";
      readonly inverseOfferIds: readonly InverseOfferId[];
      readonly filters: Filters;
    }
  | {
      readonly kind: "decline-inverse";
      readonly inverseOfferIds: readonly InverseOfferId[];
      readonly filters: Filters;
      readonly reasons?: readonly DeclineReason[];
    };

/** What the master tells a framework (FEATURES 3.3). */
export type FrameworkEvent =
  | {
      readonly kind: "subscribed";
      readonly frameworkId: FrameworkId;
      readonly masterId: string;
      /** Of the leader; lower than one seen before = a deposed leader, refuse it. */
      readonly epoch: number;
      readonly heartbeatIntervalMs: number;
    }
  | { readonly kind: "offers"; readonly offers: readonly Offer[] }
  | { readonly kind: "rescind"; readonly offerId: OfferId }
  | { readonly kind: "inverse-offers"; readonly inverseOffers: readonly InverseOffer[] }
  | { readonly kind: "rescind-inverse"; readonly inverseOfferId: InverseOfferId }
  | { readonly kind: "operation-update"; readonly status: OperationStatus }
  | { readonly kind: "update"; readonly status: TaskStatus }
  | {
      readonly kind: "message";
      readonly agentId: AgentId;
      readonly executorId: ExecutorId;
      readonly data: Uint8Array;
    }
  /** An agent was removed, or (with an executor id) an executor ended. */
  | {
      readonly kind: "failure";
      readonly agentId: AgentId;
      readonly executorId?: ExecutorId;
      readonly exitStatus?: number;
    }
  /** The session is over. */
  | { readonly kind: "error"; readonly refusal: Refusal }
  | { readonly kind: "heartbeat" };
