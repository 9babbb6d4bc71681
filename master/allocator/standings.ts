import type { FrameworkId, Role } from "@bourse/model/ids";
import { add, type Resources, scalar } from "@bourse/model/resources";
import type { ClientTable } from "./clients.ts";
import type { FilterMoment } from "./filters.ts";
import type { RoleState } from "./options.ts";
import { ownRow, type RoleTree, subtreeRow, WEIGHT_MILLI_DEFAULT } from "./role-tree.ts";
import { grownFloats } from "./rows.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/** Shares are quotients: closer than this to the fair share is not below it. */
const NEARLY = 1 - 1e-9;

/**
 * What each role would have if the active ones were served by weight alone, level by level, and how long a role has
 * been entitled to more and was allocated nothing (FEATURES N-02). A role is active while a pair below it may be
 * served or holds something. Entitled is who may be served and is below its fair share or its guarantee, unless a limit
 * of its own or above it has been reached: what a quota withholds is no starvation.
 *
 * Times are noted once a periodic run and when a role is served, so they are right to one allocation interval.
 */
export class Standings {
  readonly #tree: RoleTree;
  /** By role slot: the weights of its active children and of its own active pairs; `#topWeight` for the top. */
  #weightBelow: Float64Array = new Float64Array(16);
  #topWeight = 0;

  constructor(tree: RoleTree) {
    this.#tree = tree;
  }

  /**
   * At the end of a periodic run. `isShort`: whether less is consumed in the subtree than it is guaranteed; `isFull`:
   * whether a limit that binds the role has been reached.
   */
  note(
    monoMs: number,
    isShort: (role: number) => boolean,
    isFull: (role: number) => boolean,
  ): void {
    const tree = this.#tree;
    this.#weighLevels();
    for (let role = 0; role < tree.slots.length; role++) {
      if (!tree.slots.isUsed(role) || !tree.isRanked(role)) continue;
      const isEntitled = (this.#isBelowFairShare(role) || isShort(role)) && !isFull(role);
      if (!isEntitled) tree.unservedSinceMs[role] = NONE;
      else if (tree.unservedSinceMs[role] === NONE) tree.unservedSinceMs[role] = monoMs;
    }
  }

  /** null = it is served as it should be, or nobody in it may be served. */
  unservedForMs(role: number, monoMs: number): number | null {
    const sinceMs = this.#tree.unservedSinceMs[role]!;
    return sinceMs === NONE ? null : Math.max(0, monoMs - sinceMs);
  }

  /** Of all roles, by slot: in [0, 1]; 0 for a role that is not active. */
  fairShares(): ReadonlyMap<number, number> {
    this.#weighLevels();
    return new Map(this.#tree.slots.list().map((role) => [role, this.#fairShareOf(role)]));
  }

  #isBelowFairShare(role: number): boolean {
    const share = this.#tree.shares.dominantShareOf(subtreeRow(role));
    return share < this.#fairShareOf(role) * NEARLY;
  }

  #fairShareOf(role: number): number {
    const tree = this.#tree;
    let fair = 1;
    for (let node = role; node !== NONE; node = tree.parentOf[node]!) {
      if (!isActive(tree, node)) return 0;
      const parent = tree.parentOf[node]!;
      const weight = parent === NONE ? this.#topWeight : this.#weightBelow[parent]!;
      fair *= tree.shares.weightOf(subtreeRow(node)) / weight;
    }
    return fair;
  }

  #weighLevels(): void {
    const tree = this.#tree;
    const { slots, shares } = tree;
    this.#weightBelow = grownFloats(this.#weightBelow, slots.length);
    this.#weightBelow.fill(0);
    this.#topWeight = 0;
    for (let role = 0; role < slots.length; role++) {
      if (!slots.isUsed(role) || !isActive(tree, role)) continue;
      const parent = tree.parentOf[role]!;
      const weight = shares.weightOf(subtreeRow(role));
      if (parent === NONE) this.#topWeight += weight;
      else this.#weightBelow[parent]! += weight;
      const hasOwn = tree.isServable(role) || shares.dominantShareOf(ownRow(role)) > 0;
      if (tree.isInner(role) && hasOwn) this.#weightBelow[role]! += WEIGHT_MILLI_DEFAULT;
    }
  }
}

function isActive(tree: RoleTree, role: number): boolean {
  return tree.isRanked(role) || tree.shares.dominantShareOf(subtreeRow(role)) > 0;
}

