import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningAgent, startAgent } from "@bourse/agent/main";
import { type RunningMaster, startMaster } from "@bourse/master/main";
import { type Runner, startRunner } from "@bourse/runner/main";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { captured } from "./captured.ts";
import type { Answer } from "./testbed.ts";

/** What-if and replay against a real master with two agents, the runner and four tasks (FEATURES ). */
const directory = mkdtempSync(join(tmpdir(), "bourse-whatif-"));
const journal = join(directory, "master", "journal");
const logger = pino({ enabled: false });
const agents: RunningAgent[] = [];
let master: RunningMaster;
let runner: Runner;

const bourse = (...args: readonly string[]): Promise<Answer> =>
  captured("--master", master.address, ...args);

async function ok(...args: readonly string[]): Promise<string> {
  const answer = await bourse(...args);
  expect(answer).toMatchObject({ code: 0, stderr: "" });
  return answer.stdout;
}

interface Outcome {
  readonly after: { readonly agents: number; readonly allocated: Record<string, number> };
  readonly tasks: Record<"kept" | "evicted" | "replaced" | "submitted" | "placed", number>;
  readonly waiting: readonly { readonly count: number; readonly summary: string }[];
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  readonly violations: readonly unknown[];
  readonly hash: string;
}

interface Answered {
  readonly source: string;
  readonly baseline: Outcome;
  readonly changed: Outcome;
}

