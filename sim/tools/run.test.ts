import { describe, expect, test } from "vitest";
import { heapNeededMib, type SimProgress, type SimRunOptions, simRun } from "./run.ts";
import { runSeeds } from "./seeds.ts";

const small: SimRunOptions = { agents: 5, tasks: 40, seed: "1" };

test("a run reports everything that its readers expect, and says how far it is", () => {
  const seen: SimProgress[] = [];
  const report = simRun(small, (progress) => seen.push(progress));
  const quantiles = {
    count: expect.any(Number),
    p50: expect.any(Number),
    p99: expect.any(Number),
    max: expect.any(Number),
  };
  expect(report).toEqual({
    placed: 40,
    violations: [],
    wallSeconds: expect.any(Number),
    masterCoreSeconds: expect.any(Number),
    decisionMicros: {
      accept: quantiles,
      update: quantiles,
      allocateOne: quantiles,
      allocateAll: quantiles,
    },
    submitToRunningMs: { p50: expect.any(Number), p99: expect.any(Number) },
    peakRssMib: expect.any(Number),
    hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    seed: "1",
    agents: 5,
    tasks: 40,
  });
  expect(report.decisionMicros.update.count).toBe(80); // STARTING and RUNNING of each.
  expect(report.decisionMicros.accept.count).toBeGreaterThan(0);
  expect(report.decisionMicros.accept.max).toBeGreaterThan(0);
  expect(report.masterCoreSeconds).toBeLessThan(report.wallSeconds);
  expect(report.submitToRunningMs.p50).toBeGreaterThan(200); // A container takes at least that long to start.
  expect(seen.at(-1)).toEqual({ running: 40, tasks: 40 });
});

test("the same seed gives the same hash whatever the machine is doing", () => {
  expect(simRun(small).hash).toBe(simRun(small).hash);
});

describe("options out of bounds are refused with the option's name", () => {
  test.each<[Partial<SimRunOptions>, string]>([
    [{ agents: 0 }, "agents is 0, it must be a whole number from 1 to 100000"],
    [{ agents: 1.5 }, "agents is 1.5, it must be a whole number from 1 to 100000"],
    [{ agents: 100_001 }, "agents is 100001, it must be a whole number from 1 to 100000"],
    [{ tasks: -1 }, "tasks is -1, it must be a whole number from 0 to 5000000"],
    [{ tasks: Number.NaN }, "tasks is NaN, it must be a whole number from 0 to 5000000"],
    [{ seed: "x".repeat(257) }, "seed must be a text of at most 256 characters"],
  ])("%o", (changes, message) => {
    expect(() => simRun({ ...small, ...changes })).toThrow(
      expect.objectContaining({ code: "invalid_call", message, hint: expect.any(String) }),
    );
  });

  test("a number of seeds too", () => {
    expect(() => runSeeds({ prefix: "", from: 1, count: 0 })).toThrow("count is 0");
  });
});

test("a larger cluster is told to need a larger heap", () => {
  expect(heapNeededMib({ agents: 1_000, tasks: 100_000 })).toBeGreaterThan(
    heapNeededMib({ agents: 1_000, tasks: 10_000 }),
  );
  expect(heapNeededMib({ agents: 100_000, tasks: 0 })).toBeGreaterThan(
    heapNeededMib({ agents: 1_000, tasks: 0 }),
  );
});

test("a handful of seeds", () => {
  const heard: string[] = [];
  const report = runSeeds({ prefix: "tools-", from: 3, count: 2 }, ({ seed }) => heard.push(seed));
  expect(report).toMatchObject({ seeds: 2, failed: [] });
  expect(report.events).toBeGreaterThan(1_000);
  expect(heard).toEqual(["tools-3", "tools-4"]);
});
