import type { Inactivity } from "@bourse/allocator/explain-candidate";
import type { AgentId } from "@bourse/model/ids";
import { isOffered } from "./agents.ts";
import type { Agent, ClusterState } from "./state.ts";

/** Why an agent gives no offers, as only the cluster knows, and what would help. */
export function inactivityOf(state: ClusterState, agentId: AgentId): Inactivity {
  const agent = state.agents.get(agentId);
  if (agent === undefined) return AWAY;
  if (agent.isDeactivated) return DEACTIVATED;
  if (agent.condition !== "active") return AWAY;
  return isOffered(state, agent) ? AWAY : notListed(agent);
}

const DEACTIVATED: Inactivity = {
  detail: "an operator deactivated the agent",
  remedy: ({ names, first }) => `reactivate ${names}: \`bourse agent reactivate ${first}\``,
};

const AWAY: Inactivity = {
  detail: "the agent is not connected",
  remedy: ({ names }) => `bring back ${names}: see whether the agent runs and reaches the master`,
};

function notListed({ info }: Agent): Inactivity {
  return {
    detail: "the agent is not on the master's whitelist",
    remedy: () => `put ${info.hostname} on the master's whitelist`,
  };
}
