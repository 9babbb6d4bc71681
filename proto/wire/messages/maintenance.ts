import type {
  InverseOffer,
  Machine,
  MaintenanceWindow,
  Unavailability,
} from "@bourse/model/maintenance";
import {
  InverseOfferSchema,
  MachineSchema,
  MaintenanceWindowSchema,
  UnavailabilitySchema,
} from "#gen/bourse/v1/maintenance_pb";
import { record } from "../codec.ts";
import { id, integer, list, nested, optional } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { resources } from "./resource.ts";

export const unavailability = record<Unavailability>(UnavailabilitySchema, {
  startMs: integer(),
  durationMs: optional(integer()),
});

export const machine = record<Machine>(MachineSchema, { hostname: id() });

export const machines = list(nested(machine), LIMITS.machines);

export const maintenanceWindow = record<MaintenanceWindow>(MaintenanceWindowSchema, {
  machines,
  unavailability: nested(unavailability),
});

export const inverseOffer = record<InverseOffer>(InverseOfferSchema, {
  inverseOfferId: id(),
  frameworkId: id(),
  agentId: id(),
  resources,
  unavailability: nested(unavailability),
  timeoutMs: optional(integer()),
});
