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
import { bool, id, integer, list, mapped, nested, optional, text, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { explanation } from "./explain.ts";
import { agentView, frameworkView, masterView, offerView, taskView } from "./operator-view.ts";
import { refusal } from "./refusal.ts";
import { relayFrame, relayRequest } from "./relay.ts";
import { resourceList } from "./resource.ts";
import { taskState, taskStatus } from "./task.ts";

export const operatorCall = union<OperatorCall, "kind">(OperatorCallSchema, "kind", {
  "deactivate-agent": { agentId: id() },
  "reactivate-agent": { agentId: id() },
  "teardown-framework": { frameworkId: id() },
  "kill-task": { frameworkId: id(), taskId: id(), gracePeriodMs: optional(integer()) },
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

const subject = nested(
  union<ExplainSubject, "kind">(ExplainSubjectSchema, "kind", {
    framework: { frameworkId: id(), wanted: optional(wanted) },
    task: { frameworkId: id(), taskId: id() },
  }),
);

export const operatorQuery = union<OperatorQuery, "kind">(OperatorQuerySchema, "kind", {
  master: {},
  agents: { page },
  frameworks: { page, hasCompleted: bool() },
  offers: { page },
  tasks: { page, filter },
  explain: { subject },
});

const next = optional(text());

export const operatorView = union<OperatorView, "kind">(OperatorViewSchema, "kind", {
  master: { master: nested(masterView) },
  agents: { agents: list(nested(agentView), LIMITS.rows), next },
  frameworks: { frameworks: list(nested(frameworkView), LIMITS.rows), next },
  offers: { offers: list(nested(offerView), LIMITS.rows), next },
  tasks: { tasks: list(nested(taskView), LIMITS.rows), next },
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
