import type { AgentId, OperationId } from "@bourse/model/ids";
import type { OperationState, OperationStatus } from "@bourse/model/operation";
import { NO_RESOURCES } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { operationStatus } from "./operations.ts";
import type { ClusterState, Framework, Turn } from "./state.ts";

/**
 * Tells a framework how its operations stand: all that the master knows, or those it names. An operation that nobody
 * knows is answered by what is known of its agent (FEATURES M-17). Answers need no acknowledgement.
 */
export function reconcileOperations(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "reconcile-operations" }>,
): void {
  const tell = (status: OperationStatus | null) => {
    if (status !== null) turn.out.tell(framework, { kind: "operation-update", status });
  };
  if (call.operations.length === 0) {
    for (const record of framework.operations.values()) tell(operationStatus(record, null));
    return;
  }
  for (const { operationId, agentId } of call.operations) {
    const record = framework.operations.get(operationId);
    if (record !== undefined) tell(operationStatus(record, null));
    else tell(statusOfUnknown(turn.state, operationId, agentId));
  }
}

function statusOfUnknown(
  state: ClusterState,
  operationId: OperationId,
  agentId: AgentId | undefined,
): OperationStatus {
  const [answer, message] = answerOf(state, agentId);
  return {
    operationId,
    ...(agentId !== undefined && { agentId }),
    state: answer,
    message,
    convertedResources: NO_RESOURCES,
  };
}

function answerOf(
  { agents, goneAgents, counters }: ClusterState,
  agentId: AgentId | undefined,
): readonly [OperationState, string] {
  if (agentId === undefined) {
    return counters.recovering > 0
      ? ["OPERATION_RECOVERING", "not all agents have returned since the master's start"]
      : ["OPERATION_UNKNOWN", "no agent of this cluster knows the operation"];
  }
  if (goneAgents.has(agentId)) {
    return ["OPERATION_GONE_BY_OPERATOR", "an operator declared the operation's agent gone"];
  }
  switch (agents.get(agentId)?.condition) {
    case undefined:
      return ["OPERATION_UNKNOWN", "the operation's agent is not known"];
    case "recovering":
      return ["OPERATION_RECOVERING", "the agent has not returned since the master's start"];
    case "unreachable":
      return ["OPERATION_UNREACHABLE", "the operation's agent is out of reach"];
    case "active":
    case "disconnected":
      return [
        "OPERATION_UNKNOWN",
        "the master does not know the operation: it ended long ago, or never came",
      ];
  }
}
