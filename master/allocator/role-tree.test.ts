import { present } from "@bourse/model/assert";
import type { Role } from "@bourse/model/ids";
import { expect, test } from "vitest";
import { Forest, HUNDRED } from "./role-forest.ts";

test("S4 HierarchicalAllocation: a subtree competes by what all of it holds", () => {
  const forest = new Forest().add("a", "b/c", "b/d");
  expect(forest.order()).toBe("a,b/c,b/d");
  expect(forest.hold("a", 6).order()).toBe("b/c,b/d,a");
  expect(forest.hold("b/c", 4).hold("b/d", 3).order()).toBe("a,b/d,b/c");
  expect(forest.hold("a", 2).order()).toBe("b/d,b/c,a");
  expect(forest.add("b/e/f").order()).toBe("b/e/f,b/d,b/c,a");
  expect(forest.hold("b/e/f", 3.5).order()).toBe("a,b/d,b/e/f,b/c");
  expect(forest.remove("b/e/f").order()).toBe("b/d,b/c,a");
  expect(forest.isOpen("b/e")).toBe(false);
  expect(forest.convert("b/c", -3).order()).toBe("b/c,b/d,a");
  expect(forest.hold("b/e/f", 3.5).order()).toBe("b/c,b/d,b/e/f,a");
});

test("S5 HierarchicalIterationOrder: a parent that is a client is served among its children", () => {
  const forest = new Forest().add("a/b", "c", "d", "d/e");
  expect(forest.order()).toBe("a/b,c,d,d/e");
  expect(forest.hold("c", 8).order()).toBe("a/b,d,d/e,c");
  expect(forest.hold("d", 3).hold("d/e", 2).order()).toBe("a/b,d/e,d,c");
  expect(forest.hold("a/b", 6).order()).toBe("d/e,d,a/b,c");
});

test("S6 AddChildToLeaf: a weight counts among siblings, never against a role's own children", () => {
  const forest = new Forest().hold("a", 10).hold("b", 6);
  expect(forest.order()).toBe("b,a");
  expect(forest.hold("a/c", 5).order()).toBe("b,a/c,a");
  expect(forest.remove("a").order()).toBe("a/c,b");
  expect(forest.hold("a", 10).order()).toBe("b,a/c,a");
  expect(forest.weight("a/c", 0.2).order()).toBe("b,a,a/c");
  expect(forest.weight("a", 3).order()).toBe("a,a/c,b");
  expect(forest.weight("a/c", 1).order()).toBe("a/c,a,b");
});

test("S7 AddChildToInternal: a role may become a client after its children", () => {
  const forest = new Forest().hold("x/a", 10).hold("x/b", 6);
  expect(forest.order()).toBe("x/b,x/a");
  expect(forest.hold("x", 7).order()).toBe("x/b,x,x/a");
  expect(forest.hold("z", 20).order()).toBe("z,x/b,x,x/a");
  expect(forest.remove("x").order()).toBe("x/b,x/a,z");
});

test("S7b AddChildToInactiveLeaf: what a client that is not served holds still counts for its subtree", () => {
  const forest = new Forest().hold("a", 10).hold("b", 6).deactivate("a");
  expect(forest.order()).toBe("b");
  expect(forest.hold("a/c", 5).order()).toBe("b,a/c");
  expect(forest.deactivate("a/c").order()).toBe("b");
  expect(forest.activate("a").order()).toBe("b,a");
});

test("S8 ChangeWeightOnSubtree: weights may be there before the roles; a tie is a tie", () => {
  const forest = new Forest().weight("b", 3).weight("a", 2).add("a/x", "b/y");
  expect(forest.order()).toBe("a/x,b/y");
  expect(forest.hold("a/x", 10).hold("b/y", 10).order()).toBe("b/y,a/x");
  // b has 0.15/3 and a has 0.10/2: equal. Mesos puts b first, only because 0.15/3 in binary floating point is a
  // little less than 0.05. Ours are exact, so the counts decide: a was served once, b twice.
  expect(forest.hold("b/z", 5).order()).toBe("a/x,b/z,b/y");
  expect(forest.hold("b", 4).order()).toBe("a/x,b,b/z,b/y");
  expect(forest.hold("a/zz", 2).order()).toBe("a/zz,a/x,b,b/z,b/y");
});

test("S9b MultipleSlavesUpdateTotal: totals are those of all agents", () => {
  const forest = new Forest({ cpus: 10, mem: 100 }).hold("a", 2, 1).hold("b", 1, 3);
  expect(forest.order()).toBe("b,a"); // .2 of the cpus, .1 of the cpus
  expect(forest.total({ cpus: 100, mem: 100 }).order()).toBe("a,b"); // .02, .03 of the memory
});

test("S12b RevocableResources: revocable amounts count with the others of their name", () => {
  const forest = new Forest({ cpus: 20, mem: 100 }).hold("a", 2, 1).hold("b", 1 + 9, 1);
  expect(forest.order()).toBe("a,b");
});

