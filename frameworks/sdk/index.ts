/** The SDK's whole public face; the one barrel of the project (see README.md beside it). */

export type {
  AttributeConstraint,
  ConstraintPredicate,
  ConstraintSelector,
  OfferConstraints,
  RoleConstraints,
} from "@bourse/model/constraints";
export type { RunSpec, TaskSpec } from "@bourse/model/container";
export { ClusterError, type ErrorCode, type Refusal } from "@bourse/model/errors";
export type { Capability, FrameworkInfo } from "@bourse/model/framework";
export type {
  AgentId,
  ExecutorId,
  FrameworkId,
  InverseOfferId,
  OfferId,
  OperationId,
  Role,
  TaskId,
  UpdateUuid,
} from "@bourse/model/ids";
export type { InverseOffer, Unavailability } from "@bourse/model/maintenance";
export type { Now } from "@bourse/model/now";
export type { DeclineReason, Filters, Offer, Operation } from "@bourse/model/offer";
export {
  isFinalOperationState,
  type OperationState,
  type OperationStatus,
  type ResourceOperation,
} from "@bourse/model/operation";
export { Random } from "@bourse/model/random";
export { withoutVolume } from "@bourse/model/resource-parts";
export {
  add,
  contains,
  equal,
  formatResources,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
export type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
export type { TaskInfo, TaskStatus } from "@bourse/model/task";
export {
  isTerminal,
  type TaskReason,
  type TaskSource,
  type TaskState,
} from "@bourse/model/task-state";
export { decodeContainerStatus } from "@bourse/proto/wire/status";
export { encodeTaskPayload } from "@bourse/proto/wire/task";
export { type Amounts, resourcesOf } from "@bourse/session/amounts";
export { maintenanceReason } from "@bourse/session/maintenance";
export { OFFER_DEMAND_DEFAULTS, OfferDemand } from "@bourse/session/offer-demand";
export type { OperationRef } from "@bourse/session/operation-ledger";
export {
  brokenConstraints,
  explainMisfit,
  type Fit,
  fit,
  type PlacementConstraint,
  type PlacementRequest,
} from "@bourse/session/placement";
export type {
  Policy,
  PolicyCall,
  PolicyCalls,
  PolicyEvent,
  TaskRef,
} from "@bourse/session/policy";
export {
  type ReservationFor,
  reserved,
  unreserved,
  type VolumeDescription,
  volume,
  volumesOf,
} from "@bourse/session/resource-forms";
export { SESSION_DEFAULTS } from "@bourse/session/session-io";
export {
  createDriver,
  type Driver,
  type DriverOptions,
  type OfferWishes,
  type PolicyOptions,
  type StopOptions,
} from "./driver.ts";
export type { DriverEvent, DriverEventOf, DriverHandler } from "./driver-events.ts";
export type { FrameworkDescription } from "./framework-info.ts";
export { compacting, fileIntents, type IntentStore, memoryIntents } from "./intent-log.ts";
export {
  type LaunchOperation,
  type LiveOffer,
  launch,
  type OfferOperation,
  type TaskDescription,
} from "./live-offer.ts";
export type { Log } from "./log.ts";
export {
  createVolume,
  destroyVolume,
  growVolume,
  type OperationOptions,
  type ReshapeOperation,
  reserve,
  shrinkVolume,
  unreserve,
} from "./offer-operations.ts";
export type { ServiceCall, ServiceHandler } from "./relay-call.ts";
export { type FrameworkStore, fileStore, memoryStore } from "./stores.ts";
