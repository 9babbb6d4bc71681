import { present } from "@bourse/model/assert";
import type { Role } from "@bourse/model/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Forest, HUNDRED } from "./role-forest.ts";

/** The tree as Mesos keeps it, obviously: a leaf with a child gets a copy of itself below. */
interface Node {
  readonly path: string;
  readonly parent: Node | null;
  readonly children: Node[];
  held: bigint;
  count: number;
  isClient: boolean;
  isActive: boolean;
}

const NAMES = ["a", "a/b", "a/b/c", "a/bb", "a!", "d", "d/e/f", "d/g"] as const;

interface Step {
  readonly kind:
    | "toggle"
    | "activate"
    | "retain"
    | "release"
    | "show"
    | "hold"
    | "give-back"
    | "weight";
  readonly name: string;
  readonly units: number;
}

const anyName = fc.constantFrom(...NAMES);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: stepOf("toggle") },
  { weight: 2, arbitrary: stepOf("activate") },
  { weight: 1, arbitrary: stepOf("retain") },
  { weight: 1, arbitrary: stepOf("release") },
  { weight: 4, arbitrary: stepOf("show") },
  { weight: 5, arbitrary: stepOf("hold") },
  { weight: 2, arbitrary: stepOf("give-back") },
  { weight: 1, arbitrary: stepOf("weight") },
);

function stepOf(kind: Step["kind"]): fc.Arbitrary<Step> {
  return fc.record({
    kind: fc.constant(kind),
    name: anyName,
    units: fc.integer({ min: 1, max: 4 }),
  });
}

class ObviousTree {
  readonly root = this.#node("", null);
  readonly clients = new Map<string, Node>();
  readonly weights = new Map<string, bigint>();

  add(path: string): void {
    let node = this.root;
    for (const part of path.split("/")) {
      if (node.isClient) this.#split(node);
      const childPath = node === this.root ? part : `${node.path}/${part}`;
      node = node.children.find((child) => child.path === childPath) ?? this.#node(childPath, node);
    }
    if (node.children.length > 0) node = this.#node(`${path}/.`, node);
    node.isClient = true;
    node.isActive = true;
    this.clients.set(path, node);
  }

  remove(path: string): void {
    let node = present(this.clients.get(path), path);
    const { held } = node;
    this.clients.delete(path);
    node.isClient = false;
    while (node.parent !== null) {
      const { parent } = node;
      parent.held -= held;
      const [only, second] = node.children;
      if (only === undefined && !node.isClient)
        parent.children.splice(parent.children.indexOf(node), 1);
      else if (only?.isClient && second === undefined && only.path.endsWith("/.")) {
        node.isClient = true;
        node.isActive = only.isActive;
        node.children.length = 0;
        this.clients.set(node.path, node);
      }
      node = parent;
    }
  }

  change(path: string, units: number, isServed: boolean): void {
    for (let node = this.clients.get(path) ?? null; node !== null; node = node.parent) {
      node.held += BigInt(units);
      if (isServed) node.count += 1;
    }
  }

  order(node = this.root): readonly string[] {
    return node.children
      .toSorted((left, right) => this.#compare(left, right))
      .flatMap((child) => {
        if (!child.isClient) return this.order(child);
        return child.isActive ? [child.path.replace(/\/\.$/, "")] : [];
      });
  }

  #split(node: Node): void {
    const own = this.#node(`${node.path}/.`, node);
    Object.assign(own, { held: node.held, count: node.count });
    own.isClient = true;
    own.isActive = node.isActive;
    node.isClient = false;
    this.clients.set(node.path, own);
  }

  #compare(left: Node, right: Node): number {
    const [a, b] = [left.held * this.#weight(right), right.held * this.#weight(left)];
    if (a !== b) return a < b ? -1 : 1;
    if (left.count !== right.count) return left.count - right.count;
    return left.path < right.path ? -1 : 1;
  }

  #weight(node: Node): bigint {
    return this.weights.get(node.path) ?? 1n;
  }

  #node(path: string, parent: Node | null): Node {
    const node: Node = {
      path,
      parent,
      children: [],
      held: 0n,
      count: 0,
      isClient: false,
      isActive: false,
    };
    parent?.children.push(node);
    return node;
  }
}

test("the roles are served as an obvious tree serves them, whoever comes, goes, holds or is referred to", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 20, maxLength: 80 }), (steps) => {
      const forest = new Forest();
      const obvious = new ObviousTree();
      const holds = new Map<string, number>();
      const retained = new Map<string, number>();
      for (const step of steps) {
        const { name } = step;
        const client = obvious.clients.get(name);
        if (step.kind === "toggle") {
          if (client === undefined) {
            forest.add(name);
            obvious.add(name);
          } else {
            forest.remove(name);
            obvious.remove(name);
          }
          holds.set(name, 0);
        } else if (step.kind === "retain") {
          if (!retained.has(name)) retained.set(name, forest.tree.retain(name as Role));
        } else if (step.kind === "release") {
          const role = retained.get(name);
          if (role !== undefined) forest.tree.release(role);
          retained.delete(name);
        } else if (step.kind === "weight") {
          forest.weight(name, step.units);
          obvious.weights.set(name, BigInt(step.units));
        } else if (step.kind === "show") {
          expect(forest.order()).toBe(obvious.order().join(","));
          expect(forest.positions()).toBe(forest.order());
        } else if (client !== undefined) {
          if (step.kind === "activate") {
            client.isActive = !client.isActive;
            if (client.isActive) forest.activate(name);
            else forest.deactivate(name);
          } else {
            const held = holds.get(name) ?? 0;
            const units = step.kind === "hold" ? step.units : -Math.min(step.units, held);
            holds.set(name, held + units);
            if (step.kind === "hold") forest.hold(name, units);
            else forest.giveBack(name, -units);
            obvious.change(name, units, step.kind === "hold");
          }
        }
      }
      expect(forest.order()).toBe(obvious.order().join(","));
    }),
    { numRuns: 400 },
  );
});

test("random roles: the order is a permutation of those that may be served, also as they come and go", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 10, maxLength: 40 }), (steps) => {
      const forest = new Forest(HUNDRED, "random");
      const active = new Set<string>();
      for (const step of steps) {
        if (step.kind === "weight") forest.weight(step.name, step.units);
        if (step.kind !== "toggle") continue;
        if (active.delete(step.name)) forest.remove(step.name);
        else {
          forest.add(step.name);
          active.add(step.name);
        }
        expect(forest.order().split(",").toSorted()).toEqual(
          active.size === 0 ? [""] : Array.from(active).toSorted(),
        );
      }
    }),
    { numRuns: 100 },
  );
});
