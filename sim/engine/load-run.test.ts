import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runLoad } from "./load-run.ts";

/**
 * Changes with every deliberate change of what the cores decide, and only then; the same on every version of Node.
 * `REWRITE=1 npx vitest run sim/engine/load-run` after such a change.
 */
function golden(actual: string): string {
  const file = new URL("./testdata/golden-hash.txt", import.meta.url);
  if (process.env.REWRITE !== undefined) writeFileSync(file, `${actual}\n`);
  return readFileSync(file, "utf8").trim();
}

const noClock = { stopwatch: () => 0 };

test("a small load is placed, keeps every invariant, and gives the hash that it always gave", () => {
  const result = runLoad({ seed: "1", agents: 20, tasks: 500 }, noClock);
  expect(result.placed).toBe(500);
  expect(result.violations).toEqual([]);
  expect(result.submitToRunning.count).toBe(500);
  expect(result.hash).toBe(golden(result.hash));
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
