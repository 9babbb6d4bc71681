import { describe, expect, test } from "vitest";
import { runSeed } from "./seed-run.ts";

const SEEDS = Array.from({ length: 8 }, (_, index) => `fast-${index + 1}`);

describe("a small cluster under faults of all kinds keeps every invariant and converges", () => {
  test.each(SEEDS)("seed %s", (seed) => {
    expect(runSeed({ seed }).violations).toEqual([]);
  });
});

test("the same seed gives the same run, twice in one process", () => {
  expect(runSeed({ seed: "fast-1" })).toEqual(runSeed({ seed: "fast-1" }));
});

test("another seed gives another run", () => {
  expect(runSeed({ seed: "fast-1" }).hash).not.toBe(runSeed({ seed: "fast-2" }).hash);
});

test.each(["fast-1", "fast-2", "fast-3"])(
  "cores restored from their snapshots at random moments go on as if nothing had happened: %s",
  (seed) => {
    expect(runSeed({ seed, hasReloads: true }).hash).toBe(runSeed({ seed }).hash);
  },
);
