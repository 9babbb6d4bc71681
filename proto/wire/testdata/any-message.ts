import type { AgentTask } from "@bourse/model/agent-messages";
import type { Operation } from "@bourse/model/offer";
import type { OpenRelay, RelayFrame, RelayRequest } from "@bourse/model/relay";
import type { FrameworkCall } from "@bourse/model/scheduler";
import fc, { type Arbitrary } from "fast-check";
import type { AgentDownlink } from "../messages/agent-gateway.ts";
import type { FrameworkDownlink } from "../messages/scheduler.ts";

import {
  acceptOperation,
  agentOperation,
  inverseOffer,
  offerConstraints,
  operationStatus,
  operationUpdate,
} from "./any-sharing.ts";
import {
  agentInfo,
  blob,
  count,
  few,
  filters,
  flag,
  frameworkInfo,
  id,
  killPolicy,
  kind,
  known,
  offer,
  reason,
  refusal,
  row,
  some,
  state,
  status,
  task,
  text,
  time,
  uuid,
} from "./any-value.ts";

export const anyRelayRequest: Arbitrary<RelayRequest> = fc.oneof(
  row<
    Extract<RelayRequest, { kind: "logs" }>,
    "kind" | "frameworkId" | "taskId" | "isFollowing" | "hasStdout" | "hasStderr"
  >(
    {
      kind: kind("logs"),
      frameworkId: id,
      taskId: id,
      isFollowing: flag,
      hasStdout: flag,
      hasStderr: flag,
    },
    { tailLines: count },
  ),
  fc.record({
    kind: kind("exec"),
    frameworkId: id,
    taskId: id,
    command: few(text),
    isTty: flag,
    isInteractive: flag,
  }),
  fc.record({ kind: kind("call"), method: id, body: blob }),
);
const openRelay: Arbitrary<{ kind: "open-relay" } & OpenRelay> = fc.record({
  kind: kind("open-relay"),
  token: id,
  request: anyRelayRequest,
});
export const anyRelayFrame: Arbitrary<RelayFrame> = fc.oneof(
  fc.record({ kind: kind("attach"), token: id }),
  fc.record({ kind: fc.constantFrom("stdin", "stdout", "stderr"), data: blob }),
  fc.record({ kind: kind("stdin-end") }),
  fc.record({ kind: kind("resize"), columns: count, rows: count }),
  fc.record({ kind: kind("signal"), signal: id }),
  fc.record({ kind: kind("reply"), body: blob }),
  row<Extract<RelayFrame, { kind: "end" }>, "kind">(
    { kind: kind("end") },
    { exitCode: fc.integer(), refusal },
  ),
);

const operation: Arbitrary<Operation> = fc.oneof(
  fc.record({ kind: kind("launch"), tasks: few(task) }),
  acceptOperation,
);

export const anyFrameworkCall: Arbitrary<FrameworkCall> = fc.oneof(
  row<
    Extract<FrameworkCall, { kind: "subscribe" }>,
    "kind" | "info" | "suppressedRoles" | "epochSeen"
  >(
    { kind: kind("subscribe"), info: frameworkInfo, suppressedRoles: few(id), epochSeen: time },
    { frameworkId: id, offerConstraints },
  ),
  fc.record({ kind: kind("teardown") }),
  fc.record({
    kind: kind("accept"),
    offerIds: few(id),
    operations: few(operation),
    filters,
  }),
  row<Extract<FrameworkCall, { kind: "decline" }>, "kind" | "offerIds" | "filters">(
    { kind: kind("decline"), offerIds: few(id), filters },
    { reasons: some(reason) },
  ),
  row<Extract<FrameworkCall, { kind: "revive" }>, "kind" | "roles">(
    { kind: kind("revive"), roles: few(id) },
    { offersMax: fc.integer({ min: 1, max: 65_536 }) },
  ),
  fc.record({ kind: kind("suppress"), roles: few(id) }),
  row<Extract<FrameworkCall, { kind: "kill" }>, "kind" | "taskId">(
    { kind: kind("kill"), taskId: id },
    { agentId: id, killPolicy },
  ),
  fc.record({ kind: kind("acknowledge"), agentId: id, taskId: id, uuid }),
  fc.record({
    kind: kind("reconcile"),
    tasks: few(
      row<{ taskId: string; agentId?: string }, "taskId">({ taskId: id }, { agentId: id }),
    ),
  }),
  fc.record({ kind: kind("message"), agentId: id, executorId: id, data: blob }),
  row<Extract<FrameworkCall, { kind: "update-framework" }>, "kind" | "info" | "suppressedRoles">(
    { kind: kind("update-framework"), info: frameworkInfo, suppressedRoles: few(id) },
    { offerConstraints },
  ),
  row<Extract<FrameworkCall, { kind: "acknowledge-operation" }>, "kind" | "operationId" | "uuid">(
    { kind: kind("acknowledge-operation"), operationId: id, uuid },
    { agentId: id },
  ),
  fc.record({
    kind: kind("reconcile-operations"),
    operations: few(
      row<{ operationId: string; agentId?: string }, "operationId">(
        { operationId: id },
        { agentId: id },
      ),
    ),
  }),
  fc.record({ kind: kind("accept-inverse"), inverseOfferIds: few(id), filters }),
  row<Extract<FrameworkCall, { kind: "decline-inverse" }>, "kind" | "inverseOfferIds" | "filters">(
    { kind: kind("decline-inverse"), inverseOfferIds: few(id), filters },
    { reasons: some(reason) },
  ),
);

