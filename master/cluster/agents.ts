import type { AgentInfo } from "@bourse/model/agent";
import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { Refusal } from "@bourse/model/errors";
import type { AgentId, SessionId } from "@bourse/model/ids";
import type { OperationState } from "@bourse/model/operation";
import type { AgentCondition } from "@bourse/model/operator";
import { admitAgent, dropAgent, setOffering } from "./allocation.ts";
import { CLUSTER_LIMITS, UNREACHABLE_AGENT_KEPT_MS } from "./config.ts";
import { withdrawInverseOffers } from "./inverse-offers.ts";
import { giveUpTask, loseTask } from "./losses.ts";
import { downRefusal } from "./machines.ts";
import { rescindOffer } from "./offers.ts";
import { dropOperations, loseSight } from "./operations.ts";
import { staleEpoch } from "./refusals.ts";
import { agentKey, agentRecord, deletion } from "./registry-records.ts";
import type { Agent, ClusterState, Turn } from "./state.ts";
import { checkedResources } from "./task-validation.ts";
import { removeTask } from "./tasks.ts";

/** The life of an agent: registered, disconnected, out of reach, forgotten (M-45 to M-51). Returning: reregister.ts. */
export function newAgent(agentId: AgentId, info: AgentInfo, registeredAtMs: number): Agent {
  return {
    agentId,
    info,
    confirmed: info.resources,
    session: null,
    condition: "disconnected",
    isDeactivated: false,
    registeredAtMs,
    unreachableSinceMs: null,
    tasks: new Set(),
    offers: new Set(),
    operations: new Set(),
    isOverdrawn: false,
    pingSequence: 0,
    pingMisses: 0,
    isHeard: false,
    knowsItsId: true,
    registrationKey: null,
  };
}

/** An agent without an id. Registering twice on one stream gives the same id twice. */
export function register(
  turn: Turn,
  session: SessionId,
  message: Extract<AgentToMaster, { kind: "register" }>,
): void {
  const { state, out, now } = turn;
  const peer = state.sessions.get(session);
  if (peer?.kind === "agent") {
    welcome(turn, peer.agent, session);
    return;
  }
  const refusal = agentRefusal(turn, message) ?? fullRefusal(state);
  if (refusal !== null) {
    out.refuseAgent(session, refusal);
    return;
  }
  const agentId = `${state.masterId}-S${state.counters.agents++}`;
  const agent = newAgent(agentId, message.info, now.wallMs);
  agent.knowsItsId = false;
  if (message.key !== undefined) {
    agent.registrationKey = message.key;
    state.newcomers.set(message.key, agent);
  }
  state.agents.set(agentId, agent);
  admitAgent(turn.state, agent);
  bindSession(turn, agent, session);
  out.persist(agentRecord(agent));
  welcome(turn, agent, session);
  out.change({ kind: "agent-added", agentId, hostname: agent.info.hostname });
}

/** The agent has spoken under its id, or came with it: it will not register anew. */
export function learnItsId(state: ClusterState, agent: Agent): void {
  agent.knowsItsId = true;
  forgetKey(state, agent);
}

function forgetKey({ newcomers }: ClusterState, { registrationKey }: Agent): void {
  if (registrationKey !== null) newcomers.delete(registrationKey);
}

/** Makes a session the agent's own, and the agent one whose resources are offered. */
export function bindSession(turn: Turn, agent: Agent, session: SessionId): void {
  const { state, now } = turn;
  agent.session = session;
  agent.condition = "active";
  agent.unreachableSinceMs = null;
  agent.pingMisses = 0;
  agent.isHeard = true;
  state.sessions.set(session, { kind: "agent", agent });
  state.timers.cancel("forget-agent", agent.agentId);
  state.timers.set("ping-agent", agent.agentId, now.monoMs + firstPingMs(state, agent.agentId));
  setOffering(turn.state, agent, isOffered(state, agent));
}

/** So many pings at once hold nobody up. */
const PINGS_TOGETHER_MAX = 16;

/**
 * In a large cluster somewhere in the interval, by the id: a thousand agents that came at once, after a master's start,
 * would otherwise all be pinged at once ever after, and everybody else would wait for that.
 */
