import type {
  MachineView,
  OperationView,
  ReservationView,
  RoleView,
  VolumeView,
} from "@bourse/model/operator";
import {
  MachineView_AnswerSchema,
  MachineViewSchema,
  OperationViewSchema,
  ReservationViewSchema,
  RoleViewSchema,
  VolumeView_UserSchema,
  VolumeViewSchema,
} from "#gen/bourse/v1/role_view_pb";
import { record } from "../codec.ts";
import {
  bool,
  double,
  id,
  integer,
  list,
  nested,
  nullable,
  optional,
  text,
  word,
} from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { machine, unavailability } from "./maintenance.ts";
import { operationKind, operationState } from "./operation.ts";
import { amounts, quota } from "./quota.ts";
import { resource, resources } from "./resource.ts";

export const roleView = record<RoleView>(RoleViewSchema, {
  role: id(),
  weightMilli: integer(),
  frameworkIds: list(id(), LIMITS.rows),
  share: double(),
  fairShare: double(),
  quota: optional(nested(quota)),
  consumed: amounts,
  allocated: resources,
  reserved: resources,
  unservedForMs: nullable(integer()),
  refusals: integer(),
});

export const reservationView = record<ReservationView>(ReservationViewSchema, {
  agentId: id(),
  hostname: text(),
  role: id(),
  resources,
  allocated: resources,
  isOrphaned: bool(),
});

export const volumeView = record<VolumeView>(VolumeViewSchema, {
  agentId: id(),
  hostname: text(),
  volumeId: id(),
  role: id(),
  resource: nested(resource),
  usedBy: list(
    nested(
      record<VolumeView["usedBy"][number]>(VolumeView_UserSchema, {
        frameworkId: id(),
        taskId: id(),
      }),
    ),
    LIMITS.rows,
  ),
  isOrphaned: bool(),
});

export const operationView = record<OperationView>(OperationViewSchema, {
  operationUuid: id(),
  agentId: id(),
  operation: operationKind,
  frameworkId: optional(id()),
  operationId: optional(id()),
  state: operationState,
  message: optional(text(LIMITS.sentence)),
  startedAtMs: integer(),
});

export const machineMode = word(["draining", "down"]);

export const machineView = record<MachineView>(MachineViewSchema, {
  machine: nested(machine),
  mode: machineMode,
  unavailability: optional(nested(unavailability)),
  agentIds: list(id(), LIMITS.rows),
  answers: list(
    nested(
      record<MachineView["answers"][number]>(MachineView_AnswerSchema, {
        frameworkId: id(),
        agentId: id(),
        answer: word(["accepted", "declined", "none"]),
      }),
    ),
    LIMITS.rows,
  ),
});
