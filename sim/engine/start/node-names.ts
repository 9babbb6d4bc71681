import type { AgentId, FrameworkId } from "@bourse/model/ids";
import type { StartState } from "./start-state.ts";

export interface NodeNames {
  readonly agents: ReadonlyMap<AgentId, string>;
  readonly frameworks: ReadonlyMap<FrameworkId, string>;
}

/**
 * What the nodes of a start state are called in a simulated world: agents by host, frameworks by name; where that is
 * taken, with the id behind.
 */
export function nodeNames(
  start: Pick<StartState, "agents" | "frameworks">,
  others: readonly { readonly name: string }[] = [{ name: "master" }],
): NodeNames {
  const taken = new Set(others.map(({ name }) => name));
  const choose = (name: string, id: string): string => {
    const chosen = name === "" || taken.has(name) ? `${name} (${id})` : name;
    taken.add(chosen);
    return chosen;
  };
  return {
    agents: new Map(
      start.agents.map(({ agentId, hostname }) => [agentId, choose(hostname, agentId)]),
    ),
    frameworks: new Map(
      start.frameworks.map(({ frameworkId, name }) => [frameworkId, choose(name, frameworkId)]),
    ),
  };
}
