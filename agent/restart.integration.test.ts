import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type RunningAgent, startAgent } from "./main.ts";
import { eventually, FakeMaster } from "./testing/fake-master.ts";

let directory: string;
let master: FakeMaster;
let agent: RunningAgent;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bourse-agent-"));
  master = await FakeMaster.start();
  agent = await start();
  await eventually(() => expect(agent.agentIds()).toEqual(["a1"]));
});
afterEach(async () => {
  await agent.close("remove");
  master.stop();
  await rm(directory, { recursive: true, force: true });
});

function start(): Promise<RunningAgent> {
  return startAgent({
    masters: [master.address],
    workDir: directory,
    containerizer: "process",
    hostname: "h1",
    resources: "cpus:2;mem:512",
    logger: pino({ level: "silent" }),
  });
}

async function launchAndRun(taskId: string, command: string): Promise<void> {
  master.launch(taskId, { command: command });
  await eventually(() => expect(master.statesOf(taskId).at(-1)).toBe("TASK_RUNNING"));
}

test("tasks outlive their agent: what runs is adopted, what ended meanwhile is told with its status (M-56)", async () => {
  await launchAndRun("stays", "sleep 1000");
  await launchAndRun("ends", "sleep 0.5; exit 4");
  await agent.close();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  agent = await start();
  await eventually(() => expect(master.statesOf("ends").at(-1)).toBe("TASK_FAILED"));
  expect(master.statuses.at(-1)?.message).toBe("exited with status 4");
  expect(master.registrations.at(-1)).toMatchObject({
    kind: "reregister",
    tasks: [
      { task: { taskId: "stays" }, latest: { state: "TASK_RUNNING" } },
      { task: { taskId: "ends" }, latest: { state: "TASK_FAILED" } },
    ],
  });
  // Adopted, not started a second time.
  expect(
    master.statuses.filter(({ taskId, state }) => `${taskId} ${state}` === "stays TASK_RUNNING"),
  ).toHaveLength(1);
  master.kill("stays");
  await eventually(() => expect(master.statesOf("stays").at(-1)).toBe("TASK_KILLED"));
});

test("updates that were not acknowledged are sent again by the restarted agent (M-58)", async () => {
  master.isAcknowledging = false;
  master.launch("t1", { command: "exit 0" });
  await eventually(() => expect(master.statesOf("t1")).toEqual(["TASK_STARTING"]));
  await agent.close();
  master.isAcknowledging = true;
  agent = await start();
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_FINISHED"));
  const starting = master.statuses.filter(({ state }) => state === "TASK_STARTING");
  expect(new Set(starting.map(({ uuid }) => uuid)).size).toBe(1);
  expect(starting.length).toBeGreaterThan(1);
});

test("an agent that is told to remove its containers leaves no process behind", async () => {
  await launchAndRun("t1", "sleep 1000");
  await agent.close("remove");
  agent = await start();
  await eventually(() => expect(master.statesOf("t1").at(-1)).toBe("TASK_FAILED"));
  expect(master.statuses.at(-1)?.reason).toBe("REASON_EXECUTOR_TERMINATED");
});
