import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";
import { Simulation } from "./simulation.ts";

interface Rig {
  readonly simulation: Simulation;
  readonly outbox: Outbox<string, readonly string[]>;
  /** Appends as lists, sendings as strings, in the order in which they happened. */
  readonly log: (string | readonly string[])[];
}

function rig(delaysMs: readonly number[]): Rig {
  const simulation = new Simulation("1");
  const log: (string | readonly string[])[] = [];
  const waiting = [...delaysMs];
  const outbox = new Outbox<string, readonly string[]>(simulation, {
    store: (records) => log.push(records),
    deliver: (items) => log.push(...items),
    drawDelayMs: () => waiting.shift() ?? 0,
  });
  return { simulation, outbox, log };
}

test("everything behind an unwritten record waits for it, and all waiting records are one append", () => {
  const { simulation, outbox, log } = rig([10, 10]);
  outbox.push(["r1"], ["s1"]);
  outbox.push([], ["s2"]);
  outbox.push(["r2"], ["s3"]);
  outbox.push(["r3"], null);
  expect(log).toEqual([]);
  simulation.runUntil(10);
  expect(log).toEqual([["r1"], "s1"]);
  simulation.runUntil(20);
  expect(log).toEqual([["r1"], "s1", ["r2", "r3"], "s2", "s3"]);
  expect(outbox.isEmpty).toBe(true);
});

test("what is pushed while others are carried out comes after them", () => {
  const simulation = new Simulation("1");
  const log: string[] = [];
  const outbox = new Outbox<string, readonly string[]>(simulation, {
    store: () => {},
    deliver: (items) => log.push(...items),
    drawDelayMs: () => 5,
  });
  outbox.push([], ["s1", "s2"]);
  simulation.at(5, () => outbox.push([], ["s3"]));
  simulation.runUntil(4);
  expect(log).toEqual([]);
  simulation.runUntil(5);
  expect(log).toEqual(["s1", "s2"]);
  simulation.runUntil(10);
  expect(log).toEqual(["s1", "s2", "s3"]);
});

test("without a delay effects leave at once", () => {
  const { outbox, log } = rig([]);
  outbox.push(["r1"], ["s1"]);
  expect(log).toEqual([["r1"], "s1"]);
});

test.each([true, false])(
  "a crash sends nothing more; the append under way is on disk: %s",
  (hasReachedDisk) => {
    const { simulation, outbox, log } = rig([10]);
    outbox.push(["r1"], ["s1"]);
    outbox.push(["r2"], ["s2"]);
    outbox.crash(hasReachedDisk);
    simulation.runUntil(100);
    expect(log).toEqual(hasReachedDisk ? [["r1"]] : []);
  },
);
