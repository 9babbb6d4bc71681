import { expect, test } from "vitest";
import { quantilesOf, StageTimes } from "./stage-times.ts";

test("a quantile is the reading that so many do not exceed; of nothing it is 0", () => {
  const readings = Array.from({ length: 1000 }, (_, index) => 1000 - index);
  expect(quantilesOf(readings)).toEqual({ count: 1000, p50: 500, p99: 990, p999: 999, max: 1000 });
  expect(quantilesOf([7])).toEqual({ count: 1, p50: 7, p99: 7, p999: 7, max: 7 });
  expect(quantilesOf([])).toEqual({ count: 0, p50: 0, p99: 0, p999: 0, max: 0 });
});

test("latencies count from the intended time, and their parts add up to the whole", () => {
  const times = new StageTimes();
  times.submitted(100);
  times.reached(0, "accepted", 103);
  times.reached(0, "staged", 110);
  times.reached(0, "running", 130);
  const { submitToRunning, submitToOffer, acceptToStaging, stagingToRunning } = times.latencies(
    0,
    1,
  );
  expect(submitToRunning.p50).toBe(30);
  expect([submitToOffer.p50, acceptToStaging.p50, stagingToRunning.p50]).toEqual([3, 7, 20]);
});

test("only the tasks asked for count, and of these only those that ran", () => {
  const times = new StageTimes();
  for (let task = 0; task < 10_000; task++) times.submitted(task);
  for (const stage of ["accepted", "staged", "running"] as const)
    times.reached(9_000, stage, 9_005);
  expect(times.count).toBe(10_000);
  expect(times.latencies(0, 9_000).submitToRunning.count).toBe(0);
  expect(times.latencies(9_000, 10_000).submitToRunning).toMatchObject({ count: 1, max: 5 });
});

test("a task that was lost after it ran keeps its latency", () => {
  const times = new StageTimes();
  times.submitted(0);
  expect(times.reached(0, "running", 5)).toBe(true);
  expect(times.reached(0, "lost", 50)).toBe(false);
  expect(times.reached(0, "running", 90)).toBe(false);
  expect(times.latencies(0, 1).submitToRunning.max).toBe(5);
});
