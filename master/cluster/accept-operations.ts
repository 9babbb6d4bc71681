import { present } from "@bourse/model/assert";
import type { Operation } from "@bourse/model/offer";
import type { OperationState, ResourceOperation } from "@bourse/model/operation";
import {
  addAll,
  contains,
  formatResources,
  kindOf,
  NO_RESOURCES,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { CLUSTER_LIMITS } from "./config.ts";
import { decide } from "./decisions.ts";
import { judge, launch } from "./launches.ts";
import { dropOffer, refuseMsOf, rescindOffer } from "./offers.ts";
import { applied, sendOperation } from "./operations.ts";
import { agentRecord } from "./registry-records.ts";
import { type Conversion, conversionOf, volumeKey } from "./resource-conversion.ts";
import type { Agent, Framework, OfferRecord, Turn } from "./state.ts";
import { identifierProblem } from "./task-validation.ts";

type Accept = Extract<FrameworkCall, { kind: "accept" }>;
type Reshaping = Exclude<Operation, { kind: "launch" }>;

/**
 * An accept in which resources change their kind: one operation after the other, each on what those before left, not
 * all or nothing (M-17, M-32, M-33, M-68). An operation that is not valid changes nothing and is told so when it has an
 * id. What was made and not used is free again at once; the rest of the offers is declined with the call's filters.
 */
export function acceptOperations(
  turn: Turn,
  framework: Framework,
  call: Accept,
  offers: readonly OfferRecord[],
): void {
  const { agentId, role } = present(offers[0], "an accepted offer").offer;
  const agent = present(turn.state.agents.get(agentId), "the offer's agent");
  for (const record of offers) dropOffer(turn, record);
  const work: Work = {
    turn,
    framework,
    agent,
    role,
    call,
    left: addAll(offers.map(({ offer }) => offer.resources)),
    made: new Set(),
  };
  const before = agent.info.resources;
  for (const operation of call.operations) {
    if (operation.kind === "launch") launchOn(work, operation);
    else reshape(work, operation);
  }
  if (agent.info.resources !== before) turn.out.persist(agentRecord(agent));
  giveBackRest(work);
}

/** The offers are not there any more: the operations of the call never reached anybody. */
export function dropReshapings(
  turn: Turn,
  framework: Framework,
  call: Accept,
  cause: string,
): void {
  for (const operation of call.operations) {
    if (operation.kind === "launch") continue;
    refuse(turn, framework, operation, { state: "OPERATION_DROPPED", cause });
  }
}

export function isReshaping(operation: Operation): operation is Reshaping {
  return operation.kind !== "launch";
}

/** M-68: a shared volume may be in use while it is offered. In words; null = nobody uses what would be gone. */
export function useProblem(agent: Agent, { consumed }: Conversion): string | null {
  for (const volume of consumed) {
    if (!volume.isShared) continue;
    const key = volumeKey(volume);
    for (const { isHolding, info } of agent.tasks) {
      if (!isHolding || !info.resources.some((used) => used.isShared && volumeKey(used) === key)) {
        continue;
      }
      return `volume ${volume.disk?.persistence?.id} is in use by task ${info.taskId}`;
    }
  }
  return null;
}

/** Nobody may be offered a shared volume that is about to be destroyed. */
export function rescindShared(turn: Turn, agent: Agent, volumes: Resources): void {
  const kinds = new Set(volumes.filter(({ isShared }) => isShared).map(kindOf));
  if (kinds.size === 0) return;
  for (const record of agent.offers) {
    if (record.offer.resources.some((resource) => kinds.has(kindOf(resource)))) {
      rescindOffer(turn, record, "a volume that it names was destroyed");
    }
  }
}

interface Work {
  readonly turn: Turn;
  readonly framework: Framework;
  readonly agent: Agent;
  readonly role: string;
  readonly call: Accept;
  left: Resources;
  /** Kinds that operations of this call made. */
  readonly made: Set<string>;
}

function launchOn(work: Work, { tasks }: Extract<Operation, { kind: "launch" }>): void {
  const { turn, framework, agent, role } = work;
  const { launched, left } = judge(turn, { framework, agent, role, tasks, offered: work.left });
  work.left = left;
  launch(turn, framework, agent, launched);
}

function reshape(work: Work, operation: Reshaping): void {
  const { turn, framework, agent, role, made } = work;
  const conversion = conversionFor(work, operation);
  if (typeof conversion === "string") {
    const { agentId } = agent;
    refuse(turn, framework, operation, { state: "OPERATION_ERROR", cause: conversion, agentId });
    return;
  }
  const { consumed, converted } = conversion;
  rescindShared(turn, agent, consumed);
  giveBackCopies(work, consumed);
  const holder = { frameworkId: framework.frameworkId, role, agentId: agent.agentId };
  turn.state.allocator.convertHeld(holder, consumed, converted);
  work.left = applied(work.left, conversion);
  for (const resource of converted) made.add(kindOf(resource));
  const { kind, operationId = null } = operation;
  sendOperation(turn, agent, framework, { kind, operationId, conversion });
}

function conversionFor(work: Work, operation: Reshaping): Conversion | string {
  const { framework, agent, role, left } = work;
  const problem =
    idProblem(framework, operation) ?? boundProblem(agent) ?? resizeProblem(work, operation);
  if (problem !== null) return problem;
  const { capabilities, principal } = framework.info;
  const by = { framework: { role, capabilities }, ...(principal !== undefined && { principal }) };
  const conversion = conversionOf(operation, by, agent.info.resources);
  if (typeof conversion === "string") return conversion;
  const inUse = useProblem(agent, conversion);
  if (inUse !== null) return inUse;
  if (contains(left, conversion.consumed)) return conversion;
  return `it needs ${formatResources(conversion.consumed)}, more than the ${formatResources(left)} left of the offer`;
}

function idProblem(framework: Framework, { operationId }: Reshaping): string | null {
  if (operationId === undefined) return null;
  const problem = identifierProblem(operationId);
  if (problem !== null) return `the operation id ${problem}`;
  if (framework.operations.has(operationId)) {
    return `operation id ${operationId} is in use until its last update is acknowledged; use a fresh id`;
  }
  return framework.operations.size < CLUSTER_LIMITS.operationsPerFrameworkMax
    ? null
    : `${framework.operations.size} operations of the framework are not acknowledged, the most there may be`;
}

function boundProblem(agent: Agent): string | null {
  return agent.operations.size < CLUSTER_LIMITS.operationsPerAgentMax
    ? null
    : `${agent.operations.size} operations wait for agent ${agent.agentId}, the most there may be`;
}

/** M-68: a volume is not resized in a call that also uses it, whichever comes first. */
function resizeProblem({ call }: Work, operation: Reshaping): string | null {
  if (operation.kind !== "grow-volume" && operation.kind !== "shrink-volume") return null;
  const key = volumeKey(operation.volume);
  const isUsed = call.operations.some(
    (other) => other !== operation && volumesOf(other).some((volume) => volumeKey(volume) === key),
  );
  return isUsed
    ? `volume ${operation.volume.disk?.persistence?.id} is also used in the same call; resize it in a call of its own`
    : null;
}

function volumesOf(operation: Operation): Resource[] {
  return resourcesOf(operation).filter(({ disk }) => disk?.persistence !== undefined);
}

function resourcesOf(operation: Operation): readonly Resource[] {
  switch (operation.kind) {
    case "launch":
      return operation.tasks.flatMap(({ resources }) => resources);
    case "reserve":
    case "unreserve":
      return operation.resources;
    case "create":
    case "destroy":
      return operation.volumes;
    case "grow-volume":
    case "shrink-volume":
      return [operation.volume];
  }
}

/** Two offers may each name the same shared volume; the one that is converted is enough. */
function giveBackCopies(work: Work, consumed: Resources): void {
  const { turn, framework, agent, role } = work;
  for (const volume of consumed) {
    if (!volume.isShared) continue;
    const kind = kindOf(volume);
    const copies = work.left.filter((resource) => kindOf(resource) === kind);
    const extra = subtract(copies, [volume]);
    if (extra.length === 0) continue;
    const { frameworkId } = framework;
    const held = { frameworkId, role, agentId: agent.agentId, resources: extra };
    turn.state.allocator.recover(held, { kind: "terminal" }, turn.now);
    work.left = subtract(work.left, extra);
  }
}

/** What operations made may be offered again at once: the framework will look for it (Mesos does the same). */
function giveBackRest({ turn, framework, agent, role, call, left, made }: Work): void {
  const { state, now } = turn;
  const holder = { frameworkId: framework.frameworkId, role, agentId: agent.agentId };
  const fresh = left.filter((resource) => made.has(kindOf(resource)));
  const rest = left.filter((resource) => !made.has(kindOf(resource)));
  if (rest.length > 0) {
    const refuseMs = refuseMsOf(state, call.filters);
    state.allocator.recover({ ...holder, resources: rest }, { kind: "declined", refuseMs }, now);
  }
  if (fresh.length > 0) {
    state.allocator.recover({ ...holder, resources: fresh }, { kind: "terminal" }, now);
  }
}

function refuse(
  turn: Turn,
  framework: Framework,
  operation: Reshaping,
  why: { readonly state: OperationState; readonly cause: string; readonly agentId?: string },
): void {
  const { kind, operationId } = operation;
  const { state, agentId } = why;
  const name = operationId === undefined ? "" : ` ${operationId}`;
  const message = `cannot ${WORDS[kind]}: ${why.cause}`;
  decide(turn, framework, { kind: "withheld", cause: `operation${name}: ${message}` });
  if (operationId === undefined) return;
  turn.out.tell(framework, {
    kind: "operation-update",
    status: {
      operationId,
      ...(agentId !== undefined && { agentId }),
      state,
      message,
      convertedResources: NO_RESOURCES,
    },
  });
}

export const WORDS: Record<ResourceOperation["kind"], string> = {
  reserve: "reserve",
  unreserve: "unreserve",
  create: "create the volume",
  destroy: "destroy the volume",
  "grow-volume": "grow the volume",
  "shrink-volume": "shrink the volume",
};
