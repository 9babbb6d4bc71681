import type { AgentOptions, FrameworkOptions } from "@bourse/allocator/options";
import type { Role } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
import { AGENTS_BACK_PERCENT } from "./config.ts";
import { askToLeave } from "./inverse-offers.ts";
import { makeOffers } from "./offers.ts";
import type { Agent, ClusterState, Framework, Task, Turn } from "./state.ts";

/**
 * Where the cluster speaks to the allocator. What an offer or a task holds is allocated there; this file keeps
 * `Task.isHolding` in step. The allocator itself knows neither offers nor tasks.
 */
export function admitFramework(state: ClusterState, framework: Framework): void {
  state.allocator.addFramework(framework.frameworkId, optionsOf(framework));
}

/** Its roles, capabilities or constraints are others. */
export function changeFramework(state: ClusterState, framework: Framework): void {
  state.allocator.updateFramework(framework.frameworkId, optionsOf(framework));
}

/** Makes it a taker of offers, with its present roles. */
export function connectFramework(state: ClusterState, framework: Framework): void {
  changeFramework(state, framework);
  state.allocator.activateFramework(framework.frameworkId);
}

export function disconnectFramework(state: ClusterState, framework: Framework): void {
  state.allocator.deactivateFramework(framework.frameworkId);
}

/** It must hold nothing any more. */
export function dropFramework(state: ClusterState, framework: Framework): void {
  state.allocator.removeFramework(framework.frameworkId);
}

export function suppressRoles(
  state: ClusterState,
  framework: Framework,
  roles: readonly Role[],
): void {
  // No roles means all of them to the allocator, and nothing here.
  if (roles.length > 0) state.allocator.suppress(framework.frameworkId, roles);
}

export function reviveRoles(
  state: ClusterState,
  framework: Framework,
  roles: readonly Role[],
): void {
  if (roles.length > 0) state.allocator.revive(framework.frameworkId, roles);
}

/** An agent is in the allocator while it is active or disconnected: not while it is away. */
export function admitAgent(state: ClusterState, agent: Agent): void {
  state.allocator.addAgent(agent.agentId, agentOptionsOf(agent), []);
}

export function changeAgent(state: ClusterState, agent: Agent): void {
  state.allocator.updateAgent(agent.agentId, agentOptionsOf(agent));
}

/** With all that is held of it. */
export function dropAgent(state: ClusterState, agent: Agent): void {
  state.allocator.removeAgent(agent.agentId);
}

export function setOffering(state: ClusterState, agent: Agent, isOffered: boolean): void {
  if (isOffered) state.allocator.activateAgent(agent.agentId);
  else state.allocator.deactivateAgent(agent.agentId);
}

/** A task that an agent reported holds its resources. */
export function holdTask(state: ClusterState, task: Task): void {
  const { frameworkId, role, agentId, info } = task;
  state.allocator.addUsed(agentId, { frameworkId, role, resources: info.resources });
  keepPart(state, task);
}

/** A part of an accepted offer becomes the task's: to the allocator nothing changes. */
export function keepPart(state: ClusterState, task: Task): void {
  task.isHolding = true;
  countAllocated(state, task, 1);
}

/** A shared volume is the task's as well as the offer's from which it was taken. */
export function holdCopy(state: ClusterState, task: Task, shared: Resources): void {
  const { frameworkId, role, agentId } = task;
  state.allocator.addUsed(agentId, { frameworkId, role, resources: shared });
}

/** A task that ended, or is out of reach, holds nothing any more. */
export function releaseTask({ state, now }: Turn, task: Task): void {
  if (!task.isHolding) return;
  task.isHolding = false;
  countAllocated(state, task, -1);
  const { frameworkId, role, agentId, info } = task;
  const held = { frameworkId, role, agentId, resources: info.resources };
  state.allocator.recover(held, { kind: "terminal" }, now);
}

/** Keeps the cluster's sums. */
export function countAllocated(state: ClusterState, { info }: Task, sign: 1 | -1): void {
  const sums = state.allocatedMilli;
  for (const { name, value, isShared } of info.resources) {
    if (value.type === "scalar" && !isShared)
      sums.set(name, (sums.get(name) ?? 0) + sign * value.milli);
  }
}

/** The only two places where the allocator runs are the end of a batch and its own timer (DESIGN section 2). */
export function allocateChanged(turn: Turn): void {
  if (!turn.state.allocator.hasChanges() || areOffersHeld(turn.state)) return;
  makeOffers(turn, turn.state.allocator.allocate(turn.now, "changed"));
}

export function allocateAll(turn: Turn): void {
  if (!areOffersHeld(turn.state)) {
    makeOffers(turn, turn.state.allocator.allocate(turn.now, "all"));
  }
  askToLeave(turn);
  const dueMs = turn.now.monoMs + turn.state.config.allocationIntervalMs;
  turn.state.timers.set("allocate", "", dueMs);
}

/**
 * M-8: with quota, nothing is offered after a master's start until most known agents are back or their time is over: what
 * is promised to one role would be given to another, because its agents were not there yet.
 */
export function areOffersHeld({ counters }: ClusterState): boolean {
  if (counters.awaited === 0) return false;
  const back = counters.awaited - counters.recovering;
  return back * 100 < counters.awaited * AGENTS_BACK_PERCENT;
}

function agentOptionsOf({ info }: Agent): AgentOptions {
  const { resources, hostname, attributes, domain } = info;
  return { total: resources, hostname, attributes, ...(domain !== undefined && { domain }) };
}

function optionsOf({ info, suppressedRoles, offerConstraints }: Framework): FrameworkOptions {
  const { roles, capabilities, minAllocatable } = info;
  return {
    roles,
    suppressedRoles,
    capabilities,
    ...(minAllocatable !== undefined && { minAllocatable }),
    ...(offerConstraints !== null && { offerConstraints }),
  };
}
