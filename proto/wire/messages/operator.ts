import type { Capability } from "@bourse/model/framework";
import type { FrameworkId } from "@bourse/model/ids";
import {
  AGENT_CONDITIONS,
  type ExplainSubject,
  FRAMEWORK_CONDITIONS,
  type OperatorCall,
  type OperatorChange,
  type OperatorEvent,
  type OperatorQuery,
  type OperatorReply,
  type OperatorView,
  type Page,
  type TaskFilter,
} from "@bourse/model/operator";
import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import type { Resources } from "@bourse/model/resources";
import type { TaskState } from "@bourse/model/task-state";
import {
  ClientFrameSchema,
  EventsRequestSchema,
  ExplainSubject_Shape_CapabilitiesSchema,
  ExplainSubjectSchema,
  OperatorCallSchema,
  OperatorChangeSchema,
  OperatorEventSchema,
  OperatorQuerySchema,
  OperatorReplySchema,
  OperatorViewSchema,
  PageSchema,
  TaskFilterSchema,
  TaskStatesSchema,
} from "#gen/bourse/v1/operator_pb";
import { type FieldCodec, record, union } from "../codec.ts";
import { bool, id, integer, list, mapped, mark, nested, optional, text, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { roleConstraints } from "./constraints.ts";
import { explanation } from "./explain.ts";
import { capabilities } from "./framework.ts";
import { machines, maintenanceWindow } from "./maintenance.ts";
import { operationState, resourceOperation } from "./operation.ts";
import { agentView, frameworkView, masterView, offerView, taskView } from "./operator-view.ts";
import { quota, roleWeight } from "./quota.ts";
import { refusal } from "./refusal.ts";
import { relayFrame, relayRequest } from "./relay.ts";
import { resourceList, resources } from "./resource.ts";
import { machineView, operationView, reservationView, roleView, volumeView } from "./role-view.ts";
import { taskState, taskStatus } from "./task.ts";

export const operatorCall = union<OperatorCall, "kind">(OperatorCallSchema, "kind", {
  "deactivate-agent": { agentId: id() },
  "reactivate-agent": { agentId: id() },
  "teardown-framework": { frameworkId: id() },
  "kill-task": { frameworkId: id(), taskId: id(), gracePeriodMs: optional(integer()) },
  "update-quotas": {
    quotas: list(nested(quota), LIMITS.roles),
    isForced: bool(),
    isDryRun: optional(mark()),
  },
  "update-weights": { weights: list(nested(roleWeight), LIMITS.roles) },
  operate: { agentId: id(), operation: nested(resourceOperation) },
  "update-maintenance-schedule": { windows: list(nested(maintenanceWindow), LIMITS.machines) },
  "start-maintenance": { machines },
  "stop-maintenance": { machines },
});

export const operatorReply = union<OperatorReply, "kind">(OperatorReplySchema, "kind", {
  done: {},
  refused: { refusal: nested(refusal) },
});

const page = nested(
  record<Page>(PageSchema, { limit: integer(1, LIMITS.page), after: optional(text()) }),
);

const states: FieldCodec<readonly TaskState[]> = mapped(
  nested(
    record<{ readonly states: readonly TaskState[] }>(TaskStatesSchema, {
      states: list(taskState, LIMITS.items),
    }),
  ),
  (list: readonly TaskState[]) => ({ states: list }),
  (message) => message.states,
);

const filter = nested(
  record<TaskFilter>(TaskFilterSchema, {
    frameworkId: optional(id()),
    agentId: optional(id()),
    states: optional(states),
    idPrefix: optional(text()),
    hasCompleted: bool(),
  }),
);

const wanted: FieldCodec<Resources> = mapped(
  nested(resourceList),
  (list: Resources) => ({ resources: list }),
  (message) => message.resources,
);

/** In a message of its own: no capability at all is not the same as all of them. */
const capabilityList: FieldCodec<readonly Capability[]> = mapped(
  nested(
    record<{ readonly capabilities: readonly Capability[] }>(
      ExplainSubject_Shape_CapabilitiesSchema,
      { capabilities },
    ),
  ),
  (list: readonly Capability[]) => ({ capabilities: list }),
  (message) => message.capabilities,
);

const subject = nested(
  union<ExplainSubject, "kind">(ExplainSubjectSchema, "kind", {
    framework: { frameworkId: id(), wanted: optional(wanted) },
    task: { frameworkId: id(), taskId: id() },
    role: { role: id() },
    agent: { agentId: id() },
    shape: {
      role: id(),
      wanted: resources,
      constraints: optional(roleConstraints),
      capabilities: optional(capabilityList),
    },
  }),
);

export const operatorQuery = union<OperatorQuery, "kind">(OperatorQuerySchema, "kind", {
  master: {},
  agents: { page },
  frameworks: { page, hasCompleted: bool() },
  offers: { page },
  tasks: { page, filter },
  roles: { page },
  reservations: { page },
  volumes: { page },
  operations: { page },
  maintenance: {},
  explain: { subject },
});

const next = optional(text());

export const operatorView = union<OperatorView, "kind">(OperatorViewSchema, "kind", {
  master: { master: nested(masterView) },
  agents: { agents: list(nested(agentView), LIMITS.rows), next },
  frameworks: { frameworks: list(nested(frameworkView), LIMITS.rows), next },
  offers: { offers: list(nested(offerView), LIMITS.rows), next },
  tasks: { tasks: list(nested(taskView), LIMITS.rows), next },
  roles: { roles: list(nested(roleView), LIMITS.rows), next },
  reservations: { reservations: list(nested(reservationView), LIMITS.rows), next },
  volumes: { volumes: list(nested(volumeView), LIMITS.rows), next },
  operations: { operations: list(nested(operationView), LIMITS.rows), next },
  maintenance: { machines: list(nested(machineView), LIMITS.rows) },
  explanation: { explanation: nested(explanation) },
  refused: { refusal: nested(refusal) },
});

/** Where to go on: after this event. Empty: with the events from now on. */
export interface EventsRequest {
  readonly epoch?: number;
  readonly sequence?: number;
}

export const eventsRequest = record<EventsRequest>(EventsRequestSchema, {
  epoch: optional(integer()),
  sequence: optional(integer()),
});

const cause = text(LIMITS.sentence);

const change = union<OperatorChange, "kind">(OperatorChangeSchema, "kind", {
  "agent-added": { agentId: id(), hostname: text() },
  "agent-changed": { agentId: id(), condition: word(AGENT_CONDITIONS), cause },
  "agent-removed": { agentId: id(), cause },
  "framework-added": { frameworkId: id(), name: text() },
  "framework-changed": { frameworkId: id(), condition: word(FRAMEWORK_CONDITIONS), cause },
  "framework-removed": { frameworkId: id(), cause },
  "task-added": { frameworkId: id(), taskId: id(), agentId: id() },
  "task-updated": { frameworkId: id(), status: nested(taskStatus) },
  "task-removed": { frameworkId: id(), taskId: id() },
  "quota-changed": { role: id() },
  "weight-changed": { role: id(), weightMilli: integer() },
  "operation-updated": { agentId: id(), operationUuid: id(), state: operationState },
  "maintenance-changed": { hostname: id(), mode: word(["draining", "down", "up"]) },
  gap: { fromSequence: integer() },
});

export const operatorEvent = record<OperatorEvent>(OperatorEventSchema, {
  epoch: integer(),
  sequence: integer(),
  wallMs: integer(),
  change: nested(change),
});

/**
 * What a client sends on a relayed stream: first `open`, then pieces of input. `frameworkId` says whom a `call` is
 * for; logs and exec name their framework in the request.
 */
export type ClientFrame =
  | { readonly kind: "open"; readonly request: RelayRequest; readonly frameworkId?: FrameworkId }
  | { readonly kind: "relayed"; readonly frame: RelayFrame };

export const clientFrame = union<ClientFrame, "kind">(ClientFrameSchema, "kind", {
  open: { request: nested(relayRequest), frameworkId: optional(id()) },
  relayed: { frame: nested(relayFrame) },
});
