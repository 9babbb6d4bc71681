import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
  SERVICE_SPEC_DEFAULTS,
} from "./defaults.ts";
import { runScenario, ScenarioRun } from "./run-scenario.ts";
import type { AgentGroup, BatchSpec, FrameworkSpec, PolicySpec, Scenario } from "./scenario.ts";

const agents: AgentGroup = {
  ...AGENT_GROUP_DEFAULTS,
  name: "a",
  count: 3,
  resources: parseResources("cpus:4;mem:8192;ports:[31000-31099]"),
};

const small: BatchSpec = {
  ...BATCH_DEFAULTS,
  load: [
    { atMs: 1_000, count: 4, amounts: amounts(500, 256), runMs: 3_000, job: "" },
    { atMs: 4_000, count: 5, amounts: amounts(1_000, 256), runMs: Infinity, job: "" },
  ],
};

const plain: Scenario = { ...SCENARIO_DEFAULTS, agents: [agents], frameworks: [spec("b", small)] };
const tools = { stopwatch: () => 0 };

test("a run that ends when done has placed every task and holds every invariant", () => {
  const report = runScenario(plain, tools);
  expect(report).toMatchObject({
    isComplete: true,
    violations: [],
    tasks: { submitted: 9, placed: 9 },
    scenario: { agents: 3, frameworks: 1, tasks: 9 },
  });
  expect(report.virtualMs).toBeLessThan(60_000);
});

test("the same scenario gives the same hash, another seed another, reloads and checks change nothing", () => {
  const hashOf = (changes: Partial<Scenario>): string =>
    runScenario({ ...plain, ...changes }, tools).hash;
  const { hash } = runScenario(plain, tools);
  expect(hashOf({})).toBe(hash);
  expect(hashOf({ seed: "2" })).not.toBe(hash);
  expect(hashOf({ checks: { ...plain.checks, hasReloads: true } })).toBe(hash);
  expect(hashOf({ checks: { ...plain.checks, areOn: false } })).toBe(hash);
});

test("a run by time goes on to its end, done or not", () => {
  const end = { atMs: 60_000, isWhenDone: false, liveness: null };
  expect(runScenario({ ...plain, end }, tools)).toMatchObject({
    isComplete: true,
    virtualMs: 60_000,
  });
});

test("a run that cannot be done in time is not complete, and says what it lacks", () => {
  const tooMany = { ...small, load: [{ ...small.load[1], atMs: 0, count: 13 }] } as BatchSpec;
  const end = { atMs: 30_000, isWhenDone: true, liveness: null };
  const run = new ScenarioRun({ ...plain, end, frameworks: [spec("b", tooMany)] }, tools);
  while (run.step());
  expect(run.report()).toMatchObject({ isComplete: false, violations: [], tasks: { placed: 12 } });
  expect(run.lacks).toEqual([expect.stringContaining("b: 1 of 13 tasks")]);
});

test("a run that is stopped in between reports what it has, and that it is not complete", () => {
  const run = new ScenarioRun(plain, tools);
  for (let steps = 0; steps < 10; steps++) expect(run.step()).toBe(true);
  expect(run.report()).toMatchObject({ isComplete: false, virtualMs: 2_500, violations: [] });
});

test("the liveness phase repairs all and waits until everything has come to rest", () => {
  const end = { atMs: 20_000, isWhenDone: false, liveness: { withinMs: 60_000, stillMs: 5_000 } };
  const shell = { ...plain.shell, hasCrashes: true };
  const run = new ScenarioRun({ ...plain, shell, end }, tools);
  run.world.simulation.at(15_000, () => run.world.master.crash());
  run.world.simulation.at(16_000, () => run.world.agent("a-2").crash());
  while (run.step());
  expect(run.report()).toMatchObject({ isComplete: true, violations: [], tasks: { placed: 9 } });
  expect(run.world.simulation.nowMs).toBeGreaterThan(25_000);
});

