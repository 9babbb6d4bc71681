import type { Role } from "@bourse/model/ids";
import { type Amount, amountIn, type Quota } from "@bourse/model/quota";
import { isRoleBelow } from "@bourse/model/role-name";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/** How much of a scalar a limit leaves to a role. */
export interface LimitRoom {
  /** Whose limit: the role's own or an ancestor's. */
  readonly role: Role;
  readonly name: string;
  readonly limitMilli: number;
  readonly consumedMilli: number;
  readonly roomMilli: number;
}

/** How much of a scalar guarantees of others leave to a role, in the cluster or within a limit. */
export interface Headroom {
  readonly roomMilli: number;
  /** Within whose limit it is held back; absent = in the whole cluster. */
  readonly within?: Role;
  /** Of which so much is promised, so much of it to the role itself or to it among others. */
  readonly freeMilli: number;
  readonly neededMilli: number;
  readonly mineMilli: number;
  readonly heldFor: readonly { readonly role: Role; readonly milli: number }[];
}

/** A place where guarantees leave too little, and how much more it must have or be promised less. */
export interface HeadroomShortage extends Headroom {
  readonly shortMilli: number;
}

/**
 * What quotas leave of unreserved, non-revocable scalars to a role, for people (FEATURES M-31). A role may take what
 * the limits of it and of its ancestors leave; and of that, and of what is free in the cluster, what is missing of
 * the guarantees on its own way from the top, and beyond that only what nobody else is promised. Slow.
 */
export class QuotaBooks {
  readonly #tables: Tables;
  /** By name of the role. */
  readonly #quotas: ReadonlyMap<Role, Quota>;
  readonly #children = new Map<Role | null, Role[]>();
  readonly #consumed = new Map<Role, readonly Amount[]>();
  readonly #limits = new Map<string, LimitRoom | undefined>();
  readonly #headrooms = new Map<string, readonly Headroom[]>();
  #free: ReadonlyMap<string, number> | undefined;

  constructor(tables: Tables, quotas: readonly Quota[] = tables.quotas()) {
    this.#tables = tables;
    this.#quotas = new Map(quotas.map((quota) => [quota.role, quota]));
    for (const role of this.#quotas.keys()) {
      const path = pathOf(role);
      path.forEach((node, index) => {
        const siblings = this.#children.get(path[index - 1] ?? null) ?? [];
        if (!siblings.includes(node)) siblings.push(node);
        this.#children.set(path[index - 1] ?? null, siblings);
      });
    }
  }

  get isEmpty(): boolean {
    return this.#quotas.size === 0;
  }

