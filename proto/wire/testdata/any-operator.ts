import { CHECK_NAMES, type Decision, type Explanation } from "@bourse/model/explain";
import { CAPABILITIES } from "@bourse/model/framework";
import {
  AGENT_CONDITIONS,
  type ExplainSubject,
  FRAMEWORK_CONDITIONS,
  type OperatorCall,
  type OperatorChange,
  type OperatorQuery,
  type OperatorReply,
  type OperatorView,
} from "@bourse/model/operator";
import type { Resources } from "@bourse/model/resources";
import type { TASK_STATES } from "@bourse/model/task-state";
import fc, { type Arbitrary } from "fast-check";
import type { ClientFrame } from "../messages/operator.ts";

import { anyRelayFrame, anyRelayRequest } from "./any-message.ts";
import {
  amounts,
  machine,
  maintenanceWindow,
  operationKind,
  operationState,
  quota,
  resourceOperation,
  roleConstraints,
  unavailability,
} from "./any-sharing.ts";
import {
  attribute,
  count,
  domain,
  few,
  flag,
  id,
  kind,
  reason,
  refusal,
  resource,
  resources,
  row,
  state,
  status,
  text,
  time,
} from "./any-value.ts";

export const anyOperatorCall: Arbitrary<OperatorCall> = fc.oneof(
  fc.record({ kind: fc.constantFrom("deactivate-agent", "reactivate-agent"), agentId: id }),
  fc.record({ kind: kind("teardown-framework"), frameworkId: id }),
  row<Extract<OperatorCall, { kind: "kill-task" }>, "kind" | "frameworkId" | "taskId">(
    { kind: kind("kill-task"), frameworkId: id, taskId: id },
    { gracePeriodMs: time },
  ),
  row<Extract<OperatorCall, { kind: "update-quotas" }>, "kind" | "quotas" | "isForced">(
    { kind: kind("update-quotas"), quotas: few(quota), isForced: flag },
    { isDryRun: fc.constant(true as const) },
  ),
  fc.record({
    kind: kind("update-weights"),
    weights: few(fc.record({ role: id, weightMilli: time })),
  }),
  fc.record({ kind: kind("operate"), agentId: id, operation: resourceOperation }),
  fc.record({ kind: kind("update-maintenance-schedule"), windows: few(maintenanceWindow) }),
  fc.record({
    kind: fc.constantFrom("start-maintenance", "stop-maintenance"),
    machines: few(machine),
  }),
);

export const anyOperatorReply: Arbitrary<OperatorReply> = fc.oneof(
  fc.record({ kind: kind("done") }),
  fc.record({ kind: kind("refused"), refusal }),
);

const page = row<{ limit: number; after?: string }, "limit">(
  { limit: fc.integer({ min: 1, max: 1000 }) },
  { after: text },
);

export const anyOperatorQuery: Arbitrary<OperatorQuery> = fc.oneof(
  fc.record({ kind: fc.constantFrom("master", "maintenance") }),
  fc.record({
    kind: fc.constantFrom("agents", "offers", "roles", "reservations", "volumes", "operations"),
    page,
  }),
  fc.record({ kind: kind("frameworks"), page, hasCompleted: flag }),
  fc.record({
    kind: kind("tasks"),
    page,
    filter: row<Extract<OperatorQuery, { kind: "tasks" }>["filter"], "hasCompleted">(
      { hasCompleted: flag },
      { frameworkId: id, agentId: id, states: few(state), idPrefix: text },
    ),
  }),
  fc.record({
    kind: kind("explain"),
    subject: fc.oneof(
      row<{ kind: "framework"; frameworkId: string; wanted?: Resources }, "kind" | "frameworkId">(
        { kind: kind("framework"), frameworkId: id },
        { wanted: resources },
      ),
      fc.record({ kind: kind("task"), frameworkId: id, taskId: id }),
      fc.record({ kind: kind("role"), role: id }),
      fc.record({ kind: kind("agent"), agentId: id }),
      row<Extract<ExplainSubject, { kind: "shape" }>, "kind" | "role" | "wanted">(
        { kind: kind("shape"), role: id, wanted: resources },
        {
          constraints: roleConstraints,
          capabilities: few(fc.constantFrom(...CAPABILITIES)),
        },
      ),
    ),
  }),
);