test("agents start spread over the time they are given, with the zones in turn", () => {
  const domains = ["z1", "z2"].map((zone) => ({ region: "r", zone }));
  const group = { ...agents, count: 4, startWithinMs: 4_000, domains };
  const run = new ScenarioRun({ ...plain, agents: [group] }, tools);
  const up = (): readonly boolean[] => run.world.agents.map(({ isUp }) => isUp);
  expect(up()).toEqual([true, false, false, false]);
  run.world.simulation.runUntil(2_000);
  expect(up()).toEqual([true, true, true, false]);
  expect(run.world.agents.map(({ info }) => info.domain?.zone)).toEqual(["z1", "z2", "z1", "z2"]);
});

test("weights and quotas hold from the beginning", () => {
  const limits = [{ name: "cpus", milli: 2_000 }];
  const roles = [{ role: "b", weightMilli: 3_000, limits }];
  const end = { atMs: 20_000, isWhenDone: false, liveness: null };
  const run = new ScenarioRun({ ...plain, end, roles }, tools);
  while (run.step());
  expect(run.world.master.cluster?.state.allocator.quotas()).toMatchObject([{ role: "b", limits }]);
  expect(run.report().tasks.placed).toBe(6); // Four have ended before the other two.
});

test("an operator's calls name agents as the scenario does, and a refusal is noted", () => {
  const notes: string[] = [];
  const operations = [
    { atMs: 5_000, call: { kind: "deactivate-agent", agentId: "a-2" } as const },
    { atMs: 6_000, call: { kind: "kill-task", frameworkId: "b", taskId: "nobody" } as const },
    { atMs: 10, call: { kind: "deactivate-agent", agentId: "a-1" } as const },
  ];
  const run = new ScenarioRun(
    { ...plain, operations },
    { ...tools, noted: (atMs, text) => notes.push(`${atMs} ${text}`) },
  );
  run.world.simulation.runUntil(7_000);
  run.step();
  const { agentId } = run.world.agent("a-2");
  expect(run.world.master.cluster?.state.agents.get(agentId ?? "")).toMatchObject({
    isDeactivated: true,
  });
  expect(notes).toContain("10 deactivate-agent cannot be done: a-1 has not registered yet");
  expect(notes).toEqual(
    expect.arrayContaining([expect.stringMatching(/kill-task is refused: .*nobody/)]),
  );
});

test("a flapping scheduler goes down and comes back, and its tasks are all placed in the end", () => {
  const notes: string[] = [];
  const shell = { ...plain.shell, hasCrashes: true };
  const flapping = { upMs: 2_000, downMs: 500 };
  const end = { atMs: 30_000, isWhenDone: false, liveness: { withinMs: 60_000, stillMs: 1_000 } };
  const report = runScenario(
    { ...plain, shell, end, frameworks: [{ ...spec("b", small), flapping }] },
    { ...tools, noted: (_, text) => notes.push(text) },
  );
  expect(notes.filter((text) => text.startsWith("b crashes")).length).toBeGreaterThan(3);
  expect(report).toMatchObject({ isComplete: true, violations: [], tasks: { placed: 9 } });
});

test("a service keeps as many instances as it is told, also when they end", () => {
  const service = {
    ...SERVICE_SPEC_DEFAULTS,
    size: amounts(100, 64),
    count: 3,
    runMs: [8_000, 9_000],
    scales: [{ atMs: 20_000, count: 5 }],
  } as const satisfies PolicySpec;
  const end = { atMs: 40_000, isWhenDone: false, liveness: null };
  const frameworks = [{ ...spec("s", service), count: 2 }];
  const run = new ScenarioRun({ ...plain, end, frameworks }, tools);
  while (run.step());
  expect(run.world.frameworks.map(({ name }) => name)).toEqual(["s-1", "s-2"]);
  const ended = run.world.agents.flatMap(({ engine }) =>
    engine.containers.filter(({ state }) => state === "exited"),
  );
  expect(ended.length).toBeGreaterThan(10);
  expect(run.lacks.length).toBeLessThanOrEqual(2);
  expect(run.report().violations).toEqual([]);
});

function amounts(cpuMilli: number, memMib: number) {
  return [
    { name: "cpus", milli: cpuMilli },
    { name: "mem", milli: memMib * 1_000 },
  ];
}

function spec(name: string, policy: PolicySpec): FrameworkSpec {
  return { ...FRAMEWORK_DEFAULTS, name, roles: [name], policy };
}
