import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerEvent } from "@bourse/task/inputs";
import { describe, expect, test } from "vitest";
import { ContainerEngine, type ContainerPlan, RUNS_FOR_EVER } from "./containers.ts";
import { Simulation } from "./simulation.ts";

function launch(containerId: string): ContainerLaunch {
  const command = { isShell: false, args: [], environment: [] };
  return {
    containerId,
    agentId: "a1",
    frameworkId: "f1",
    taskId: "t1",
    taskName: "t1",
    command,
    run: { command, container: { type: "process" }, killGraceMs: 100, labels: [] },
    limits: {},
    hostPorts: [],
    persistentVolumes: [],
  };
}

function rig(plan: Partial<ContainerPlan>) {
  const simulation = new Simulation("1");
  const workload = { plan: () => ({ ...RUNS_FOR_EVER, ...plan }) };
  let live = 0;
  const watcher = { began: () => (live += 1), ended: () => (live -= 1) };
  const engine = new ContainerEngine(simulation, workload, watcher);
  const events: ContainerEvent[] = [];
  engine.report = (_containerId, event) => events.push(event);
  return { simulation, engine, events, live: () => live };
}

describe("a container", () => {
  test("starts after its delay and ends when its plan says so", () => {
    const { simulation, engine, events, live } = rig({ startMs: 10, runMs: 20, exitCode: 3 });
    engine.launch(launch("c1"));
    simulation.runUntil(29);
    expect(events.map(({ kind }) => kind)).toEqual(["starting", "started"]);
    expect(live()).toBe(1);
    simulation.runUntil(30);
    expect(events.at(-1)).toEqual({ kind: "exited", exitCode: 3, isOutOfMemory: false });
    expect(live()).toBe(0);
  });

  test.each([
    [50, "SIGTERM", 50],
    [500, "SIGKILL", 100],
  ])("that takes %i ms to stop ends by %s after %i ms", (stopMs, signal, endMs) => {
    const { simulation, engine, events } = rig({ stopMs });
    engine.launch(launch("c1"));
    simulation.runUntil(0);
    engine.stop("c1", 100);
    simulation.runUntil(endMs - 1);
    expect(events.at(-1)?.kind).toBe("started");
    simulation.runUntil(endMs);
    expect(events.at(-1)).toEqual({ kind: "exited", signal, isOutOfMemory: false });
  });

  test("outlives its agent, which finds it when it comes back", () => {
    const { simulation, engine, events } = rig({ startMs: 5, runMs: 100 });
    engine.launch(launch("c1"));
    simulation.runUntil(5);
    engine.abandon(() => false);
    simulation.runUntil(50);
    expect(engine.find()).toMatchObject([{ containerId: "c1", state: { kind: "running" } }]);
    simulation.runUntil(200);
    expect(engine.find()).toMatchObject([{ state: { kind: "exited", exitCode: 0 } }]);
    expect(events.map(({ kind }) => kind)).toEqual(["starting", "started"]);
  });

  test.each([
    [true, ["c1"]],
    [false, []],
  ])("that was being created when its agent died came to be: %s", (comesToBe, found) => {
    const { engine, live } = rig({ startMs: 5 });
    engine.launch(launch("c1"));
    engine.abandon(() => comesToBe);
    expect(engine.find().map(({ containerId }) => containerId)).toEqual(found);
    expect(live()).toBe(found.length);
  });

  test("whose launch fails never ran and leaves nothing behind", () => {
    const { simulation, engine, events, live } = rig({ hasLaunchFailure: true });
    engine.launch(launch("c1"));
    simulation.runUntil(1);
    expect(events.map(({ kind }) => kind)).toEqual(["starting", "launch-failed"]);
    expect(engine.containers).toEqual([]);
    expect(live()).toBe(0);
  });
});

describe("an engine in trouble", () => {
  test("fails launches for a while", () => {
    const { simulation, engine, events } = rig({ startMs: 5 });
    engine.trouble.failLaunches(10);
    engine.launch(launch("c1"));
    simulation.runUntil(10);
    engine.launch(launch("c2"));
    simulation.runUntil(20);
    expect(events.map(({ kind }) => kind)).toEqual([
      "starting",
      "launch-failed",
      "starting",
      "started",
    ]);
  });

  test("hangs, and does all that it was asked when it answers again, in order", () => {
    const { simulation, engine, events } = rig({ startMs: 5, stopMs: 2 });
    engine.trouble.hang(100);
    engine.launch(launch("c1"));
    simulation.runUntil(99);
    expect(events).toEqual([]);
    simulation.runUntil(105);
    expect(events.map(({ kind }) => kind)).toEqual(["starting", "started"]);
    engine.trouble.hang(100);
    engine.stop("c1", 50);
    simulation.runUntil(206);
    expect(events).toHaveLength(2);
    simulation.runUntil(207);
    expect(events.at(-1)).toMatchObject({ kind: "exited", signal: "SIGTERM" });
  });

  test("tells a new agent nothing that was held back for the old one", () => {
    const { simulation, engine, events } = rig({ startMs: 5, runMs: 10 });
    engine.launch(launch("c1"));
    simulation.runUntil(6);
    engine.trouble.hang(100);
    simulation.runUntil(20);
    engine.abandon(() => true);
    expect(engine.find()).toMatchObject([{ state: { kind: "exited", exitCode: 0 } }]);
    engine.report = (_containerId, event) => events.push(event);
    simulation.runUntil(500);
    expect(events.map(({ kind }) => kind)).toEqual(["starting", "started"]);
  });

  test("lets a process ignore its stop until it is killed", () => {
    const { simulation, engine, events } = rig({ stopMs: 1 });
    engine.launch(launch("c1"));
    simulation.runUntil(1);
    engine.trouble.ignoreStops(10);
    engine.stop("c1", 100);
    simulation.runUntil(100);
    expect(events.at(-1)).toEqual({ kind: "started", statusPayload: expect.anything() });
    simulation.runUntil(101);
    expect(events.at(-1)).toMatchObject({ kind: "exited", signal: "SIGKILL" });
  });

  test("loses a container without a trace, but only while no agent would have been told", () => {
    const { simulation, engine, events, live } = rig({});
    engine.launch(launch("c1"));
    simulation.runUntil(1);
    engine.vanish("c1");
    expect(live()).toBe(1);
    engine.abandon(() => true);
    engine.vanish("c1");
    expect(live()).toBe(0);
    expect(engine.find()).toEqual([]);
    expect(events).toHaveLength(2);
  });

  test("whose machine loses power runs nothing more; what it kept is found as ended", () => {
    const { simulation, engine, live } = rig({ runMs: 50 });
    engine.launch(launch("c1"));
    engine.launch(launch("c2"));
    simulation.runUntil(1);
    engine.powerOff(({ launch: { containerId } }) => containerId === "c2");
    expect(live()).toBe(0);
    simulation.runUntil(100);
    expect(engine.find()).toMatchObject([
      { containerId: "c2", state: { kind: "exited", signal: "SIGKILL" } },
    ]);
  });
});
