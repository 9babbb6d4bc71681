import type { Refusal } from "@bourse/model/errors";
import type { AgentId } from "@bourse/model/ids";
import type { ResourceOperation } from "@bourse/model/operation";
import { contains, formatResources, type Resources } from "@bourse/model/resources";
import { rescindShared, useProblem, WORDS } from "./accept-operations.ts";
import { CLUSTER_LIMITS } from "./config.ts";
import { rescindOffer } from "./offers.ts";
import { sendOperation } from "./operations.ts";
import { agentRecord } from "./registry-records.ts";
import { type Conversion, conversionOf } from "./resource-conversion.ts";
import { sumOf } from "./resource-sums.ts";
import type { Agent, OfferRecord, Turn } from "./state.ts";

/**
 * An operator's operation, on resources that are free or offered (M-32): as many offers of the agent are rescinded as
 * are in the way, the newest first. What tasks use is in the way for good, and a conflict.
 */
export function operate(
  turn: Turn,
  agentId: AgentId,
  operation: ResourceOperation,
  principal: string | null,
): Refusal | null {
  const what = WORDS[operation.kind];
  const agent = turn.state.agents.get(agentId);
  if (agent === undefined) {
    const message = `cannot ${what}: agent ${agentId} is not known`;
    return { code: "not_found", message, hint: "list what there is with `bourse agent ls`" };
  }
  if (agent.session === null) {
    const message = `cannot ${what}: agent ${agentId} is ${agent.condition}`;
    return { code: "conflict", message, hint: "wait until it is back" };
  }
  const by = principal === null ? {} : { principal };
  const conversion = conversionOf(operation, by, agent.info.resources);
  if (typeof conversion === "string") {
    const message = `cannot ${what} on agent ${agentId}: ${conversion}`;
    return { code: "invalid_call", message, hint: "see what it has with `bourse agent inspect`" };
  }
  const inUse = useProblem(agent, conversion);
  if (inUse !== null) {
    const message = `cannot ${what} on agent ${agentId}: ${inUse}`;
    return { code: "conflict", message, hint: "end the tasks that use it" };
  }
  const refusal = conflictOf(turn, agent, what, conversion);
  if (refusal !== null) return refusal;
  rescindShared(turn, agent, conversion.consumed);
  for (const record of offersInTheWay(turn, agent, conversion.consumed)) {
    rescindOffer(turn, record, `an operator wanted to ${what}`);
  }
  turn.state.allocator.convertFree(agentId, conversion.consumed, conversion.converted);
  sendOperation(turn, agent, null, { kind: operation.kind, operationId: null, conversion });
  turn.out.persist(agentRecord(agent));
  return null;
}

function conflictOf(
  turn: Turn,
  agent: Agent,
  what: string,
  { consumed }: Conversion,
): Refusal | null {
  const { agentId, operations } = agent;
  if (operations.size >= CLUSTER_LIMITS.operationsPerAgentMax) {
    const message = `cannot ${what}: ${operations.size} operations wait for agent ${agentId} already`;
    return { code: "conflict", message, hint: "list them with `bourse operation ls`" };
  }
  const free = turn.state.allocator.freeOf(agentId);
  const within = sumOf([free, ...Array.from(agent.offers, ({ offer }) => offer.resources)]);
  const lacking = consumed.filter((resource) => !contains(within, [resource]));
  if (lacking.length === 0) return null;
  const isThere = contains(agent.info.resources, lacking);
  const why = isThere ? "tasks use them" : "the agent does not have as much";
  const message = `cannot ${what}: agent ${agentId} has not ${formatResources(lacking)} free, because ${why}`;
  const hint = isThere
    ? "end the tasks, or take less"
    : "see what there is with `bourse agent inspect`";
  return { code: "conflict", message, hint };
}

/** Each of them is needed: without it the others and what is free would not be enough. */
function offersInTheWay(turn: Turn, agent: Agent, consumed: Resources): readonly OfferRecord[] {
  const free = turn.state.allocator.freeOf(agent.agentId);
  let chosen: OfferRecord[] = [];
  const atHand = (records: readonly OfferRecord[]) =>
    sumOf([free, ...records.map(({ offer }) => offer.resources)]);
  for (const record of Array.from(agent.offers).reverse()) {
    if (contains(atHand(chosen), consumed)) break;
    chosen.push(record);
  }
  for (const record of chosen) {
    const others = chosen.filter((other) => other !== record);
    if (contains(atHand(others), consumed)) chosen = others;
  }
  return chosen;
}
