import type { StartAgent, StartState, StartTask } from "@bourse/engine/start/start-state";
import { parseResources } from "@bourse/model/resources-text";
import { describe, expect, test } from "vitest";
import { addedAgents } from "./added-agents.ts";
import { NO_CHANGES, type Submission, type WhatIfChanges } from "./question.ts";
import { selectAgents } from "./select-agents.ts";
import { isSubmissionText, submissionOf } from "./submission-text.ts";
import { whatIf } from "./what-if.ts";

describe("what would happen (A-2)", () => {
  test("to a load that fits in part: how much is placed, what waits, and what would help", async () => {
    const { baseline, changed } = await ask({ submissions: [submission("10x cpus=1,mem=512MiB")] });
    expect(baseline.tasks).toEqual({
      kept: 4,
      finished: 0,
      evicted: 0,
      replaced: 0,
      submitted: 0,
      placed: 0,
    });
    expect(changed.tasks).toMatchObject({ kept: 4, evicted: 0, submitted: 10, placed: 4 });
    expect(changed.waiting).toMatchObject([{ framework: "more", role: "eng", count: 6 }]);
    expect(changed.waiting[0]?.summary).toMatch(
      /1 cpus more on any of 2 agents \(node-1 or node-2\)/,
    );
    expect(changed.untilRunningMs?.max).toBeLessThan(5_000);
  });

  test("with agents added at the same time, all of it fits", async () => {
    const join = addedAgents(STATE, "2", { atMs: 10_000, firstNumber: 1 });
    const { changed } = await ask({ join, submissions: [submission("10x cpus=1,mem=512MiB")] });
    expect(changed.before.agents).toBe(2);
    expect(changed.after.agents).toBe(4);
    expect(changed.tasks.placed).toBe(10);
    expect(changed.waiting).toEqual([]);
  });

  test("when an agent is drained: its tasks move", async () => {
    const { changed } = await ask({ drain: named("node-1") });
    expect(changed.tasks).toMatchObject({ kept: 4, evicted: 2, replaced: 2 });
    expect(changed.moves).toMatchObject([
      { taskId: "t1", from: "node-1", to: "node-2", cause: "TASK_KILLED" },
      { taskId: "t2", from: "node-1", to: "node-2", cause: "TASK_KILLED" },
    ]);
  });

  test("when a load comes meanwhile, it may take the room of what is to move", async () => {
    const { changed } = await ask({
      drain: named("node-1"),
      submissions: [submission("8x cpus=1")],
    });
    expect(changed.tasks.placed + changed.tasks.replaced).toBe(2);
    expect(changed.waiting.map(({ count }) => count)).toEqual([
      8 - changed.tasks.placed,
      2 - changed.tasks.replaced,
    ]);
  });

  test("when a machine is removed, its agent is gone and its tasks run elsewhere", async () => {
    const { changed } = await ask({ remove: named("node-2") });
    expect(changed.after.agents).toBe(1);
    expect(changed.moves.map(({ from, to }) => [from, to])).toEqual([
      ["node-2", "node-1"],
      ["node-2", "node-1"],
    ]);
    expect(changed.notes).toEqual([]);
  });

  test("when a machine is lost, its tasks are missed only after the master has given it up", async () => {
    const { changed } = await ask({ lose: named("node-1") });
    expect(changed.after.agents).toBe(1);
    expect(changed.tasks).toMatchObject({ evicted: 2, replaced: 2 });
    // 75 s of silence (M-46), then 60 s until a framework gives up.
    expect(changed.untilReplacedMs?.p50).toBeGreaterThan(120_000);
    expect(changed.untilReplacedMs?.max).toBeLessThan(180_000);
  });

  test("under a limit: what is above it waits, and a limit below what is used is refused without force", async () => {
    const limit = (cpus: number) => [
      { role: "eng", limits: [{ name: "cpus", milli: cpus * 1_000 }] },
    ];
    const { changed } = await ask({ quotas: limit(6), submissions: [submission("4x cpus=1")] });
    expect(changed.tasks.placed).toBe(2);
    expect(changed.waiting[0]?.summary).toMatch(/quota-limit/);
    const refused = await ask({ quotas: limit(2) });
    expect(refused.changed.notes.join()).toMatch(/update-quotas is refused: .* consume 4 cpus/);
    expect((await ask({ quotas: limit(2), isForced: true })).changed.notes).toEqual([]);
  });

  test("is the same for the same question, and the state that was asked about is not changed", async () => {
    const frozen = JSON.stringify(STATE);
    const hashes = async () => {
      const { baseline, changed } = await ask({ drain: named("node-1") });
      return [baseline.report.hash, changed.report.hash];
    };
    const first = await hashes();
    expect(await hashes()).toEqual(first);
    expect(first[0]).not.toBe(first[1]);
    expect(JSON.stringify(STATE)).toBe(frozen);
  });

  test("tasks that end by themselves are not missed", async () => {
    const { baseline } = await ask({ drain: named("node-1") }, { taskLifetimeMs: 60_000 });
    expect(baseline.tasks).toMatchObject({ kept: 0, finished: 4, evicted: 0 });
  });
});

