import { type Amount, amountIn, type Quota } from "@bourse/model/quota";
import type { Resource, Resources } from "@bourse/model/resources";
import { freeOf, heldBy, isWithin, type ReferenceAgent } from "./reference-checks.ts";
import { pathOf } from "./reference-order.ts";

/**
 * How much of what is free a role may get (FEATURES M-31; Mesos' two-level rule, extended to a tree), per scalar:
 *
 * - `consumed(n)` = unreserved, non-revocable scalars held in the subtree of n + all reservations for roles in it.
 * - `own(n)` = what n lacks of its guarantee beyond what its children need; `need(n)` = own(n) + needs of children.
 * - The room of a role is limit - consumed. The root has room too: what is free and unreserved on active agents.
 * - `mine(n, r)` = the sum of `own` on the way from n down to r: what is promised to r or to it among others.
 * - r gets no more than min over itself, its ancestors and the root of
 *   min(room(n), mine(n, r) + max(0, room(n) - need(n))): what is missing of the guarantees on its way, and beyond
 *   that only what is not promised to others. So headroom is kept back in the cluster and below every limit.
 */
export class ReferenceQuota {
  readonly #quotas: readonly Quota[];
  readonly #agents: readonly ReferenceAgent[];

  constructor(quotas: readonly Quota[], agents: readonly ReferenceAgent[]) {
    this.#quotas = quotas;
    this.#agents = agents;
  }

  /** The list with its unreserved scalars chopped; what cannot be chopped goes whole or not at all (CASES A25). */
  chop(resources: Resources, role: string): Resources {
    const left = new Map<string, number>();
    return resources.flatMap((resource): Resources => {
      const { name, value } = resource;
      if (!isQuotaBound(resource) || value.type !== "scalar") return [resource];
      const bound = left.get(name) ?? this.boundOf(role, name);
      const milli = value.milli <= bound ? value.milli : partOf(resource, bound);
      left.set(name, bound - milli);
      return milli > 0 ? [{ ...resource, value: { type: "scalar", milli } }] : [];
    });
  }

  /** Thousandths of the scalar that the role may get now; Infinity = no bound. */
  boundOf(role: string, name: string): number {
    if (this.#quotas.length === 0) return Number.POSITIVE_INFINITY;
    const way = pathOf(role);
    const bounds = way.map((node, index) => {
      const limit = this.#limit(node, name);
      if (limit === undefined) return Number.POSITIVE_INFINITY;
      const room = Math.max(0, limit - this.consumedOf(node, name));
      const mine = this.#sum(way.slice(index), (one) => this.#own(one, name));
      return Math.min(room, mine + Math.max(0, room - this.needOf(node, name)));
    });
    const required = this.requiredHeadroom(name);
    if (required > 0) {
      const surplus = Math.max(0, this.availableHeadroom(name) - required);
      bounds.push(this.promisedTo(role, name) + surplus);
    }
    return Math.min(...bounds);
  }

  /** What the role and its ancestors lack of their guarantees and nobody below another role is promised. */
  promisedTo(role: string, name: string): number {
    return this.#sum(pathOf(role), (node) => this.#own(node, name));
  }

  requiredHeadroom(name: string): number {
    return this.#sum(this.#childrenOf(""), (node) => this.needOf(node, name));
  }

  availableHeadroom(name: string): number {
    const active = this.#agents.filter(({ isActive }) => isActive);
    return milliOf(
      active.flatMap((agent) => freeOf(agent)).filter(({ isShared }) => !isShared),
      name,
    );
  }

  needOf(node: string, name: string): number {
    return this.#own(node, name) + this.#needBelow(node, name);
  }

  consumedOf(node: string, name: string): number {
    const held = heldBy(this.#agents, ({ role }) => isWithin(role, node));
    const reserved = this.#agents
      .flatMap(({ options }) => options.total)
      .filter(({ reservations }) => isWithin(reservations?.at(-1)?.role ?? "", node));
    return (
      milliOf(held, name) + this.#sum(reserved, (one) => (one.name === name ? scalar(one) : 0))
    );
  }

  amountsConsumedBy(node: string): readonly Amount[] {
    const everything = this.#agents.flatMap(({ options, held }) => [
      ...options.total,
      ...held.flatMap(({ own, copies }) => [...own, ...copies]),
    ]);
    return Array.from(new Set(everything.map(({ name }) => name)))
      .sort()
      .map((name) => ({ name, milli: this.consumedOf(node, name) }))
      .filter(({ milli }) => milli > 0);
  }

  #own(node: string, name: string): number {
    const guarantee = this.#quotaOf(node)?.guarantees;
    const promised = guarantee === undefined ? 0 : (amountIn(guarantee, name) ?? 0);
    return Math.max(0, promised - this.consumedOf(node, name) - this.#needBelow(node, name));
  }

  #needBelow(node: string, name: string): number {
    return this.#sum(this.#childrenOf(node), (child) => this.needOf(child, name));
  }

  /** Roles one level below that have a quota or stand above one that has; "" is the root. */
  #childrenOf(node: string): readonly string[] {
    const depth = node === "" ? 0 : node.split("/").length;
    const below = this.#quotas
      .map(({ role }) => role)
      .filter((role) => node === "" || (isWithin(role, node) && role !== node));
    return Array.from(
      new Set(
        below.map((role) =>
          role
            .split("/")
            .slice(0, depth + 1)
            .join("/"),
        ),
      ),
    );
  }

  #limit(node: string, name: string): number | undefined {
    const limits = this.#quotaOf(node)?.limits;
    return limits === undefined ? undefined : amountIn(limits, name);
  }

  #quotaOf(node: string): Quota | undefined {
    return this.#quotas.find(({ role }) => role === node);
  }

  #sum<T>(items: readonly T[], milliOfOne: (item: T) => number): number {
    return items.reduce((sum, item) => sum + milliOfOne(item), 0);
  }
}

/** What counts against quota when it is given away: unreserved, non-revocable scalars. */
export function isQuotaBound({ value, reservations, isRevocable }: Resource): boolean {
  return value.type === "scalar" && !reservations?.length && isRevocable !== true;
}

/** How much of more than `bound` may be taken. */
function partOf({ name, disk, isShared }: Resource, bound: number): number {
  const type = disk?.source?.type;
  const isWhole = isShared || disk?.persistence || (type !== undefined && type !== "path");
  if (isWhole) return 0;
  return name === "gpus" ? Math.floor(bound / 1000) * 1000 : bound;
}

function milliOf(resources: Resources, name: string): number {
  return resources
    .filter((resource) => resource.name === name && isQuotaBound(resource))
    .reduce((sum, resource) => sum + scalar(resource), 0);
}

function scalar({ value }: Resource): number {
  return value.type === "scalar" ? value.milli : 0;
}
