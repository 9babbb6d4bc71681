import { Random } from "@bourse/model/random";
import { expect, test } from "vitest";
import { DrfSorter } from "./drf-sorter.ts";
import { DimensionTable } from "./kinds.ts";
import { Lottery } from "./lottery.ts";
import { RandomSorter } from "./random-sorter.ts";
import { ShareTable } from "./shares.ts";
import { sorterContract } from "./sorter-contract.ts";

sorterContract("DrfSorter", (table, dimensions) => new DrfSorter(table, dimensions));
sorterContract("RandomSorter", (table, _, random) => new RandomSorter(table, random));

test("M-24: frameworks of a role come first equally often, and in a new order for every agent", () => {
  const table = new ShareTable(new DimensionTable([]));
  const sorter = new RandomSorter(table, Random.fromSeed(3));
  for (let row = 0; row < 4; row++) {
    table.add(row, `f${row}`, 1000);
    sorter.insert(row);
  }
  const firsts = [0, 0, 0, 0];
  for (let agent = 0; agent < 8000; agent++) {
    sorter.refresh();
    firsts[sorter.at(0)]! += 1;
  }
  for (const count of firsts) expect(Math.abs(count / 8000 - 0.25)).toBeLessThan(0.02);
});

test("only as much chance is drawn as is read of an order", () => {
  const read = Random.fromSeed(5);
  const twin = Random.fromSeed(5);
  const lottery = new Lottery(read);
  lottery.fill(Float64Array.of(1, 1, 1, 1, 1));
  lottery.at(1);
  lottery.at(0);
  lottery.restart();
  lottery.at(0);
  for (let draw = 0; draw < 3; draw++) twin.fraction();
  expect(read.snapshot()).toEqual(twin.snapshot());
});

test("a ticket of next to no weight is drawn last, and is drawn", () => {
  const lottery = new Lottery(Random.fromSeed(9));
  lottery.fill(Float64Array.of(1e-300, 1, 0.001));
  for (let time = 0; time < 100; time++) {
    lottery.restart();
    expect(new Set([lottery.at(0), lottery.at(1), lottery.at(2)]).size).toBe(3);
    expect(lottery.at(2)).toBe(0);
  }
});
