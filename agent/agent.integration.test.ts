import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RelayFrame } from "@bourse/model/relay";
import { contains } from "@bourse/model/resources";
import { anyOperation, anyVolume } from "@bourse/task/testing/builders";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningAgent, startAgent } from "./main.ts";
import type { AgentOptions } from "./options.ts";
import { eventually, FakeMaster } from "./testing/fake-master.ts";

let directory: string;
let master: FakeMaster;
const running: RunningAgent[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bourse-agent-"));
  master = await FakeMaster.start();
});
afterEach(async () => {
  for (const agent of running.splice(0)) await agent.close();
  master.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(over: Partial<AgentOptions> = {}): Promise<RunningAgent> {
  const agent = await startAgent({
    masters: [master.address],
    workDir: directory,
    containerizer: "fake",
    hostname: "h1",
    logger: pino({ level: "silent" }),
    ...over,
  });
  running.push(agent);
  return agent;
}

async function registered(over: Partial<AgentOptions> = {}): Promise<RunningAgent> {
  const agent = await start(over);
  await eventually(() => expect(agent.agentIds()).toEqual(["a1"]));
  return agent;
}

test("an agent registers with its resources and attributes, and keeps its id when it comes back", async () => {
  const agent = await registered({ resources: "cpus:2;mem:512", attributes: "rack:r1" });
  const [first] = master.registrations;
  expect(first?.kind).toBe("register");
  expect(first?.info.hostname).toBe("h1");
  expect(first?.info.attributes).toEqual([{ name: "rack", value: { type: "text", text: "r1" } }]);
  await agent.close();
  await start();
  await eventually(() =>
    expect(master.registrations.at(-1)).toMatchObject({ kind: "reregister", agentId: "a1" }),
  );
});

test("a task runs from launch to its end, and each update arrives", async () => {
  await registered();
  master.launch("t1", { command: "sleep 0.05" });
  await eventually(() =>
    expect(master.statesOf("t1")).toEqual(["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]),
  );
});

test("a kill ends a task", async () => {
  await registered();
  master.launch("t1", { command: "sleep 1000" });
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_RUNNING"));
  master.kill("t1");
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_KILLED"));
});

test("a failing health check is told each time and ends the task (M-59)", async () => {
  await registered();
  const command = { isShell: true, value: "exit 1", args: [] };
  const healthCheck = { command, delayMs: 0, intervalMs: 20, gracePeriodMs: 0 };
  master.launch("t1", { command: "sleep 1000", healthCheck });
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_KILLED"));
  const last = master.statuses.at(-1);
  expect(last?.isHealthy).toBe(false);
  expect(master.statuses.filter(({ isHealthy }) => isHealthy === false).length).toBeGreaterThan(1);
});

test("a master that dies and returns finds the agent and its tasks again, with a higher epoch", async () => {
  await registered();
  master.launch("t1", { command: "sleep 1000" });
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_RUNNING"));
  const { port } = master;
  master.stop();
  master = await FakeMaster.start(port);
  master.epoch = 2;
  await eventually(() => expect(master.registrations.length).toBe(1), 20_000);
  expect(master.registrations[0]).toMatchObject({
    kind: "reregister",
    epochSeen: 1,
    tasks: [{ task: { taskId: "t1" }, latest: { state: "TASK_RUNNING" } }],
  });
  master.kill("t1");
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_KILLED"));
});

test("an agent goes through its list of masters until one answers", async () => {
  await registered({ masters: ["127.0.0.1:1", master.address] });
  expect(master.registrations.length).toBe(1);
});

test("logs are relayed, and follow until the task ends", async () => {
  await registered();
  master.launch("t1", { command: "echo hello; sleep 0.3; echo again" });
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_RUNNING"));
  const frames: RelayFrame[] = [];
  const request = { isFollowing: true, hasStdout: true, hasStderr: true };
  const end = await master.relay(
    { kind: "logs", frameworkId: "f1", taskId: "t1", ...request },
    (frame) => frames.push(frame),
  );
  expect(end).toEqual({ kind: "end" });
  expect(textOf(frames)).toBe("hello\nagain\n");
  // Also those of a task that is over and forgotten.
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_FINISHED"));
  const later: RelayFrame[] = [];
  await master.relay(
    { kind: "logs", frameworkId: "f1", taskId: "t1", ...request, tailLines: 1 },
    (frame) => later.push(frame),
  );
  expect(textOf(later)).toBe("again\n");
});

test("a command runs inside a task's container with its input, and its exit code comes back", async () => {
  await registered();
  master.launch("t1", { command: "sleep 1000" });
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_RUNNING"));
  const frames: RelayFrame[] = [];
  const end = await master.relay(
    {
      kind: "exec",
      frameworkId: "f1",
      taskId: "t1",
      command: ["sh", "-c", "echo out; exit 7"],
      isTty: false,
      isInteractive: false,
    },
    (frame) => frames.push(frame),
  );
  expect(textOf(frames)).toBe("out\n");
  expect(end).toEqual({ kind: "end", exitCode: 7 });
});

test("a relay to a task that is not here says so", async () => {
  await registered();
  const request = { isFollowing: false, hasStdout: true, hasStderr: true };
  const end = await master.relay(
    { kind: "logs", frameworkId: "f1", taskId: "t9", ...request },
    () => {},
  );
  expect(end).toMatchObject({ refusal: { code: "not_found" } });
});

test("many agents in one process each have their own id and directory", async () => {
  const agent = await start({ count: 5 });
  await eventually(() => expect(agent.agentIds().every((id) => id !== null)).toBe(true));
  const hosts = master.registrations.map(({ info }) => info.hostname).sort();
  expect(hosts).toEqual(["h1-1", "h1-2", "h1-3", "h1-4", "h1-5"]);
});

test("an agent whose container engine does not answer waits for it, and can be stopped meanwhile", async () => {
  const agent = await start({ containerizer: "docker", dockerSocket: join(directory, "no.sock") });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(master.registrations).toEqual([]);
  const startMs = Date.now();
  await agent.close();
  expect(Date.now() - startMs).toBeLessThan(1_000);
});

test("a volume is made, keeps what a task wrote across a restart, and is deleted on request (M-68, M-57)", async () => {
  const uuid = (digit: string) => digit.repeat(32);
  const options = { containerizer: "process", resources: "cpus:2;mem:512;disk:100" } as const;
  const agent = await registered(options);
  const volume = anyVolume("eng", "v1", 60_000);
  const [reserved] = anyOperation(uuid("0"), "create", { milli: 60_000 }).consumed;
  const ids = (operationId: string) => ({ operationId, frameworkId: "f1" });
  const operate = (digit: string, kind: "reserve" | "create" | "destroy") =>
    master.send({
      kind: "apply-operation",
      operation: anyOperation(uuid(digit), kind, { milli: 60_000 }, ids(`op-${digit}`)),
    });
  operate("1", "reserve");
  operate("2", "create");
  master.launch("t1", { command: "echo kept > v1/file" }, [volume]);
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_FINISHED"));
  expect(master.operations).toMatchObject([
    { operationId: "op-1", state: "OPERATION_FINISHED", convertedResources: [reserved] },
    { operationId: "op-2", state: "OPERATION_FINISHED", convertedResources: [volume] },
  ]);
  await agent.close();

  await expect(start({ ...options, resources: "cpus:2;mem:512;disk:59" })).rejects.toThrow(
    "the agent has less than was reserved on it: disk:60 is reserved or holds volumes, the agent now has disk:59",
  );
  await start(options);
  await eventually(() => expect(master.registrations).toHaveLength(2));
  expect(master.registrations[1]).toMatchObject({ kind: "reregister", operations: [] });
  expect(contains(master.registrations[1]?.info.resources ?? [], [volume])).toBe(true);
  master.launch("t2", { command: "cat v1/file && sleep 1000" }, [volume]);
  await eventually(() => expect(master.statesOf("t2").at(-1)).toBe("TASK_RUNNING"));
  operate("3", "destroy");
  await eventually(() => expect(master.operations.at(-1)?.message).toMatch(/used by task t2/));
  master.kill("t2");
  await eventually(() => expect(master.statesOf("t2").at(-1)).toBe("TASK_KILLED"));
  const path = join(directory, "volumes/roles/eng/v1");
  expect(await readFile(join(path, "file"), "utf8")).toBe("kept\n");
  operate("4", "destroy");
  await eventually(() => expect(existsSync(path)).toBe(false));
});

test("a second agent on the same work directory is refused", async () => {
  await start();
  await expect(start()).rejects.toThrow(/in use by the agent with pid/);
});

test("a checkpoint of another version is refused in one line", async () => {
  await writeFile(join(directory, "checkpoint.log"), "bourse-agent-checkpoint 7 x\n");
  await expect(start()).rejects.toThrow(/wrong store version/);
  // And nothing stays behind that would keep the next start out.
  await rm(join(directory, "checkpoint.log"));
  await start();
});

test.each([
  [{ masters: [] }, "master: the address of a master is missing"],
  [{ masters: ["nonsense"] }, "master: `nonsense` is not an address"],
  [{ hostname: "a b" }, "hostname: `a b` is not the name of a host"],
  [{ port: 70_000 }, "port: 70000 is not a whole number from 0 to 65535"],
  [{ resources: "cpus:-1" }, "resources: entry 1"],
  [{ attributes: "rack" }, "attributes: entry 1"],
  [{ domain: "eu" }, 'domain "eu" is no fault domain'],
  [{ count: 0 }, "count: 0 is not a whole number"],
  [{ containerizer: "podman" as "docker" }, "containerizer: there is no `podman`"],
  [{ workDir: "" }, "work-dir: a path is needed"],
])("bad option %j is refused by name", async (over, message) => {
  await expect(start(over)).rejects.toThrow(message);
});

test("a work directory that cannot be written says so, to root too", async () => {
  // Nobody may make a directory there: EPERM for root, EACCES for everybody else.
  await expect(start({ workDir: "/sys/bourse" })).rejects.toThrow(/\/sys\/bourse.*permi/);
});

function textOf(frames: readonly RelayFrame[]): string {
  return frames
    .map((frame) => (frame.kind === "stdout" ? Buffer.from(frame.data).toString() : ""))
    .join("");
}
