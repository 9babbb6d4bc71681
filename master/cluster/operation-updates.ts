import { isFinalOperationState, type OperationUpdate } from "@bourse/model/operation";
import { contains } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { agentClosed } from "./agents.ts";
import {
  adoptOperation,
  applied,
  followTotal,
  forgetOperation,
  moveOperation,
  tellOperation,
  updateProblem,
} from "./operations.ts";
import type { Agent, Framework, OperationRecord, Turn } from "./state.ts";

/**
 * What an agent says of an operation, at least once until it is acknowledged. The framework that asked for feedback
 * hears it and acknowledges; for all others the master does.
 */
export function receiveOperationUpdate(turn: Turn, agent: Agent, update: OperationUpdate): void {
  const problem = updateProblem(update);
  if (problem !== null) {
    refuse(turn, agent, problem);
    return;
  }
  const known = turn.state.operations.get(update.operationUuid);
  const record = known === undefined ? adoptOperation(turn, agent, update) : known;
  if (record === null || record.agentId !== agent.agentId) {
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

function conclude(
  turn: Turn,
  agent: Agent,
  record: OperationRecord,
  { state, message }: OperationUpdate,
): void {
  moveOperation(turn, record, state, message ?? null);
  if (state === "OPERATION_FINISHED" && contains(agent.confirmed, record.consumed)) {
    agent.confirmed = applied(agent.confirmed, record);
    return; // What was counted on its way is counted as done.
  }
  followTotal(turn, agent, `the agent did not do operation ${record.operationUuid}`);
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
