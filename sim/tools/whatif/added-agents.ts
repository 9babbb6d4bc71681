import { machineResources } from "@bourse/engine/start/machine-resources";
import type { StartAgent, StartBehaviour, StartState } from "@bourse/engine/start/start-state";
import { ClusterError } from "@bourse/model/errors";
import { formatResources } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { selectAgents } from "./select-agents.ts";

type Joining = NonNullable<StartBehaviour["join"]>[number];

/** What many machines that are simulated cost in memory is what bounds this. */
const ADDED_MAX = 50_000;

/**
 * `5` (like most that are there), `5:node-1` (like that one), `5:cpus:8;mem:16384`. They are called `new-1`, `new-2`, ...
 * Throws `invalid_call`.
 */
export function addedAgents(
  state: Pick<StartState, "agents">,
  text: string,
  options: { readonly atMs: number; readonly firstNumber: number },
): readonly Joining[] {
  const [, digits = "", like] = /^\s*(\d{1,9})\s*(?::(.+))?$/s.exec(text) ?? [];
  const count = Number(digits);
  if (digits === "" || count < 1 || count > ADDED_MAX) {
    throw new ClusterError(
      "invalid_call",
      `--add-agents ${JSON.stringify(text)} is no number of agents`,
      {
        hint: `write 5 (like most), 5:node-1 (like that agent), or '5:cpus:8;mem:16384'; at most ${ADDED_MAX}`,
      },
    );
  }
  const shape = shapeOf(state, like);
  const taken = new Set(state.agents.map(({ hostname }) => hostname));
  return Array.from({ length: count }, (_, index) => {
    const name = `new-${options.firstNumber + index}`;
    const hostname = taken.has(name) ? `${name}-whatif` : name;
    return { atMs: options.atMs, hostname, ...shape };
  });
}

type Shape = Pick<Joining, "resources" | "attributes" | "domain">;

function shapeOf(state: Pick<StartState, "agents">, like: string | undefined): Shape {
  if (like === undefined) return machineOf(mostCommon(state.agents));
  const isAmounts = /^\s*[a-z_-]+\s*[:=]\s*[\d[]/.test(like);
  if (isAmounts) {
    const resources = parseResources(like.replaceAll("=", ":"), "--add-agents");
    return { resources, attributes: [] };
  }
  const [agent] = selectAgents(state, like, "--add-agents");
  return machineOf(agent as StartAgent);
}

/** The machine without what was reserved or made on it. */
function machineOf({ total, attributes, domain }: StartAgent): Shape {
  const resources = machineResources(total);
  return { resources, attributes, ...(domain !== undefined && { domain }) };
}

function mostCommon(agents: readonly StartAgent[]): StartAgent {
  const groups = new Map<string, { readonly first: StartAgent; count: number }>();
  for (const agent of agents) {
    const key = formatResources(
      machineResources(agent.total).filter(({ value }) => value.type === "scalar"),
    );
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: agent, count: 1 });
    else group.count += 1;
  }
  let best: { readonly first: StartAgent; count: number } | null = null;
  for (const group of groups.values()) if (best === null || group.count > best.count) best = group;
  if (best !== null) return best.first;
  throw new ClusterError(
    "invalid_call",
    "--add-agents: there is no agent that new ones could be like",
    {
      hint: "say what they have, e.g. '5:cpus:8;mem:16384'",
    },
  );
}
