import { present } from "@bourse/model/assert";
import { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { taskBooks } from "../master-books.ts";
import { SCENARIO_DEFAULTS } from "../scenario/defaults.ts";
import { randomScenario } from "../scenario/random-scenario.ts";
import { ScenarioRun } from "../scenario/run-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { machineResources } from "./machine-resources.ts";
import { nodeNames } from "./node-names.ts";
import { startOfCluster } from "./start-of-cluster.ts";
import type { StartState } from "./start-state.ts";

const tools = { stopwatch: () => 0 };
/** What a cluster of the fuzzer holds in the middle of its faults; all of its frameworks come back. */
function startOfRandomWorld(seed: number): {
  readonly scenario: Scenario;
  readonly start: StartState;
} {
  const scenario = randomScenario(`start ${seed}`);
  const run = new ScenarioRun(scenario, tools);
  const { simulation, master } = run.world;
  const untilMs = Random.fromSeed(seed).between(5_000, 55_000);
  while (simulation.nowMs < untilMs || master.cluster === null) run.step();
  const start = startOfCluster(master.cluster, simulation.now, `seed ${seed}`);
  const frameworks = start.frameworks.map(({ disconnectedSinceMs: _, ...one }) => ({
    ...one,
    isUp: true,
  }));
  return { scenario, start: { ...start, frameworks } };
}

/** As it is when it has been written to a file and read again. */
function throughJson(start: StartState): StartState {
  return JSON.parse(JSON.stringify(start)) as StartState;
}

function beginning(
  { shell, master, agentConfig, sessionConfig }: Scenario,
  start: StartState,
): ScenarioRun {
  const scenario: Scenario = {
    ...SCENARIO_DEFAULTS,
    shell,
    master,
    agentConfig,
    sessionConfig,
    end: { atMs: 20_000, isWhenDone: false, liveness: { withinMs: 60_000, stillMs: 10_000 } },
    checks: { sweepEvery: 25, hasReloads: false, areOn: true },
  };
  return new ScenarioRun(scenario, { ...tools, start });
}

test.each(Array.from({ length: 4 }, (_, index) => index + 1))(
  "a cluster that begins with what a random world held (seed %i) is whole: all return, nothing is lost, no invariant breaks",
  (seed) => {
    const { scenario, start: held } = startOfRandomWorld(seed);
    const start = throughJson(held);
    const run = beginning(scenario, start);
    while (run.world.simulation.nowMs < 19_000) run.step();
    expect(quotasOf(run)).toEqual(start.quotas);
    while (run.step());
    expect(run.report().violations).toEqual([]);
    const { master, agents, frameworks } = run.world;
    expect(agents.map(({ agentId }) => agentId)).toEqual(
      start.agents.filter(({ isUp }) => isUp).map(({ agentId }) => agentId),
    );
    expect(frameworks.map(({ frameworkId }) => frameworkId)).toEqual(
      start.frameworks.map(({ frameworkId }) => frameworkId),
    );
    const running = taskBooks(present(master.cluster, "the master"))
      .filter(({ state }) => state === "TASK_RUNNING")
      .map(({ frameworkId, taskId, agentId }) => `${frameworkId} ${taskId} ${agentId}`);
    const wanted = start.tasks.filter(({ isKilling }) => !isKilling);
    expect(new Set(running)).toEqual(
      new Set(wanted.map((task) => `${task.frameworkId} ${task.taskId} ${task.agentId}`)),
    );
  },
);

test("a start state gives the same run each time", () => {
  const { scenario, start } = startOfRandomWorld(3);
  const hashOf = (): string => {
    const run = beginning(scenario, start);
    while (run.step());
    return run.report().hash;
  };
  expect(hashOf()).toBe(hashOf());
});

test("what a machine has is found below its reservations and volumes", () => {
  const machine = parseResources("cpus:4;disk:100;mem:1024");
  const reservations = [{ type: "dynamic" as const, role: "eng" }];
  const total = [
    scalar("cpus", 3_000),
    { ...scalar("cpus", 1_000), reservations },
    scalar("disk", 60_000),
    { ...scalar("disk", 30_000), reservations },
    { ...scalar("disk", 10_000), reservations, disk: { persistence: { id: "v" } } },
    scalar("mem", 1_024_000),
  ];
  expect(machineResources(total)).toEqual(machine);
});

test("two agents of one host and a framework of its name have names of their own", () => {
  const agents = [
    { agentId: "S0", hostname: "node" },
    { agentId: "S1", hostname: "node" },
    { agentId: "S2", hostname: "master" },
  ] as unknown as StartState["agents"];
  const frameworks = [{ frameworkId: "F0", name: "node" }] as unknown as StartState["frameworks"];
  const names = nodeNames({ agents, frameworks });
  expect(Array.from(names.agents.values())).toEqual(["node", "node (S1)", "master (S2)"]);
  expect(Array.from(names.frameworks.values())).toEqual(["node (F0)"]);
});

function quotasOf(run: ScenarioRun): StartState["quotas"] {
  return run.world.master.cluster?.state.allocator.quotas() ?? [];
}
