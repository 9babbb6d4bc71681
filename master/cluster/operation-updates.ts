import { isFinalOperationState, type OperationUpdate } from "@bourse/model/operation";
import { canonical, contains, NO_RESOURCES } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { agentClosed } from "./agents.ts";
import {
  applied,
  followTotal,
  forgetOperation,
  keepOperation,
  moveOperation,
  tellOperation,
} from "./operations.ts";
import type { Agent, Framework, OperationRecord, Turn } from "./state.ts";

/**
 * What an agent says of an operation, at least once until it is acknowledged. The framework that asked for feedback
 * hears it and acknowledges; for all others the master does.
 */
export function receiveOperationUpdate(turn: Turn, agent: Agent, update: OperationUpdate): void {
  if (!isFinalOperationState(update.state) || update.state === "OPERATION_GONE_BY_OPERATOR") {
    const message = `operation ${update.operationUuid} cannot be ${update.state} by the word of its agent`;
    refuse(turn, agent, message);
    return;
  }
  const record = recordOf(turn, agent, update);
  if (record === null) {
    acknowledgeTo(turn, agent, update);
    return;
  }
  record.sentOn = null;
  record.updateUuid = update.uuid;
  if (!isFinalOperationState(record.state)) conclude(turn, agent, record, update);
  const isWanted =
    record.operationId !== null && turn.state.frameworks.has(record.frameworkId ?? "");
  if (isWanted) {
    tellOperation(turn, record, update.uuid);
  } else {
    acknowledgeTo(turn, agent, update);
    forgetOperation(turn, record);
  }
}

/** The framework has dealt with an update; while the agent is away nothing happens, for it will send it again. */
export function acknowledgeOperation(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "acknowledge-operation" }>,
): void {
  const record = framework.operations.get(call.operationId);
  if (record === undefined || record.updateUuid !== call.uuid) return;
  const session = turn.state.agents.get(record.agentId)?.session ?? null;
  if (session === null) return;
  const { operationUuid } = record;
  turn.out.toAgent(session, { kind: "acknowledge-operation", operationUuid, uuid: call.uuid });
  forgetOperation(turn, record);
}

/** The record, or a new one for an update whose operation an earlier master sent; null = nobody wants to know. */
function recordOf(turn: Turn, agent: Agent, update: OperationUpdate): OperationRecord | null {
  const { state } = turn;
  const known = state.operations.get(update.operationUuid);
  if (known !== undefined) return known.agentId === agent.agentId ? known : null;
  const { operationId, frameworkId } = update;
  const framework = frameworkId === undefined ? undefined : state.frameworks.get(frameworkId);
  if (framework === undefined || operationId === undefined) return null;
  // The id was given to another operation since: only one of the two can be acknowledged.
  if (framework.operations.has(operationId)) return null;
  const record: OperationRecord = {
    operationUuid: update.operationUuid,
    agentId: agent.agentId,
    frameworkId: framework.frameworkId,
    operationId,
    kind: null,
    consumed: NO_RESOURCES,
    converted: canonical(update.convertedResources),
    state: update.state,
    message: update.message ?? null,
    updateUuid: update.uuid,
    startedAtMs: turn.now.wallMs,
    sentOn: null,
  };
  keepOperation(turn, agent, framework, record);
  return record;
}

function conclude(
  turn: Turn,
  agent: Agent,
  record: OperationRecord,
  { state, message }: OperationUpdate,
): void {
  moveOperation(turn, record, state, message ?? null);
  if (state !== "OPERATION_FINISHED") {
    followTotal(turn, agent, `the agent did not do operation ${record.operationUuid}`);
  } else if (contains(agent.confirmed, record.consumed)) {
    agent.confirmed = applied(agent.confirmed, record);
  }
}

function acknowledgeTo(turn: Turn, agent: Agent, { operationUuid, uuid }: OperationUpdate): void {
  if (agent.session === null) return;
  turn.out.toAgent(agent.session, { kind: "acknowledge-operation", operationUuid, uuid });
}

/** An agent that says such things has a fault: its stream is closed, so that somebody notices. */
function refuse(turn: Turn, agent: Agent, message: string): void {
  if (agent.session === null) return;
  turn.out.refuseAgent(agent.session, { code: "invalid_call", message });
  agentClosed(turn, agent, message);
}