async function whatif(...args: readonly string[]): Promise<Answered> {
  return JSON.parse(
    await ok("-o", "json", "sim", "whatif", "--duration", "5m", ...args),
  ) as Answered;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("waited 20 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

beforeAll(async () => {
  master = await startMaster({
    host: "127.0.0.1",
    port: 0,
    dataDir: join(directory, "master"),
    store: "memory",
    hasJournal: true,
    isInsecure: false,
    config: {},
    logger,
  });
  for (const name of ["node-1", "node-2"]) {
    agents.push(
      await startAgent({
        masters: [master.address],
        workDir: join(directory, name),
        containerizer: "fake",
        hostname: name,
        resources: "cpus:4;mem:4096;disk:64",
        attributes: `rack:${name.replace("node-", "r")}`,
        logger,
      }),
    );
    await until(
      async () => (await ok("-q", "agent", "ls")).split("\n").length === agents.length + 1,
    );
  }
  runner = await startRunner({
    masters: [master.address],
    stateDir: join(directory, "runner"),
    logger,
  });
  await until(async () => (await ok("-q", "framework", "ls")).split("\n").length === 2);
  for (let index = 1; index <= 4; index++) {
    await ok(
      "-q",
      "task",
      "run",
      "--name",
      `t${index}`,
      "--cpus",
      "1",
      "-d",
      "--",
      "sleep",
      "1000",
    );
  }
  await until(async () => (await ok("task", "ls")).split("running").length === 5);
});

afterAll(async () => {
  await runner.stop();
  for (const agent of agents) await agent.close("remove");
  await master.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe("whatif (A-2)", () => {
  test("begins with the live cluster: agents, tasks and what they hold", async () => {
    const { source, baseline, changed } = await whatif("--submit", "10x cpus=1,mem=512MiB");
    expect(source).toContain(master.address);
    expect(baseline.after).toMatchObject({ agents: 2, allocated: { cpus: 4 } });
    expect(baseline.tasks).toMatchObject({ kept: 4, evicted: 0 });
    expect(changed.tasks).toMatchObject({ kept: 4, submitted: 10, placed: 4 });
    expect(changed.waiting).toMatchObject([{ count: 6 }]);
    expect(changed.waiting[0]?.summary).toContain("1 cpus more");
    expect([...baseline.violations, ...changed.violations]).toEqual([]);
  });

  test("draining a rack moves its tasks to the other", async () => {
    const onFirst = (await ok("-o", "json", "task", "ls")).split("S0").length - 1;
    const { changed } = await whatif("--drain", "rack=r1");
    expect(changed.tasks.replaced).toBe(changed.tasks.evicted);
    expect(onFirst > 0).toBe(changed.tasks.evicted > 0);
    for (const { from, to } of changed.moves) expect([from, to]).toEqual(["node-1", "node-2"]);
  });

  test("the master is only read: nothing but wakes and heartbeats enters its journal", async () => {
    const listed = await ok("-o", "json", "task", "ls");
    await whatif("--drain", "node-1", "--weight", "eng=2", "--quota", "eng=cpus:1");
    expect(await ok("-o", "json", "task", "ls")).toBe(listed);
    expect(await ok("role", "quota", "get")).not.toContain("eng");
    const crossed = await ok("sim", "replay", journal, "--when", "agent node-1 is deactivated");
    expect(crossed).toBe("it never held\n");
  });

  test("a saved cluster gives the same answer twice, without the master", async () => {
    const file = join(directory, "cluster.json");
    await bourse("sim", "whatif", "--save", file);
    const ask = () =>
      captured(
        "--master",
        "127.0.0.1:1",
        "-o",
        "json",
        "sim",
        "whatif",
        "--snapshot",
        file,
        "--lose",
        "node-2",
      );
    const first = await ask();
    expect(first.code).toBe(0);
    expect((await ask()).stdout).toBe(first.stdout);
  });

  test("a journal is as good as the master that writes it", async () => {
    const live = await whatif("--remove", "node-2");
    const told = await whatif("--journal", journal, "--remove", "node-2");
    expect(told.changed.tasks).toEqual(live.changed.tasks);
    expect(told.changed.moves.map(({ from, to }) => [from, to])).toEqual(
      live.changed.moves.map(({ from, to }) => [from, to]),
    );
  });

  test("an HTML page of both runs", async () => {
    const file = join(directory, "both.html");
    await bourse("sim", "whatif", "--add-agents", "1", "--report", file);
    expect(readFileSync(file, "utf8")).toContain("<html");
  });

  test.each([
    [[], "nothing is to be changed"],
    [["--drain", "node-9"], "there is no such agent"],
    [["--drain", "rack=r9"], "no agent has rack=r9"],
    [["--drain", "node-1", "--lose", "node-1"], "two fates"],
    [["--submit", "many"], "there is no such load file"],
    [["--submit", "5x cpus=none"], "cpus=none is no"],
    [["--add-agents", "-1"], "is no number of agents"],
    [["--quota", "eng"], "is no pair"],
    [["--weight", "eng=0"], "is no role=weight"],
    [["--set", "role-sorter=best"], "is not a sorter"],
    [["--set", "speed=1"], "has no such setting"],
    [["--policy", "/nowhere"], "--policy /nowhere"],
    [["--snapshot", "/nowhere", "--lose", "node-1"], "there is no file"],
    [["--journal", "/nowhere", "--lose", "node-1"], "there is no such file"],
    [["--until", "+5s", "--lose", "node-1"], "none is named"],
    [["--duration", "0", "--lose", "node-1"], "must be longer than 0"],
    [["--duration", "-5m", "--lose", "node-1"], "is not a duration"],
    [["--lose", "node-1", "--placement", "worst"], "is no rule"],
    [["--lose", "node-1", "--role", "a//b"], "--role"],
  ])("whatif %j is refused in a line that says why", async (args, why) => {
    const answer = await bourse("sim", "whatif", ...args);
    expect(answer.code).toBeGreaterThan(1);
    expect(answer.stdout).toBe("");
    expect(answer.stderr).toContain(why);
    expect(answer.stderr).not.toMatch(/\n\s+at /);
  });

  test.each([
    ["", "is empty"],
    ["{", "was cut off"],
    ["[1]", "is no snapshot"],
    ['{"format":"bourse-snapshot","version":9}', "has version 9"],
    ['{"format":"bourse-snapshot","version":1,"agents":[]}', "is damaged"],
  ])("a snapshot file %j is refused", async (text, why) => {
    const file = join(directory, "wrong.json");
    writeFileSync(file, text);
    const answer = await bourse("sim", "whatif", "--snapshot", file, "--lose", "node-1");
    expect(answer).toMatchObject({ code: expect.any(Number), stdout: "" });
    expect(answer.stderr).toContain(why);
  });
});

describe("replay (A-3)", () => {
  test("a journal that is still written finds every hash again", async () => {
    expect(await ok("sim", "replay", journal)).toContain("every hash was found again");
  });

  test("shows the cluster as it was, and explains it", async () => {
    const shown = await bourse(
      ...["-o", "json", "sim", "replay", journal, "--until", "1d", "--show", "agents,tasks"],
    );
    expect(shown.stderr).toBe("the journal ends before this moment: this is its end\n");
    const told = JSON.parse(shown.stdout) as Record<"agents" | "tasks", readonly unknown[]>;
    expect(told.agents).toHaveLength(2);
    expect(told.tasks).toHaveLength(4);
    const { stdout } = await bourse(
      ...["sim", "replay", journal, "--until", "1d", "--explain", "framework", "bourse-runner"],
    );
    expect(stdout).toMatch(/are suppressed|WHAT IS IN THE WAY/);
  });

  test("finds the input that made a task run", async () => {
    const [taskId = ""] = (await ok("-q", "task", "ls")).split("\n");
    const found = await ok(
      "sim",
      "replay",
      journal,
      "--bisect",
      "--when",
      `task ${taskId} is running`,
    );
    expect(found).toMatch(/after +input 1\.\d+ \(agent-update\)/);
    expect(found).toMatch(/TASK_STARTING -> TASK_RUNNING|TASK_STAGING -> TASK_RUNNING/);
    expect(await ok("sim", "replay", journal, "--bisect")).toMatch(
      /^nothing was found in \d+ inputs/,
    );
  });
});
