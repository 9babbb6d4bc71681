import type { AgentId } from "@bourse/model/ids";
import {
  add,
  addAll,
  contains,
  equal,
  formatResources,
  type Resources,
} from "@bourse/model/resources";
import { releasesResources } from "@bourse/model/task-state";
import { type MasterPicture, pictureOf } from "../master-view.ts";
import type { CreateCheck } from "./check.ts";
import type { Violations } from "./violations.ts";

const CHECK = "resource";

/**
 * What the master has given away: on each agent the offers add up to what counts as offered, the tasks to what counts
 * as allocated, and both together fit in what the agent has; so no resource is allocated twice and what is free is the
 * rest.
 */
export const createResourceCheck: CreateCheck = (world, violations) => {
  const sweep = (): void => {
    const { cluster } = world.master;
    if (cluster !== null) lookAt(pictureOf(cluster, world.simulation.now), violations);
  };
  return { sweep, settle: sweep };
};

function lookAt(picture: MasterPicture, violations: Violations): void {
  const offered = byAgent(picture.offers);
  const held = byAgent(picture.tasks.filter(({ state }) => !releasesResources(state)));
  for (const agent of picture.agents) {
    const { agentId, total, condition } = agent;
    if (!contains(total, add(agent.offered, agent.allocated))) {
      violations.report(
        CHECK,
        `agent ${agentId} has ${formatResources(total)} but ${formatResources(agent.offered)} are offered and ${formatResources(agent.allocated)} allocated`,
      );
    }
    const offers = addAll(offered.get(agentId) ?? []);
    if (!equal(offers, agent.offered)) {
      violations.report(
        CHECK,
        `the offers of agent ${agentId} add up to ${formatResources(offers)}, but ${formatResources(agent.offered)} count as offered`,
      );
    }
    if (condition !== "active") continue; // Out of reach, its tasks may be counted or not.
    const tasks = addAll(held.get(agentId) ?? []);
    if (!equal(tasks, agent.allocated)) {
      violations.report(
        CHECK,
        `the tasks of agent ${agentId} add up to ${formatResources(tasks)}, but ${formatResources(agent.allocated)} count as allocated`,
      );
    }
  }
}

function byAgent(
  items: readonly { readonly agentId: AgentId; readonly resources: Resources }[],
): ReadonlyMap<AgentId, readonly Resources[]> {
  const lists = new Map<AgentId, Resources[]>();
  for (const { agentId, resources } of items) {
    const list = lists.get(agentId);
    if (list === undefined) lists.set(agentId, [resources]);
    else list.push(resources);
  }
  return lists;
}