const what: Arbitrary<Decision["what"]> = fc.oneof(
  fc.record({ kind: kind("offered"), offerId: id, agentId: id, role: id, resources }),
  fc.record({ kind: kind("rescinded"), offerId: id, agentId: id, cause: text }),
  fc.record({
    kind: kind("declined"),
    offerId: id,
    agentId: id,
    refuseMs: time,
    reasons: few(reason),
  }),
  fc.record({ kind: kind("launched"), agentId: id, taskCount: count }),
  fc.record({ kind: kind("dropped"), taskId: id, cause: text }),
  fc.record({ kind: kind("lost"), taskId: id, agentId: id, cause: text }),
  fc.record({ kind: kind("withheld"), cause: text }),
);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const explanation = row<Explanation, Exclude<keyof Explanation, "frameworkId">>(
  {
    summary: text,
    roles: few(
      fc.record({
        role: id,
        isSuppressed: flag,
        share,
        position: count,
        of: count,
        weightMilli: time,
        fairShare: share,
        unservedForMs: fc.option(time),
        limits: few(fc.record({ role: id, name: id, limitMilli: time, consumedMilli: time })),
      }),
    ),
    agents: few(
      fc.record({
        agentId: id,
        free: resources,
        checks: few(
          row<Explanation["agents"][number]["checks"][number], "name" | "isPassed">(
            { name: fc.constantFrom(...CHECK_NAMES), isPassed: flag },
            { role: id, detail: text },
          ),
        ),
        holders: few(fc.record({ frameworkId: id, role: id, resources })),
        filters: few(fc.record({ frameworkId: id, role: id, refused: resources, restMs: time })),
      }),
    ),
    relaxations: few(
      fc.record({
        agentIds: few(id),
        changes: few(
          row<Explanation["relaxations"][number]["changes"][number], "check" | "shortfalls">(
            { check: fc.constantFrom(...CHECK_NAMES), shortfalls: amounts },
            { role: id },
          ),
        ),
        text,
      }),
    ),
    decisions: few(fc.record({ wallMs: time, what })),
  },
  { frameworkId: id },
);

type View<K extends OperatorView["kind"]> = Extract<OperatorView, { kind: K }>;
type AgentRow = View<"agents">["agents"][number];
type FrameworkRow = View<"frameworks">["frameworks"][number];
type OfferRow = View<"offers">["offers"][number];
type TaskRow = View<"tasks">["tasks"][number];

const agentRow = row<AgentRow, Exclude<keyof AgentRow, "domain" | "unreachableSinceMs">>(
  {
    agentId: id,
    hostname: text,
    port: fc.nat({ max: 65_535 }),
    condition: fc.constantFrom(...AGENT_CONDITIONS),
    isDeactivated: flag,
    total: resources,
    offered: resources,
    allocated: resources,
    attributes: few(attribute),
    version: text,
    tasks: count,
    registeredAtMs: time,
  },
  { domain, unreachableSinceMs: time },
);
const frameworkRow = row<
  FrameworkRow,
  Exclude<keyof FrameworkRow, "principal" | "removeAtMs" | "hostname" | "webuiUrl">
>(
  {
    frameworkId: id,
    name: text,
    user: text,
    roles: few(id),
    suppressedRoles: few(id),
    capabilities: few(fc.constantFrom(...CAPABILITIES)),
    condition: fc.constantFrom(...FRAMEWORK_CONDITIONS),
    failoverTimeoutMs: time,
    tasks: count,
    offers: count,
    offered: resources,
    allocated: resources,
    registeredAtMs: time,
  },
  { principal: text, removeAtMs: time, hostname: text, webuiUrl: text },
);
const offerRow = row<OfferRow, Exclude<keyof OfferRow, "rescindAtMs">>(
  { offerId: id, frameworkId: id, agentId: id, role: id, resources, offeredAtMs: time },
  { rescindAtMs: time },
);
const taskRow = row<TaskRow, Exclude<keyof TaskRow, "executorId" | "isHealthy">>(
  {
    frameworkId: id,
    taskId: id,
    name: text,
    agentId: id,
    role: id,
    state,
    resources,
    statuses: few(status),
    launchedAtMs: time,
  },
  { executorId: id, isHealthy: flag },
);
type RoleRow = View<"roles">["roles"][number];
type OperationRow = View<"operations">["operations"][number];
type MachineRow = View<"maintenance">["machines"][number];

const roleRow = row<RoleRow, Exclude<keyof RoleRow, "quota">>(
  {
    role: id,
    weightMilli: time,
    frameworkIds: few(id),
    share,
    fairShare: share,
    consumed: amounts,
    allocated: resources,
    reserved: resources,
    unservedForMs: fc.option(time),
    refusals: count,
  },
  { quota },
);
const reservationRow = fc.record({
  agentId: id,
  hostname: text,
  role: id,
  resources,
  allocated: resources,
  isOrphaned: flag,
});
const volumeRow = fc.record({
  agentId: id,
  hostname: text,
  volumeId: id,
  role: id,
  resource,
  usedBy: few(fc.record({ frameworkId: id, taskId: id })),
  isOrphaned: flag,
});
const operationRow = row<
  OperationRow,
  Exclude<keyof OperationRow, "frameworkId" | "operationId" | "message">
