import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD } from "@bourse/model/task";
import { SESSION_DEFAULTS } from "@bourse/session/session-io";
import { AGENT_CONFIG_DEFAULTS } from "@bourse/task/config";
import { describe, expect, test } from "vitest";
import { RUNS_FOR_EVER } from "../containers.ts";
import { BatchPolicy } from "../frameworks/batch-policy.ts";
import { batch, row } from "../frameworks/testing/offers.ts";
import { FAULT_KINDS, type Fault, type FaultKind } from "../scenario/fault.ts";
import { PLAIN_SHELL, World } from "../world.ts";
import { randomFaults } from "./random-faults.ts";
import { repair, scheduleFaults } from "./schedule-faults.ts";

/** Four agents in two racks, one framework that runs eight tasks; all at rest after 20 s. */
function rig() {
  const world = new World({
    seed: "1",
    shell: { ...PLAIN_SHELL, hasCrashes: true },
    latency: { minMs: 1, maxMs: 1 },
    master: CLUSTER_DEFAULTS,
  });
  const notes: string[] = [];
  world.probes.add({ noted: (_atMs, text) => notes.push(text) });
  for (let index = 1; index <= 4; index++) {
    world.addAgent({
      name: `a${index}`,
      info: {
        hostname: `h${index}`,
        port: 1,
        resources: canonical([scalar("cpus", 1_000), scalar("mem", 1_024_000)]),
        attributes: [],
        domain: { region: "r", zone: index <= 2 ? "z1" : "z2" },
        version: "1",
        payload: NO_PAYLOAD,
      },
      config: AGENT_CONFIG_DEFAULTS,
      workload: { plan: () => RUNS_FOR_EVER },
    });
  }
  const spec = batch(
    [row({ cpus: 0.1, mem: 128 }, { count: 8, runMs: Number.POSITIVE_INFINITY })],
    {
      tasksPerOfferMax: 2,
    },
  );
  const random = world.simulation.random.fork("load");
  world.addFramework({
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
  return { world, notes };
}

function fault(kind: FaultKind, changes: Partial<Fault> = {}): Fault {
  return { atMs: 20_000, kind, seed: 1, lastMs: 3_000, ...changes };
}

function strike(faults: readonly Fault[], untilMs = 20_000) {
  const { world, notes } = rig();
  const struck: string[][] = [];
  scheduleFaults(world, faults, (_fault, names) => struck.push([...names]));
  world.simulation.runUntil(untilMs);
  return { world, notes, struck };
}

test.each(FAULT_KINDS.filter((kind) => kind !== "reservation"))(
  "%s strikes somebody, and says so",
  (kind) => {
    expect(strike([fault(kind)]).notes.length).toBeGreaterThan(0);
  },
);

describe("a fault", () => {
  test.each(FAULT_KINDS)("%s: with its victims written down does the same to them", (kind) => {
    for (let seed = 1; seed <= 5; seed++) {
      const drawn = strike([fault(kind, { seed })]);
      const targets = drawn.struck[0] ?? [];
      if (targets.length === 0) continue;
      const written = strike([fault(kind, { seed, targets })]);
      expect(written.notes).toEqual(drawn.notes);
      expect(written.struck).toEqual([[]]);
    }
  });

  test("changes nothing about another that comes later", () => {
    const later = fault("clock-jump", { atMs: 20_500, seed: 7 });
    const alone = strike([later], 20_500).notes;
    const both = strike([fault("container-kill"), later], 20_500).notes;
    expect(both.slice(1)).toEqual(alone);
  });

  test("of nodes that are not there strikes nobody", () => {
    expect(strike([fault("agent-crash", { targets: ["a9"] })]).notes).toEqual([]);
  });
});

describe("what each does:", () => {
  test("agents that lose power lie in one fault domain, keep no container, and come back", () => {
    const { world } = strike([fault("rack-loss")]);
    const down = world.agents.filter(({ isUp }) => !isUp);
    expect(down).toHaveLength(2);
    expect(new Set(down.map(({ info }) => info.domain?.zone)).size).toBe(1);
    expect(down.map(({ engine }) => engine.liveCount)).toEqual([0, 0]);
    world.simulation.runUntil(23_000);
    expect(world.agents.every(({ isUp }) => isUp)).toBe(true);
  });

  test("a process that two faults keep down comes back after the longer", () => {
    const targets = ["a1"];
    const { world } = strike([
      fault("agent-crash", { targets, lastMs: 5_000 }),
      fault("rack-loss", { targets, lastMs: 1_000 }),
    ]);
    world.simulation.runUntil(24_999);
    expect(world.agent("a1").isUp).toBe(false);
    world.simulation.runUntil(25_000);
    expect(world.agent("a1").isUp).toBe(true);
  });

  test("a partition lies between the two sets that it names", () => {
    const partition = { targets: ["a1", "a2"], others: ["master"], seed: 4 };
    const { world } = strike([fault("partition", partition)]);
    expect(world.network.connect("a1", "master")).toBeNull();
    expect(world.network.connect("a3", "master")).not.toBeNull();
    expect(world.network.connect("a1", "f1")).not.toBeNull();
  });

  test("only the clock of its node jumps", () => {
    const { world } = strike([fault("clock-jump", { targets: ["a2"] })]);
    expect(world.agent("a2").conditions.wallOffsetMs).not.toBe(0);
    expect(world.master.conditions.wallOffsetMs).toBe(0);
  });
});

test("everything is repaired: all run, all reach each other, no clock is wrong", () => {
  const faults = FAULT_KINDS.filter((kind) => kind !== "teardown").map((kind, index) =>
    fault(kind, { atMs: 20_000 + index, seed: index, lastMs: 1_000_000 }),
  );
  const { world } = strike(faults, 21_000);
  repair(world);
  world.simulation.runUntil(80_000);
  expect(world.master.isUp).toBe(true);
  expect(world.agents.map(({ isConnected }) => isConnected)).toEqual([true, true, true, true]);
  expect(world.agents.map(({ conditions }) => conditions.wallOffsetMs)).toEqual([0, 0, 0, 0]);
  expect(world.framework("f1").policy?.lacks?.()).toBeNull();
});

describe("random faults", () => {
  const options = { fromMs: 1_000, untilMs: 500_000, everyMs: 100, lastMaxMs: 50 };

  test("lie in their time, in order, of all kinds", () => {
    const faults = randomFaults(Random.fromSeed(1), options);
    expect(faults.length).toBeGreaterThan(4_000);
    for (const [index, { atMs, lastMs }] of faults.entries()) {
      expect(atMs).toBeGreaterThan(faults[index - 1]?.atMs ?? 1_000);
      expect(atMs).toBeLessThan(500_000);
      expect(lastMs).toBeGreaterThan(0);
      expect(lastMs).toBeLessThanOrEqual(50);
    }
    expect(new Set(faults.map(({ kind }) => kind)).size).toBe(FAULT_KINDS.length);
  });

  test("are only of the kinds that are asked for, and none when none are", () => {
    const kinds = ["partition", "slow-store"] as const;
    const faults = randomFaults(Random.fromSeed(1), { ...options, kinds });
    expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(kinds));
    expect(randomFaults(Random.fromSeed(1), { ...options, kinds: [] })).toEqual([]);
  });
});
