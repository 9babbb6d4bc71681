import type { AgentTask, AgentToMaster, MasterToAgent } from "@bourse/model/agent-messages";
import type { OpenRelay } from "@bourse/model/relay";
import {
  AgentTaskSchema,
  AgentToMasterFrameSchema,
  AgentToMasterSchema,
  MasterToAgentFrameSchema,
  MasterToAgentSchema,
} from "#gen/bourse/v1/agent_gateway_pb";
import { record, union } from "../codec.ts";
import { bytes, id, integer, list, nested, optional, text, uuid } from "../fields.ts";
import { frameOf } from "../frame.ts";
import { LIMITS } from "../limits.ts";
import { agentInfo } from "./agent.ts";
import { knownFramework } from "./framework.ts";
import { agentOperation, operationUpdate } from "./operation.ts";
import { refusal } from "./refusal.ts";
import { relayRequest } from "./relay.ts";
import { killPolicy, statusUpdate, taskInfo, taskInfos, taskStatus } from "./task.ts";

const agentTask = record<AgentTask>(AgentTaskSchema, {
  frameworkId: id(),
  task: nested(taskInfo),
  latest: nested(taskStatus),
});

export const agentToMaster = union<AgentToMaster, "kind">(AgentToMasterSchema, "kind", {
  register: { info: nested(agentInfo), epochSeen: integer(), key: optional(id()) },
  reregister: {
    agentId: id(),
    info: nested(agentInfo),
    epochSeen: integer(),
    tasks: list(nested(agentTask), LIMITS.agentTasks),
    frameworks: list(nested(knownFramework), LIMITS.frameworks),
    operations: list(nested(operationUpdate), LIMITS.agentOperations),
  },
  "operation-update": { update: nested(operationUpdate) },
  update: { update: nested(statusUpdate) },
  pong: { sequence: integer() },
  message: { frameworkId: id(), executorId: id(), data: bytes(LIMITS.data) },
  unregister: {},
});

/** What reaches an agent: messages of the core, and relays that the shell asks it to open. */
export type AgentDownlink = MasterToAgent | ({ readonly kind: "open-relay" } & OpenRelay);

export const agentDownlink = union<AgentDownlink, "kind">(MasterToAgentSchema, "kind", {
  registered: { agentId: id(), epoch: integer(), pingTimeoutMs: integer() },
  reregistered: {
    agentId: id(),
    epoch: integer(),
    pingTimeoutMs: integer(),
    unwantedFrameworks: list(id(), LIMITS.frameworks),
  },
  launch: { framework: nested(knownFramework), tasks: taskInfos },
  kill: { frameworkId: id(), taskId: id(), killPolicy: optional(nested(killPolicy)) },
  acknowledge: { frameworkId: id(), taskId: id(), uuid: uuid() },
  "apply-operation": { operation: nested(agentOperation) },
  "acknowledge-operation": { operationUuid: id(), uuid: uuid() },
  "shutdown-framework": { frameworkId: id() },
  message: { frameworkId: id(), executorId: id(), data: bytes(LIMITS.data) },
  ping: { sequence: integer() },
  shutdown: { message: text(LIMITS.sentence) },
  error: { refusal: nested(refusal) },
  "open-relay": { token: id(), request: nested(relayRequest) },
});

export const agentToMasterFrame = frameOf(AgentToMasterFrameSchema, agentToMaster);
export const agentDownlinkFrame = frameOf(MasterToAgentFrameSchema, agentDownlink);