test("S3 in a tree: a virtual leaf starts with what its role was served, and each node counts for itself", () => {
  const forest = new Forest().hold("a", 1).hold("a", 1).hold("b", 2).add("c");
  expect(forest.order()).toBe("c,b,a");
  // a holds 2 as served in two allocations; its child holds as much, served in one: the virtual leaf is behind.
  forest.hold("a/x", 2);
  expect(forest.order()).toBe("c,b,a/x,a");
  forest.giveBack("a", 2).giveBack("a/x", 2).giveBack("b", 2);
  expect(forest.order()).toBe("c,b,a/x,a"); // All hold nothing: c was served never, b once, a's subtree three times.
});

test("a role whose subtree had no client for a while starts anew, though it was referred to", () => {
  const forest = new Forest();
  const role = forest.tree.retain("a/x" as Role);
  forest.hold("a/x", 0).remove("a/x").add("b").hold("b", 0);
  expect(forest.isOpen("a")).toBe(true);
  expect(forest.add("a/x").order()).toBe("a/x,b");
  forest.remove("a/x");
  forest.tree.release(role);
  expect([forest.isOpen("a"), forest.isOpen("a/x")]).toEqual([false, false]);
});

test("ancestors are there as long as anything is below them, and no longer", () => {
  const forest = new Forest().add("a/b/c", "a/d");
  expect(["a", "a/b", "a/b/c"].map((name) => forest.isOpen(name))).toEqual([true, true, true]);
  forest.remove("a/b/c");
  expect(["a", "a/b", "a/b/c"].map((name) => forest.isOpen(name))).toEqual([true, false, false]);
  forest.remove("a/d");
  expect(forest.isOpen("a")).toBe(false);
  expect(forest.order()).toBe("");
});

test("a role that has lost its children is one client again", () => {
  const forest = new Forest().hold("a", 4).hold("a/b", 1).hold("c", 3);
  expect(forest.order()).toBe("c,a/b,a");
  expect(forest.remove("a/b").order()).toBe("c,a");
  expect(forest.deactivate("a").order()).toBe("c");
  expect(forest.activate("a").giveBack("a", 2).order()).toBe("a,c");
});

test("forty roles side by side and forty deep: tables grow with the tree", () => {
  const forest = new Forest();
  const names = Array.from({ length: 40 }, (_, index) => `w${10 + index}`);
  forest.add(...names, Array(40).fill("d").join("/"));
  forest.hold(names[0] ?? "", 1).hold(names[39] ?? "", 2);
  expect(forest.order().split(",")).toEqual([
    Array(40).fill("d").join("/"),
    ...names.slice(1, 39),
    names[0],
    names[39],
  ]);
  for (const name of names) forest.remove(name);
  expect(forest.order()).toBe(Array(40).fill("d").join("/"));
});

test("S13: five random roles come at each place as often as their weights say", () => {
  const forest = new Forest(HUNDRED, "random").add("0", "1", "2", "3", "4");
  for (let role = 0; role < 5; role++) forest.weight(String(role), role + 1);
  expectFrequencies(
    forest,
    ["0", "1", "2", "3", "4"],
    [
      [0.07, 0.08, 0.12, 0.2, 0.54],
      [0.13, 0.16, 0.2, 0.28, 0.23],
      [0.2, 0.22, 0.24, 0.22, 0.12],
      [0.27, 0.26, 0.23, 0.17, 0.07],
      [0.33, 0.28, 0.21, 0.13, 0.04],
    ],
    10_000,
  );
});

test("S14: random roles of a tree share their parents' chances; a virtual leaf weighs 1", () => {
  const forest = new Forest(HUNDRED, "random").add("a", "a/b", "c/d", "c/e");
  forest.weight("a", 1).weight("a/b", 2).weight("c", 2).weight("c/d", 1).weight("c/e", 2);
  expectFrequencies(
    forest,
    ["a", "a/b", "c/d", "c/e"],
    [
      [0.11, 0.15, 0.23, 0.51],
      [0.22, 0.27, 0.3, 0.21],
      [0.22, 0.27, 0.3, 0.21],
      [0.44, 0.31, 0.18, 0.07],
    ],
    10_000,
  );
});

test("S14: a role that is not served leaves its chance to its siblings", () => {
  const forest = new Forest(HUNDRED, "random").add("a", "a/b", "c/d", "c/e").deactivate("c/e");
  forest.deactivate("a");
  forest.weight("c", 3);
  expectFrequencies(
    forest,
    ["a/b", "c/d"],
    [
      [0.25, 0.75],
      [0.75, 0.25],
    ],
    10_000,
  );
});

/** `expected[i][j]`: how often client i is the j-th; CASES allows 0.05, of 10,000 orders 0.02 is enough. */
function expectFrequencies(
  forest: Forest,
  clients: readonly string[],
  expected: readonly (readonly number[])[],
  runs: number,
): void {
  const counts = clients.map(() => clients.map(() => 0));
  for (let run = 0; run < runs; run++)
    forest
      .order()
      .split(",")
      .forEach((name, place) => {
        const row = present(counts[clients.indexOf(name)], name);
        row[place] = (row[place] ?? 0) + 1;
      });
  counts.forEach((row, client) => {
    row.forEach((count, place) => {
      const share = present(present(expected[client], "row")[place], "place");
      expect(Math.abs(count / runs - share), `${clients[client]} at ${place}`).toBeLessThan(0.02);
    });
  });
}
