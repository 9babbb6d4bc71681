import type { DeclineReason, Filters, Offer, Operation } from "@bourse/model/offer";
import {
  DeclineReasonSchema,
  FiltersSchema,
  OfferSchema,
  OperationSchema,
} from "#gen/bourse/v1/offer_pb";
import { record, union } from "../codec.ts";
import { id, integer, list, nested, optional, port, text } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { attributes, faultDomain } from "./agent.ts";
import { unavailability } from "./maintenance.ts";
import { OPERATION_SHAPES } from "./operation.ts";
import { resources } from "./resource.ts";
import { taskInfos } from "./task.ts";

export const offer = record<Offer>(OfferSchema, {
  offerId: id(),
  frameworkId: id(),
  agentId: id(),
  hostname: text(),
  port: port(),
  role: id(),
  resources,
  attributes,
  domain: optional(nested(faultDomain)),
  unavailability: optional(nested(unavailability)),
  timeoutMs: optional(integer()),
});

const operationId = optional(id());

export const operation = union<Operation, "kind">(OperationSchema, "kind", {
  launch: { tasks: taskInfos },
  reserve: { ...OPERATION_SHAPES.reserve, operationId },
  unreserve: { ...OPERATION_SHAPES.unreserve, operationId },
  create: { ...OPERATION_SHAPES.create, operationId },
  destroy: { ...OPERATION_SHAPES.destroy, operationId },
  "grow-volume": { ...OPERATION_SHAPES["grow-volume"], operationId },
  "shrink-volume": { ...OPERATION_SHAPES["shrink-volume"], operationId },
});

/** A negative time means the default (FEATURES M-25), so it is let through. */
export const filters = record<Filters>(FiltersSchema, {
  refuseMs: optional(integer(Number.MIN_SAFE_INTEGER)),
});

export const declineReasons = list(
  nested(
    record<DeclineReason>(DeclineReasonSchema, {
      code: id(LIMITS.declineCode),
      detail: optional(text(LIMITS.declineDetail)),
    }),
  ),
  LIMITS.declineReasons,
);
