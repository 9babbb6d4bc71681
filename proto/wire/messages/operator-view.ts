import {
  AGENT_CONDITIONS,
  type AgentView,
  FRAMEWORK_CONDITIONS,
  type FrameworkView,
  type MasterView,
  type OfferView,
  type TaskView,
} from "@bourse/model/operator";
import type { TaskState } from "@bourse/model/task-state";
import {
  AgentViewSchema,
  FrameworkViewSchema,
  MasterView_CountsSchema,
  MasterView_StateCountSchema,
  MasterViewSchema,
  OfferViewSchema,
  TaskViewSchema,
} from "#gen/bourse/v1/operator_view_pb";
import { type FieldCodec, record } from "../codec.ts";
import { bool, id, integer, list, mapped, nested, optional, port, text, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { attributes, faultDomain } from "./agent.ts";
import { capabilities, roles } from "./framework.ts";
import { resources } from "./resource.ts";
import { taskState, taskStatus } from "./task.ts";

type ByState = MasterView["tasksByState"];

const tasksByState: FieldCodec<ByState> = mapped(
  list(
    nested(
      record<{ readonly state: TaskState; readonly count: number }>(MasterView_StateCountSchema, {
        state: taskState,
        count: integer(),
      }),
    ),
    LIMITS.items,
  ),
  (counts: ByState) =>
    Object.entries(counts).map(([state, count]) => ({ state: state as TaskState, count })),
  (counts) => Object.fromEntries(counts.map(({ state, count }) => [state, count])) as ByState,
);

export const masterView = record<MasterView>(MasterViewSchema, {
  masterId: id(),
  epoch: integer(),
  sequence: integer(),
  startedAtMs: integer(),
  counts: nested(
    record<MasterView["counts"]>(MasterView_CountsSchema, {
      agents: integer(),
      frameworks: integer(),
      offers: integer(),
      tasks: integer(),
    }),
  ),
  tasksByState,
  total: resources,
  offered: resources,
  allocated: resources,
  version: text(),
});

export const agentView = record<AgentView>(AgentViewSchema, {
  agentId: id(),
  hostname: text(),
  port: port(),
  condition: word(AGENT_CONDITIONS),
  isDeactivated: bool(),
  total: resources,
  offered: resources,
  allocated: resources,
  attributes,
  domain: optional(nested(faultDomain)),
  version: text(),
  tasks: integer(),
  registeredAtMs: integer(),
  unreachableSinceMs: optional(integer()),
});

export const frameworkView = record<FrameworkView>(FrameworkViewSchema, {
  frameworkId: id(),
  name: text(),
  user: text(),
  principal: optional(text()),
  roles,
  suppressedRoles: roles,
  capabilities,
  condition: word(FRAMEWORK_CONDITIONS),
  failoverTimeoutMs: integer(),
  removeAtMs: optional(integer()),
  hostname: optional(text()),
  webuiUrl: optional(text(LIMITS.sentence)),
  tasks: integer(),
  offers: integer(),
  offered: resources,
  allocated: resources,
  registeredAtMs: integer(),
});

export const offerView = record<OfferView>(OfferViewSchema, {
  offerId: id(),
  frameworkId: id(),
  agentId: id(),
  role: id(),
  resources,
  offeredAtMs: integer(),
  rescindAtMs: optional(integer()),
});

export const taskView = record<TaskView>(TaskViewSchema, {
  frameworkId: id(),
  taskId: id(),
  name: text(),
  agentId: id(),
  executorId: optional(id()),
  role: id(),
  state: taskState,
  isHealthy: optional(bool()),
  resources,
  statuses: list(nested(taskStatus), LIMITS.rows),
  launchedAtMs: integer(),
});
