import type { AgentId, FrameworkId, OperationId, OperationUuid, UpdateUuid } from "./ids.ts";
import type { Resource, Resources } from "./resources.ts";

/** What changes the kind of resources, not their amount (FEATURES M-17, M-32, M-33, M-68). */
export type ResourceOperation =
  /** Each resource as it shall be: one dynamic reservation more on its stack than now (M-33). */
  | { readonly kind: "reserve"; readonly resources: Resources }
  /** Each resource as it is: its newest reservation, a dynamic one, is taken away. */
  | { readonly kind: "unreserve"; readonly resources: Resources }
  /** Reserved disk with `disk.persistence` and `disk.volume` set. */
  | { readonly kind: "create"; readonly volumes: Resources }
  | { readonly kind: "destroy"; readonly volumes: Resources }
  /** `addition`: disk of the same reservation and source, without persistence. */
  | { readonly kind: "grow-volume"; readonly volume: Resource; readonly addition: Resource }
  | { readonly kind: "shrink-volume"; readonly volume: Resource; readonly subtractMilli: number };

export const OPERATION_STATES = [
  "OPERATION_PENDING",
  "OPERATION_FINISHED",
  "OPERATION_FAILED",
  "OPERATION_ERROR",
  "OPERATION_DROPPED",
  "OPERATION_UNREACHABLE",
  "OPERATION_GONE_BY_OPERATOR",
  "OPERATION_RECOVERING",
  "OPERATION_UNKNOWN",
] as const;
/** Mesos' names; FINISHED, FAILED, ERROR, DROPPED and GONE_BY_OPERATOR are final (M-17). */
export type OperationState = (typeof OPERATION_STATES)[number];

export function isFinalOperationState(state: OperationState): boolean {
  return (
    state === "OPERATION_FINISHED" ||
    state === "OPERATION_FAILED" ||
    state === "OPERATION_ERROR" ||
    state === "OPERATION_DROPPED" ||
    state === "OPERATION_GONE_BY_OPERATOR"
  );
}

/** What a framework hears of an operation to which it gave an id. */
export interface OperationStatus {
  readonly operationId: OperationId;
  readonly agentId?: AgentId;
  readonly state: OperationState;
  /** What, why and what to do. */
  readonly message?: string;
  /** What came of it; with FINISHED only. */
  readonly convertedResources: Resources;
  /** Set when the framework must acknowledge it (at-least-once until then). */
  readonly uuid?: UpdateUuid;
}

/**
 * An operation on its way to an agent. The master has judged it and counts its result already; the agent makes it
 * durable and answers. `consumed` is what the agent must have free of volumes or as it is, `converted` what it has
 * instead: the same amounts.
 */
export interface AgentOperation {
  readonly operationUuid: OperationUuid;
  /** Absent for an operator's. */
  readonly frameworkId?: FrameworkId;
  /** Absent when nobody waits for feedback. */
  readonly operationId?: OperationId;
  readonly kind: ResourceOperation["kind"];
  readonly consumed: Resources;
  readonly converted: Resources;
}

/** What an agent tells of an operation, again and again until it is acknowledged (when it has an operation id). */
export interface OperationUpdate {
  readonly operationUuid: OperationUuid;
  readonly frameworkId?: FrameworkId;
  readonly operationId?: OperationId;
  readonly state: OperationState;
  readonly message?: string;
  readonly convertedResources: Resources;
  /** Of this update. */
  readonly uuid: UpdateUuid;
}
