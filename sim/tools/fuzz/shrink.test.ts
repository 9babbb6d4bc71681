import { randomScenario } from "@bourse/engine/scenario/random-scenario";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { FrameworkSpec, Scenario } from "@bourse/engine/scenario/scenario";
import { describe, expect, test } from "vitest";
import { judge, type Verdict } from "./judge.ts";
import { shrink, sizeOf, storyOf } from "./shrink.ts";

/** An agent that is never told of a container that was killed from outside. */
function judgeWithBug(scenario: Scenario): Verdict {
  const struck = new Map<Scenario["faults"][number], readonly string[]>();
  const run = new ScenarioRun(scenario, {
    stopwatch: () => 0,
    struck: (fault, names) => struck.set(fault, names),
  });
  for (const { engine } of run.world.agents) {
    const kill = engine.kill.bind(engine);
    engine.kill = (containerId) => {
      const { report } = engine;
      engine.report = null;
      kill(containerId);
      engine.report = report;
    };
  }
  while (run.step());
  const { violations, hash, events, virtualMs } = run.report();
  return { violations, hash, events, virtualMs, struck };
}

function service(name: string, count: number): FrameworkSpec {
  return {
    name,
    count: 1,
    roles: [name],
    capabilities: ["PARTITION_AWARE"],
    failoverTimeoutMs: 3_600_000,
    startAtMs: 0,
    flapping: null,
    policy: {
      kind: "service",
      count,
      size: [
        { name: "cpus", milli: 100 },
        { name: "mem", milli: 64_000 },
      ],
      ports: 1,
      maxPerAgent: Number.POSITIVE_INFINITY,
      replaceUnreachableAfterMs: 5_000,
      scales: [],
      runMs: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    },
  };
}

/** A random cluster for twelve seconds, with faults that have nothing to do with the bug, and two that have. */
function large(): Scenario {
  const scenario = randomScenario("shrink-5");
  const noise = ["link-break", "slow-network", "weight-change", "slow-store"] as const;
  const faults = Array.from({ length: 16 }, (_, index) => ({
    atMs: 500 * (index + 1),
    kind: index % 7 === 6 ? ("container-kill" as const) : (noise[index % 4] ?? "link-break"),
    seed: index,
    lastMs: 500,
  }));
  return {
    ...scenario,
    end: { atMs: 12_000, isWhenDone: false, liveness: { withinMs: 30_000, stillMs: 15_000 } },
    agents: scenario.agents.slice(0, 3).map((group) => ({
      ...group,
      containers: { startMs: [0, 100], stopMs: [0, 100], launchFailures: 0 },
    })),
    frameworks: [service("web", 9), service("api", 3), service("cache", 2)],
    faults,
  };
}

test("a cluster with a bug shrinks to the one fault, the one agent and the one framework that show it", () => {
  const scenario = large();
  expect(judge(scenario, 60_000).violations).toEqual([]);
  const violation = judgeWithBug(scenario).violations.find(({ check }) => check === "task");
  if (violation === undefined) throw new Error("the bug must show");
  const shrunk = shrink(scenario, { violation, judge: judgeWithBug });
  expect(storyOf(shrunk.violation)).toBe(storyOf(violation));
  expect(shrunk.scenario.faults.map(({ kind }) => kind)).toEqual(["container-kill"]);
  expect(shrunk.scenario.faults[0]?.targets).toHaveLength(1);
  expect(shrunk.scenario.agents).toHaveLength(1);
  expect(shrunk.scenario.frameworks).toHaveLength(1);
  expect(sizeOf(shrunk.scenario)).toBeLessThan(sizeOf(scenario) / 4);
  expect(judgeWithBug(shrunk.scenario).violations.map(storyOf)).toContain(storyOf(violation));
  expect(judge(shrunk.scenario, 60_000).violations).toEqual([]);
});

describe("a violation is known again by its check and its words:", () => {
  const story = (message: string) => storyOf({ seed: "1", atMs: 0, check: "task", message });

  test.each<[string, string, boolean]>([
    ["t1 of f1 is lost", "t22.3 of f9 is lost", true],
    ["t1 of f1 is lost", "t1 of f1 is late", false],
    ["0 of them wait", "2 of them wait", false],
    ["3 of them wait", "2 of them wait", true],
    ["a core\n  at x:1", "a core\n  at y:2", true],
  ])("%s / %s: %s", (one, other, isSame) => {
    expect(story(one) === story(other)).toBe(isSame);
  });
});

test("who has no time left keeps what there is", () => {
  const scenario = large();
  const violation = { seed: "1", atMs: 0, check: "task", message: "x" };
  const shrunk = shrink(scenario, { violation, judge: judgeWithBug, isEnough: () => true });
  expect(shrunk).toEqual({ scenario, violation, runs: 0 });
});
