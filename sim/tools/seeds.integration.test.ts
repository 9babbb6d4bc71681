import { describe, expect, test } from "vitest";
import { runSeeds } from "./seeds.ts";

describe("1,000 small clusters under faults of all kinds keep every invariant and converge", () => {
  // In slices, so that one that fails says where.
  test.each([1, 251, 501, 751])("nightly-%i and 249 more", { timeout: 240_000 }, async (from) => {
    const { findings, seeds } = await runSeeds({ prefix: "nightly-", from, seeds: 250 });
    expect(findings.map(({ violation }) => violation)).toEqual([]);
    expect(seeds).toBe(250);
  });
});

test("60 of them run the same with cores restored from snapshots along the way", {
  timeout: 240_000,
}, async () => {
  const { findings } = await runSeeds({ prefix: "reload-", from: 1, seeds: 60, hasReloads: true });
  expect(findings.map(({ violation }) => violation)).toEqual([]);
});
