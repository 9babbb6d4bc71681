import type { AttributeConstraint, OfferConstraints } from "@bourse/model/constraints";
import type { InverseOffer, MaintenanceWindow, Unavailability } from "@bourse/model/maintenance";
import {
  type AgentOperation,
  OPERATION_STATES,
  type OperationStatus,
  type OperationUpdate,
  type ResourceOperation,
} from "@bourse/model/operation";
import type { Amount, Quota } from "@bourse/model/quota";
import fc, { type Arbitrary } from "fast-check";
import { few, id, kind, resource, resources, row, text, time, uuid } from "./any-value.ts";

/** Quota, constraints, maintenance and operations. */
export const amounts: Arbitrary<readonly Amount[]> = fc
  .uniqueArray(fc.record({ name: id, milli: time }), {
    maxLength: 3,
    selector: (amount) => amount.name,
  })
  .map((list) => list.toSorted((a, b) => (a.name < b.name ? -1 : 1)));
export const quota: Arbitrary<Quota> = fc.record({
  role: id,
  guarantees: amounts,
  limits: amounts,
});

const constraint: Arbitrary<AttributeConstraint> = fc.record({
  selector: fc.oneof(
    fc.record({ type: fc.constantFrom("hostname", "region", "zone") }),
    fc.record({ type: kind("attribute"), name: id }),
  ),
  predicate: fc.oneof(
    fc.record({ type: fc.constantFrom("exists", "not-exists") }),
    fc.record({ type: fc.constantFrom("text-equals", "text-not-equals"), value: text }),
    fc.record({ type: fc.constantFrom("text-matches", "text-not-matches"), pattern: text }),
  ),
});
export const roleConstraints = few(few(constraint));
export const offerConstraints: Arbitrary<OfferConstraints> = fc
  .uniqueArray(fc.tuple(id, roleConstraints), { maxLength: 3, selector: ([role]) => role })
  .map((entries) => new Map(entries));

export const unavailability = row<Unavailability, "startMs">(
  { startMs: time },
  { durationMs: time },
);
export const machine = fc.record({ hostname: id });
export const maintenanceWindow: Arbitrary<MaintenanceWindow> = fc.record({
  machines: few(machine),
  unavailability,
});
export const inverseOffer = row<InverseOffer, Exclude<keyof InverseOffer, "timeoutMs">>(
  { inverseOfferId: id, frameworkId: id, agentId: id, resources, unavailability },
  { timeoutMs: time },
);

export const resourceOperation: Arbitrary<ResourceOperation> = fc.oneof(
  fc.record({ kind: fc.constantFrom("reserve", "unreserve"), resources }),
  fc.record({ kind: fc.constantFrom("create", "destroy"), volumes: resources }),
  fc.record({ kind: kind("grow-volume"), volume: resource, addition: resource }),
  fc.record({ kind: kind("shrink-volume"), volume: resource, subtractMilli: time }),
);
export const operationKind = fc.constantFrom<ResourceOperation["kind"]>(
  "reserve",
  "unreserve",
  "create",
  "destroy",
  "grow-volume",
  "shrink-volume",
);
export const operationState = fc.constantFrom(...OPERATION_STATES);
/** As in an ACCEPT: some want feedback. */
export const acceptOperation = fc
  .tuple(resourceOperation, fc.option(id))
  .map(([operation, operationId]) =>
    operationId === null ? operation : { ...operation, operationId },
  );
export const operationStatus = row<OperationStatus, "operationId" | "state" | "convertedResources">(
  { operationId: id, state: operationState, convertedResources: resources },
  { agentId: id, message: text, uuid },
);
export const agentOperation = row<
  AgentOperation,
  "operationUuid" | "kind" | "consumed" | "converted"
>(
  { operationUuid: id, kind: operationKind, consumed: resources, converted: resources },
  { frameworkId: id, operationId: id },
);
export const operationUpdate = row<
  OperationUpdate,
  "operationUuid" | "state" | "convertedResources" | "uuid"
>(
  { operationUuid: id, state: operationState, convertedResources: resources, uuid },
  { frameworkId: id, operationId: id, message: text },
);
