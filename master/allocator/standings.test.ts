import type { Role } from "@bourse/model/ids";
import { expect, test } from "vitest";
import { Forest } from "./role-forest.ts";
import { ownRow, subtreeRow } from "./role-tree.ts";
import { Standings, siblingStanding } from "./standings.ts";

/** The roles of a forest, and how they stand. */
class Stand {
  readonly forest = new Forest();
  readonly standings = new Standings(this.forest.tree);

  fair(): Readonly<Record<string, number>> {
    const { slots } = this.forest.tree;
    return Object.fromEntries(
      Array.from(this.standings.fairShares(), ([role, share]) => [
        slots.idOf(role),
        Math.round(share * 1000) / 1000,
      ]).sort(),
    );
  }

  /** A periodic run ends; roles named in `short` have less than they are guaranteed. */
  note(monoMs: number, ...short: readonly string[]): this {
    return this.#note(monoMs, short, []);
  }

  /** The same; roles named in `full` have reached a limit. */
  noteFull(monoMs: number, ...full: readonly string[]): this {
    return this.#note(monoMs, full, full);
  }

  #note(monoMs: number, short: readonly string[], full: readonly string[]): this {
    const nameOf = (role: number) => this.forest.tree.slots.idOf(role);
    this.standings.note(
      monoMs,
      (role) => short.includes(nameOf(role)),
      (role) => full.includes(nameOf(role)),
    );
    return this;
  }

  unserved(name: string, monoMs: number): number | null {
    return this.standings.unservedForMs(this.forest.tree.slots.slotOf(name as Role), monoMs);
  }
}

test("fair shares go by weight among the active roles of a level, and down the tree", () => {
  const stand = new Stand();
  stand.forest.add("a", "a/x", "a/y", "b/c").weight("b", 3).weight("a/x", 2);
  // a: 1 of 4; there ".": 1, x: 2, y: 1 of 4.
  expect(stand.fair()).toEqual({ a: 0.25, "a/x": 0.125, "a/y": 0.063, b: 0.75, "b/c": 0.75 });
});

test("a role is active while it may be served or holds something", () => {
  const stand = new Stand();
  stand.forest.add("a", "b", "c").deactivate("b").deactivate("c");
  expect(stand.fair()).toEqual({ a: 1, b: 0, c: 0 });
  stand.forest.hold("b", 1);
  expect(stand.fair()).toEqual({ a: 0.5, b: 0.5, c: 0 });
});

test("the own pairs of a role that is suppressed and holds something compete with its children still", () => {
  const stand = new Stand();
  stand.forest.hold("a", 1).add("a/x").deactivate("a");
  expect(stand.fair()).toEqual({ a: 1, "a/x": 0.5 });
  stand.forest.giveBack("a", 1);
  expect(stand.fair()).toEqual({ a: 1, "a/x": 1 });
});

test("N-02: a role below its fair share counts from the first run that left it there until it is served", () => {
  const stand = new Stand();
  stand.forest.hold("hog", 60).hold("poor", 40);
  stand.note(1000).note(2000);
  expect([stand.unserved("hog", 2500), stand.unserved("poor", 2500)]).toEqual([null, 1500]);
  stand.forest.hold("poor", 5);
  expect(stand.unserved("poor", 2600)).toBe(null);
  expect(stand.note(3000).unserved("poor", 3700)).toBe(700);
  stand.forest.giveBack("hog", 20);
  expect(stand.unserved("poor", 3800)).toBe(800); // Noticed at the next run.
  stand.forest.hold("poor", 5);
  expect(stand.note(4000).unserved("poor", 4000)).toBe(null); // 50 of 100, a half is fair.
});

test("three roles with a third each are served as they should be, whatever thirds are in binary", () => {
  const stand = new Stand();
  stand.forest.total({ cpus: 3, mem: 3 }).hold("a", 1).hold("b", 1).hold("c", 1);
  stand.note(1000);
  expect(["a", "b", "c"].map((name) => stand.unserved(name, 2000))).toEqual([null, null, null]);
});

test("a role that may not be served waits for nothing, and starts anew when it may", () => {
  const stand = new Stand();
  stand.forest.hold("hog", 60).add("poor");
  stand.note(1000);
  stand.forest.deactivate("poor");
  expect(stand.unserved("poor", 2000)).toBe(null);
  expect(stand.note(2000).unserved("poor", 2500)).toBe(null);
  stand.forest.activate("poor");
  expect(stand.note(3000).unserved("poor", 3000)).toBe(0);
});

test("an inner role is unserved while nothing below it is served", () => {
  const stand = new Stand();
  stand.forest.hold("hog", 60).add("eng/a", "eng/b");
  stand.note(1000);
  stand.forest.hold("eng/a", 1);
  stand.note(2000);
  expect(["eng", "eng/a", "eng/b"].map((name) => stand.unserved(name, 3000))).toEqual([
    1000, 1000, 2000,
  ]);
});

test("a role that is short of its guarantee is entitled, however much it has", () => {
  const stand = new Stand();
  stand.forest.hold("rich", 60).hold("poor", 1);
  stand.note(1000, "rich").note(2000, "rich");
  expect(stand.unserved("rich", 3000)).toBe(2000);
  expect(stand.note(3000).unserved("rich", 3000)).toBe(null);
});

test("a role that has reached a limit is entitled to nothing, however little it has", () => {
  const stand = new Stand();
  stand.forest.hold("hog", 60).hold("capped", 1);
  stand.note(1000).noteFull(2000, "capped");
  expect(stand.unserved("capped", 3000)).toBe(null);
  expect(stand.note(3000).unserved("capped", 3500)).toBe(500);
});

test("a row stands among its siblings that may be served, itself where it would be", () => {
  const { forest } = new Stand();
  forest.hold("a", 3).hold("b", 1).hold("b/x", 0).hold("c", 2).deactivate("c").weight("a", 2);
  const standing = (name: string, rowOf: (role: number) => number) =>
    siblingStanding(forest.tree, rowOf(forest.tree.slots.slotOf(name as Role)));
  expect(standing("a", subtreeRow)).toEqual({ share: 0.015, position: 2, of: 2 });
  expect(standing("b", subtreeRow)).toEqual({ share: 0.01, position: 1, of: 2 });
  expect(standing("c", subtreeRow)).toEqual({ share: 0.02, position: 3, of: 3 });
  expect(standing("b/x", subtreeRow)).toEqual({ share: 0, position: 1, of: 2 });
  expect(standing("b", ownRow)).toEqual({ share: 0.01, position: 2, of: 2 });
});