export const anyFrameworkEvent: Arbitrary<FrameworkDownlink> = fc.oneof(
  fc.record({
    kind: kind("subscribed"),
    frameworkId: id,
    masterId: id,
    epoch: time,
    heartbeatIntervalMs: time,
  }),
  fc.record({ kind: kind("offers"), offers: few(offer) }),
  fc.record({ kind: kind("rescind"), offerId: id }),
  fc.record({ kind: kind("inverse-offers"), inverseOffers: few(inverseOffer) }),
  fc.record({ kind: kind("rescind-inverse"), inverseOfferId: id }),
  fc.record({ kind: kind("operation-update"), status: operationStatus }),
  fc.record({ kind: kind("update"), status }),
  fc.record({ kind: kind("message"), agentId: id, executorId: id, data: blob }),
  row<Extract<FrameworkDownlink, { kind: "failure" }>, "kind" | "agentId">(
    { kind: kind("failure"), agentId: id },
    { executorId: id, exitStatus: fc.integer() },
  ),
  fc.record({ kind: kind("error"), refusal }),
  fc.record({ kind: kind("heartbeat") }),
  openRelay,
);

const agentTask: Arbitrary<AgentTask> = fc.record({ frameworkId: id, task, latest: status });

export const anyAgentToMaster = fc.oneof(
  fc.record({ kind: kind("register"), info: agentInfo, epochSeen: time }),
  fc.record({
    kind: kind("reregister"),
    agentId: id,
    info: agentInfo,
    epochSeen: time,
    tasks: few(agentTask),
    frameworks: few(known),
    operations: few(operationUpdate),
  }),
  fc.record({ kind: kind("operation-update"), update: operationUpdate }),
  fc.record({
    kind: kind("update"),
    update: fc.record({ frameworkId: id, status, latestState: state }),
  }),
  fc.record({ kind: kind("pong"), sequence: time }),
  fc.record({ kind: kind("message"), frameworkId: id, executorId: id, data: blob }),
  fc.record({ kind: kind("unregister") }),
);

export const anyMasterToAgent: Arbitrary<AgentDownlink> = fc.oneof(
  fc.record({ kind: kind("registered"), agentId: id, epoch: time, pingTimeoutMs: time }),
  fc.record({
    kind: kind("reregistered"),
    agentId: id,
    epoch: time,
    pingTimeoutMs: time,
    unwantedFrameworks: few(id),
  }),
  fc.record({ kind: kind("launch"), framework: known, tasks: few(task) }),
  row<Extract<AgentDownlink, { kind: "kill" }>, "kind" | "frameworkId" | "taskId">(
    { kind: kind("kill"), frameworkId: id, taskId: id },
    { killPolicy },
  ),
  fc.record({ kind: kind("acknowledge"), frameworkId: id, taskId: id, uuid }),
  fc.record({ kind: kind("apply-operation"), operation: agentOperation }),
  fc.record({ kind: kind("acknowledge-operation"), operationUuid: id, uuid }),
  fc.record({ kind: kind("shutdown-framework"), frameworkId: id }),
  fc.record({ kind: kind("message"), frameworkId: id, executorId: id, data: blob }),
  fc.record({ kind: kind("ping"), sequence: time }),
  fc.record({ kind: kind("shutdown"), message: text }),
  fc.record({ kind: kind("error"), refusal }),
  openRelay,
);
