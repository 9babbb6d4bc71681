import type { OperationId } from "@bourse/model/ids";
import {
  type AgentOperation,
  isFinalOperationState,
  type OperationState,
  type OperationStatus,
  type OperationUpdate,
  type ResourceOperation,
} from "@bourse/model/operation";
import {
  add,
  canonical,
  contains,
  equal,
  kindOf,
  NO_RESOURCES,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import { changeAgent } from "./allocation.ts";
import { rescindOffer } from "./offers.ts";
import { agentRecord } from "./registry-records.ts";
import type { Conversion } from "./resource-conversion.ts";
import { sumOf } from "./resource-sums.ts";
import type { Agent, Framework, OperationRecord, Turn } from "./state.ts";
import { checkedResources } from "./task-validation.ts";

/**
 * Operations on their way to agents and back (M-17).
 *
 *   PENDING -> FINISHED, FAILED, DROPPED, ERROR (the agent's word) -> forgotten once acknowledged, or at once when nobody
 *   asked for feedback
 *   PENDING -> UNREACHABLE (the agent is out of reach) -> the agent's word, or DROPPED when it has no trace of it
 *
 * The master counts a result from the moment it sends the operation, so that what follows may use it; the truth is
 * the agent's total. `Agent.confirmed` is what the agent has said so far, `Agent.info.resources` that with what is on its way.
 */
export function sendOperation(
  turn: Turn,
  agent: Agent,
  framework: Framework | null,
  fields: {
    readonly kind: ResourceOperation["kind"];
    readonly operationId: OperationId | null;
    readonly conversion: Conversion;
  },
): void {
  const { state, now, out } = turn;
  const { kind, operationId, conversion } = fields;
  const { consumed, converted } = conversion;
  const record: OperationRecord = {
    operationUuid: `${state.masterId}-P${state.counters.operations++}`,
    agentId: agent.agentId,
    frameworkId: framework?.frameworkId ?? null,
    operationId,
    kind,
    consumed,
    converted,
    state: "OPERATION_PENDING",
    message: null,
    updateUuid: null,
    startedAtMs: now.wallMs,
    sentOn: agent.session,
  };
  keepOperation(turn, agent, framework, record);
  agent.info = { ...agent.info, resources: applied(agent.info.resources, conversion) };
  if (agent.session !== null) {
    out.toAgent(agent.session, { kind: "apply-operation", operation: onTheWire(record, kind) });
  }
  announce(turn, record);
}

/** Makes a record known to all who look for it. */
export function keepOperation(
  { state }: Turn,
  agent: Agent,
  framework: Framework | null,
  record: OperationRecord,
): void {
  state.operations.set(record.operationUuid, record);
  agent.operations.add(record);
  if (record.operationId !== null) framework?.operations.set(record.operationId, record);
}

export function forgetOperation({ state }: Turn, record: OperationRecord): void {
  const { operationUuid, operationId, frameworkId, agentId } = record;
  state.operations.delete(operationUuid);
  state.agents.get(agentId)?.operations.delete(record);
  const framework = frameworkId === null ? undefined : state.frameworks.get(frameworkId);
  if (
    framework !== undefined &&
    operationId !== null &&
    framework.operations.get(operationId) === record
  ) {
    framework.operations.delete(operationId);
  }
}

/** A record of an operation that an earlier master sent; null = nobody wants to know of it. */
export function adoptOperation(
  turn: Turn,
  agent: Agent,
  update: OperationUpdate,
): OperationRecord | null {
  const { operationId, frameworkId } = update;
  const framework = turn.state.frameworks.get(frameworkId ?? "");
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

/** What an agent cannot say of an operation, in words. */
export function updateProblem(update: OperationUpdate): string | null {
  const { operationUuid, state, convertedResources } = update;
  if (!isFinalOperationState(state) || state === "OPERATION_GONE_BY_OPERATOR") {
    return `operation ${operationUuid} cannot be ${state} by the word of its agent`;
  }
  const resources = checkedResources(convertedResources);
  return typeof resources === "string" ? `of operation ${operationUuid}, ${resources}` : null;
}

/** A new state; final ones are never left. */
export function moveOperation(
  turn: Turn,
  record: OperationRecord,
  state: OperationState,
  message: string | null,
): void {
  if (record.state === state || isFinalOperationState(record.state)) return;
  record.state = state;
  record.message = message;
  announce(turn, record);
}

/** Tells the framework how an operation stands, if it gave it an id; without a uuid it need not be acknowledged. */
export function tellOperation(turn: Turn, record: OperationRecord, uuid: string | null): void {
  const { frameworkId } = record;
  const framework = frameworkId === null ? undefined : turn.state.frameworks.get(frameworkId);
  const status = operationStatus(record, uuid);
  if (framework !== undefined && status !== null) {
    turn.out.tell(framework, { kind: "operation-update", status });
  }
}

export function operationStatus(
  record: OperationRecord,
  uuid: string | null,
): OperationStatus | null {
  const { operationId, agentId, state, message, converted } = record;
  if (operationId === null) return null;
  return {
    operationId,
    agentId,
    state,
    ...(message !== null && { message }),
    convertedResources: state === "OPERATION_FINISHED" ? converted : NO_RESOURCES,
    ...(uuid !== null && { uuid }),
  };
}

/** The agent is out of reach: what it has done nobody knows until it returns. */
export function loseSight(turn: Turn, agent: Agent, cause: string): void {
  for (const record of agent.operations) {
    if (record.state !== "OPERATION_PENDING") continue;
    moveOperation(turn, record, "OPERATION_UNREACHABLE", `the agent is out of reach: ${cause}`);
    tellOperation(turn, record, null);
  }
}

/** The agent is no more, and what was on its way to it neither. */
export function dropOperations(
  turn: Turn,
  agent: Agent,
  state: OperationState,
  cause: string,
): void {
  for (const record of Array.from(agent.operations)) {
    if (!isFinalOperationState(record.state)) {
      moveOperation(turn, record, state, cause);
      tellOperation(turn, record, null);
    }
    forgetOperation(turn, record);
  }
}

/** What the agent has if all that is on its way to it is done. */
export function expectedTotal({ confirmed, operations }: Agent): Resources {
  let total = confirmed;
  for (const record of operations) {
    if (isFinalOperationState(record.state) || !contains(total, record.consumed)) continue;
    total = applied(total, record);
  }
  return total;
}

/**
 * The master's view follows what the agent has: offers that name what is gone are rescinded first, tasks keep what
 * they hold, for it is the agent that refuses those that it cannot run.
 */
export function followTotal(turn: Turn, agent: Agent, cause: string): void {
  const before = agent.info.resources;
  const total = expectedTotal(agent);
  if (equal(before, total)) return;
  rescindGone(turn, agent, before, total, cause);
  agent.info = { ...agent.info, resources: total };
  agent.isOverdrawn = isOverdrawn(agent);
  changeAgent(turn.state, agent);
  turn.out.persist(agentRecord(agent));
}

/** Whether tasks hold more than the agent has. */
export function isOverdrawn({ info, tasks }: Agent): boolean {
  const held = Array.from(tasks).filter(({ isHolding }) => isHolding);
  return !contains(info.resources, sumOf(held.map((task) => task.info.resources)));
}

export function applied(total: Resources, { consumed, converted }: Conversion): Resources {
  return add(subtract(total, consumed), converted);
}

function rescindGone(
  turn: Turn,
  agent: Agent,
  before: Resources,
  total: Resources,
  cause: string,
): void {
  const gone = new Set(
    before.filter((resource) => !contains(total, [resource])).map((resource) => kindOf(resource)),
  );
  for (const record of agent.offers) {
    if (record.offer.resources.some((resource) => gone.has(kindOf(resource)))) {
      rescindOffer(turn, record, cause);
    }
  }
}

function onTheWire(record: OperationRecord, kind: ResourceOperation["kind"]): AgentOperation {
  const { operationUuid, frameworkId, operationId, consumed, converted } = record;
  return {
    operationUuid,
    ...(frameworkId !== null && { frameworkId }),
    ...(operationId !== null && { operationId }),
    kind,
    consumed,
    converted,
  };
}

function announce(turn: Turn, { agentId, operationUuid, state }: OperationRecord): void {
  turn.out.change({ kind: "operation-updated", agentId, operationUuid, state });
}
