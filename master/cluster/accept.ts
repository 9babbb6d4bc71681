import { present } from "@bourse/model/assert";
import type { Filters } from "@bourse/model/offer";
import { addAll, type Resources } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { TaskInfo } from "@bourse/model/task";
import { acceptOperations, dropReshapings, isReshaping } from "./accept-operations.ts";
import { judge, launch, refuseTask } from "./launches.ts";
import { declineOffer, dropOffer, refuseMsOf, removeOffer } from "./offers.ts";
import type { Framework, OfferRecord, Turn } from "./state.ts";

type Accept = Extract<FrameworkCall, { kind: "accept" }>;

/**
 * A framework launches tasks on offers of one agent (FEATURES 3.3; MESOS-V1, Accept / decline). Tasks are judged one by
 * one, in order; what is left of the offers is declined with the call's filters. Offers that are not
 * valid any more cost every task of the call, and nothing else happens.
 */
export function accept(turn: Turn, framework: Framework, call: Accept): void {
  const tasks = tasksOf(call);
  const offers = offersOf(turn, framework, call);
  if (typeof offers === "string") {
    refuseAll(turn, framework, call, tasks, offers);
    return;
  }
  if (call.operations.some(isReshaping)) {
    acceptOperations(turn, framework, call, offers);
    return;
  }
  if (tasks.length === 0) {
    const refuseMs = refuseMsOf(turn.state, call.filters);
    for (const record of offers) declineOffer(turn, framework, record, refuseMs, []);
    return;
  }
  const { agentId, role } = present(offers[0], "an accepted offer").offer;
  const agent = present(turn.state.agents.get(agentId), "the offer's agent");
  for (const record of offers) dropOffer(turn, record);
  const offered =
    offers.length === 1
      ? present(offers[0], "the only offer").offer.resources
      : addAll(offers.map(({ offer }) => offer.resources));
  const { launched, left } = judge(turn, { framework, agent, role, tasks, offered });
  launch(turn, framework, agent, launched);
  if (left.length > 0)
    giveBackRest(turn, framework, { agentId, role, left, filters: call.filters });
}

function tasksOf({ operations }: Accept): readonly TaskInfo[] {
  const [first, second] = operations;
  if (first?.kind === "launch" && second === undefined) return first.tasks;
  return operations.flatMap((operation) => (operation.kind === "launch" ? operation.tasks : []));
}

/** The offers accepted, or why the call is void. */
function offersOf(turn: Turn, framework: Framework, call: Accept): OfferRecord[] | string {
  if (call.offerIds.length === 0) return "no offer was named";
  const offers: OfferRecord[] = [];
  for (const offerId of call.offerIds) {
    const record = turn.state.offers.get(offerId);
    if (record === undefined || !framework.offers.has(record)) {
      return `offer ${offerId} is not valid any more: ${fateOf(framework, offerId)}`;
    }
    if (offers.includes(record)) return `offer ${offerId} is named twice`;
    offers.push(record);
  }
  const first = present(offers[0], "an accepted offer").offer;
  for (const { offer } of offers) {
    if (offer.agentId !== first.agentId) {
      return `offers ${first.offerId} and ${offer.offerId} are of different agents`;
    }
    if (offer.role !== first.role) {
      return `offers ${first.offerId} and ${offer.offerId} are for different roles`;
    }
  }
  return offers;
}

/** N-16: what became of an offer, as far as it is remembered. */
function fateOf(framework: Framework, offerId: string): string {
  for (const { what } of framework.decisions.toArray().reverse()) {
    if (what.kind === "rescinded" && what.offerId === offerId) return what.cause;
    if (what.kind === "declined" && what.offerId === offerId) return "it was declined";
  }
  return "it was used, rescinded, or never made to this framework";
}

/** An offer id works once: offers named in a void call are gone too, without a filter. */
function refuseAll(
  turn: Turn,
  framework: Framework,
  call: Accept,
  tasks: readonly TaskInfo[],
  cause: string,
): void {
  for (const offerId of call.offerIds) {
    const record = turn.state.offers.get(offerId);
    if (record === undefined || !framework.offers.has(record)) continue;
    removeOffer(turn, record, "it was accepted together with offers that were not valid");
  }
  dropReshapings(turn, framework, call, cause);
  for (const task of tasks) {
    refuseTask(turn, framework, task, "TASK_DROPPED", "REASON_INVALID_OFFERS", cause);
  }
}

function giveBackRest(
  turn: Turn,
  framework: Framework,
  rest: {
    readonly agentId: string;
    readonly role: string;
    readonly left: Resources;
    readonly filters: Filters;
  },
): void {
  const { frameworkId } = framework;
  const { agentId, role, left: resources } = rest;
  const refuseMs = refuseMsOf(turn.state, rest.filters);
  const held = { frameworkId, agentId, role, resources };
  turn.state.allocator.recover(held, { kind: "declined", refuseMs }, turn.now);
}
