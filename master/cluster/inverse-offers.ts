import { present } from "@bourse/model/assert";
import type { AgentId, FrameworkId } from "@bourse/model/ids";
import type { InverseOffer, Unavailability } from "@bourse/model/maintenance";
import { add, type Resources } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import {
  type Asked,
  dropQuestion,
  isSame,
  keepQuestion,
  questions,
  unavailabilityOf,
} from "./machines.ts";
import { refuseMsOf } from "./offers.ts";
import type { Agent, ClusterState, Framework, Turn } from "./state.ts";

/**
 * Asks frameworks with tasks on machines that are scheduled for maintenance to leave in time (M-71). What they answer
 * is advice. At most one question for a framework and an agent is open; one that was declined is asked again when its
 * filter ends, one that was accepted is not.
 *
 * Every second (with the allocator's run) it is looked at who must be asked and which questions are moot: tasks start
 * and end, agents and frameworks come and go too often to be followed one by one.
 */
export function askToLeave(turn: Turn): void {
  const { maintenance, agents } = turn.state;
  if (maintenance.scheduled.size === 0 && maintenance.asked.size === 0) return;
  for (const asked of questions(maintenance)) if (isMoot(turn.state, asked)) withdraw(turn, asked);
  const byFramework = new Map<Framework, InverseOffer[]>();
  for (const agent of agents.values()) {
    if (agent.tasks.size === 0) continue;
    const unavailability = unavailabilityOf(turn.state, agent.info.hostname);
    if (unavailability !== undefined) askOnAgent(turn, agent, unavailability, byFramework);
  }
  for (const [framework, inverseOffers] of byFramework)
    turn.out.tell(framework, { kind: "inverse-offers", inverseOffers });
}

/** Questions that are open no more, or never were, are passed over. */
export function acceptInverse(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "accept-inverse" }>,
): void {
  answer(turn, framework, call, "accepted");
}

export function declineInverse(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "decline-inverse" }>,
): void {
  answer(turn, framework, call, "declined");
}

/** The agent is gone or its machine is not what it was: what was asked and answered about it is void. */
export function withdrawInverseOffers(turn: Turn, agentId: AgentId): void {
  const asked = turn.state.maintenance.asked.get(agentId);
  if (asked !== undefined) for (const one of Array.from(asked.values())) withdraw(turn, one);
}

/** The stream is over: nobody is left to answer what was asked on it, so it is asked again on the next. */
export function forgetInverseOffers({ maintenance }: ClusterState, frameworkId: FrameworkId): void {
  for (const [inverseOfferId, asked] of maintenance.outstanding) {
    if (asked.frameworkId !== frameworkId) continue;
    asked.inverseOfferId = null;
    maintenance.outstanding.delete(inverseOfferId);
  }
}

function answer(
  { state, now }: Turn,
  { frameworkId }: Framework,
  { inverseOfferIds, filters }: Extract<FrameworkCall, { kind: `${string}-inverse` }>,
  said: "accepted" | "declined",
): void {
  const { outstanding } = state.maintenance;
  for (const inverseOfferId of inverseOfferIds) {
    const asked = outstanding.get(inverseOfferId);
    if (asked === undefined || asked.frameworkId !== frameworkId) continue;
    outstanding.delete(inverseOfferId);
    asked.inverseOfferId = null;
    asked.answer = said;
    asked.askAgainAtMs =
      said === "accepted" ? Number.MAX_SAFE_INTEGER : now.monoMs + refuseMsOf(state, filters);
  }
}

function askOnAgent(
  turn: Turn,
  agent: Agent,
  unavailability: Unavailability,
  byFramework: Map<Framework, InverseOffer[]>,
): void {
  const { agentId } = agent;
  for (const [frameworkId, resources] of holdingsOn(agent)) {
    const framework = turn.state.frameworks.get(frameworkId);
    if (framework === undefined || framework.session === null) continue;
    const asked = openQuestion(turn, { agentId, frameworkId, unavailability });
    if (asked?.inverseOfferId == null) continue;
    const { inverseOfferId } = asked;
    const offer = { inverseOfferId, frameworkId, agentId, resources, unavailability };
    const list = byFramework.get(framework);
    if (list === undefined) byFramework.set(framework, [offer]);
    else list.push(offer);
  }
}

/** Null when the question is open, was accepted, or was declined not long enough ago. */
function openQuestion(
  { state, now }: Turn,
  about: Pick<Asked, "agentId" | "frameworkId" | "unavailability">,
): Asked | null {
  const { maintenance, counters, masterId } = state;
  const known = maintenance.asked.get(about.agentId)?.get(about.frameworkId);
  if (known !== undefined && (known.inverseOfferId !== null || known.askAgainAtMs > now.monoMs))
    return null;
  const inverseOfferId = `${masterId}-I${counters.inverseOffers++}`;
  const asked = known ?? { ...about, inverseOfferId, answer: "none", askAgainAtMs: 0 };
  asked.inverseOfferId = inverseOfferId;
  keepQuestion(maintenance, asked);
  maintenance.outstanding.set(inverseOfferId, asked);
  return asked;
}

function holdingsOn(agent: Agent): ReadonlyMap<FrameworkId, Resources> {
  const holdings = new Map<FrameworkId, Resources>();
  for (const { frameworkId, isHolding, info } of agent.tasks) {
    if (!isHolding) continue;
    holdings.set(frameworkId, add(holdings.get(frameworkId) ?? [], info.resources));
  }
  return holdings;
}

/** The framework has left, or the machine is not to be serviced at that time any more. */
function isMoot(state: ClusterState, { agentId, frameworkId, unavailability }: Asked): boolean {
  const agent = present(state.agents.get(agentId), "the agent of an inverse offer");
  if (!isSame(unavailabilityOf(state, agent.info.hostname), unavailability)) return true;
  for (const task of agent.tasks)
    if (task.isHolding && task.frameworkId === frameworkId) return false;
  return true;
}

function withdraw({ state, out }: Turn, asked: Asked): void {
  const { maintenance, frameworks } = state;
  dropQuestion(maintenance, asked);
  const { inverseOfferId } = asked;
  if (inverseOfferId === null) return;
  maintenance.outstanding.delete(inverseOfferId);
  const framework = frameworks.get(asked.frameworkId);
  if (framework !== undefined) out.tell(framework, { kind: "rescind-inverse", inverseOfferId });
}
