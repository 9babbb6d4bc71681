import { isAdmitted, isOffered, rescindAll } from "./agents.ts";
import { setOffering } from "./allocation.ts";
import type { Turn } from "./state.ts";

/**
 * From now on only these agents, named by id or host, are offered (M-51); null = all. What runs on the others goes on,
 * their offers are rescinded. It is not in the registry: whoever feeds it tells it again after a start.
 */
export function setWhitelist(turn: Turn, agents: readonly string[] | null): void {
  const { state } = turn;
  state.whitelist = agents && new Set(agents);
  for (const agent of state.agents.values()) {
    if (!isAdmitted(agent)) continue;
    const isListed = isOffered(state, agent);
    setOffering(state, agent, isListed);
    if (!isListed) rescindAll(turn, agent, "it is not on the whitelist");
  }
}
