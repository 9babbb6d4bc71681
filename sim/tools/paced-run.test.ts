import { headlineScenario } from "@bourse/engine/scenario/headline-scenario";
import { runScenario } from "@bourse/engine/scenario/run-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { expect, test } from "vitest";
import { heapNeededForMib, runPaced } from "./paced-run.ts";

const scenario = headlineScenario({ agents: 5, tasks: 50, seed: "1" });

test("a run in slices is the run in one piece, and is measured", async () => {
  const seen: number[] = [];
  const { report, lacks } = await runPaced(scenario, {
    progress: ({ placed }) => seen.push(placed),
  });
  expect(report.hash).toBe(runScenario(scenario, { stopwatch: () => 0 }).hash);
  expect(report).toMatchObject({ isComplete: true, violations: [], tasks: { placed: 50 } });
  expect(report.wallSeconds).toBeGreaterThan(report.masterCoreSeconds);
  expect(report.masterCoreSeconds).toBeGreaterThan(0);
  expect(report.peakRssMib).toBeGreaterThan(1);
  expect(lacks).toEqual([]);
  expect(seen.at(-1)).toBe(50);
});

test("a run that is stopped says what it has and what it lacks", async () => {
  const abort = new AbortController();
  const { report, lacks } = await runPaced(scenario, {
    signal: abort.signal,
    progress: ({ nowMs }) => {
      if (nowMs >= 20_000) abort.abort();
    },
  });
  expect(report).toMatchObject({ isComplete: false, virtualMs: 20_000, violations: [] });
  expect(lacks).toEqual([expect.stringMatching(/^load-1: \d+ of 50 tasks neither run nor have/)]);
});

test("a cluster that breaks is a bug with a time and a seed", async () => {
  const noted = (): never => {
    throw new Error("no more paper");
  };
  const flapping = { upMs: 1_000, downMs: 1_000 };
  const frameworks = scenario.frameworks.map((spec) => ({ ...spec, flapping }));
  const broken = { ...scenario, frameworks, shell: { ...scenario.shell, hasCrashes: true } };
  await expect(runPaced(broken, { noted })).rejects.toMatchObject({
    code: "internal",
    message: expect.stringMatching(/^the simulated cluster broke after \d+ ms: no more paper$/),
    hint: expect.stringContaining('seed "1"'),
  });
});

test("who waits for the event loop is heard while a run goes on", async () => {
  let isOver = false;
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  // A slice of nothing: after every step, however fast the machine is.
  await runPaced(headlineScenario({ agents: 5, tasks: 20, seed: "1" }), { sliceMs: 0 });
  isOver = true;
  expect(turns).toBeGreaterThan(100);
});

test("a larger cluster, more tasks at once and more in all need a larger heap", () => {
  const needed = (agents: number, tasks: number): number =>
    heapNeededForMib(headlineScenario({ agents, tasks, seed: "1" }));
  expect(needed(1_000, 100_000)).toBeGreaterThan(needed(1_000, 10_000));
  expect(needed(100_000, 0)).toBeGreaterThan(needed(1_000, 0));
  // Those that find no room at once do not run at once either.
  const crowded = (scenario: Scenario): Scenario => ({
    ...scenario,
    agents: scenario.agents.map((group) => ({ ...group, count: 100 })),
  });
  const all = headlineScenario({ agents: 1_000, tasks: 100_000, seed: "1" });
  expect(heapNeededForMib(crowded(all))).toBeLessThan(heapNeededForMib(all) / 2);
});
