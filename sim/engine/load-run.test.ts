import { expect, test } from "vitest";
import { runLoad } from "./load-run.ts";

const noClock = { stopwatch: () => 0 };

test("a small load is placed and keeps every invariant", () => {
  const result = runLoad({ seed: "1", agents: 20, tasks: 500 }, noClock);
  expect(result.placed).toBe(500);
  expect(result.violations).toEqual([]);
  expect(result.submitToRunning.count).toBe(500);
});

test("the same seed gives the same hash, another seed another", () => {
  const hashOf = (seed: string) => runLoad({ seed, agents: 5, tasks: 50 }, noClock).hash;
  expect(hashOf("1")).toBe(hashOf("1"));
  expect(hashOf("1")).not.toBe(hashOf("2"));
});

test("a cluster without work is done at once", () => {
  const result = runLoad({ seed: "1", agents: 1, tasks: 0 }, noClock);
  expect(result).toMatchObject({ placed: 0, violations: [] });
});
