import type { LoadInput } from "@bourse/load-policy/load-policy";
import type { LoadReply } from "@bourse/model/load";
import { Random } from "@bourse/model/random";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DrainJob, FillJob, type JobParts, SteadyJob } from "./jobs.ts";
import { StageTimes } from "./stage-times.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A job's surroundings: what it sends, with the time, and what it replies. */
function surroundings() {
  const times = new StageTimes();
  const sent: { atMs: number; input: LoadInput }[] = [];
  const replies: LoadReply[] = [];
  const parts: JobParts = {
    times,
    lostCount: () => 0,
    runningCount: () => 100,
    send: (input) => sent.push({ atMs: performance.now(), input }),
    reply: (reply) => replies.push(reply),
    onOver: () => {},
  };
  return { times, sent, replies, parts };
}

const STEADY = { kind: "steady", ratePerSecond: 100, runMs: 1_000 } as const;

test("submissions come at the asked rate, whether or not anything runs", () => {
  const { parts, sent, replies } = surroundings();
  const command = { ...STEADY, warmUpMs: 1_000, durationMs: 2_000 };
  new SteadyJob(parts, command, Random.fromSeed("1")).begin();
  vi.advanceTimersByTime(3_000);
  const counts = sent.map(({ input }) => input.count);
  expect(counts.reduce((sum, count) => sum + count)).toBe(300);
  expect(replies).toEqual([{ kind: "measuring" }]);
  vi.advanceTimersByTime(60_000);
  expect(replies.at(-1)).toMatchObject({ kind: "measured", submitted: 200, ran: 0 });
});

test("what a busy generator is late counts as latency, and is told apart", () => {
  const { parts, times, sent, replies } = surroundings();
  const command = { ...STEADY, warmUpMs: 0, durationMs: 1_000 };
  const job = new SteadyJob(parts, command, Random.fromSeed("1"));
  job.begin();
  vi.setSystemTime(Date.now()); // The loop is blocked for a second: no timer runs, the clock goes on.
  const blocked = performance.now() + 1_000;
  vi.spyOn(performance, "now").mockImplementation(() => blocked);
  vi.advanceTimersToNextTimer();
  const submitted = sent.reduce((sum, { input }) => sum + input.count, 0);
  expect(submitted).toBe(100);
  for (let task = 0; task < submitted; task++) {
    for (const stage of ["accepted", "staged", "running"] as const) {
      times.reached(task, stage, blocked);
      job.reached(task, stage, blocked);
    }
  }
  vi.runOnlyPendingTimers();
  vi.restoreAllMocks();
  const measured = replies.at(-1);
  if (measured?.kind !== "measured") throw new Error("nothing was measured");
  expect(measured.ran).toBe(100);
  expect(measured.latencies.submitToRunning.max).toBeGreaterThan(900);
  expect(measured.generatorLateMs.max).toBe(measured.latencies.submitToRunning.max);
});

test("a step that is interrupted tells what it has", () => {
  const { parts, replies } = surroundings();
  const command = { ...STEADY, warmUpMs: 0, durationMs: 10_000 };
  const job = new SteadyJob(parts, command, Random.fromSeed("1"));
  job.begin();
  vi.advanceTimersByTime(5_000);
  job.interrupt();
  expect(replies.at(-1)).toMatchObject({ kind: "measured", seconds: 5, ran: 0 });
  expect(vi.getTimerCount()).toBe(0);
});

test("a fill is over when all its tasks run, and others do not count", () => {
  const { parts, times, replies } = surroundings();
  times.submitted(0);
  const job = new FillJob(parts, 2);
  job.begin();
  job.reached(0, "running");
  job.reached(1, "running");
  expect(replies).toEqual([]);
  vi.advanceTimersByTime(1_500);
  job.reached(2, "running");
  expect(replies).toMatchObject([{ kind: "filled", tasks: 2, wanted: 2, seconds: 1.5 }]);
});

test("a drain kills no more at a time than a master takes, and more ends than kills do not confuse it", () => {
  const { parts, sent, replies } = surroundings();
  const job = new DrainJob({ ...parts, runningCount: () => 10_000 }, 5_000);
  job.begin();
  expect(sent.map(({ input }) => input.count)).toEqual([4_000]);
  for (let task = 0; task < 4_003; task++) job.reached(task, "ended");
  vi.runAllTimers();
  expect(sent.map(({ input }) => input.count)).toEqual([4_000, 997]);
  for (let task = 0; task < 1_000; task++) job.reached(task, "ended");
  vi.runAllTimers();
  expect(sent).toHaveLength(2);
  expect(replies).toMatchObject([{ kind: "drained" }]);
});
