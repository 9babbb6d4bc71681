import { present } from "@bourse/model/assert";
import { Random } from "@bourse/model/random";
import { scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { expect, test } from "vitest";
import { randomFaults } from "../faults/random-faults.ts";
import { taskBooks } from "../master-books.ts";
import {
  AGENT_GROUP_DEFAULTS,
  BATCH_DEFAULTS,
  FRAMEWORK_DEFAULTS,
  SCENARIO_DEFAULTS,
  SERVICE_SPEC_DEFAULTS,
  VOLUMES_DEFAULTS,
} from "../scenario/defaults.ts";
import { ScenarioRun } from "../scenario/run-scenario.ts";
import type { FrameworkSpec, PolicySpec, Scenario } from "../scenario/scenario.ts";
import { machineResources } from "./machine-resources.ts";
import { nodeNames } from "./node-names.ts";
import { startOfCluster } from "./start-of-cluster.ts";
import type { StartState } from "./start-state.ts";

const tools = { stopwatch: () => 0 };
const shell = {
  isStrict: true,
  hasCrashes: true,
  appendMaxMs: 20,
  holdMaxMs: 5,
  turnMaxMs: 3,
  connectMaxMs: 300,
};
const agentConfig = { registrationBackoffMs: 100, registrationBackoffMaxMs: 3_000 };

/** A cluster under faults, stopped in the middle of it. */
function stateOfRandomWorld(seed: number): StartState {
  const random = Random.fromSeed(`start ${seed}`);
  const untilMs = random.between(10_000, 60_000);
  const faults = randomFaults(random.fork("faults"), {
    fromMs: 0,
    untilMs,
    everyMs: random.between(1_000, 8_000),
    lastMaxMs: 10_000,
  });
  const run = new ScenarioRun(
    {
      ...SCENARIO_DEFAULTS,
      seed: `start ${seed}`,
      shell,
      agentConfig,
      agents: [agentsOf("a", random.between(2, 6))],
      roles: [{ role: "org", weightMilli: 2_000, limits: [{ name: "cpus", milli: 12_000 }] }],
      frameworks: [
        framework("batch", "org/batch", { ...BATCH_DEFAULTS, load: loadOf(random) }),
        framework("web", "web", {
          ...SERVICE_SPEC_DEFAULTS,
          count: random.between(1, 6),
          size: SMALL,
          ports: 2,
        }),
        framework("data", "data", { ...VOLUMES_DEFAULTS, hasSharedVolumes: random.chance(0.5) }),
      ],
      faults,
      end: { atMs: 200_000, isWhenDone: false, liveness: null },
    },
    tools,
  );
  const { simulation, master } = run.world;
  while (simulation.nowMs < untilMs || master.cluster === null) run.step();
  expect(run.report().violations).toEqual([]);
  const cluster = present(master.cluster, "the master");
  const start = startOfCluster(cluster, simulation.now, `seed ${seed}`);
  // Nobody would acknowledge the end of a task whose framework is down.
  const up = new Set(start.frameworks.filter(({ isUp }) => isUp).map((one) => one.frameworkId));
  const tasks = start.tasks.map((task) => ({
    ...task,
    isKilling: task.isKilling && up.has(task.frameworkId),
  }));
  return { ...start, tasks };
}

/** As it is when it has been written to a file and read again. */
function throughJson(start: StartState): StartState {
  return JSON.parse(JSON.stringify(start)) as StartState;
}

function beginning(changes: Partial<Scenario> = {}): Scenario {
  return {
    ...SCENARIO_DEFAULTS,
    shell,
    agentConfig,
    end: { atMs: 20_000, isWhenDone: false, liveness: { withinMs: 60_000, stillMs: 10_000 } },
    checks: { sweepEvery: 25, hasReloads: false, areOn: true },
    ...changes,
  };
}

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  "a cluster that begins with what a random world held (seed %i) is whole: all return, nothing is lost, no invariant breaks",
  (seed) => {
    const start = throughJson(stateOfRandomWorld(seed));
    const run = new ScenarioRun(beginning(), { ...tools, start });
    while (run.world.simulation.nowMs < 19_000) run.step();
    expect(quotasOf(run)).toEqual(start.quotas);
    while (run.step());
    expect(run.report().violations).toEqual([]);
    const { master, agents, frameworks } = run.world;
    expect(agents.map(({ agentId }) => agentId)).toEqual(
      start.agents.filter(({ isUp }) => isUp).map(({ agentId }) => agentId),
    );
    expect(frameworks.map(({ frameworkId }) => frameworkId)).toEqual(
      start.frameworks.filter(({ isUp }) => isUp).map(({ frameworkId }) => frameworkId),
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
  const start = stateOfRandomWorld(3);
  const hashOf = (): string => {
    const run = new ScenarioRun(beginning(), { ...tools, start });
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

const SMALL = [
  { name: "cpus", milli: 200 },
  { name: "mem", milli: 256_000 },
];

function agentsOf(name: string, count: number): Scenario["agents"][number] {
  const resources = parseResources("cpus:4;disk:100;mem:8192;ports:[31000-31031]");
  return { ...AGENT_GROUP_DEFAULTS, name, count, resources };
}

function framework(name: string, role: string, policy: PolicySpec): FrameworkSpec {
  const capabilities = ["PARTITION_AWARE", "TASK_KILLING_STATE"] as const;
  return { ...FRAMEWORK_DEFAULTS, name, roles: [role], capabilities, policy };
}

function loadOf(random: Random) {
  return Array.from({ length: 5 }, (_, index) => ({
    atMs: index * 5_000,
    count: random.between(1, 6),
    amounts: SMALL,
    runMs: random.chance(0.5) ? Number.POSITIVE_INFINITY : random.below(20_000),
    job: "",
  }));
}

function quotasOf(run: ScenarioRun): StartState["quotas"] {
  return run.world.master.cluster?.state.allocator.quotas() ?? [];
}