>(
  {
    operationUuid: id,
    agentId: id,
    operation: operationKind,
    state: operationState,
    startedAtMs: time,
  },
  { frameworkId: id, operationId: id, message: text },
);
const machineRow = row<MachineRow, Exclude<keyof MachineRow, "unavailability">>(
  {
    machine,
    mode: fc.constantFrom("draining", "down"),
    agentIds: few(id),
    answers: few(
      fc.record({
        frameworkId: id,
        agentId: id,
        answer: fc.constantFrom("accepted", "declined", "none"),
      }),
    ),
  },
  { unavailability },
);
const master = fc.record({
  masterId: id,
  epoch: time,
  sequence: time,
  startedAtMs: time,
  counts: fc.record({ agents: count, frameworks: count, offers: count, tasks: count }),
  tasksByState: fc.dictionary(state, count) as Arbitrary<
    Partial<Record<(typeof TASK_STATES)[number], number>>
  >,
  total: resources,
  offered: resources,
  allocated: resources,
  version: text,
});

export const anyOperatorView: Arbitrary<OperatorView> = fc.oneof(
  fc.record({ kind: kind("master"), master }),
  row<View<"agents">, "kind" | "agents">(
    { kind: kind("agents"), agents: few(agentRow) },
    { next: id },
  ),
  row<View<"frameworks">, "kind" | "frameworks">(
    { kind: kind("frameworks"), frameworks: few(frameworkRow) },
    { next: id },
  ),
  row<View<"offers">, "kind" | "offers">(
    { kind: kind("offers"), offers: few(offerRow) },
    { next: id },
  ),
  row<View<"tasks">, "kind" | "tasks">({ kind: kind("tasks"), tasks: few(taskRow) }, { next: id }),
  row<View<"roles">, "kind" | "roles">({ kind: kind("roles"), roles: few(roleRow) }, { next: id }),
  row<View<"reservations">, "kind" | "reservations">(
    { kind: kind("reservations"), reservations: few(reservationRow) },
    { next: id },
  ),
  row<View<"volumes">, "kind" | "volumes">(
    { kind: kind("volumes"), volumes: few(volumeRow) },
    { next: id },
  ),
  row<View<"operations">, "kind" | "operations">(
    { kind: kind("operations"), operations: few(operationRow) },
    { next: id },
  ),
  fc.record({ kind: kind("maintenance"), machines: few(machineRow) }),
  fc.record({ kind: kind("explanation"), explanation }),
  fc.record({ kind: kind("refused"), refusal }),
);

const change: Arbitrary<OperatorChange> = fc.oneof(
  fc.record({ kind: kind("agent-added"), agentId: id, hostname: text }),
  fc.record({
    kind: kind("agent-changed"),
    agentId: id,
    condition: fc.constantFrom(...AGENT_CONDITIONS),
    cause: text,
  }),
  fc.record({ kind: kind("agent-removed"), agentId: id, cause: text }),
  fc.record({ kind: kind("framework-added"), frameworkId: id, name: text }),
  fc.record({
    kind: kind("framework-changed"),
    frameworkId: id,
    condition: fc.constantFrom(...FRAMEWORK_CONDITIONS),
    cause: text,
  }),
  fc.record({ kind: kind("framework-removed"), frameworkId: id, cause: text }),
  fc.record({ kind: kind("task-added"), frameworkId: id, taskId: id, agentId: id }),
  fc.record({ kind: kind("task-updated"), frameworkId: id, status }),
  fc.record({ kind: kind("task-removed"), frameworkId: id, taskId: id }),
  fc.record({ kind: kind("quota-changed"), role: id }),
  fc.record({ kind: kind("weight-changed"), role: id, weightMilli: time }),
  fc.record({
    kind: kind("operation-updated"),
    agentId: id,
    operationUuid: id,
    state: operationState,
  }),
  fc.record({
    kind: kind("maintenance-changed"),
    hostname: id,
    mode: fc.constantFrom("draining", "down", "up"),
  }),
  fc.record({ kind: kind("gap"), fromSequence: time }),
);

export const anyOperatorEvent = fc.record({ epoch: time, sequence: time, wallMs: time, change });
export const anyEventsRequest = row<{ epoch?: number; sequence?: number }>(
  {},
  { epoch: time, sequence: time },
);
export const anyClientFrame: Arbitrary<ClientFrame> = fc.oneof(
  row<Extract<ClientFrame, { kind: "open" }>, "kind" | "request">(
    { kind: kind("open"), request: anyRelayRequest },
    { frameworkId: id },
  ),
  fc.record({ kind: kind("relayed"), frame: anyRelayFrame }),
);
