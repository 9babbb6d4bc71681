import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningAgent, startAgent } from "@bourse/agent/main";
import { type RunningMaster, startMaster } from "@bourse/master/main";
import { type Runner, startRunner } from "@bourse/runner/main";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { captured } from "./captured.ts";
import type { Answer } from "./testbed.ts";

/** `explain` against a master, two agents and the runner within this process (FEATURES A-1, N-01). */
const directory = mkdtempSync(join(tmpdir(), "bourse-explain-"));
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

interface Explained {
  readonly summary: string;
  readonly relaxations: readonly { readonly text: string }[];
}

async function json(...args: readonly string[]): Promise<Explained> {
  return JSON.parse(await ok("-o", "json", ...args)) as Explained;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("waited 10 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Types the first command that is suggested, as a shell would read it. */
async function typeSuggestion(...args: readonly string[]): Promise<void> {
  const { relaxations } = await json(...args);
  const [, command = ""] = /`bourse (.*?)`/.exec(relaxations[0]?.text ?? "") ?? [];
  expect(command).not.toBe("");
  await ok(...command.split(" ").map((word) => word.replaceAll("'", "")));
}

beforeAll(async () => {
  master = await startMaster({
    host: "127.0.0.1",
    port: 0,
    dataDir: join(directory, "master"),
    store: "memory",
    hasJournal: false,
    isInsecure: false,
    config: {},
    logger,
  });
  // One after the other: node-1 is S0.
  for (const name of ["node-1", "node-2"]) {
    agents.push(
      await startAgent({
        masters: [master.address],
        workDir: join(directory, name),
        containerizer: "fake",
        hostname: name,
        resources: name === "node-1" ? "cpus:4;mem:4096;disk:64" : "cpus:2;mem:4096;disk:64",
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
  // It has answered its first offers.
  await until(async () => /are suppressed/.test(await ok("explain", "framework", "bourse-runner")));
});

afterAll(async () => {
  await runner.stop();
  for (const agent of agents) await agent.close("remove");
  await master.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe("a suggested command, when typed, produces the offer", () => {
  const shape = ["explain", "shape", "--role", "eng/web", "cpus:3;mem:64"] as const;

  test("a higher limit", async () => {
    expect((await json(...shape)).summary).toMatch(/may be offered 1 of 2 agents/);
    await ok("role", "quota", "set", "eng", "--limit", "cpus:1;mem:1024");
    expect(await ok(...shape)).toMatch(
      /quota-limit \(2 cpus short: role eng uses 0 of at most 1 cpus\)/,
    );
    await typeSuggestion(...shape);
    expect((await json(...shape)).summary).toMatch(/may be offered 1 of 2 agents/);
    await ok("role", "quota", "rm", "eng");
  });

  test("a reactivated agent", async () => {
    await ok("agent", "deactivate", "node-1");
    expect(await ok(...shape)).toMatch(/agent-active \(an operator deactivated the agent\)/);
    await typeSuggestion(...shape, "--constraint", "rack=r1");
    expect((await json(...shape)).summary).toMatch(/may be offered 1 of 2 agents/);
  });
});

describe("explain", () => {
  test("a shape: one line an agent with all that is in the way, then what would help", async () => {
    const text = await ok(
      ...["explain", "shape", "--role", "eng", "cpus:3;mem:64"],
      ...["--constraint", "rack!=r1", "--constraint", "@hostname~node-.*"],
    );
    expect(text).toMatch(/^none of 2 agents can be offered to a task of role eng/);
    expect(text).toMatch(/AGENT +FREE +WHAT IS IN THE WAY\n/);
    expect(text).toMatch(/S0 +cpus:4.* +constraints \(rack!=r1\)\n/);
    expect(text).toMatch(/S1 +cpus:2.* +fits \(1 cpus short: it has 2 in all\)\n/);
    expect(text).toMatch(/What would help, the smallest change first\n {2}1 cpus more on agent/);
  });

  test("a framework by its name, a role, an agent by its host", async () => {
    expect(await ok("explain", "framework", "bourse-runner")).toMatch(
      /all its roles are suppressed/,
    );
    expect(await ok("explain", "role", "*")).toMatch(/role-not-suppressed/);
    expect(await ok("explain", "agent", "node-2")).toMatch(
      /^agent .*S1 can be offered to none of 1/,
    );
    expect((await ok("-q", "explain", "agent", "node-2")).trim()).toMatch(/S1$/);
  });

  test("a task that waits: the runner's reasons and the master's, the same as task why", async () => {
    const taskId = (await ok("task", "run", "-d", "--cpus", "9", "image")).trim();
    await until(async () => (await ok("task", "why", taskId)).includes("insufficient-cpus"));
    const text = await ok("explain", "task", taskId);
    expect(text).toMatch(/^\S+ waits for an offer that fits\nThe runner did not use/);
    expect(text).toMatch(/fits \(5 cpus short: it has 4 in all\)/);
    expect(text).toMatch(
      /What would help, the smallest change first\n {2}5 cpus more on agent \S+S0/,
    );
    expect(await ok("task", "ls")).toMatch(new RegExp(`${taskId} .*waiting .* 9 `));
    await ok("task", "kill", taskId);
  });
});

describe("a wrong question: exit code, what is wrong, what to do (C-3, C-5)", () => {
  const shape = ["explain", "shape", "--role", "eng"] as const;
  test.each<[code: number, said: RegExp, args: readonly string[]]>([
    [3, /there is no framework "nope"\n.*framework ls/, ["explain", "framework", "nope"]],
    [3, /there is no agent "nope"\n.*agent ls/, ["explain", "agent", "nope"]],
    [3, /there is no task "nope"\n.*task ls/, ["explain", "task", "nope"]],
    [3, /role nope is not known.*\n.*role ls/, ["explain", "role", "nope"]],
    [2, /role "a\/\/b".*\n.*eng\/backend/, ["explain", "role", "a//b"]],
    [2, /'--role <role>' not specified/, ["explain", "shape", "cpus:1"]],
    [2, /resources: entry 1 `cpus:many`/, [...shape, "cpus:many"]],
    [2, /resources "" names nothing/, [...shape, ""]],
    [2, /--wanted: entry 1/, ["explain", "framework", "bourse-runner", "--wanted", "cpus"]],
    [2, /"=r1" is not a constraint\n.*rack!=r1/, [...shape, "cpus:1", "--constraint", "=r1"]],
    [2, /rack~\[a-: .*missing closing \]/, [...shape, "cpus:1", "--constraint", "rack~[a-"]],
    [2, /"FLY" is not a capability\n.*GPU/, [...shape, "cpus:1", "--capability", "FLY"]],
    [2, /unknown command 'rolle'/, ["explain", "rolle", "x"]],
  ])("%i %s", async (code, said, args) => {
    const answer = await bourse(...args);
    expect(answer.stderr).toMatch(said);
    expect(answer).toMatchObject({ code, stdout: "" });
  });
});
