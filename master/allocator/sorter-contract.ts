import { Random } from "@bourse/model/random";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DimensionTable } from "./kinds.ts";
import { ShareTable } from "./shares.ts";
import type { Sorter } from "./sorter.ts";

/** Opens an empty group over the table. */
export type OpenSorter = (table: ShareTable, dimensions: DimensionTable, random: Random) => Sorter;

type Step =
  | { readonly kind: "toggle" | "list"; readonly row: number }
  | { readonly kind: "hold"; readonly row: number; readonly milli: number }
  | { readonly kind: "total"; readonly row: number; readonly milli: number };

const ROWS = 6;
const anyRow = fc.nat(ROWS - 1);
const anyMilli = fc.nat(5);
const anySteps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom("toggle", "toggle", "list"), row: anyRow }),
    fc.record({ kind: fc.constantFrom("hold", "total"), row: anyRow, milli: anyMilli }),
  ) as fc.Arbitrary<Step>,
  { minLength: 10, maxLength: 40 },
);

/** What every order of a group promises, whoever comes first in it. */
export function sorterContract(name: string, open: OpenSorter): void {
  describe(name, () => {
    test("has each row that is in, once, whatever happened", () => {
      fc.assert(
        fc.property(anySteps, (steps) => {
          const group = new Group(open);
          for (const step of steps) {
            group.apply(step);
            expect(group.sorter.size).toBe(group.rows.size);
            expect(group.walk().toSorted()).toEqual(Array.from(group.rows).toSorted());
            expect(group.sorter.list().toSorted()).toEqual(Array.from(group.rows).toSorted());
          }
        }),
      );
    });

    test("stays as it is between two refreshes, however it is read", () => {
      const group = new Group(open);
      for (let row = 0; row < ROWS; row++) group.apply({ kind: "toggle", row });
      const order = group.walk();
      expect(order.map((_, index) => group.sorter.at(index))).toEqual(order);
      expect(group.sorter.at(3)).toBe(order[3]);
      expect(group.sorter.at(1)).toBe(order[1]);
    });

    test("depends on who is in and on chance, not on who came first or who looked on", () => {
      fc.assert(
        fc.property(anySteps, fc.shuffledSubarray([0, 1, 2, 3, 4, 5]), (steps, rows) => {
          const lived = new Group(open);
          for (const step of steps) lived.apply(step);
          lived.only(rows);
          const fresh = new Group(open);
          for (const row of rows.toSorted()) fresh.apply({ kind: "toggle", row });
          for (const step of steps) if (step.kind !== "toggle") fresh.apply(step);
          for (let times = 0; times < 3; times++) {
            fresh.sorter.list();
            expect(fresh.walk()).toEqual(lived.walk());
          }
        }),
      );
    });

    test("keeps a row once, however often its share changes and whatever the totals do meanwhile", () => {
      const group = new Group(open);
      for (let row = 0; row < ROWS; row++) group.apply({ kind: "toggle", row });
      group.walk();
      group.sorter.touch(2);
      group.apply({ kind: "total", row: 0, milli: 5 });
      group.sorter.touch(2);
      expect(group.walk().toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    });
  });
}

/** Rows named by their numbers. */
class Group {
  readonly sorter: Sorter;
  readonly rows = new Set<number>();
  readonly #dimensions = new DimensionTable([]);
  readonly #table = new ShareTable(this.#dimensions);

  constructor(open: OpenSorter) {
    this.#dimensions.addTotal(this.#dimensions.retain("cpus"), 100);
    for (let row = 0; row < ROWS; row++) this.#table.add(row, `n${row}`, 1000);
    this.sorter = open(this.#table, this.#dimensions, Random.fromSeed(1));
  }

  apply(step: Step): void {
    if (step.kind === "list") this.sorter.list();
    else if (step.kind === "total") this.#dimensions.addTotal(0, step.milli);
    else if (step.kind === "hold") this.#hold(step.row, step.milli);
    else if (this.rows.delete(step.row)) this.sorter.remove(step.row);
    else this.#insert(step.row);
  }

  only(rows: readonly number[]): void {
    for (let row = 0; row < ROWS; row++) {
      if (this.rows.has(row) === rows.includes(row)) continue;
      this.apply({ kind: "toggle", row });
    }
  }

  walk(): readonly number[] {
    this.sorter.refresh();
    return Array.from({ length: this.sorter.size }, (_, index) => this.sorter.at(index));
  }

  #hold(row: number, milli: number): void {
    this.#table.change(row, 0, milli);
    if (this.rows.has(row)) this.sorter.touch(row);
  }

  #insert(row: number): void {
    this.rows.add(row);
    this.sorter.insert(row);
  }
}
