import { expect, test } from "vitest";
import { runSeeds } from "./seeds.ts";

test("1,000 small clusters under faults of all kinds keep every invariant and converge", {
  timeout: 240_000,
}, () => {
  const { failed, seeds } = runSeeds({ prefix: "nightly-", from: 1, count: 1_000 });
  expect(failed.flatMap(({ violations }) => violations)).toEqual([]);
  expect(seeds).toBe(1_000);
});
