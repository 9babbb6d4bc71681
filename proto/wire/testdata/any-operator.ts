import { CHECK_NAMES, type Decision, type Explanation } from "@bourse/model/explain";
import { CAPABILITIES } from "@bourse/model/framework";
import {
  AGENT_CONDITIONS,
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
  attribute,
  count,
  domain,
  few,
  flag,
  id,
  kind,
  reason,
  refusal,
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
  fc.record({ kind: kind("master") }),
  fc.record({ kind: fc.constantFrom("agents", "offers"), page }),
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
const explanation: Arbitrary<Explanation> = fc.record({
  frameworkId: id,
  summary: text,
  roles: few(
    fc.record({
      role: id,
      isSuppressed: flag,
      share: fc.double({ min: 0, max: 1, noNaN: true }).map((share) => share + 0),
      position: count,
      of: count,
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
    }),
  ),
  decisions: few(fc.record({ wallMs: time, what })),
});

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