  /** Names with a limit for the role or above it. */
  limitedNames(role: Role): readonly string[] {
    const names = pathOf(role).flatMap((node) => this.#quotas.get(node)?.limits ?? []);
    return Array.from(new Set(names.map(({ name }) => name))).sort();
  }

  /** The limits of the role and above it that must be raised for it to have so much room, from the top down. */
  limitsBelow(role: Role, name: string, roomMilli: number): readonly LimitRoom[] {
    return pathOf(role).flatMap((node) => {
      const limit = this.#limitAt(node, name);
      return limit === undefined || limit.roomMilli >= roomMilli ? [] : [limit];
    });
  }

  /** The quota of a role with limits raised by so much. */
  withLimits(role: Role, more: readonly Amount[]): readonly Amount[] {
    const limits = this.#quotas.get(role)?.limits ?? [];
    return limits.map(({ name, milli }) => ({ name, milli: milli + (amountIn(more, name) ?? 0) }));
  }

  /** With the guarantees of a role lowered by so much. */
  lowered(
    role: Role,
    less: readonly Amount[],
  ): { guarantees: readonly Amount[]; books: QuotaBooks } {
    const old = this.#quotas.get(role) ?? { role, guarantees: [], limits: [] };
    const guarantees = old.guarantees.map(({ name, milli }) => ({
      name,
      milli: Math.max(0, milli - (amountIn(less, name) ?? 0)),
    }));
    const quotas = new Map(this.#quotas).set(role, { ...old, guarantees });
    return { guarantees, books: new QuotaBooks(this.#tables, Array.from(quotas.values())) };
  }

  /** The tightest limit; undefined = none. */
  limitOf(role: Role, name: string): LimitRoom | undefined {
    return remembered(this.#limits, `${name}\t${role}`, () => {
      let tightest: LimitRoom | undefined;
      for (const node of pathOf(role)) {
        const limit = this.#limitAt(node, name);
        if (limit === undefined) continue;
        if (tightest === undefined || limit.roomMilli < tightest.roomMilli) tightest = limit;
      }
      return tightest;
    });
  }

  #limitAt(node: Role, name: string): LimitRoom | undefined {
    const limitMilli = amountIn(this.#quotas.get(node)?.limits ?? [], name);
    if (limitMilli === undefined) return undefined;
    const consumedMilli = this.#consumedOf(node, name);
    // Below zero where a limit was lowered by force: nothing fits before the surplus is gone.
    return { role: node, name, limitMilli, consumedMilli, roomMilli: limitMilli - consumedMilli };
  }

  /** Where least is left beside what is promised to others; undefined = nothing is held back from the role. */
  headroomOf(role: Role, name: string): Headroom | undefined {
    return this.#headroomsOf(role, name)[0];
  }

  /** All places in which the role must get more room for it to have so much. */
  headroomShortages(role: Role, name: string, roomMilli: number): readonly HeadroomShortage[] {
    return this.#headroomsOf(role, name)
      .filter((place) => place.roomMilli < roomMilli)
      .map((place) => {
        const surplusMilli = place.freeMilli - place.neededMilli;
        return { ...place, shortMilli: roomMilli - place.mineMilli - surplusMilli };
      });
  }

  /** The tightest first. */
  #headroomsOf(role: Role, name: string): readonly Headroom[] {
    if (this.isEmpty) return [];
    return remembered(this.#headrooms, `${name}\t${role}`, () => {
      const path = pathOf(role);
      const within = path.flatMap((node, index) => {
        const limit = this.#limitAt(node, name);
        return limit === undefined
          ? []
          : [this.#headroomWithin(node, limit.roomMilli, path.slice(index), name)];
      });
      return [this.#headroomWithin(null, this.#freeOf(name), path, name), ...within]
        .filter(({ heldFor }) => heldFor.length > 0)
        .sort((a, b) => a.roomMilli - b.roomMilli);
    });
  }

  #headroomWithin(
    node: Role | null,
    freeMilli: number,
    path: readonly Role[],
    name: string,
  ): Headroom {
    const mineMilli = path.reduce((sum, one) => sum + this.#ownNeed(one, name), 0);
    const ownMilli = node === null ? 0 : this.#ownNeed(node, name);
    const neededMilli = ownMilli + this.#needBelow(node, name);
    return {
      roomMilli: mineMilli + Math.max(0, freeMilli - neededMilli),
      freeMilli,
      neededMilli,
      mineMilli,
      heldFor: this.#heldFor(node, path, name),
      ...(node !== null && { within: node }),
    };
  }

  /** Roles below the node, by name, whose own guarantees are missing something, but those on the way. */
  #heldFor(node: Role | null, path: readonly Role[], name: string): Headroom["heldFor"] {
    return Array.from(this.#quotas.keys())
      .filter((role) => (node === null || isRoleBelow(role, node)) && !path.includes(role))
      .map((role) => ({ role, milli: this.#ownNeed(role, name) }))
      .filter(({ milli }) => milli > 0);
  }

  /** What is missing of the node's guarantee beyond what its children need. */
  #ownNeed(node: Role, name: string): number {
    const guaranteed = amountIn(this.#quotas.get(node)?.guarantees ?? [], name) ?? 0;
    return Math.max(0, guaranteed - this.#consumedOf(node, name) - this.#needBelow(node, name));
  }

  #needBelow(node: Role | null, name: string): number {
    let need = 0;
    for (const child of this.#children.get(node) ?? [])
      need += this.#ownNeed(child, name) + this.#needBelow(child, name);
    return need;
  }

  #consumedOf(node: Role, name: string): number {
    const amounts = remembered(this.#consumed, node, () => this.#tables.consumedOf(node));
    return amountIn(amounts, name) ?? 0;
  }

  /** Of all agents that are active. */
  #freeOf(name: string): number {
    this.#free ??= freePlain(this.#tables);
    return this.#free.get(name) ?? 0;
  }
}

/** `a/b/c` -> `a`, `a/b`, `a/b/c`. */
export function pathOf(role: Role): readonly Role[] {
  const parts = role.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}

/** Unreserved, non-revocable scalars that nobody holds, by name. */
function freePlain({ agents, kinds, dimensions }: Tables): ReadonlyMap<string, number> {
  const free = new Map<string, number>();
  for (const agent of agents.slots.list()) {
    if (agents.isActive[agent] === 0) continue;
    const base = agent * agents.width;
    for (let entry = 0; entry < agents.count[agent]!; entry++) {
      const kind = agents.kind[base + entry]!;
      const dimension = kinds.dimension[kind]!;
      if (dimension === NONE || kinds.flags[kind] !== 0) continue;
      const name = dimensions.nameOf(dimension);
      free.set(name, (free.get(name) ?? 0) + agents.free[base + entry]!);
    }
  }
  return free;
}

function remembered<K, V>(known: Map<K, V>, key: K, find: () => V): V {
  if (known.has(key)) return known.get(key) as V;
  const found = find();
  known.set(key, found);
  return found;
}
