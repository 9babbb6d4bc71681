/** The SDK's whole public face; the one barrel of the project (see README.md beside it). */
export type { RunSpec, TaskSpec } from "@bourse/model/container";
export { ClusterError, type ErrorCode, type Refusal } from "@bourse/model/errors";
export type { Capability, FrameworkInfo } from "@bourse/model/framework";
export type {
  AgentId,
  ExecutorId,
  FrameworkId,
  OfferId,
  Role,
  TaskId,
  UpdateUuid,
} from "@bourse/model/ids";
export type { Now } from "@bourse/model/now";
export type { DeclineReason, Filters, Offer, Operation } from "@bourse/model/offer";
export { Random } from "@bourse/model/random";
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
export { OFFER_DEMAND_DEFAULTS, OfferDemand } from "@bourse/session/offer-demand";
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
export { SESSION_DEFAULTS } from "@bourse/session/session-io";
export {
  createDriver,
  type Driver,
  type DriverOptions,
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
  type TaskDescription,
} from "./live-offer.ts";
export type { Log } from "./log.ts";
export type { ServiceCall, ServiceHandler } from "./relay-call.ts";
export { type FrameworkStore, fileStore, memoryStore } from "./stores.ts";