function firstPingMs({ config, agents }: ClusterState, agentId: AgentId): number {
  if (agents.size <= PINGS_TOGETHER_MAX) return config.agentPingIntervalMs;
  let hash = 0;
  for (let index = 0; index < agentId.length; index++)
    hash = Math.imul(hash, 31) + agentId.charCodeAt(index);
  // Neighbouring numbers end up far apart (Knuth's multiplicative hash).
  const spread = Math.imul(hash, 0x9e3779b1) >>> 0;
  return Math.ceil(((spread + 1) / 2 ** 32) * config.agentPingIntervalMs);
}

/** M-23, M-51: whether the agent's resources may be offered at all. The whitelist names agents by id or host. */
export function isOffered(state: ClusterState, agent: Agent): boolean {
  if (agent.condition !== "active" || agent.isDeactivated) return false;
  const { whitelist } = state;
  return whitelist === null || whitelist.has(agent.agentId) || whitelist.has(agent.info.hostname);
}

export function conditionOf(agent: Agent): AgentCondition {
  return agent.condition === "active" && agent.isDeactivated ? "deactivated" : agent.condition;
}

/** How long either side waits in silence before it gives the session up (M-46). */
export function pingTimeoutMs({ config }: ClusterState): number {
  return config.agentPingIntervalMs * config.agentPingMissesMax;
}

/**
 * The stream of an agent is over. Its offers are rescinded, its tasks go on: agents of ours always checkpoint, so a
 * broken stream alone loses nothing, whatever the framework's `checkpoint` says (M-46 loses those tasks at once).
 * An agent that never spoke after it registered may not know its id, and is forgotten: it runs nothing.
 */
export function agentClosed(turn: Turn, agent: Agent, cause: string): void {
  releaseSession(turn, agent);
  const isUnused = agent.tasks.size === 0 && agent.operations.size === 0;
  if (!agent.knowsItsId && isUnused && !agent.isDeactivated) {
    removeAgent(turn, agent, "it disconnected before it answered its registration");
    return;
  }
  agent.condition = "disconnected";
  setOffering(turn.state, agent, false);
  rescindAll(turn, agent, `the agent disconnected: ${cause}`);
  changed(turn, agent, cause);
}

/** A ping is due: the last one is counted as missed or answered, then the next one goes out. */
export function pingAgent(turn: Turn, agent: Agent): void {
  const { state, now, out } = turn;
  agent.pingMisses = agent.isHeard ? 0 : agent.pingMisses + 1;
  agent.isHeard = false;
  if (agent.pingMisses >= state.config.agentPingMissesMax) {
    markUnreachable(turn, agent, `nothing was heard of it for ${pingTimeoutMs(state) / 1000} s`);
    return;
  }
  state.timers.set("ping-agent", agent.agentId, now.monoMs + state.config.agentPingIntervalMs);
  if (agent.session === null) return;
  out.toAgent(agent.session, { kind: "ping", sequence: ++agent.pingSequence });
}

/** M-46: the agent is given up for now. Its tasks may come back with it (M-48). */
export function markUnreachable(turn: Turn, agent: Agent, cause: string): void {
  const { state, now, out } = turn;
  const { agentId } = agent;
  if (agent.session !== null) out.close(agent.session);
  releaseSession(turn, agent);
  rescindAll(turn, agent, `the agent is out of reach: ${cause}`);
  withdrawInverseOffers(turn, agentId);
  if (isAdmitted(agent)) dropAgent(turn.state, agent);
  if (agent.condition === "recovering") state.counters.recovering--;
  agent.condition = "unreachable";
  agent.unreachableSinceMs = now.wallMs;
  out.persist(agentRecord(agent));
  for (const task of agent.tasks) loseTask(turn, agent, task, cause);
  loseSight(turn, agent, cause);
  tellFailure(turn, agentId);
  state.timers.cancel("ping-agent", agentId);
  state.timers.set("forget-agent", agentId, now.monoMs + UNREACHABLE_AGENT_KEPT_MS);
  changed(turn, agent, cause);
}

/** The agent said that it leaves for good and runs nothing any more. */
export function unregister(turn: Turn, agent: Agent): void {
  dismiss(turn, agent, "the agent left the cluster");
}

