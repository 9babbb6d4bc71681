import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningAgent, startAgent } from "@bourse/agent/main";
import { type RunningMaster, startMaster } from "@bourse/master/main";
import { TestClient } from "@bourse/master/testdata/test-client";
import { NO_PAYLOAD } from "@bourse/model/task";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { captured } from "./captured.ts";
import type { Answer } from "./testbed.ts";

/** The commands for sharing a cluster, against a master and two agents within this process. */
const directory = mkdtempSync(join(tmpdir(), "bourse-sharing-"));
const logger = pino({ enabled: false });
const agents: RunningAgent[] = [];
let master: RunningMaster;
let client: TestClient;

const bourse = (...args: readonly string[]): Promise<Answer> =>
  captured("--master", master.address, ...args);

async function json<T>(...args: readonly string[]): Promise<T> {
  const answer = await bourse("-o", "json", ...args);
  expect(answer).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(answer.stdout) as T;
}

async function ok(...args: readonly string[]): Promise<string> {
  const answer = await bourse(...args);
  expect(answer).toMatchObject({ code: 0, stderr: "" });
  return answer.stdout;
}

/** Agents answer operations a moment later. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error("waited 5 s in vain");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function settled(): Promise<void> {
  await until(async () => (await json<unknown[]>("operation", "ls")).length === 0);
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
  for (const name of ["node-1", "node-2"])
    agents.push(
      await startAgent({
        masters: [master.address],
        workDir: join(directory, name),
        containerizer: "fake",
        hostname: name,
        resources: "cpus:4;mem:4096;disk:8192;ports:[31000-31009];cpus(ops):1",
        logger,
      }),
    );
  client = new TestClient(master.address);
  await until(async () => {
    const view = await client.query({ kind: "master" });
    return view.kind === "master" && view.master.counts.agents === 2;
  });
});

afterAll(async () => {
  for (const agent of agents) await agent.close("remove");
  client.close();
  await master.stop();
  rmSync(directory, { recursive: true, force: true });
});

describe("role", () => {
  test("a weight is set for several roles at once, shown, and back to 1 it is forgotten (M-30)", async () => {
    expect(await ok("role", "weight", "set", "eng=2", "eng/backend=0.5")).toBe(
      "eng\neng/backend\n",
    );
    const roles = await json<{ role: string; weightMilli: number }[]>("role", "ls");
    expect(roles.filter(({ weightMilli }) => weightMilli !== 1000)).toMatchObject([
      { role: "eng", weightMilli: 2000 },
      { role: "eng/backend", weightMilli: 500 },
    ]);
    await ok("role", "weight", "set", "eng/backend=1");
    expect(await ok("-q", "role", "ls")).not.toContain("eng/backend");
    await ok("role", "weight", "set", "eng=1");
  });

  test("a quota: set, changed in part, shown with what counts against it, taken away (M-31)", async () => {
    await ok("role", "quota", "set", "eng", "--guarantee", "cpus:1", "--limit", "cpus:3;mem:1024");
    await ok("role", "quota", "set", "eng", "--limit", "cpus:2");
    expect(await json("role", "quota", "get", "eng")).toMatchObject([
      { role: "eng", guarantees: { cpus: 1 }, limits: { cpus: 2 } },
    ]);
    expect(await ok("role", "quota", "get")).toMatch(
      /^ROLE +GUARANTEE +LIMIT +CONSUMED\neng +cpus:1/,
    );
    await ok("role", "quota", "rm", "eng");
    expect(await json("role", "quota", "get")).toEqual([]);
  });

  test("a child's limit is its own, its guarantee must fit into its parent's (F-03)", async () => {
    await ok("role", "quota", "set", "eng", "--guarantee", "cpus:2", "--limit", "cpus:4");
    await ok("role", "quota", "set", "eng/backend", "--guarantee", "cpus:1", "--limit", "cpus:1");
    const tooMuch = await bourse("role", "quota", "set", "eng/web", "--guarantee", "cpus:1.5");
    expect(tooMuch).toMatchObject({ stdout: "" });
    expect(tooMuch.code).not.toBe(0);
    expect(tooMuch.stderr).toMatch(/eng[\s\S]*role quota get/);
    const tree = await ok("role", "ls", "--tree");
    expect(tree).toMatch(/^eng {2}.*\n {2}backend /m);
    await ok("role", "quota", "rm", "eng/backend");
    await ok("role", "quota", "rm", "eng");
  });

  test("a limit below what is consumed is refused with --force as the way out (M-31)", async () => {
    const refused = await bourse("role", "quota", "set", "ops", "--limit", "cpus:1");
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toMatch(/--force/);
    expect(await ok("role", "quota", "set", "ops", "--limit", "cpus:1", "--force")).toBe("ops\n");
    await ok("role", "quota", "rm", "ops");
  });

  test("--dry-run says what would be refused, and changes nothing", async () => {
    const set = ["role", "quota", "set", "ops", "--dry-run", "--limit"];
    expect(await bourse(...set, "cpus:1")).toMatchObject({ code: 4, stdout: "" });
    expect(await ok(...set, "cpus:2")).toBe("ops\n");
    expect(await json("role", "quota", "get")).toEqual([]);
    await ok("role", "quota", "set", "ops", "--limit", "cpus:3");
    await ok("role", "quota", "rm", "ops");
  });
});

describe("reservation and volume", () => {
  test("from free resources to a reservation, a volume in it, and back (M-32, M-68)", async () => {
    const made = await ok(
      ...["reservation", "create", "--agent", "node-1", "--role", "eng"],
      "cpus:2;disk:1024",
    );
    expect(made).toMatch(/^cpus\(eng\):2;disk\(eng\):1024 on /);
    await settled();
    expect(await json("reservation", "ls", "--role", "eng")).toMatchObject([
      {
        hostname: "node-1",
        role: "eng",
        resources: { "cpus(eng)": 2, "disk(eng)": 1024 },
        isOrphaned: true,
      },
    ]);
    await ok(
      ...["volume", "create", "--agent", "node-1", "--role", "eng", "--id", "db-1"],
      ...["--path", "data", "512"],
    );
    await ok("volume", "grow", "db-1", "--by", "256");
    await settled();
    expect(await json("volume", "ls")).toMatchObject([
      { volumeId: "db-1", role: "eng", resource: { value: { milli: 768_000 } }, usedBy: [] },
    ]);
    await ok("volume", "shrink", "db-1", "--by", "512");
    const used = await bourse(
      "reservation",
      "rm",
      "--agent",
      "node-1",
      "--role",
      "eng",
      "disk:1024",
    );
    expect(used).toMatchObject({ code: 3, stdout: "" });
    expect(used.stderr).toContain("disk:1024 is asked for, but the agent has disk:768");
    await ok("volume", "rm", "db-1", "--role", "eng", "--agent", "node-1");
    await ok("reservation", "rm", "--agent", "node-1", "--role", "eng");
    await settled();
    expect(await json("reservation", "ls", "--role", "eng")).toEqual([]);
  });

  test("a reservation is refined for a role below, with labels, and falls back (M-33)", async () => {
    await ok("reservation", "create", "--agent", "node-2", "--role", "eng", "cpus:2");
    await ok(
      ...["reservation", "create", "--agent", "node-2", "--role", "eng/backend"],
      ...["--from", "eng", "--label", "team=search", "cpus:1"],
    );
    const rows = await json<{ role: string; resources: object }[]>("reservation", "ls");
    expect(rows.filter(({ role }) => role !== "ops")).toMatchObject([
      { role: "eng", resources: { "cpus(eng)": 1 } },
      { role: "eng/backend", resources: { "cpus(eng/backend)": 1 } },
    ]);
    expect(await ok("reservation", "ls", "--role", "eng/backend")).toContain("team=search");
    await ok("reservation", "rm", "--agent", "node-2", "--role", "eng/backend");
    await ok("reservation", "rm", "--agent", "node-2", "--role", "eng");
    await settled();
  });

  test("ports are reserved as ranges", async () => {
    await ok("reservation", "create", "--agent", "node-1", "--role", "eng", "ports:[31002-31003]");
    expect(await json("reservation", "ls", "--role", "eng")).toMatchObject([
      { resources: { "ports(eng)": "31002-31003" } },
    ]);
    await ok("reservation", "rm", "--agent", "node-1", "--role", "eng");
    await settled();
  });

  test("only what has no framework is orphaned (N-13)", async () => {
    const framework = client.framework();
    framework.send({
      kind: "subscribe",
      epochSeen: 0,
      suppressedRoles: ["ops/night"],
      info: {
        user: "root",
        name: "f",
        roles: ["ops/night"],
        failoverTimeoutMs: 1,
        isCheckpointing: false,
        capabilities: ["MULTI_ROLE"],
        payload: NO_PAYLOAD,
      },
    });
    const { frameworkId } = await framework.message("subscribed");
    expect(await json("reservation", "ls", "--orphaned")).toEqual([]);
    await ok("framework", "teardown", frameworkId);
    expect(await json("reservation", "ls", "--orphaned")).toHaveLength(2);
  });
});

describe("maintenance (M-71)", () => {
  test("a machine is scheduled, goes down, comes back and leaves the schedule", async () => {
    const start = "2030-01-31T08:00:00.000Z";
    await ok("maintenance", "schedule", "add", "node-2", "--start", start, "--duration", "2h");
    const schedule = await ok("-o", "yaml", "maintenance", "schedule", "get");
    expect(schedule).toContain(`start: ${start}\n  duration: 2h\n`);
    expect(await json("maintenance", "status")).toMatchObject([
      { machine: { hostname: "node-2" }, mode: "draining" },
    ]);
    await ok("maintenance", "start", "NODE-2");
    expect(await ok("maintenance", "status")).toMatch(/node-2 +down/);
    const early = await bourse("maintenance", "schedule", "rm", "node-2");
    expect(early.code).not.toBe(0);
    expect(early.stderr).toMatch(/down/);
    await ok("maintenance", "stop", "node-2");
    expect(await json("maintenance", "status")).toEqual([]);
  });

  test("what `schedule get` prints, `schedule set` reads", async () => {
    const file = join(directory, "plan.yaml");
    writeFileSync(file, "- {hosts: [node-1], start: 2030-01-31T08:00:00Z, duration: 90m}\n");
    expect(await ok("maintenance", "schedule", "set", file)).toBe("1 machine in 1 window\n");
    const printed = await ok("-o", "json", "maintenance", "schedule", "get");
    writeFileSync(file, printed);
    await ok("maintenance", "schedule", "set", file);
    expect(await ok("-o", "json", "maintenance", "schedule", "get")).toBe(printed);
    expect(await ok("maintenance", "schedule", "rm", "node-1")).toBe("0 machines in 0 windows\n");
  });
});

describe("wrong input: nothing on stdout, what is wrong, what to do (C-3, C-5)", () => {
  const create = ["reservation", "create", "--agent", "node-1", "--role", "eng"];
  const volume = ["volume", "create", "--agent", "node-1", "--role", "ops", "--id", "v"];
  test.each<[code: number, said: RegExp, args: readonly string[]]>([
    [2, /no role=weight[\s\S]*eng=2/, ["role", "weight", "set", "eng"]],
    [2, /missing required argument/, ["role", "weight", "set"]],
    [2, /role "a\/\.\.".*a part of a role/, ["role", "weight", "set", "a/..=1"]],
    [2, /neither --guarantee nor --limit[\s\S]*quota rm/, ["role", "quota", "set", "eng"]],
    [2, /--limit "cpus".*name:value/, ["role", "quota", "set", "eng", "--limit", "cpus"]],
    [2, /blanks/, ["role", "quota", "set", "a b", "--limit", "cpus:1"]],
    [3, /role nobody has no quota[\s\S]*quota get/, ["role", "quota", "rm", "nobody"]],
    [3, /role nobody has no quota/, ["role", "quota", "get", "nobody"]],
    [
      2,
      /guarantee|limit/,
      ["role", "quota", "set", "e", "--guarantee", "cpus:3", "--limit", "cpus:2"],
    ],
    [2, /required option '--agent/, ["reservation", "create", "--role", "eng", "cpus:1"]],
    [2, /required option '--role/, ["reservation", "create", "--agent", "node-1", "cpus:1"]],
    [3, /no agent "node-9"[\s\S]*agent ls/, [...create.with(3, "node-9"), "cpus:1"]],
    [2, /nothing is reserved for the role \*/, [...create.with(5, "*"), "cpus:1"]],
    [2, /are nothing/, [...create, ""]],
    [2, /cpus:many/, [...create, "cpus:many"]],
    [2, /parentheses[\s\S]*--from/, [...create, "cpus(ops):1"]],
    [3, /cpus:400 is asked for.*cpus:4 unreserved/, [...create, "cpus:400"]],
    [2, /--role eng is not below --from ops/, [...create, "--from", "ops", "cpus:1"]],
    [2, /--label "=x" has no key/, [...create, "--label", "=x", "cpus:1"]],
    [4, /static[\s\S]*--resources/, ["reservation", "rm", "--agent", "node-1", "--role", "ops"]],
    [
      3,
      /no cpus dynamically reserved for ops/,
      ["reservation", "rm", "--agent", "node-1", "--role", "ops", "cpus:1"],
    ],
    [3, /nothing at all/, ["reservation", "rm", "--agent", "node-1", "--role", "web"]],
    [3, /no agent "x"/, ["reservation", "ls", "--agent", "x"]],
    [2, /megabytes/, [...volume, "--path", "data", "big"]],
    [2, /more than 0/, [...volume, "--path", "data", "0"]],
    [3, /no disk reserved for ops/, [...volume, "--path", "data", "10"]],
    [2, /required option '--path/, [...volume, "10"]],
    [3, /no volume "nope"[\s\S]*volume ls/, ["volume", "rm", "nope"]],
    [2, /required option '--by/, ["volume", "grow", "nope"]],
    [3, /machine node-9 is not down[\s\S]*status/, ["maintenance", "stop", "node-9"]],
    [2, /--start "soon" is not a time/, ["maintenance", "schedule", "add", "n", "--start", "soon"]],
    [2, /not the name of a host/, ["maintenance", "schedule", "add", "a b", "--start", "now"]],
    [3, /not scheduled/, ["maintenance", "schedule", "rm", "node-1"]],
    [3, /read \/nowhere/, ["maintenance", "schedule", "set", "/nowhere"]],
    [2, /named twice/, ["maintenance", "start", "node-1", "NODE-1"]],
    [2, /unknown command/, ["maintenance", "begin"]],
  ])("code %i, %s: %j", async (code, said, args) => {
    const answer = await bourse(...args);
    expect(answer.stderr).toMatch(said);
    expect(answer).toMatchObject({ code, stdout: "" });
    expect(answer.stderr).not.toMatch(/^\s+at /m);
  });

  test("a machine that is not scheduled does not go down, one that is only scheduled does not come up", async () => {
    const start = await bourse("maintenance", "start", "node-1");
    expect(start).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(/node-1[\s\S]*schedule/),
    });
    expect(start.code).not.toBe(0);
    await ok("maintenance", "schedule", "add", "node-1", "--start", "+1h");
    const stop = await bourse("maintenance", "stop", "node-1");
    expect(stop).toMatchObject({ stdout: "", stderr: expect.stringMatching(/node-1.*scheduled/) });
    expect(stop.code).not.toBe(0);
    await ok("maintenance", "schedule", "rm", "node-1");
  });
});
