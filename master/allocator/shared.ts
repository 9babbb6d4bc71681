import type { AgentTable } from "./agents.ts";
import type { ClientTable } from "./clients.ts";
import type { KindTable } from "./kinds.ts";
import type { QuotaTable } from "./quota.ts";
import { ownRow, subtreeRow } from "./role-tree.ts";
import { NONE } from "./slots.ts";

/**
 * Shared volumes count once per client, however many copies of it a client holds (FEATURES M-31, CASES S12, A37): once for
 * a pair, once for each role in whose subtree anybody holds one, in shares and in quota. `sign` 1 = the pair now has
 * its first copy, -1 = it has just given back its last.
 */
export function chargeCopy(
  tables: SharedTables,
  agent: number,
  pair: number,
  entry: number,
  sign: 1 | -1,
): void {
  const { agents, clients, kinds, quota } = tables;
  const at = agent * agents.width + entry;
  const kind = agents.kind[at]!;
  const dimension = kinds.dimension[kind]!;
  if (dimension === NONE) return;
  const { tree } = clients;
  const role = clients.roleOf[pair]!;
  const milli = sign * agents.copy[at]!;
  if (agents.allocated[at] === 0) agents.copy[at] = 0;
  clients.pairShares.change(pair, dimension, milli);
  const others = rolesOfOthers(tables, agent, pair, entry);
  if (tree.isInner(role) && !others.includes(role))
    tree.shares.change(ownRow(role), dimension, milli);
  const top = nearestWithOthers(tree.parentOf, role, others);
  for (let node = role; node !== top; node = tree.parentOf[node]!)
    tree.shares.change(subtreeRow(node), dimension, milli);
  if (quota.isKept && kinds.countsWhenHeld(kind)) quota.charge(role, dimension, milli, top);
}

/** Tells a quota that begins to count of an entry that several pairs hold. */
export function countCopies(tables: SharedTables, agent: number, entry: number): void {
  const { agents, clients, kinds, quota } = tables;
  const { holdings } = agents;
  const at = agent * agents.width + entry;
  const dimension = kinds.dimension[agents.kind[at]!]!;
  const counted: number[] = [];
  for (let of = holdings.firstOf(agent); of !== NONE; of = holdings.nextOf(of)) {
    if (holdings.amount[of * holdings.width + entry]! <= 0) continue;
    const role = clients.roleOf[holdings.pairOf(of)]!;
    const top = nearestWithOthers(clients.tree.parentOf, role, counted);
    quota.charge(role, dimension, agents.copy[at]!, top);
    counted.push(role);
  }
}

export interface SharedTables {
  readonly agents: AgentTable;
  readonly clients: ClientTable;
  readonly kinds: KindTable;
  readonly quota: QuotaTable;
}

/** Of all other pairs that hold a copy. */
function rolesOfOthers(
  { agents, clients }: SharedTables,
  agent: number,
  pair: number,
  entry: number,
): readonly number[] {
  const { holdings } = agents;
  const roles: number[] = [];
  for (let of = holdings.firstOf(agent); of !== NONE; of = holdings.nextOf(of)) {
    const other = holdings.pairOf(of);
    if (other !== pair && holdings.amount[of * holdings.width + entry]! > 0)
      roles.push(clients.roleOf[other]!);
  }
  return roles;
}

/** The role itself or the first one above it in whose subtree one of the others is; NONE = they share none. */
function nearestWithOthers(parentOf: Int32Array, role: number, others: readonly number[]): number {
  for (let node = role; node !== NONE; node = parentOf[node]!)
    for (const other of others)
      for (let above = other; above !== NONE; above = parentOf[above]!)
        if (above === node) return node;
  return NONE;
}
