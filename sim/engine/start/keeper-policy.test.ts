import { present } from "@bourse/model/assert";
import { ranges, scalar } from "@bourse/model/resources";
import { parseResources } from "@bourse/model/resources-text";
import { describe, expect, test } from "vitest";
import { taskBooks } from "../master-books.ts";
import { SCENARIO_DEFAULTS } from "../scenario/defaults.ts";
import { ScenarioRun } from "../scenario/run-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { KeeperPolicy, type Move, requestOf } from "./keeper-policy.ts";
import type { StartAgent, StartBehaviour, StartState, StartTask } from "./start-state.ts";

describe("frameworks of which only the tasks are known (A-2)", () => {
  test("keep what they have and ask for no more", () => {
    const run = runOf({}, {});
    expect(run.world.master.cluster?.state.offers.size).toBe(0);
    expect(placesOf(run)).toEqual({ t1: "S1", t2: "S1", t3: "S2" });
    expect(movesOf(run)).toEqual([]);
  });

  test("stop their tasks on agents that they are told to leave, and launch each anew elsewhere", () => {
    const run = runOf({}, { leave: [{ atMs: 5_000, agentIds: ["S1"] }] });
    expect(placesOf(run)).toEqual({ "t1~1": "S2", "t2~2": "S2", t3: "S2" });
    expect(movesOf(run)).toMatchObject([
      { taskId: "t1", fromAgentId: "S1", toAgentId: "S2", cause: "TASK_KILLED" },
      { taskId: "t2", fromAgentId: "S1", toAgentId: "S2", cause: "TASK_KILLED" },
    ]);
    for (const { lostAtMs, runningAtMs } of movesOf(run)) {
      expect(lostAtMs).toBeGreaterThanOrEqual(5_000);
      expect(runningAtMs).toBeGreaterThan(lostAtMs);
    }
  });

  test("replace nothing that has ended well", () => {
    const run = runOf({}, { taskLifetimeMs: 10_000 });
    expect(placesOf(run)).toEqual({});
    expect(movesOf(run)).toEqual([]);
    expect(keeperOf(run).finishedCount).toBe(3);
  });

  test("replace what an operator kills", () => {
    const call = { kind: "kill-task", frameworkId: "web", taskId: "t3" } as const;
    const run = runOf({ operations: [{ atMs: 5_000, call }] }, {});
    expect(Object.keys(placesOf(run))).toEqual(["t1", "t2", "t3~1"]);
  });

  test("give up what is out of reach after the time that is assumed, and stop it when it returns", () => {
    const master = { agentPingIntervalMs: 1_000, agentPingMissesMax: 3 };
    const partition = { kind: "partition", seed: 1, targets: ["node-1"] } as const;
    const run = runOf(
      { master, faults: [{ ...partition, atMs: 5_000, lastMs: 40_000 }] },
      { replaceUnreachableAfterMs: 10_000 },
    );
    expect(movesOf(run).map(({ taskId, cause }) => [taskId, cause])).toEqual([
      ["t1", "TASK_UNREACHABLE"],
      ["t2", "TASK_UNREACHABLE"],
    ]);
    expect(placesOf(run)).toEqual({ "t1~1": "S2", "t2~2": "S2", t3: "S2" });
  });

  test("wait when there is no room, and say how many", () => {
    const run = runOf({}, { leave: [{ atMs: 5_000, agentIds: ["S1", "S2"] }] });
    expect(keeperOf(run).lacks()).toBe("3 lost tasks wait for offers that hold them");
    expect(movesOf(run).map(({ toAgentId }) => toAgentId)).toEqual([null, null, null]);
  });
});

