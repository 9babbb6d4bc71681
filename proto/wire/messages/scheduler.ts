import type { OpenRelay } from "@bourse/model/relay";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import {
  FrameworkCall_Reconcile_TaskSchema,
  FrameworkCall_ReconcileOperations_OperationSchema,
  FrameworkCallFrameSchema,
  FrameworkCallSchema,
  FrameworkEventFrameSchema,
  FrameworkEventSchema,
} from "#gen/bourse/v1/scheduler_pb";
import { record, union } from "../codec.ts";
import { bytes, id, integer, list, nested, optional, uuid } from "../fields.ts";
import { frameOf } from "../frame.ts";
import { LIMITS } from "../limits.ts";
import { offerConstraints } from "./constraints.ts";
import { frameworkInfo, roles } from "./framework.ts";
import { inverseOffer } from "./maintenance.ts";
import { declineReasons, filters, offer, operation } from "./offer.ts";
import { operationStatus } from "./operation.ts";
import { refusal } from "./refusal.ts";
import { relayRequest } from "./relay.ts";
import { killPolicy, taskStatus } from "./task.ts";

type ReconcileTask = Extract<FrameworkCall, { kind: "reconcile" }>["tasks"][number];

const reconcileTask = record<ReconcileTask>(FrameworkCall_Reconcile_TaskSchema, {
  taskId: id(),
  agentId: optional(id()),
});

type ReconcileOperation = Extract<
  FrameworkCall,
  { kind: "reconcile-operations" }
>["operations"][number];

const reconcileOperation = record<ReconcileOperation>(
  FrameworkCall_ReconcileOperations_OperationSchema,
  { operationId: id(), agentId: optional(id()) },
);

const offerIds = list(id(), LIMITS.batch);
const operations = list(nested(operation), LIMITS.operations);
const constraints = optional(offerConstraints);
const reasons = optional(declineReasons);

export const frameworkCall = union<FrameworkCall, "kind">(FrameworkCallSchema, "kind", {
  subscribe: {
    frameworkId: optional(id()),
    info: nested(frameworkInfo),
    suppressedRoles: roles,
    offerConstraints: constraints,
    epochSeen: integer(),
  },
  teardown: {},
  accept: { offerIds, operations, filters: nested(filters) },
  decline: { offerIds, filters: nested(filters), reasons },
  revive: { roles, offersMax: optional(integer(1, LIMITS.batch)) },
  suppress: { roles },
  kill: { taskId: id(), agentId: optional(id()), killPolicy: optional(nested(killPolicy)) },
  acknowledge: { agentId: id(), taskId: id(), uuid: uuid() },
  reconcile: { tasks: list(nested(reconcileTask), LIMITS.batch) },
  message: { agentId: id(), executorId: id(), data: bytes(LIMITS.data) },
  "update-framework": {
    info: nested(frameworkInfo),
    suppressedRoles: roles,
    offerConstraints: constraints,
  },
  "acknowledge-operation": { agentId: optional(id()), operationId: id(), uuid: uuid() },
  "reconcile-operations": { operations: list(nested(reconcileOperation), LIMITS.batch) },
  "accept-inverse": { inverseOfferIds: offerIds, filters: nested(filters) },
  "decline-inverse": { inverseOfferIds: offerIds, filters: nested(filters), reasons },
});

/** What reaches a framework: events of the core, and relays that the shell asks it to open. */
export type FrameworkDownlink = FrameworkEvent | ({ readonly kind: "open-relay" } & OpenRelay);

export const frameworkDownlink = union<FrameworkDownlink, "kind">(FrameworkEventSchema, "kind", {
  subscribed: {
    frameworkId: id(),
    masterId: id(),
    epoch: integer(),
    heartbeatIntervalMs: integer(),
  },
  offers: { offers: list(nested(offer), LIMITS.batch) },
  rescind: { offerId: id() },
  "inverse-offers": { inverseOffers: list(nested(inverseOffer), LIMITS.batch) },
  "rescind-inverse": { inverseOfferId: id() },
  "operation-update": { status: nested(operationStatus) },
  update: { status: nested(taskStatus) },
  message: { agentId: id(), executorId: id(), data: bytes(LIMITS.data) },
  failure: {
    agentId: id(),
    executorId: optional(id()),
    exitStatus: optional(integer(Number.MIN_SAFE_INTEGER)),
  },
  error: { refusal: nested(refusal) },
  heartbeat: {},
  "open-relay": { token: id(), request: nested(relayRequest) },
});

export const frameworkCallFrame = frameOf(FrameworkCallFrameSchema, frameworkCall);
export const frameworkDownlinkFrame = frameOf(FrameworkEventFrameSchema, frameworkDownlink);
