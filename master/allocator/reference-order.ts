import { addAll, type Resources, scalarMilli } from "@bourse/model/resources";
import { heldBy, isWithin, type ReferenceAgent } from "./reference-checks.ts";

/**
 * Who comes first (FEATURES M-24, CASES 3), computed anew each time: at every level of the tree the smaller share
 * of the whole subtree divided by weight, then the fewer allocations ever made, then the smaller name. A role that
 * is a client and has children competes with them as a leaf named `.` of weight 1.
 *
 * As in Mesos the leaf `.` begins with the role's count when the role gets its first child, and the role keeps its
 * own when the last child goes. A node lives as long as a client of its subtree does.
 */
export class ReferenceOrder {
  readonly #excluded: readonly string[];
  readonly #weights = new Map<string, number>();
  /** Allocations ever made to nodes (`a`, `a/b`), leaves `a/.` and clients `framework@role`. */
  #served = new Map<string, number>();
  #roles: ReadonlySet<string> = new Set();

  constructor(excluded: readonly string[]) {
    this.#excluded = excluded;
  }

  setWeight(role: string, weightMilli: number): void {
    this.#weights.set(role, weightMilli);
  }

  countServed(role: string, frameworkId: string): void {
    const nodes = Array.from(this.#served.keys()).filter(
      (key) => !key.includes("@") && isWithin(role, key),
    );
    for (const key of [...nodes, `${role}/.`, `${frameworkId}@${role}`]) {
      const count = this.#served.get(key);
      if (count !== undefined) this.#served.set(key, count + 1);
    }
  }

  /** These clients are alive, no others; counts of the rest are forgotten. */
  keepOnly(clients: readonly { readonly frameworkId: string; readonly role: string }[]): void {
    const roles = new Set(clients.map(({ role }) => role));
    const before = this.#served;
    const after = new Map<string, number>();
    for (const role of roles)
      for (const node of pathOf(role)) after.set(node, before.get(node) ?? 0);
    for (const role of roles) {
      const hasChildren = Array.from(after.keys()).some((node) => node.startsWith(`${role}/`));
      const asLeaf = this.#roles.has(role) ? (before.get(role) ?? 0) : 0;
      if (hasChildren) after.set(`${role}/.`, before.get(`${role}/.`) ?? asLeaf);
    }
    for (const { frameworkId, role } of clients) {
      const key = `${frameworkId}@${role}`;
      after.set(key, before.get(key) ?? 0);
    }
    this.#served = after;
    this.#roles = roles;
  }

  /** Every framework in every role that may be served, in the order of the tree. */
  clientsInOrder(
    servable: ReadonlyMap<string, readonly string[]>,
    agents: readonly ReferenceAgent[],
  ): readonly { readonly role: string; readonly frameworkId: string }[] {
    const total = addAll(agents.map(({ options }) => options.total));
    const roles = Array.from(servable.keys());
    return this.#leavesBelow("", roles, agents, total).flatMap((role) =>
      this.#sorted(
        (servable.get(role) ?? []).map((frameworkId) => ({
          name: frameworkId,
          key: `${frameworkId}@${role}`,
          held: heldBy(agents, (held) => held.role === role && held.frameworkId === frameworkId),
          weight: 1000,
        })),
        total,
      ).map(({ name }) => ({ role, frameworkId: name })),
    );
  }

  /** Roles at and below a node, in order; "" is the root. */
  #leavesBelow(
    node: string,
    roles: readonly string[],
    agents: readonly ReferenceAgent[],
    total: Resources,
  ): readonly string[] {
    const below = roles.filter((role) => node === "" || isWithin(role, node));
    const depth = node === "" ? 0 : node.split("/").length;
    const children = new Set(
      below.map((role) =>
        role
          .split("/")
          .slice(0, depth + 1)
          .join("/"),
      ),
    );
    const isParent = Array.from(this.#served.keys()).some((key) => key === `${node}/.`);
    if (node !== "" && children.size === 1 && children.has(node) && !isParent) return [node];
    return this.#sorted(
      Array.from(children, (child) =>
        child === node
          ? {
              name: ".",
              key: `${node}/.`,
              held: heldBy(agents, ({ role }) => role === node),
              weight: 1000,
            }
          : {
              name: child.slice(node === "" ? 0 : node.length + 1),
              key: child,
              held: heldBy(agents, ({ role }) => isWithin(role, child)),
              weight: this.#weights.get(child) ?? 1000,
            },
      ),
      total,
    ).flatMap(({ name, key }) =>
      name === "." ? [node] : this.#leavesBelow(key, below, agents, total),
    );
  }

  #sorted(clients: readonly Client[], total: Resources): readonly Client[] {
    const names = Array.from(new Set(total.map(({ name }) => name))).filter(
      (name) => scalarMilli(total, name) > 0 && !this.#excluded.includes(name),
    );
    // Over a common denominator, and times all weights, every share is a whole number.
    const shares = names.reduce((product, name) => product * BigInt(scalarMilli(total, name)), 1n);
    const weights = clients.reduce((product, { weight }) => product * BigInt(weight), 1n);
    const ranked = clients.map((client) => ({
      client,
      served: this.#served.get(client.key) ?? 0,
      share: names
        .map((name) => {
          const held = BigInt(scalarMilli(client.held, name));
          return (
            (held * shares * weights) / (BigInt(scalarMilli(total, name)) * BigInt(client.weight))
          );
        })
        .reduce((most, one) => (one > most ? one : most), 0n),
    }));
    return ranked
      .sort((a, b) => {
        if (a.share !== b.share) return a.share < b.share ? -1 : 1;
        if (a.served !== b.served) return a.served - b.served;
        return a.client.name < b.client.name ? -1 : 1;
      })
      .map(({ client }) => client);
  }
}

interface Client {
  readonly name: string;
  readonly key: string;
  readonly held: Resources;
  readonly weight: number;
}

/** `a/b/c` -> a, a/b, a/b/c. */
export function pathOf(role: string): readonly string[] {
  const parts = role.split("/");
  return parts.map((_, index) => parts.slice(0, index + 1).join("/"));
}
