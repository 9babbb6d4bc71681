import { present } from "@bourse/model/assert";
import type { Filters } from "@bourse/model/offer";
import { addAll, type Resources, subtract } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { TaskInfo } from "@bourse/model/task";
import type { TaskReason, TaskState } from "@bourse/model/task-state";
import { keepPart } from "./allocation.ts";
import { CLUSTER_LIMITS } from "./config.ts";
import { decide } from "./decisions.ts";
import { declineOffer, dropOffer, refuseMsOf, removeOffer } from "./offers.ts";
import type { Agent, Framework, OfferRecord, Turn } from "./state.ts";
import { checkedResources, taskProblem } from "./task-validation.ts";
import { addTask, masterStatus, newTask, tellStatus } from "./tasks.ts";

type Accept = Extract<FrameworkCall, { kind: "accept" }>;

/**
 * A framework launches tasks on offers of one agent (FEATURES 3.3; MESOS-V1, Accept / decline). Tasks are judged one by
 * one, in order; what is left of the offers is declined with the call's filters. Offers that are not
 * valid any more cost every task of the call, and nothing else happens.
 */
export function accept(turn: Turn, framework: Framework, call: Accept): void {
  const tasks = call.operations.flatMap((operation) => operation.tasks);
  const offers = offersOf(turn, framework, call);
  if (typeof offers === "string") {
    refuseAll(turn, framework, call, tasks, offers);
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
  const offered = addAll(offers.map(({ offer }) => offer.resources));
  const { launched, left } = judge(turn, { framework, agent, role, tasks, offered });
  launch(turn, framework, agent, launched);
  if (left.length > 0)
    giveBackRest(turn, framework, { agentId, role, left, filters: call.filters });
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
  for (const task of tasks) {
    refuseTask(turn, framework, task, "TASK_DROPPED", "REASON_INVALID_OFFERS", cause);
  }
}

/** Takes what the valid tasks use from the offered resources; the others are errors. */
function judge(
  turn: Turn,
  given: {
    readonly framework: Framework;
    readonly agent: Agent;
    readonly role: string;
    readonly tasks: readonly TaskInfo[];
    readonly offered: Resources;
  },
): { launched: TaskInfo[]; left: Resources } {
  const { framework, agent, role, tasks } = given;
  const launched: TaskInfo[] = [];
  let left = given.offered;
  for (const task of tasks) {
    const resources = checkedResources(task.resources);
    const problem =
      typeof resources === "string"
        ? resources
        : launched.length >= CLUSTER_LIMITS.tasksPerAcceptMax
          ? `one call launches at most ${CLUSTER_LIMITS.tasksPerAcceptMax} tasks`
          : taskProblem(framework, task, resources, agent.agentId, left);
    if (problem !== null || typeof resources === "string") {
      const cause = problem ?? "its resources are not valid";
      refuseTask(turn, framework, task, "TASK_ERROR", "REASON_TASK_INVALID", cause);
      continue;
    }
    left = subtract(left, resources);
    const info: TaskInfo = { ...task, resources, role };
    launched.push(info);
    const atMs = turn.now.wallMs;
    const launchSession = agent.session;
    const state = "TASK_STAGING";
    const added = newTask(turn, { framework, agent, info, role, state, atMs, launchSession });
    keepPart(turn.state, added);
    addTask(turn, framework, agent, added);
  }
  return { launched, left };
}

function launch(turn: Turn, framework: Framework, agent: Agent, tasks: readonly TaskInfo[]): void {
  if (tasks.length === 0) return;
  const { frameworkId, info } = framework;
  const session = present(agent.session, "the session of an agent with offers");
  turn.out.toAgent(session, { kind: "launch", framework: { frameworkId, info }, tasks });
  const { agentId } = agent;
  decide(turn, framework, { kind: "launched", agentId, taskCount: tasks.length });
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

function refuseTask(
  turn: Turn,
  framework: Framework,
  task: TaskInfo,
  state: TaskState,
  reason: TaskReason,
  message: string,
): void {
  const { taskId, agentId } = task;
  decide(turn, framework, { kind: "dropped", taskId, cause: message });
  tellStatus(turn, framework, masterStatus(turn, { taskId, agentId, state, reason, message }));
}