test.each([
  ["100x cpus=1,mem=512MiB,run=10m", { count: 100, runMs: 600_000 }],
  ["1x cpus=0.5", { count: 1, runMs: Number.POSITIVE_INFINITY }],
  ["2 x gpus=1, at=30s", { count: 2, atMs: 30_000 }],
])("%s is a submission", (text, row) => {
  expect(isSubmissionText(text)).toBe(true);
  expect(submissionOf(text)).toMatchObject(row);
});

test.each([
  "0x cpus=1",
  "5x",
  "5x cpus=-1",
  "5x cpus=1,cpus=2",
  "5x gpus=0.5",
  "5x mem=1GB",
  "5x run=1m",
  "9999999x cpus=1",
])("%s is refused with what is wrong", (text) =>
  expect(() => submissionOf(text)).toThrow("--submit"),
);

test("agents go by host, id, domain or attribute; a wrong word is told what there is", () => {
  const hostsOf = (text: string) =>
    selectAgents(STATE, text, "--drain").map(({ hostname }) => hostname);
  expect(hostsOf("node-1")).toEqual(["node-1"]);
  expect(hostsOf("S2")).toEqual(["node-2"]);
  expect(hostsOf("zone=b")).toEqual(["node-2"]);
  expect(hostsOf("rack=r1")).toEqual(["node-1", "node-2"]);
  expect(() => hostsOf("node-9")).toThrow("there is no such agent");
  expect(() => hostsOf("zone=z")).toThrow("no agent has zone=z");
  expect(() => hostsOf("S")).toThrow("may be any of S1, S2");
  expect(() => hostsOf("")).toThrow("there is no such agent");
});

test("added agents are like most, like one, or as said", () => {
  const of = (text: string) => addedAgents(STATE, text, { atMs: 1, firstNumber: 1 });
  expect(of("2").map(({ hostname }) => hostname)).toEqual(["new-1", "new-2"]);
  expect(of("1:node-2")[0]).toMatchObject({
    domain: { zone: "b" },
    resources: parseResources("cpus:4;mem:4096"),
  });
  expect(of("1:cpus=8;mem=1024")[0]?.resources).toEqual(parseResources("cpus:8;mem:1024"));
  for (const text of ["", "0", "-1", "many", "1e9", "60000", "1:nobody", "1:cpus:lots"])
    expect(() => of(text)).toThrow();
});

function ask(changes: Partial<WhatIfChanges>, more: { readonly taskLifetimeMs?: number } = {}) {
  return whatIf(
    {
      state: STATE,
      changes: { ...NO_CHANGES, ...changes },
      durationMs: 300_000,
      seed: "1",
      taskLifetimeMs: more.taskLifetimeMs ?? null,
      replaceUnreachableAfterMs: null,
    },
    { stopwatch: () => 0 },
  );
}

function submission(text: string): Submission {
  return { name: "more", role: "eng", rows: [submissionOf(text)], placement: "first" };
}

function named(hostname: string): readonly StartAgent[] {
  return selectAgents(STATE, hostname, "--drain");
}

const STATE: StartState = {
  takenAtMs: 1_700_000_000_000,
  source: "a test",
  config: {},
  agents: [agent("S1", "node-1", "a"), agent("S2", "node-2", "b")],
  frameworks: [
    {
      frameworkId: "F1",
      name: "search",
      user: "nobody",
      roles: ["eng"],
      capabilities: ["PARTITION_AWARE"],
      failoverTimeoutMs: 3_600_000,
      isUp: true,
      registeredAtMs: 1_600_000_000_000,
    },
  ],
  tasks: [task("t1", "S1"), task("t2", "S1"), task("t3", "S2"), task("t4", "S2")],
  quotas: [],
  weights: [],
  maintenance: { windows: [], down: [] },
};

function agent(agentId: string, hostname: string, zone: string): StartAgent {
  return {
    agentId,
    hostname,
    port: 5_051,
    version: "0.1.0",
    total: parseResources("cpus:4;mem:4096"),
    attributes: [{ name: "rack", value: { type: "text", text: "r1" } }],
    domain: { region: "r", zone },
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
    role: "eng",
    resources: parseResources("cpus:1;mem:64"),
    isKilling: false,
    launchedAtMs: 1_650_000_000_000,
  };
}