/** The agent is no member of the cluster any more, and its tasks are gone. */
export function dismiss(turn: Turn, agent: Agent, cause: string): void {
  if (agent.session !== null) turn.out.close(agent.session);
  releaseSession(turn, agent);
  for (const task of agent.tasks) giveUpTask(turn, task, "REASON_AGENT_REMOVED", cause);
  removeAgent(turn, agent, cause);
  tellFailure(turn, agent.agentId);
}

/** M-5: an agent out of reach for so long is unknown from now on, and so are its tasks. */
export function forgetAgent(turn: Turn, agent: Agent): void {
  for (const task of agent.tasks) {
    const framework = turn.state.frameworks.get(task.frameworkId);
    if (framework !== undefined) removeTask(turn, framework, task);
  }
  removeAgent(turn, agent, "it was out of reach for two weeks");
}

export function rescindAll(turn: Turn, agent: Agent, cause: string): void {
  for (const offer of agent.offers) rescindOffer(turn, offer, cause);
}

export function changed(turn: Turn, agent: Agent, cause: string): void {
  const { agentId } = agent;
  turn.out.change({ kind: "agent-changed", agentId, condition: conditionOf(agent), cause });
}

/** What is wrong with an agent's first message, whichever of the two it is. */
export function agentRefusal(
  { state }: Turn,
  message: { readonly info: AgentInfo; readonly epochSeen: number },
): Refusal | null {
  if (message.epochSeen > state.epoch) return staleEpoch(state.epoch, message.epochSeen);
  const downMachine = downRefusal(state, message.info.hostname);
  if (downMachine !== null) return downMachine;
  const resources = checkedResources(message.info.resources);
  if (typeof resources !== "string") return null;
  return { code: "invalid_call", message: `cannot register: ${resources}` };
}

export function fullRefusal(state: ClusterState): Refusal | null {
  if (state.agents.size < CLUSTER_LIMITS.agentsMax) return null;
  return {
    code: "conflict",
    message: `cannot register: the master holds its maximum of ${CLUSTER_LIMITS.agentsMax} agents`,
  };
}

/** Takes the session from the agent, if it has one. */
export function releaseSession(turn: Turn, agent: Agent): void {
  if (agent.session !== null) turn.state.sessions.delete(agent.session);
  agent.session = null;
}

function welcome(turn: Turn, agent: Agent, session: SessionId): void {
  turn.out.toAgent(session, {
    kind: "registered",
    agentId: agent.agentId,
    epoch: turn.state.epoch,
    pingTimeoutMs: pingTimeoutMs(turn.state),
  });
}

/** Agents that are away are not in the allocator. */
export function isAdmitted({ condition }: Agent): boolean {
  return condition === "active" || condition === "disconnected";
}

/** The agent must hold no task any more. */
function removeAgent(turn: Turn, agent: Agent, cause: string): void {
  const { state, out } = turn;
  const { agentId } = agent;
  rescindAll(turn, agent, cause);
  withdrawInverseOffers(turn, agentId);
  dropOperations(turn, agent, endOf(state, agent), cause);
  if (isAdmitted(agent)) dropAgent(turn.state, agent);
  if (agent.condition === "recovering") state.counters.recovering--;
  state.agents.delete(agentId);
  forgetKey(state, agent);
  state.timers.cancel("ping-agent", agentId);
  state.timers.cancel("forget-agent", agentId);
  out.persist(deletion(agentKey(agentId)));
  out.change({ kind: "agent-removed", agentId, cause });
}

/** What becomes of operations on an agent that is no more: by an operator's word, for being away, or by its own. */
function endOf({ goneAgents }: ClusterState, { agentId, condition }: Agent): OperationState {
  if (goneAgents.has(agentId)) return "OPERATION_GONE_BY_OPERATOR";
  return condition === "unreachable" ? "OPERATION_UNKNOWN" : "OPERATION_DROPPED";
}

/** Every connected framework hears of it, as in Mesos. */
function tellFailure(turn: Turn, agentId: AgentId): void {
  for (const framework of turn.state.frameworks.values()) {
    turn.out.tell(framework, { kind: "failure", agentId });
  }
}
