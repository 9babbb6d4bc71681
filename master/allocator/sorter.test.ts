import { present } from "@bourse/model/assert";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DrfSorter } from "./drf-sorter.ts";
import { DimensionTable } from "./kinds.ts";
import { ShareTable } from "./shares.ts";

/** One group of clients, told in whole units as CASES section 3 tells them. */
class Group {
  readonly #dimensions: DimensionTable;
  readonly #table: ShareTable;
  readonly #sorter: DrfSorter;
  readonly #rows = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #inactive = new Set<string>();

  constructor(total: Readonly<Record<string, number>>, excluded: readonly string[] = []) {
    this.#dimensions = new DimensionTable(excluded);
    this.#table = new ShareTable(this.#dimensions);
    this.#sorter = new DrfSorter(this.#table, this.#dimensions);
    this.total(total);
  }

  /** Sets the cluster's totals. */
  total(total: Readonly<Record<string, number>>): this {
    for (const [name, units] of Object.entries(total)) {
      const dimension = this.#dimensions.retain(name);
      const before = this.#dimensions.total[dimension] ?? 0;
      this.#dimensions.addTotal(dimension, Math.round(units * 1000) - before);
    }
    return this;
  }

  add(name: string, weight = 1): this {
    const row = this.#names.push(name) - 1;
    this.#rows.set(name, row);
    this.#table.add(row, name, Math.round(weight * 1000));
    this.#sorter.insert(row);
    return this;
  }

