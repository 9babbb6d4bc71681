import {
  type AgentOperation,
  OPERATION_STATES,
  type OperationStatus,
  type OperationUpdate,
  type ResourceOperation,
} from "@bourse/model/operation";
import {
  AgentOperationSchema,
  OperationStatusSchema,
  OperationUpdateSchema,
  ResourceOperationSchema,
} from "#gen/bourse/v1/operation_pb";
import { record, union } from "../codec.ts";
import { id, integer, nested, optional, text, uuid, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { resource, resources } from "./resource.ts";

/** The fields of each kind, for whoever adds some of his own. */
export const OPERATION_SHAPES = {
  reserve: { resources },
  unreserve: { resources },
  create: { volumes: resources },
  destroy: { volumes: resources },
  "grow-volume": { volume: nested(resource), addition: nested(resource) },
  "shrink-volume": { volume: nested(resource), subtractMilli: integer() },
};

export const resourceOperation = union<ResourceOperation, "kind">(
  ResourceOperationSchema,
  "kind",
  OPERATION_SHAPES,
);

export const operationState = word(OPERATION_STATES);

export const operationKind = word(
  Object.keys(OPERATION_SHAPES) as readonly ResourceOperation["kind"][],
);

export const operationStatus = record<OperationStatus>(OperationStatusSchema, {
  operationId: id(),
  agentId: optional(id()),
  state: operationState,
  message: optional(text(LIMITS.sentence)),
  convertedResources: resources,
  uuid: optional(uuid()),
});

export const agentOperation = record<AgentOperation>(AgentOperationSchema, {
  operationUuid: id(),
  frameworkId: optional(id()),
  operationId: optional(id()),
  kind: operationKind,
  consumed: resources,
  converted: resources,
});

export const operationUpdate = record<OperationUpdate>(OperationUpdateSchema, {
  operationUuid: id(),
  frameworkId: optional(id()),
  operationId: optional(id()),
  state: operationState,
  message: optional(text(LIMITS.sentence)),
  convertedResources: resources,
  uuid: uuid(),
});
