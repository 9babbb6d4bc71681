import type { CheckName, Relaxation, RelaxedCheck } from "@bourse/model/explain";
import type { AgentId, Role } from "@bourse/model/ids";
import type { Amount } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";

/** A check that stands in the way of an offer, and what would make it pass. */
export interface Obstacle {
  readonly check: CheckName;
  readonly role?: Role;
  /** How much of which scalars is short. */
  readonly shortfalls: readonly Amount[];
  /** Tells changes of one check apart: which constraint, whose ports. Agents with equal changes are named together. */
  readonly change: string;
  /** Orders equal changes, the easiest first: how long a filter lasts, how many constraints are to be dropped. */
  readonly effort: number;
  /** The change in words with the command to type; `agents` are those on which it would help. */
  readonly remedy: (agents: Agents) => string;
}

/** Agents in words and one of them for a command. */
export interface Agents {
  readonly names: string;
  readonly first: AgentId;
  readonly count: number;
}

/** All that keeps one framework or shape, in one role, from an offer of one agent. */
export interface Attempt {
  readonly agentId: AgentId;
  readonly obstacles: readonly Obstacle[];
}

/** More alternatives than this nobody reads. */
export const RELAXATIONS_MAX = 5;
const AGENTS_NAMED_MAX = 3;
const TEXT_MAX = 2_000;

/**
 * The smallest changes that would produce an offer (FEATURES A-1): on the agents that fail the fewest checks, those
 * that miss the least. Agents on which the same change would help are one alternative. Nothing when one passes.
 *
 * `sizeOf` makes shortfalls of cpus and of mem comparable.
 */
export function relax(
  attempts: readonly Attempt[],
  sizeOf: (amount: Amount) => number,
): readonly Relaxation[] {
  if (attempts.some(({ obstacles }) => obstacles.length === 0)) return [];
  const alternatives = new Map<string, Alternative>();
  for (const { agentId, obstacles } of attempts) {
    const key = obstacles.map(keyOf).join("\n");
    const size = sizeOfAll(obstacles, sizeOf);
    const known = alternatives.get(key);
    if (known === undefined || size < known.size)
      alternatives.set(key, { obstacles, size, agentIds: new Set([agentId]) });
    else if (size === known.size && areEqual(obstacles, known.obstacles))
      known.agentIds.add(agentId);
  }
  return Array.from(alternatives.values())
    .sort((a, b) => a.obstacles.length - b.obstacles.length || a.size - b.size)
    .slice(0, RELAXATIONS_MAX)
    .map(relaxationOf);
}

/** `0.4 cpus and 512 mem`. */
export function formatAmounts(amounts: readonly Amount[]): string {
  return joined(amounts.map(({ name, milli }) => `${formatMilli(milli)} ${name}`));
}

/** `a`, `a and b`, `a, b and c`. */
export function joined(words: readonly string[], last = "and"): string {
  return words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}

interface Alternative {
  readonly obstacles: readonly Obstacle[];
  readonly size: number;
  readonly agentIds: Set<AgentId>;
}

function keyOf({ check, role, change, shortfalls }: Obstacle): string {
  return [check, role, change, ...shortfalls.map(({ name }) => name)].join("\t");
}

function sizeOfAll(obstacles: readonly Obstacle[], sizeOf: (amount: Amount) => number): number {
  let size = 0;
  for (const { shortfalls, effort } of obstacles) {
    size += effort;
    for (const amount of shortfalls) size += sizeOf(amount);
  }
  return size;
}

/** Whether the same words say what is to be done. */
function areEqual(left: readonly Obstacle[], right: readonly Obstacle[]): boolean {
  return left.every(({ shortfalls, effort }, index) => {
    const other = right[index]!;
    return (
      effort === other.effort &&
      shortfalls.every(({ milli }, at) => milli === other.shortfalls[at]!.milli)
    );
  });
}

function relaxationOf({ obstacles, agentIds: ids }: Alternative): Relaxation {
  const agentIds = Array.from(ids);
  const agents = agentsOf(agentIds);
  const words = obstacles.map(({ remedy }) => remedy(agents));
  const text = shortened(joined(words));
  return {
    agentIds,
    changes: obstacles.map(changeOf),
    text: text.includes(agents.names) ? text : `${agents.names}: ${text}`,
  };
}

function changeOf({ check, role, shortfalls }: Obstacle): RelaxedCheck {
  return { check, ...(role !== undefined && { role }), shortfalls };
}

function shortened(text: string): string {
  return text.length <= TEXT_MAX ? text : `${text.slice(0, TEXT_MAX - 3)}...`;
}

function agentsOf(agentIds: readonly AgentId[]): Agents {
  const [first = ""] = agentIds;
  const named = agentIds.slice(0, AGENTS_NAMED_MAX);
  const more = agentIds.length - named.length;
  const words = more > 0 ? [...named, `${more} more`] : named;
  const names =
    agentIds.length === 1
      ? `agent ${first}`
      : `any of ${agentIds.length} agents (${joined(words, more > 0 ? "and" : "or")})`;
  return { names, first, count: agentIds.length };
}
