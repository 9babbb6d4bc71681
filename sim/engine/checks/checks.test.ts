import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { Agent, Framework } from "@bourse/cluster/state";
import type { Offer } from "@bourse/model/offer";
import { canonical, NO_RESOURCES, type Resources, ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { SESSION_DEFAULTS } from "@bourse/session/session-io";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import type { ContainerLaunch } from "@bourse/task/effects";
import { volumeKey } from "@bourse/task/volumes";
import { describe, expect, test } from "vitest";
import { RUNS_FOR_EVER } from "../containers.ts";
import { BatchPolicy } from "../frameworks/batch-policy.ts";
import { batch, row } from "../frameworks/testing/offers.ts";
import type { SimAgent } from "../sim-agent.ts";
import type { SimFramework } from "../sim-framework.ts";
import { PLAIN_SHELL, World } from "../world.ts";
import { Checks } from "./checks.ts";
import { checkAgent, checkTask } from "./resource-check.ts";
import { Violations } from "./violations.ts";

interface Rig {
  readonly world: World;
  readonly agent: SimAgent;
  readonly framework: SimFramework;
  readonly checks: Checks;
  found(): readonly string[];
}

/** One agent with one cpu, one framework that runs three tasks; settled, without a violation. */
function rig(): Rig {
  const world = new World({
    seed: "1",
    shell: { ...PLAIN_SHELL, hasCrashes: true },
    latency: { minMs: 1, maxMs: 1 },
    master: CLUSTER_DEFAULTS,
  });
  const checks = new Checks(world, Number.POSITIVE_INFINITY);
  const resources = canonical([
    scalar("cpus", 1_000),
    scalar("mem", 1_024_000),
    ranges("ports", [{ begin: 1, end: 9 }]),
  ]);
  const agent = world.addAgent({
    name: "a1",
    info: { hostname: "a1", port: 1, resources, attributes: [], version: "1", payload: NO_PAYLOAD },
    config: AGENT_CONFIG_DEFAULTS,
    workload: { plan: () => RUNS_FOR_EVER },
  });
  const spec = batch(
    [row({ cpus: 0.1, mem: 128 }, { count: 3, runMs: Number.POSITIVE_INFINITY })],
    {
      tasksPerOfferMax: 3,
    },
  );
  const random = world.simulation.random.fork("load");
  const framework = world.addFramework({
    name: "f1",
    info: {
      user: "nobody",
      name: "f1",
      roles: ["f1"],
      failoverTimeoutMs: 60_000,
      isCheckpointing: true,
      capabilities: [],
      payload: NO_PAYLOAD,
    },
    session: SESSION_DEFAULTS,
    createPolicy: () => new BatchPolicy({ spec, role: "f1", random, meter: null }),
  });
  world.startAll();
  world.simulation.runUntil(20_000);
  checks.settle();
  expect(checks.found).toEqual([]);
  expect(agent.engine.liveCount).toBe(3);
  const found = () => checks.found.map(({ check, message }) => `${check}: ${message}`);
  return { world, agent, framework, checks, found };
}

function launch(changes: Partial<ContainerLaunch>): ContainerLaunch {
  const command = { isShell: false, args: [], environment: [] };
  return {
    containerId: "c9",
    agentId: "a1",
    frameworkId: "f9",
    taskId: "t9",
    taskName: "t9",
    command,
    run: { command, container: { type: "process" }, killGraceMs: 1, labels: [] },
    limits: {},
    hostPorts: [],
    persistentVolumes: [],
    ...changes,
  };
}

describe("a lie is found:", () => {
  test("a second container of a task that runs", () => {
    const { agent, found } = rig();
    const first = agent.engine.containers[0]?.launch;
    agent.engine.launch(launch({ ...first, containerId: "c9" }));
    expect(found()).toEqual([
      expect.stringContaining(`task ${first?.frameworkId}/${first?.taskId} runs twice`),
    ]);
  });

  test("one port for two containers, and a port that the agent does not have", () => {
    const { agent, found } = rig();
    agent.engine.launch(launch({ containerId: "c8", taskId: "t8", hostPorts: [5] }));
    agent.engine.launch(launch({ hostPorts: [5, 10] }));
    expect(found()).toEqual([
      "container: port 5 of a1 is held by c8 and c9",
      "container: c9 holds port 10, which a1 does not have",
    ]);
  });

  test("containers that take more than there is; not while one is being stopped", () => {
    const { agent, found } = rig();
    for (const { launch: old } of agent.engine.containers)
      agent.engine.stop(old.containerId, 1_000);
    agent.engine.launch(launch({ limits: { cpuMilli: 1_000 } }));
    expect(found()).toEqual([]);
    agent.engine.launch(launch({ containerId: "c8", taskId: "t8", limits: { cpuMilli: 1 } }));
    expect(found()).toEqual(["container: containers of a1 take 1001 of 1000 thousandths of a cpu"]);
  });

  test("a container without a task", () => {
    const { agent, checks, found } = rig();
    agent.engine.launch(launch({}));
    checks.settle();
    expect(found()).toEqual([
      expect.stringMatching(
        /^task: a container of task f9\/t9 runs on .*, the master knows no such task$/,
      ),
    ]);
  });

  test("a task that the master believes to run, without a container", () => {
    const { agent, checks, found } = rig();
    agent.engine.report = null;
    agent.engine.kill(agent.engine.containers[0]?.launch.containerId ?? "");
    checks.settle();
    expect(found()).toEqual([
      expect.stringMatching(/^task: task .* has no container on .*, the master believes it runs$/),
    ]);
  });

  test("a framework that was told something else than the master believes", () => {
    const { framework, checks, found } = rig();
    const [taskId, status] = Array.from(framework.heard)[0] ?? [];
    if (taskId === undefined || status === undefined)
      throw new Error("f1 must have heard of a task");
    framework.heard.set(taskId, { ...status, state: "TASK_STARTING" });
    checks.settle();
    expect(found()).toEqual([
      `task: task ${taskId} of f1 is TASK_RUNNING at the master, its framework heard TASK_STARTING`,
    ]);
  });

  test("an accept that nothing was heard of", () => {
    const { world, framework, checks, found } = rig();
    const task = { taskId: "t9", name: "t9", agentId: "a1", resources: [], payload: NO_PAYLOAD };
    world.probes.frameworkSent(framework, {
      kind: "accept",
      offerIds: ["o1"],
      operations: [{ kind: "launch", tasks: [task] }],
      filters: {},
    });
    checks.settle();
    expect(found()).toEqual([
      "accept: f1 launched task t9 at 20000 ms and never heard of it again",
    ]);
  });

  test("an operation that nothing was heard of", () => {
    const { world, framework, checks, found } = rig();
    const reserve = { kind: "reserve", resources: [], operationId: "r9" } as const;
    const silent = { kind: "reserve", resources: [] } as const;
    world.probes.frameworkSent(framework, {
      kind: "accept",
      offerIds: ["o1"],
      operations: [reserve, silent],
      filters: {},
    });
    const status = {
      operationId: "r9",
      state: "OPERATION_PENDING",
      convertedResources: [],
    } as const;
    world.probes.frameworkHeard(framework, { kind: "operation-update", status });
    checks.settle();
    expect(found()).toEqual([
      "operation: f1 sent operation r9 at 20000 ms and never heard how it ended",
    ]);
  });

  test("an agent that has something else than its master believes", () => {
    const { world, agent, checks, found } = rig();
    const known = world.master.cluster?.state.agents.get(agent.agentId ?? "");
    if (known === undefined) throw new Error("a1 must be registered");
    known.info = { ...known.info, resources: [scalar("cpus", 2_000)] };
    checks.settle();
    expect(found()).toContain(
      "operation: the master believes a1 to have cpus:2, it has cpus:1; mem:1024; ports:[1-9]",
    );
  });

  test("a container on a volume that is not there, and a volume that goes from under one", () => {
    const { agent, checks, found } = rig();
    const volume = { role: "eng", id: "v1" };
    const persistentVolumes = [{ volume, containerPath: "data", mode: "RW" }] as const;
    agent.engine.launch(launch({ containerId: "c8", taskId: "t8", persistentVolumes }));
    agent.volumes.add(volumeKey(volume));
    agent.engine.launch(launch({ persistentVolumes }));
    agent.engine.kill("c8");
    agent.engine.remove("c8");
    agent.destroyVolume(volume);
    agent.volumes.add(volumeKey(volume));
    expect(found()).toEqual([
      "volume: c8 starts on volume v1 of role eng, which a1 does not have",
      "volume: volume v1 of role eng of a1 goes while c9 uses it",
    ]);
    checks.settle();
    expect(found().at(-1)).toMatch(/^volume: a1 keeps the volumes eng.*, it knows $/);
  });

  test("an offer above the limit of its role, or of one above it", () => {
    const { world, framework, found } = rig();
    const { cluster } = world.master;
    if (cluster === null) throw new Error("the master must be up");
    const limits = [{ name: "cpus", milli: 100 }];
    cluster.state.allocator.updateQuota({ role: "f1", guarantees: [], limits });
    const offer = {
      offerId: "o9",
      frameworkId: framework.frameworkId ?? "",
      agentId: "a1",
      hostname: "a1",
      port: 1,
      role: "f1/sub",
      resources: [scalar("cpus", 100)],
      attributes: [],
    };
    const reservations = [{ type: "dynamic", role: "f1/sub" }] as const;
    const told = (offers: readonly Offer[]) =>
      world.probes.masterDecided(
        world.simulation.now,
        { kind: "wake", principal: null },
        {
          persist: [],
          send: [{ to: "framework", session: 1, event: { kind: "offers", offers } }],
          wakeAtMs: 0,
        },
      );
    const quotas = () => found().filter((text) => text.startsWith("quota:"));
    told([{ ...offer, resources: [{ ...scalar("cpus", 100), reservations }] }]);
    told([{ ...offer, role: "f10" }]);
    expect(quotas()).toEqual([]);
    told([offer]);
    expect(quotas()).toEqual([
      expect.stringMatching(
        /^quota: role f1 consumes cpus:.* of at most 0.1, and was offered more/,
      ),
    ]);
  });

  test("an acknowledgement of an update that its framework never saw", () => {
    const { world, agent, found } = rig();
    const record = { kind: "acknowledged", frameworkId: "f1", taskId: "t9", uuid: "u9" } as const;
    world.probes.agentStored(agent, record);
    expect(found()).toEqual([
      "update: a1 counts update u9 of task t9 as acknowledged, but its framework never saw it",
    ]);
  });

  test("a task that its framework wanted dead and that lives on", () => {
    const { world, framework, checks, found } = rig();
    const taskId = framework.heard.keys().next().value ?? "";
    world.probes.frameworkSent(framework, { kind: "kill", taskId });
    checks.settle();
    expect(found()).toEqual([
      `kill: task ${framework.frameworkId}/${taskId} was to be killed and still runs on a1`,
    ]);
  });

  test("a master whose own rules do not hold", () => {
    const { world, checks, found } = rig();
    world.master.cluster?.state.taskCounts.set("TASK_RUNNING", 7);
    checks.sweep();
    expect(found()).toContainEqual(expect.stringMatching(/^master: /));
  });

  test("something that the master knows and has not stored, and the other way round", () => {
    const { world, agent, checks, found } = rig();
    const { agentId } = agent;
    const weight = { role: "r", weightMilli: 2_000 };
    world.master.store({ op: "put", key: "weight/r", entry: { kind: "weight", weight } });
    checks.sweep();
    expect(found()).toEqual([]);
    world.master.store({ op: "delete", key: `agent/${agentId}` });
    const quota = { role: "r", guarantees: [], limits: [{ name: "cpus", milli: 1 }] };
    world.master.store({ op: "put", key: "quota/r", entry: { kind: "quota", quota } });
    checks.sweep();
    expect(found()).toEqual([
      expect.stringMatching(/^registry: the master has stored "quota .*r.*"$/),
      `registry: the master has not stored "agent/${agentId}, unreachable since null"`,
    ]);
  });

  test("an operator event that is left out", () => {
    const { world, found } = rig();
    const { epoch } = world.master;
    const sequence = world.master.cluster?.state.counters.sequence ?? 0;
    const told = (number: number) =>
      world.probes.masterDecided(
        world.simulation.now,
        { kind: "wake", principal: null },
        {
          persist: [],
          send: [
            {
              to: "events",
              event: {
                epoch,
                sequence: number,
                wallMs: 0,
                change: { kind: "quota-changed", role: "r" },
              },
            },
          ],
          wakeAtMs: 0,
        },
      );
    told(sequence + 1);
    expect(found()).toEqual([]);
    told(sequence + 3);
    expect(found()).toEqual([
      `event: after event ${sequence + 1} of epoch 1 comes event ${sequence + 3} of epoch 1`,
    ]);
  });

  test("a machine that is down for maintenance and runs on", () => {
    const { world, checks, found } = rig();
    world.master.cluster?.state.maintenance.down.add("a1");
    checks.settle();
    expect(found()).toContain(
      "maintenance: a1 is down for maintenance and still runs 3 containers",
    );
  });

  test("an offer that is out for longer than it may be", () => {
    const { world, framework, agent, checks, found } = rig();
    const frameworkId = framework.frameworkId ?? "";
    const offer: Offer = {
      offerId: "o9",
      frameworkId,
      agentId: agent.agentId ?? "",
      hostname: "a1",
      port: 1,
      role: "f1",
      resources: [],
      attributes: [],
    };
    const dueMs = world.simulation.nowMs - 2_000;
    world.master.cluster?.state.offers.set("o9", { offer, offeredAtMs: 0, dueMs });
    checks.sweep();
    expect(found()).toContainEqual(expect.stringMatching(/^offer: .* is still out$/));
  });

  test("a checkpoint that is not what the agent knows", () => {
    const { agent, checks, found } = rig();
    agent.store({ kind: "agent", agentId: "someone else", epochSeen: 1 });
    checks.sweep();
    expect(found()).toEqual(["checkpoint: what a1 has stored is not what it knows"]);
  });
});

describe("an offer that should not have been made is found:", () => {
  type Changes = (setup: {
    readonly framework: Framework;
    readonly agent: Agent;
  }) => Partial<Offer>;

  test.each<[what: string, changes: Changes, message: RegExp | null]>([
    ["none of what follows", () => ({}), null],
    ["a role that is not its own", () => ({ role: "f2" }), /it is not in that role/],
    [
      "a role that it has suppressed",
      ({ framework }) => {
        framework.suppressedRoles = ["f1"];
        return {};
      },
      /it has suppressed that role/,
    ],
    [
      "an agent that is deactivated",
      ({ agent }) => {
        agent.isDeactivated = true;
        return {};
      },
      /the agent is not to be offered/,
    ],
    [
      "an agent that its constraints rule out",
      ({ framework }) => {
        const selector = { type: "hostname" } as const;
        const predicate = { type: "text-equals", value: "a2" } as const;
        framework.offerConstraints = new Map([["f1", [[{ selector, predicate }]]]]);
        return {};
      },
      /the agent is not what it takes offers of/,
    ],
    [
      "an agent with GPUs, to one that does not know them",
      ({ agent }) => {
        agent.info = { ...agent.info, resources: [scalar("gpus", 1_000)] };
        return {};
      },
      /the agent is not what it takes offers of/,
    ],
    [
      "what is reserved for others",
      () => {
        const reservations = [{ type: "dynamic", role: "f2" }] as const;
        return { resources: [{ ...scalar("cpus", 100), reservations }] };
      },
      /it cannot use cpus/,
    ],
    ["too little", () => ({ resources: [scalar("cpus", 9)] }), /cpus:0.009 are too little/],
    ["of an agent that is gone", () => ({ agentId: "a9" }), /whom the master does not know/],
  ])("%s", (_what, changes, message) => {
    const { world, framework, agent, found } = rig();
    const { state } = world.master.cluster ?? { state: null };
    const known = state?.frameworks.get(framework.frameworkId ?? "");
    const place = state?.agents.get(agent.agentId ?? "");
    if (known === undefined || place === undefined) throw new Error("both must be registered");
    known.suppressedRoles = [];
    const offer: Offer = {
      offerId: "o9",
      frameworkId: known.frameworkId,
      agentId: place.agentId,
      hostname: "a1",
      port: 1,
      role: "f1",
      resources: [scalar("cpus", 100)],
      attributes: [],
      ...changes({ framework: known, agent: place }),
    };
    world.probes.masterDecided(
      world.simulation.now,
      { kind: "wake", principal: null },
      {
        persist: [],
        send: [{ to: "framework", session: 1, event: { kind: "offers", offers: [offer] } }],
        wakeAtMs: 0,
      },
    );
    const expected = message === null ? [] : [expect.stringMatching(message)];
    expect(found().filter((text) => text.startsWith("offer:"))).toEqual(expected);
  });
});

describe("the books of an agent", () => {
  const cpus = (milli: number): Resources => canonical([scalar("cpus", milli)]);
  const sound = {
    agentId: "a1",
    total: cpus(1_000),
    held: cpus(700),
    free: cpus(300),
    offered: cpus(300),
    allocated: cpus(400),
  };

  test.each<[what: string, changes: Partial<typeof sound>, messages: number]>([
    ["are sound when everything adds up", {}, 0],
    ["show what is held by nobody", { offered: NO_RESOURCES }, 1],
    ["show what is free and held at once", { free: cpus(301) }, 1],
    ["show what is given away and not there", { total: cpus(600) }, 2],
  ])("%s", (_what, changes, messages) => {
    const violations = new Violations(rig().world.simulation);
    checkAgent({ ...sound, ...changes }, violations);
    expect(violations.count).toBe(messages);
  });

  test("show a task that has ended and still holds resources", () => {
    const violations = new Violations(rig().world.simulation);
    const info = {
      taskId: "t1",
      name: "t1",
      agentId: "a1",
      resources: NO_RESOURCES,
      payload: NO_PAYLOAD,
    };
    const task = { frameworkId: "f1", info, agentId: "a1", state: "TASK_FAILED" } as const;
    checkTask({ ...task, isHolding: true }, violations);
    expect(violations.count).toBe(1);
    checkTask({ ...task, isHolding: false }, violations);
    expect(violations.count).toBe(1);
  });
});
