import type { StartAgent, StartState } from "@bourse/engine/start/start-state";
import { attributeText } from "@bourse/model/attributes-text";
import { ClusterError } from "@bourse/model/errors";

const LISTED_MAX = 10;

/**
 * The agents that a word means: `zone=a`, `region=eu` or `rack=r1` (fault domain first, then attributes), a host name, an
 * id, or a unique part of an id. Throws `not_found` or, when it may be several, `invalid_call`.
 */
export function selectAgents(
  { agents }: Pick<StartState, "agents">,
  text: string,
  flag: string,
): readonly StartAgent[] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && value !== undefined) {
    const found = agents.filter((agent) => valuesOf(agent, name).includes(value));
    if (found.length > 0) return found;
    const values = Array.from(new Set(agents.flatMap((agent) => valuesOf(agent, name))));
    throw new ClusterError("not_found", `${flag} ${text}: no agent has ${name}=${value}`, {
      hint:
        values.length === 0
          ? `no agent has ${name} at all; see them with \`bourse agent ls -o json\``
          : `there is ${name}=${values.slice(0, LISTED_MAX).join(`, ${name}=`)}`,
    });
  }
  const exact = agents.filter((one) => one.agentId === text || one.hostname === text);
  const isPart = ({ agentId }: StartAgent): boolean =>
    text !== "" && (agentId.startsWith(text) || agentId.endsWith(text));
  const found = exact.length > 0 ? exact : agents.filter(isPart);
  if (found.length === 1) return found;
  if (found.length === 0) {
    const names = agents.slice(0, LISTED_MAX).map(({ hostname }) => hostname);
    throw new ClusterError("not_found", `${flag} ${JSON.stringify(text)}: there is no such agent`, {
      hint: `there are ${names.join(", ") || "none"}${agents.length > LISTED_MAX ? ", ..." : ""}; groups go by zone=Z or ATTRIBUTE=VALUE`,
    });
  }
  const ids = found.slice(0, LISTED_MAX).map(({ agentId }) => agentId);
  throw new ClusterError("invalid_call", `${flag} ${text} may be any of ${ids.join(", ")}`, {
    hint: "name one by its id",
  });
}

function valuesOf({ domain, attributes }: StartAgent, name: string): readonly string[] {
  if (domain !== undefined && name === "zone") return [domain.zone];
  if (domain !== undefined && name === "region") return [domain.region];
  return attributes.filter((one) => one.name === name).map(({ value }) => attributeText(value));
}