  /** One more allocation; a client that is new is added. */
  hold(name: string, cpus: number, mem = cpus, weight = 1): this {
    if (!this.#rows.has(name)) this.add(name, weight);
    return this.#change(name, { cpus, mem }, true);
  }

  giveBack(name: string, cpus: number, mem = cpus): this {
    return this.#change(name, { cpus: -cpus, mem: -mem }, false);
  }

  weight(name: string, weight: number): this {
    const row = present(this.#rows.get(name), name);
    this.#table.setWeight(row, weight * 1000);
    this.#sorter.touch(row);
    return this;
  }

  remove(name: string): this {
    this.deactivate(name);
    this.#rows.delete(name);
    return this;
  }

  deactivate(name: string): this {
    this.#sorter.remove(present(this.#rows.get(name), name));
    this.#inactive.add(name);
    return this;
  }

  activate(name: string): this {
    this.#inactive.delete(name);
    this.#sorter.insert(present(this.#rows.get(name), name));
    return this;
  }

  order(): string {
    return this.#sorter
      .list()
      .map((row) => this.#names[row])
      .join(",");
  }

  shares(): readonly number[] {
    return this.#sorter.list().map((row) => this.#table.shareOf(row));
  }

  #change(name: string, units: Readonly<Record<string, number>>, isServed: boolean): this {
    const row = present(this.#rows.get(name), name);
    const isRanked = !this.#inactive.has(name);
    for (const [dimension, amount] of Object.entries(units))
      this.#table.change(row, this.#dimensions.retain(dimension), Math.round(amount * 1000));
    if (isServed) this.#table.countServed(row);
    if (isRanked) this.#sorter.touch(row);
    return this;
  }
}

const HUNDRED = { cpus: 100, mem: 100 };

test("S1 DRF: the smaller dominant share comes first, also when totals change", () => {
  const group = new Group(HUNDRED).hold("a", 5).hold("b", 6);
  expect(group.order()).toBe("a,b");
  group.hold("c", 1).hold("d", 3, 1);
  expect(group.order()).toBe("c,d,a,b");
  group.remove("a").giveBack("b", 4);
  expect(group.order()).toBe("c,b,d");
  group.hold("e", 1, 5).total({ cpus: 50, mem: 100 });
  expect(group.order()).toBe("c,b,e,d");
  expect(group.shares()).toEqual([0.02, 0.04, 0.05, 0.06].map(closeTo));
  group.total({ cpus: 50, mem: 200 }).hold("f", 5, 1).hold("c", 0, 15);
  expect(group.order()).toBe("e,b,d,c,f");
  expect(group.shares()).toEqual([0.025, 0.04, 0.06, 0.08, 0.1].map(closeTo));
  expect(group.deactivate("d").order()).toBe("e,b,c,f");
  expect(group.activate("d").order()).toBe("e,b,d,c,f");
});

test("S2 WDRF: shares are divided by weights", () => {
  const group = new Group(HUNDRED).hold("a", 5).hold("b", 6, 6, 2);
  expect(group.order()).toBe("b,a");
  expect(group.hold("c", 4).order()).toBe("b,c,a");
  expect(group.hold("d", 10, 20, 10).order()).toBe("d,b,c,a");
  expect(group.shares()).toEqual([0.02, 0.03, 0.04, 0.05].map(closeTo));
  expect(group.remove("b").hold("d", 10, 25).order()).toBe("c,d,a");
  expect(group.shares()).toEqual([0.04, 0.045, 0.05].map(closeTo));
  expect(group.hold("e", 1, 1, 0.1).order()).toBe("c,d,a,e");
});

test("S2b UpdateWeight: a weight may change at any time", () => {
  const group = new Group(HUNDRED).hold("a", 5).hold("b", 6);
  expect(group.order()).toBe("a,b");
  expect(group.weight("b", 2).order()).toBe("b,a");
});

test("S3 AllocationCountTieBreak: equal shares go by how often a client was served, then by name", () => {
  const group = new Group(HUNDRED);
  for (const [name, parts] of [
    ["a", 1],
    ["b", 1],
    ["c", 3],
    ["d", 2],
    ["e", 1],
  ] as const) {
    group.hold(name, 3 - (parts - 1));
    for (let part = 1; part < parts; part++) group.hold(name, 1);
  }
  expect(group.order()).toBe("a,b,e,d,c");
  expect(group.giveBack("c", 3).order()).toBe("c,a,b,e,d");
  expect(group.hold("c", 3).order()).toBe("a,b,e,d,c");
  expect(group.deactivate("c").activate("c").order()).toBe("a,b,e,d,c");
  group.deactivate("a").giveBack("a", 1, 3).hold("a", 1, 3).activate("a");
  expect(group.order()).toBe("b,e,a,d,c");
});

test("S8's trap: 0.15/3 and 0.10/2 are equal, whatever binary floating point makes of them", () => {
  expect(0.15 / 3).toBeLessThan(0.1 / 2);
  const group = new Group(HUNDRED).hold("b", 15, 15, 3).hold("b", 0, 0).hold("a", 10, 10, 2);
  expect(group.order()).toBe("a,b"); // Both .05, a was served once and b twice.
});

test("S9 UpdateTotal: the dominant resource changes with the totals", () => {
  const group = new Group({ cpus: 10, mem: 100 }).hold("a", 2, 1).hold("b", 1, 2);
  expect(group.order()).toBe("b,a");
  expect(group.total({ cpus: 100, mem: 10 }).order()).toBe("a,b");
});

test("S10 RemoveResources: totals and holdings shrink together", () => {
  const group = new Group({ cpus: 10 }).hold("a", 6, 0).hold("b", 4, 0);
  expect(group.order()).toBe("b,a");
  expect(group.total({ cpus: 5 }).giveBack("a", 5, 0).order()).toBe("a,b");
  expect(group.shares()).toEqual([0.2, 0.8].map(closeTo));
});

test("M-24: an excluded name never enters a share", () => {
  const group = new Group({ ...HUNDRED, gpus: 1 }, ["gpus"]).hold("a", 1).hold("b", 2);
  expect(group.order()).toBe("a,b");
  expect(new Group(HUNDRED, ["mem"]).hold("a", 1, 99).hold("b", 2, 0).order()).toBe("a,b");
});

test("a resource of which the cluster has nothing enters no share", () => {
  const group = new Group({ cpus: 10, mem: 0 }).hold("a", 2, 50).hold("b", 3, 0);
  expect(group.order()).toBe("a,b");
});

/** DRF paper, 4.1: 9 CPU and 18 GB, A wants <1 CPU, 4 GB>, B <3 CPU, 1 GB>; stop when the poorest does not fit. */
function shareOut(first: "A" | "B"): { picks: string; cpus: number; mem: number } {
  const group = new Group({ cpus: 9, mem: 18 });
  // The 0/0 tie goes to the smaller name.
  const names = first === "A" ? { A: "1", B: "2" } : { A: "2", B: "1" };
  const demand = { [names.A]: { cpus: 1, mem: 4 }, [names.B]: { cpus: 3, mem: 1 } };
  group.add(names.A).add(names.B);
  let picks = "";
  let [cpus, mem] = [0, 0];
  for (;;) {
    const name = group.order().split(",")[0] ?? "";
    const wanted = present(demand[name], name);
    if (cpus + wanted.cpus > 9 || mem + wanted.mem > 18) return { picks, cpus, mem };
    group.hold(name, wanted.cpus, wanted.mem);
    cpus += wanted.cpus;
    mem += wanted.mem;
    picks += name === names.A ? "A" : "B";
  }
}

test("D1, D2: three tasks of A and two of B, picked B,A,A,B,A", () => {
  expect(shareOut("B")).toEqual({ picks: "BAABA", cpus: 9, mem: 14 });
});

test("D3: with A first on the tie, picked A,B,A,B,A", () => {
  expect(shareOut("A")).toEqual({ picks: "ABABA", cpus: 9, mem: 14 });
});

/** Amounts of three names with totals near 2^52, so that quotients tie in floating point and fractions do not. */
const BASE = 60n * 2n ** 46n;
const anyNear = fc.record({
  totals: fc.constantFrom([0n, 0n], [0n, 1n], [1n, 0n], [-3n, 2n]),
  first: fc.record({ dimension: fc.nat(1), by: fc.bigInt(-2n, 2n), less: fc.bigInt(0n, 9n) }),
  second: fc.record({ dimension: fc.nat(1), by: fc.bigInt(-2n, 2n), less: fc.bigInt(0n, 9n) }),
  weights: fc.constantFrom([1000, 1000], [1000, 2000], [3000, 2000], [2000, 2000]),
  level: fc.constantFrom(BASE / 6n, BASE / 12n, BASE / 60n),
});

test("shares compare as the fractions that they are, however close", () => {
  fc.assert(
    fc.property(anyNear, ({ totals, first, second, weights, level }) => {
      const dimensions = new DimensionTable(["excluded"]);
      const table = new ShareTable(dimensions);
      const total = totals.map((by) => BASE + by);
      total.forEach((milli, index) => {
        dimensions.addTotal(dimensions.retain(`x${index}`), Number(milli));
      });
      dimensions.addTotal(dimensions.retain("excluded"), 1);
      dimensions.retain("none");
      const clients = [first, second].map(({ dimension, by, less }, row) => {
        const weight = BigInt(weights[row] ?? 0) / 1000n;
        table.add(row, row === 0 ? "l" : "r", Number(weight) * 1000);
        const held = [0, 1].map((index) => {
          return index === dimension ? level * weight + by : level * weight + by - less;
        });
        held.forEach((milli, index) => {
          table.change(row, index, Number(milli));
        });
        table.change(row, 2, 7); // Of the excluded name.
        table.change(row, 3, 7); // Of a name of which the cluster has nothing.
        table.settle(row);
        return { held, weight };
      });
      // The share of each over the common denominator of both totals and both weights.
      const [left, right] = clients.map(({ held, weight }) => {
        const all = total.reduce((product, milli) => product * milli, 6n);
        return held
          .map((milli, index) => (milli * all) / ((total[index] ?? 1n) * weight))
          .reduce((most, one) => (one > most ? one : most));
      }) as [bigint, bigint];
      expect(Math.sign(table.compare(0, 1))).toBe(left > right ? 1 : -1); // A tie goes to the name.
      expect(Math.sign(table.compare(1, 0))).toBe(left > right ? -1 : 1);
    }),
    { numRuns: 3000 },
  );
});

function closeTo(share: number): unknown {
  return expect.closeTo(share, 12);
}
