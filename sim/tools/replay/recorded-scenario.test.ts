import { Cluster } from "@bourse/cluster/cluster";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { beforeAll, describe, expect, test } from "vitest";
import { scenarioText } from "../scenario-file/scenario-text.ts";
import { scenarioOfRecording } from "./recorded-scenario.ts";
import { Recorder, type Recording } from "./recording.ts";
import { recordIncident } from "./testing/recorded-incident.ts";
import { walk } from "./walk.ts";

let recording: Recording;

beforeAll(async () => {
  recording = await recordingOfIncident();
});

describe("what a journal tells of a cluster and its load (A-3)", () => {
  test("agents, with when they were away as the master saw it", () => {
    expect(recording.agents.map(({ hostname, spans }) => [hostname, spans.length])).toEqual(
      expect.arrayContaining([
        ["a-1", 2],
        ["a-2", 1],
      ]),
    );
    const [first, second] =
      recording.agents.find(({ hostname }) => hostname === "a-1")?.spans ?? [];
    expect(first?.untilMs).toBeGreaterThan(20_000);
    expect(first?.untilMs).toBeLessThan(26_000);
    expect(second?.fromMs).toBeGreaterThanOrEqual(60_000);
    expect(second?.untilMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("tasks, each attempt one: the six, and those that replaced the lost", () => {
    const { tasks, durationMs } = recording;
    const first = tasks.filter(({ launchedMs }) => launchedMs < 20_000);
    expect(first).toHaveLength(6);
    expect(tasks.length).toBeGreaterThan(6);
    for (const { launchedMs, runMs } of tasks) {
      expect(Number.isFinite(runMs) ? launchedMs + runMs : durationMs).toBeLessThanOrEqual(
        durationMs,
      );
    }
    // Those that were given up and came back were stopped.
    const given = first.filter(({ runMs }) => Number.isFinite(runMs));
    expect(given.length).toBeGreaterThan(0);
    for (const { launchedMs, runMs } of given) expect(launchedMs + runMs).toBeGreaterThan(60_000);
  });
});

describe("the recorded load under another policy", () => {
  test("as a scenario that a file can hold", () => {
    const text = scenarioText(scenarioOfRecording(recording, "recorded"));
    expect(text).toMatch(/kind: partition/);
    expect(text).toMatch(/name: web-load/);
  });

  test("under the recorded policy all of it is placed again, while a-1 is away", () => {
    const { report } = runOf(scenarioOfRecording(recording, "recorded"));
    expect(report.violations).toEqual([]);
    expect(report.tasks).toMatchObject({ submitted: recording.tasks.length, retries: 0 });
    expect(report.tasks.placed).toBe(recording.tasks.length);
  });

  test("a limit that was not there makes it wait", () => {
    const quotas = [{ role: "web", limits: [{ name: "cpus", milli: 1_000 }] }];
    const scenario = scenarioOfRecording(recording, "changed", { config: {}, weights: [], quotas });
    const { report } = runOf(scenario);
    expect(report.violations).toEqual([]);
    expect(report.tasks.placed).toBeLessThan(recording.tasks.length);
    expect(report.roles.find(({ role }) => role === "web")?.longestWaitMs).toBeGreaterThan(60_000);
  });

  test("what operators changed is changed at its time, but not where something else is asked about", () => {
    const changed: Recording = {
      ...recording,
      changes: [
        { atMs: 1_000, kind: "weight", role: "web", weightMilli: 2_000 },
        { atMs: 2_000, kind: "weight", role: "ops", weightMilli: 3_000 },
      ],
    };
    const weights = [{ role: "web", weightMilli: 500 }];
    const difference = { config: {}, weights, quotas: [] };
    const scenario = scenarioOfRecording(changed, "changed", difference);
    expect(scenario.operations.map(({ call }) => call)).toEqual([
      { kind: "update-weights", weights: [{ role: "ops", weightMilli: 3_000 }] },
    ]);
    expect(scenario.roles).toEqual([{ role: "web", weightMilli: 500 }]);
  });
});

function runOf(scenario: Scenario) {
  const run = new ScenarioRun(scenario, { stopwatch: () => 0 });
  while (run.step());
  return { report: run.report() };
}

async function recordingOfIncident(): Promise<Recording> {
  const { start, records } = recordIncident();
  const recorder = new Recorder();
  const nothing = {
    difference: null,
    beforeInput() {},
    afterInput() {},
    atEnd() {},
    digest: () => "",
  };
  const file = {
    build: "test",
    epoch: 1,
    seed: "1",
    inputsBefore: 0,
    config: start.config,
    revive: () => new Cluster(start),
    compare: () => nothing,
    records,
    fraction: 0,
    isTorn: false,
  };
  const incident = { titleOf: () => "", files: [{ name: "one", open: async () => file }] };
  const { here } = await walk(incident, { visitors: [recorder] });
  return recorder.recording(here);
}
