import type { AgentToMaster } from "@bourse/model/agent-messages";
import { unreachable } from "@bourse/model/assert";
import type { Refusal } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { accept } from "./accept.ts";
import { agentClosed, learnItsId, register, unregister } from "./agents.ts";
import { frameworkClosed, removeFramework, revive, suppress } from "./frameworks.ts";
import { acceptInverse, declineInverse } from "./inverse-offers.ts";
import { kill } from "./kills.ts";
import { decline } from "./offers.ts";
import { acknowledgeOperation, receiveOperationUpdate } from "./operation-updates.ts";
import { reconcile } from "./reconcile.ts";
import { reconcileOperations } from "./reconcile-operations.ts";
import { reregister } from "./reregister.ts";
import type { Agent, Framework, Turn } from "./state.ts";
import { subscribe } from "./subscribe.ts";
import { updateFramework } from "./update-framework.ts";
import { acknowledge, receiveUpdate } from "./updates.ts";

/** Finds whose stream something came on, and does it. The first message of a stream says whose it is. */
export function frameworkCall(
  turn: Turn,
  session: SessionId,
  call: FrameworkCall,
  principal: string | null,
): void {
  if (call.kind === "subscribe") {
    subscribe(turn, session, call, principal);
    return;
  }
  const peer = turn.state.sessions.get(session);
  if (peer?.kind === "framework") performCall(turn, peer.framework, session, call);
  else turn.out.refuseFramework(session, notSubscribed(call.kind));
}

export function agentMessage(turn: Turn, session: SessionId, message: AgentToMaster): void {
  if (message.kind === "register") {
    const known = newcomerOf(turn, session, message);
    if (known === null) register(turn, session, message);
    else reregister(turn, session, known);
    return;
  }
  if (message.kind === "reregister") {
    reregister(turn, session, message);
    return;
  }
  const peer = turn.state.sessions.get(session);
  if (peer?.kind !== "agent") {
    turn.out.refuseAgent(session, notRegistered(message.kind));
    return;
  }
  peer.agent.isHeard = true;
  if (!peer.agent.knowsItsId) learnItsId(turn.state, peer.agent);
  performMessage(turn, peer.agent, message);
}

/**
 * An agent that never heard its id registers again: it returns as the one that it is, without tasks. As a new one it
 * would leave the first behind, and that would be offered until its pings run out.
 */
function newcomerOf(
  { state }: Turn,
  session: SessionId,
  { info, epochSeen, key }: Extract<AgentToMaster, { kind: "register" }>,
): Extract<AgentToMaster, { kind: "reregister" }> | null {
  const agent = key === undefined ? undefined : state.newcomers.get(key);
  if (agent === undefined || agent.session === session) return null;
  const { agentId } = agent;
  const kind = "reregister";
  return { kind, agentId, info, epochSeen, tasks: [], frameworks: [], operations: [] };
}

/** Closing of a stream that the core has given up already means nothing. */
export function sessionClosed(turn: Turn, session: SessionId, cause: string): void {
  const peer = turn.state.sessions.get(session);
  if (peer?.kind === "framework") frameworkClosed(turn, peer.framework, cause);
  else if (peer?.kind === "agent") agentClosed(turn, peer.agent, cause);
}

function performCall(
  turn: Turn,
  framework: Framework,
  session: SessionId,
  call: Exclude<FrameworkCall, { kind: "subscribe" }>,
): void {
  switch (call.kind) {
    case "teardown":
      removeFramework(turn, framework, "the framework tore itself down");
      turn.out.close(session);
      return;
    case "accept":
      accept(turn, framework, call);
      return;
    case "decline":
      decline(turn, framework, call);
      return;
    case "revive":
      revive(turn, framework, call);
      return;
    case "suppress":
      suppress(turn, framework, call);
      return;
    case "kill":
      kill(turn, framework, call);
      return;
    case "acknowledge":
      acknowledge(turn, framework, call);
      return;
    case "reconcile":
      reconcile(turn, framework, call);
      return;
    case "message":
      toExecutor(turn, framework, call);
      return;
    case "acknowledge-operation":
      acknowledgeOperation(turn, framework, call);
      return;
    case "reconcile-operations":
      reconcileOperations(turn, framework, call);
      return;
    case "update-framework":
      updateFramework(turn, framework, call);
      return;
    case "accept-inverse":
      acceptInverse(turn, framework, call);
      return;
    case "decline-inverse":
      declineInverse(turn, framework, call);
      return;
    default:
      unreachable(call);
  }
}

function performMessage(
  turn: Turn,
  agent: Agent,
  message: Exclude<AgentToMaster, { kind: "register" | "reregister" }>,
): void {
  switch (message.kind) {
    case "update":
      receiveUpdate(turn, agent, message.update);
      return;
    case "message":
      toFramework(turn, agent, message);
      return;
    case "unregister":
      unregister(turn, agent);
      return;
    case "operation-update":
      receiveOperationUpdate(turn, agent, message.update);
      return;
    case "pong":
      return; // That anything came is all that counts.
    default:
      unreachable(message);
  }
}

/** Best effort: dropped when the agent does not listen (FEATURES 3.3, MESSAGE). */
function toExecutor(
  turn: Turn,
  { frameworkId }: Framework,
  { agentId, executorId, data }: Extract<FrameworkCall, { kind: "message" }>,
): void {
  const session = turn.state.agents.get(agentId)?.session ?? null;
  if (session === null) return;
  turn.out.toAgent(session, { kind: "message", frameworkId, executorId, data });
}

function toFramework(
  turn: Turn,
  { agentId }: Agent,
  { frameworkId, executorId, data }: Extract<AgentToMaster, { kind: "message" }>,
): void {
  const framework = turn.state.frameworks.get(frameworkId);
  if (framework === undefined) return;
  turn.out.tell(framework, { kind: "message", agentId, executorId, data });
}

function notSubscribed(call: string): Refusal {
  return {
    code: "not_subscribed",
    message: `cannot ${call}: this stream is not subscribed`,
    hint: "subscribe first",
  };
}

function notRegistered(message: string): Refusal {
  return {
    code: "not_subscribed",
    message: `cannot take ${message}: this stream is not registered`,
    hint: "register or re-register first",
  };
}