/**
 * Where a row stands among its siblings that may be served, for people: `position` counts from 1; one that may not be
 * served now is placed where it would be. `share` is divided by weight. With a random sorter this is the order of
 * DRF all the same. Slow.
 */
export function siblingStanding(
  tree: RoleTree,
  row: number,
): { readonly share: number; readonly position: number; readonly of: number } {
  const { shares, slots } = tree;
  const role = row >> 1;
  const parent = row === ownRow(role) ? role : tree.parentOf[role]!;
  const siblings = slots
    .list()
    .filter((other) => tree.parentOf[other] === parent && tree.isRanked(other))
    .map(subtreeRow);
  if (parent !== NONE && tree.isInner(parent) && tree.isServable(parent))
    siblings.push(ownRow(parent));
  for (const other of [...siblings, row]) shares.settle(other);
  return {
    share: shares.shareOf(row),
    position: siblings.filter((other) => shares.compare(other, row) < 0).length + 1,
    of: siblings.length + (siblings.includes(row) ? 0 : 1),
  };
}

/** What this very role holds, offered or in use: its scalars. */
function allocatedIn(tree: RoleTree, role: number, names: readonly string[]): Resources {
  if (!tree.hasPairs(role)) return [];
  const row = tree.isInner(role) ? ownRow(role) : subtreeRow(role);
  return names.reduce<Resources>((sum, name, dimension) => {
    const milli = tree.shares.heldOf(row, dimension);
    return milli > 0 ? add(sum, [scalar(name, milli)]) : sum;
  }, []);
}

/** All nodes of the tree, by name. Slow; consumption is counted once for all of them. */
export function roleStates(tables: Tables, moment: FilterMoment): readonly RoleState[] {
  return tables.whileCounted(() => statesOf(tables, moment));
}

function statesOf(tables: Tables, moment: FilterMoment): readonly RoleState[] {
  const { agents, clients, dimensions, standings } = tables;
  const { tree } = clients;
  const fairShares = standings.fairShares();
  const subscribers = subscribersOf(clients);
  const refusals = refusalsIn(tables, moment);
  const reserved = reservedIn(agents.slots.list().map((agent) => agents.totalList[agent]!));
  const names = Array.from({ length: dimensions.count }, (_, index) => dimensions.nameOf(index));
  const quotas = new Map(tables.quotas().map((quota) => [quota.role, quota]));
  return tree
    .byName(tree.slots.list())
    .map((role) => ({ role, name: tree.slots.idOf(role) as Role }))
    .map(({ role, name }) => ({
      role: name,
      weightMilli: tree.weightMilliOf(name),
      frameworkIds: subscribers.get(role) ?? [],
      share: tree.shares.dominantShareOf(subtreeRow(role)),
      fairShare: fairShares.get(role)!,
      quota: quotas.get(name) ?? null,
      consumed: tables.consumedOf(name),
      allocated: allocatedIn(tree, role, names),
      reserved: reserved.get(name) ?? [],
      unservedForMs: standings.unservedForMs(role, moment.monoMs),
      refusals: refusals.get(role) ?? 0,
    }));
}

function refusalsIn(
  { clients, filters }: Tables,
  moment: FilterMoment,
): ReadonlyMap<number, number> {
  const byRole = new Map<number, number>();
  for (const [pair, count = 0] of filters.countByPair(moment).entries()) {
    const role = clients.roleOf[pair]!;
    byRole.set(role, (byRole.get(role) ?? 0) + count);
  }
  return byRole;
}

function subscribersOf(clients: ClientTable): ReadonlyMap<number, readonly FrameworkId[]> {
  const subscribers = new Map<number, FrameworkId[]>();
  for (const framework of clients.frameworks.list())
    for (const pair of clients.pairsOf(framework).values()) {
      if (clients.isSubscribed[pair] === 0) continue;
      const role = clients.roleOf[pair]!;
      const known = subscribers.get(role) ?? [];
      known.push(clients.frameworks.idOf(framework) as FrameworkId);
      subscribers.set(role, known.sort());
    }
  return subscribers;
}

/** By name of the newest reservation's role: the scalars reserved for it in these lists. */
function reservedIn(totals: Iterable<Resources>): ReadonlyMap<Role, Resources> {
  const reserved = new Map<Role, Resources>();
  for (const total of totals)
    for (const { name, value, reservations } of total) {
      const role = reservations?.at(-1)?.role;
      if (role === undefined || value.type !== "scalar") continue;
      reserved.set(role, add(reserved.get(role) ?? [], [scalar(name, value.milli)]));
    }
  return reserved;
}
