import type { UsedResources } from "@bourse/allocator/options";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import { amountIn } from "@bourse/model/quota";
import {
  addAll,
  contains,
  equal,
  formatResource,
  formatResources,
  kindOf,
  NO_RESOURCES,
  type Resource,
  type Resources,
} from "@bourse/model/resources";
import { isRoleWithin } from "@bourse/model/role-name";
import { isAdmitted, isOffered } from "./agents.ts";
import type { Effects } from "./effects.ts";
import type { ClusterInput } from "./inputs.ts";
import { unreservedMilli } from "./quotas.ts";
import { sumOf } from "./resource-sums.ts";
import type { Agent, ClusterState, OfferRecord } from "./state.ts";

/** Takes what does not hold, as a sentence. */
export type Report = (violation: string) => void;

/**
 * Offered + allocated + free = total, a shared volume once. What tasks hold beyond that on an agent that could not do an
 * operation is offered to nobody.
 */
export function checkAmounts(state: ClusterState, agent: Agent, report: Report): void {
  const name = `agent ${agent.agentId}`;
  const { resources: total } = agent.info;
  const offered = sumOf(Array.from(agent.offers, ({ offer }) => offer.resources));
  const holding = Array.from(agent.tasks).filter((task) => task.isHolding);
  const allocated = sumOf(holding.map((task) => task.info.resources));
  const taken = sumOf([offered, allocated]);
  if (agent.isOverdrawn) {
    for (const resource of taken) {
      if (contains(total, [resource]) || !isAmong(offered, resource)) continue;
      report(`${name} is overdrawn, but ${formatResource(resource)} is offered`);
    }
    return;
  }
  if (!contains(total, taken)) {
    report(`${name} has ${formatResources(total)}, but ${formatResources(taken)} are given away`);
    return;
  }
  if (!isAdmitted(agent)) return;
  const free = state.allocator.freeOf(agent.agentId);
  if (equal(sumOf([taken, free]), total)) return;
  report(
    `${name} has ${formatResources(total)}, but ${formatResources(taken)} are given away and ${formatResources(free)} are free`,
  );
}

function isAmong(list: Resources, resource: Resource): boolean {
  const kind = kindOf(resource);
  return list.some((other) => kindOf(other) === kind);
}

/** M-31: what an offer has just given away unreserved is within the limits of its role and of those above it. */
export function checkLimits(state: ClusterState, effects: Effects, report: Report): void {
  const quotas = state.allocator.quotas();
  if (quotas.length === 0) return;
  for (const sending of effects.send) {
    if (sending.to !== "framework" || sending.event.kind !== "offers") continue;
    for (const offer of sending.event.offers) {
      for (const { role, limits } of quotas) {
        if (!isRoleWithin(offer.role, role)) continue;
        const consumed = state.allocator.consumedOf(role);
        for (const { name, milli } of limits) {
          if (unreservedMilli(offer.resources, name) === 0) continue;
          const used = amountIn(consumed, name) ?? 0;
          if (used <= milli) continue;
          report(
            `offer ${offer.offerId} gives ${name} to role ${offer.role}, but ${role} consumes ${used} milli of at most ${milli}`,
          );
        }
      }
    }
  }
}

/** M-31: when quota was set, all that offers can do to come below a new limit was done. */
export function checkEnforcement(
  state: ClusterState,
  input: ClusterInput,
  effects: Effects,
  report: Report,
): void {
  if (input.kind !== "operator-call" || input.call.kind !== "update-quotas") return;
  const isDone = effects.send.some((sent) => sent.to === "operator" && sent.reply.kind === "done");
  if (!isDone) return;
  const named = new Set(input.call.quotas.map(({ role }) => role));
  for (const { role, limits } of state.allocator.quotas()) {
    if (!named.has(role)) continue;
    const consumed = state.allocator.consumedOf(role);
    for (const { name, milli } of limits) {
      const used = amountIn(consumed, name) ?? 0;
      const isOut = ({ offer }: OfferRecord) =>
        isRoleWithin(offer.role, role) && unreservedMilli(offer.resources, name) > 0;
      if (used <= milli || !Array.from(state.offers.values()).some(isOut)) continue;
      report(
        `${role} consumes ${used} milli ${name} of at most ${milli}, but offers of it are out`,
      );
    }
  }
}

/** What is offered or in use is held in the allocator, by the same framework in the same role, and nothing else. */
export function checkAllocator(state: ClusterState, report: Report): void {
  const known = new Set<AgentId>();
  for (const agent of state.allocator.snapshot().agents) {
    if (agent === null) continue;
    known.add(agent.agentId);
    const own = state.agents.get(agent.agentId);
    if (own === undefined || !isAdmitted(own)) {
      report(`the allocator has agent ${agent.agentId}, which is ${own?.condition ?? "not known"}`);
    }
    if (own !== undefined && agent.isActive !== isOffered(state, own)) {
      report(`agent ${agent.agentId} is ${own.condition}, but active in the allocator`);
    }
    checkHolders(agent.agentId, agent.held, givenOf(own), report);
  }
  for (const agent of state.agents.values()) {
    if (!known.has(agent.agentId)) checkHolders(agent.agentId, [], givenOf(agent), report);
  }
}

function isShared(resource: Resource): boolean {
  return resource.isShared === true;
}

/** By framework and role. */
type Given = Map<FrameworkId, Map<Role, Resources[]>>;

function givenOf(agent: Agent | undefined): Given {
  const given: Given = new Map();
  if (agent === undefined) return given;
  for (const { offer } of agent.offers) give(given, offer.frameworkId, offer.role, offer.resources);
  for (const { frameworkId, role, isHolding, info } of agent.tasks)
    if (isHolding) give(given, frameworkId, role, info.resources);
  return given;
}

function give(given: Given, frameworkId: FrameworkId, role: Role, resources: Resources): void {
  let roles = given.get(frameworkId);
  if (roles === undefined) {
    roles = new Map();
    given.set(frameworkId, roles);
  }
  const list = roles.get(role);
  if (list === undefined) roles.set(role, [resources]);
  else list.push(resources);
}

/** Takes out of `given` what it has found. */
function checkHolders(
  agentId: AgentId,
  held: readonly UsedResources[],
  given: Given,
  report: Report,
): void {
  const compare = (holder: string, there: Resources, lists: readonly Resources[]): void => {
    // Copies of a shared volume count one by one here, which `sumOf` does not.
    const here = lists.some((list) => list.some(isShared)) ? addAll(lists) : sumOf(lists);
    if (equal(there, here)) return;
    report(
      `${agentId}: ${holder} holds ${formatResources(there)} in the allocator, ${formatResources(here)} here`,
    );
  };
  for (const { frameworkId, role, resources } of held) {
    compare(`${frameworkId} as ${role}`, resources, given.get(frameworkId)?.get(role) ?? []);
    given.get(frameworkId)?.delete(role);
  }
  for (const [frameworkId, roles] of given)
    for (const [role, lists] of roles) compare(`${frameworkId} as ${role}`, NO_RESOURCES, lists);
}