test("a policy that continues from its snapshot does the same", () => {
  const options = {
    tasks: [{ taskId: "t1", agentId: "S1", role: "web", resources: [scalar("cpus", 1_000)] }],
    replaceUnreachableAfterMs: 1_000,
    leave: [],
    meter: null,
  };
  const policy = new KeeperPolicy(options);
  const at = (monoMs: number) => ({ monoMs, wallMs: monoMs });
  policy.apply(at(1), { kind: "subscribed", frameworkId: "F0", isAgain: true });
  const state = "TASK_UNREACHABLE";
  policy.apply(at(2), {
    kind: "update",
    status: { taskId: "t1", state, source: "SOURCE_MASTER", timestampMs: 2 },
  });
  const twin = KeeperPolicy.restore(options, JSON.parse(JSON.stringify(policy.snapshot())));
  policy.apply(at(500), { kind: "disconnected" });
  twin.apply(at(500), { kind: "disconnected" });
  expect(twin.apply(at(1_002), { kind: "wake" })).toEqual(
    policy.apply(at(1_002), { kind: "wake" }),
  );
  expect(twin.moves).toEqual(policy.moves);
  expect(twin.waitingCount).toBe(1);
});

test("what a task needs elsewhere: amounts of any reservation, as many ports, and its very volumes", () => {
  const reservations = [{ type: "dynamic" as const, role: "web" }];
  const volume = { ...scalar("disk", 10_000), reservations, disk: { persistence: { id: "v" } } };
  expect(
    requestOf([
      scalar("cpus", 500),
      { ...scalar("cpus", 1_000), reservations },
      volume,
      ranges("ports", [
        { begin: 31_000, end: 31_001 },
        { begin: 31_005, end: 31_005 },
      ]),
    ]),
  ).toEqual({ resources: [volume, scalar("cpus", 1_500)], ports: 3 });
});

function runOf(changes: Partial<Scenario>, behaviour: StartBehaviour): ScenarioRun {
  const scenario = {
    ...SCENARIO_DEFAULTS,
    end: { atMs: 120_000, isWhenDone: false, liveness: null },
    ...changes,
  };
  const run = new ScenarioRun(scenario, {
    stopwatch: () => 0,
    start: { ...START, behaviour },
  });
  while (run.step());
  expect(run.report().violations).toEqual([]);
  return run;
}

function keeperOf({ world }: ScenarioRun): KeeperPolicy {
  return world.framework("web").policy as KeeperPolicy;
}

function movesOf(run: ScenarioRun): readonly Move[] {
  return keeperOf(run).moves;
}

function placesOf({ world }: ScenarioRun): Record<string, string> {
  const books = taskBooks(present(world.master.cluster, "the master"));
  return Object.fromEntries(
    books
      .filter(({ state }) => state === "TASK_RUNNING")
      .map(({ taskId, agentId }) => [taskId, agentId] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const START: StartState = {
  takenAtMs: 1_700_000_000_000,
  source: "a test",
  config: {},
  agents: [agent("S1", "node-1"), agent("S2", "node-2")],
  frameworks: [
    {
      frameworkId: "F1",
      name: "web",
      user: "nobody",
      roles: ["web"],
      capabilities: ["PARTITION_AWARE"],
      failoverTimeoutMs: 3_600_000,
      isUp: true,
      registeredAtMs: 1_600_000_000_000,
    },
  ],
  tasks: [task("t1", "S1"), task("t2", "S1"), task("t3", "S2")],
  quotas: [],
  weights: [],
  maintenance: { windows: [], down: [] },
};

function agent(agentId: string, hostname: string): StartAgent {
  return {
    agentId,
    hostname,
    port: 5_051,
    version: "0.1.0",
    total: parseResources("cpus:4;mem:4096"),
    attributes: [],
    isDeactivated: false,
    isUp: true,
    registeredAtMs: 1_600_000_000_000,
  };
}

function task(taskId: string, agentId: string): StartTask {
  return {
    frameworkId: "F1",
    taskId,
    name: taskId,
    agentId,
    role: "web",
    resources: parseResources("cpus:1;mem:512"),
    isKilling: false,
    launchedAtMs: 1_650_000_000_000,
  };
}
