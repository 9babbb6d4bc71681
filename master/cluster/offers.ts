import type { Allocation } from "@bourse/allocator/options";
import { present } from "@bourse/model/assert";
import { type DeclineReason, type Filters, type Offer, REFUSE_MS_MAX } from "@bourse/model/offer";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { decide } from "./decisions.ts";
import { unavailabilityOf } from "./machines.ts";
import { loosenBudget, spendBudget, tightenBudgets } from "./offer-budget.ts";
import type { Agent, ClusterState, Framework, OfferRecord, Turn } from "./state.ts";

/** Makes offers of what the allocator gave away: one event a framework, agents in the allocator's order. */
export function makeOffers(turn: Turn, allocations: readonly Allocation[]): void {
  if (allocations.length === 0) return;
  const { state, now, out } = turn;
  const { offerTimeoutMs } = state.config;
  const byFramework = new Map<Framework, Offer[]>();
  for (const allocation of allocations) {
    const framework = present(state.frameworks.get(allocation.frameworkId), "the offer's taker");
    const agent = present(state.agents.get(allocation.agentId), "the offer's agent");
    const offer = newOffer(state, framework, agent, allocation);
    const dueMs = offerTimeoutMs === null ? null : now.monoMs + offerTimeoutMs;
    const record: OfferRecord = { offer, offeredAtMs: now.wallMs, dueMs };
    state.offers.set(offer.offerId, record);
    framework.offers.add(record);
    if (framework.offersWanted !== null) framework.offersWanted--;
    agent.offers.add(record);
    const { offerId, agentId, role, resources } = offer;
    decide(turn, framework, { kind: "offered", offerId, agentId, role, resources });
    const list = byFramework.get(framework);
    if (list === undefined) byFramework.set(framework, [offer]);
    else list.push(offer);
  }
  for (const [framework, offers] of byFramework) out.tell(framework, { kind: "offers", offers });
  armTimeout(state);
}

/** The framework has answered the offer; what becomes of its resources is the caller's business. */
export function dropOffer({ state }: Turn, record: OfferRecord): void {
  const framework = takeOffer(state, record);
  if (framework.offerBudget !== null) loosenBudget(state, framework);
}

/** Takes an offer back without telling the framework: it is not connected, or knows already. */
export function removeOffer(turn: Turn, record: OfferRecord, cause: string): void {
  const framework = takeOffer(turn.state, record);
  if (framework.offerBudget !== null) spendBudget(turn.state, framework);
  giveBack(turn, record, null);
  const { offerId, agentId } = record.offer;
  decide(turn, framework, { kind: "rescinded", offerId, agentId, cause });
}

/** Takes an offer back and says so (M-27). */
export function rescindOffer(turn: Turn, record: OfferRecord, cause: string): void {
  removeOffer(turn, record, cause);
  const { offerId, frameworkId } = record.offer;
  const framework = present(turn.state.frameworks.get(frameworkId), "the offer's framework");
  turn.out.tell(framework, { kind: "rescind", offerId });
}

/** Rescinds what was held for too long (N-02), and waits for the next. */
export function timeOutOffers(turn: Turn): void {
  const due: OfferRecord[] = [];
  for (const record of turn.state.offers.values()) {
    if (record.dueMs === null || record.dueMs > turn.now.monoMs) break;
    due.push(record);
  }
  tightenBudgets(turn, due);
  for (const record of due) rescindOffer(turn, record, "the framework did not answer in time");
  armTimeout(turn.state);
}

/** Offers that are gone already are passed over: declining them says nothing new (MESOS-V1, Accept / decline). */
export function decline(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "decline" }>,
): void {
  const refuseMs = refuseMsOf(turn.state, call.filters);
  for (const offerId of call.offerIds) {
    const record = turn.state.offers.get(offerId);
    if (record === undefined || !framework.offers.has(record)) continue;
    declineOffer(turn, framework, record, refuseMs, call.reasons ?? []);
  }
}

export function declineOffer(
  turn: Turn,
  framework: Framework,
  record: OfferRecord,
  refuseMs: number,
  reasons: readonly DeclineReason[],
): void {
  dropOffer(turn, record);
  giveBack(turn, record, refuseMs);
  const { offerId, agentId } = record.offer;
  decide(turn, framework, { kind: "declined", offerId, agentId, refuseMs, reasons });
}

/** M-25: none or negative = the default, at most a year, 0 = no filter. */
export function refuseMsOf({ config }: ClusterState, { refuseMs }: Filters): number {
  if (refuseMs === undefined || Number.isNaN(refuseMs) || refuseMs < 0)
    return config.refuseDefaultMs;
  return Math.min(refuseMs, REFUSE_MS_MAX);
}

/** The offer is out no more. */
function takeOffer(state: ClusterState, record: OfferRecord): Framework {
  const { offerId, frameworkId, agentId } = record.offer;
  const framework = present(state.frameworks.get(frameworkId), "the offer's framework");
  state.offers.delete(offerId);
  framework.offers.delete(record);
  state.agents.get(agentId)?.offers.delete(record);
  return framework;
}

/** Offers are in the order in which they time out, so one timer, for the first, is enough. */
function armTimeout({ offers, timers }: ClusterState): void {
  if (timers.dueOf("offer-timeout", "") !== undefined) return;
  const first = offers.values().next().value;
  if (first !== undefined && first.dueMs !== null) timers.set("offer-timeout", "", first.dueMs);
}

function giveBack({ state, now }: Turn, { offer }: OfferRecord, refuseMs: number | null): void {
  const { frameworkId, role, agentId, resources } = offer;
  const held = { frameworkId, role, agentId, resources };
  const cause =
    refuseMs === null
      ? ({ kind: "rescinded" } as const)
      : ({ kind: "declined", refuseMs } as const);
  state.allocator.recover(held, cause, now);
}

function newOffer(
  state: ClusterState,
  framework: Framework,
  agent: Agent,
  { role, resources }: Allocation,
): Offer {
  const { info, agentId } = agent;
  const { offerTimeoutMs } = state.config;
  const unavailability = unavailabilityOf(state, info.hostname);
  return {
    offerId: `${state.masterId}-O${state.counters.offers++}`,
    frameworkId: framework.frameworkId,
    agentId,
    hostname: info.hostname,
    port: info.port,
    role,
    resources,
    attributes: info.attributes,
    ...(info.domain !== undefined && { domain: info.domain }),
    ...(unavailability !== undefined && { unavailability }),
    ...(offerTimeoutMs !== null && { timeoutMs: offerTimeoutMs }),
  };
}
