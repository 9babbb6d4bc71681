import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TaskView } from "@bourse/model/operator";
import { rangesOf } from "@bourse/model/resources";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDemoImage } from "./demo-image/demo-image.ts";
import { probeEngine } from "./engine.ts";
import { linesOf, Testbed } from "./testbed.ts";

const probe = await probeEngine();
if (!probe.isUp) {
  if (process.env.CI === "true") throw new Error(`CI=true and ${probe.problem}`);
  console.warn(`skipped: the main job on Docker (${probe.problem}; start one: dockerd)`);
}

const IMAGE = "bourse/demo:1";

/** The main job on the real engine: containers, because a framework accepted an offer. */
describe.skipIf(!probe.isUp)("a cluster on Docker", () => {
  const bed = new Testbed();
  const docker = new Docker();

  const containers = (taskId: string, all = false) =>
    docker.listContainers({
      all,
      filters: { label: [`bourse.cluster=${bed.cluster}`, `bourse.task=${taskId}`] },
    });
  const running = async () =>
    (await docker.listContainers({ filters: { label: [`bourse.cluster=${bed.cluster}`] } })).map(
      (found) => found.Id,
    );
  const taskOf = async (jobId: string): Promise<TaskView | undefined> =>
    (await bed.tasks(true)).filter((task) => task.taskId.startsWith(jobId)).at(-1);
  const kill = (...tasks: readonly TaskView[]) =>
    bed.bourse("task", "kill", ...tasks.map((task) => task.taskId));
  const detached = async (...args: readonly string[]): Promise<TaskView> => {
    const answer = await bed.bourse("task", "run", "-d", ...args);
    expect(answer).toMatchObject({ code: 0, stderr: "" });
    const jobId = answer.stdout.trim();
    await bed.until(`${jobId} runs`, async () => (await taskOf(jobId))?.state === "TASK_RUNNING");
    return (await taskOf(jobId)) as TaskView;
  };

  beforeAll(async () => {
    await ensureDemoImage(docker);
    await bed.start({ agents: 2, containerizer: "docker" });
  });

  afterAll(async () => {
    await bed.stop();
    const filters = { label: [`bourse.cluster=${bed.cluster}`] };
    for (const { Id } of await docker.listContainers({ all: true, filters })) {
      await docker.getContainer(Id).remove({ force: true, v: true });
    }
  });

  test("`task run` streams the output of a container and takes its exit code", async () => {
    const script = "echo out; echo err >&2; exit 7";
    const answer = await bed.bourse("task", "run", IMAGE, "sh", "-c", script);
    expect(answer.stdout).toBe("out\n");
    expect(answer.stderr).toContain("err\n");
    expect(answer.code).toBe(7);
  });

  test("environment, user and limits reach the container", async () => {
    const task = await detached(
      "--cpus",
      "0.5",
      "--mem",
      "48",
      "-e",
      "WORD=a b",
      "-u",
      "65534",
      IMAGE,
      "sleep",
      "300",
    );
    const [found] = await containers(task.taskId);
    const details = await docker.getContainer(found?.Id ?? "").inspect();
    expect(details.HostConfig).toMatchObject({ NanoCpus: 5e8, Memory: 48 * 1048576 });
    expect(details.Config.User).toBe("65534");
    const said = await bed.bourse("task", "exec", task.taskId, "sh", "-c", "echo $WORD; id -u");
    expect(said.stdout).toBe("a b\n65534\n");
    await kill(task);
  });

  test("logs of a running task, and exec with its exit code", async () => {
    const task = await detached(IMAGE, "sh", "-c", "echo one; echo two; sleep 300");
    await bed.until("two lines are logged", async () =>
      (await bed.bourse("task", "logs", task.taskId)).stdout.includes("two"),
    );
    expect((await bed.bourse("task", "logs", "--tail", "1", task.taskId)).stdout).toBe("two\n");
    expect(await bed.bourse("task", "exec", task.taskId, "sh", "-c", "exit 5")).toMatchObject({
      code: 5,
    });
    await kill(task);
  });

  test("a kill sends SIGTERM and, after the grace, SIGKILL (M-61)", async () => {
    const polite = "trap 'echo bye; exit 0' TERM; while :; do sleep 0.1; done";
    const stubborn = "trap '' TERM; while :; do sleep 0.1; done";
    const both = await Promise.all([
      detached("--grace", "20s", IMAGE, "sh", "-c", polite),
      detached("--grace", "1s", IMAGE, "sh", "-c", stubborn),
    ]);
    await kill(...both);
    for (const { taskId } of both) {
      await bed.until(
        `${taskId} is killed`,
        async () => (await taskOf(taskId))?.state === "TASK_KILLED",
        10_000,
      );
    }
    expect((await bed.bourse("task", "logs", both[0].taskId)).stdout).toContain("bye");
  });

  test("a container over its memory fails with the reason (M-42)", async () => {
    const hog = "x=a; while :; do x=$x$x$x$x; done";
    const answer = await bed.bourse("task", "run", "--mem", "16", IMAGE, "sh", "-c", hog);
    expect(answer.code).not.toBe(0);
    const newest = (await bed.tasks(true)).find((task) =>
      task.statuses.some((status) => status.reason === "REASON_CONTAINER_LIMITATION_MEMORY"),
    );
    expect(newest?.state).toBe("TASK_FAILED");
  });

  test("a failing health check kills the container (M-59)", async () => {
    const task = await detached(
      ...[
        "--health-cmd",
        "test ! -e /tmp/sick",
        "--health-delay",
        "0s",
        "--health-interval",
        "300ms",
      ],
      ...["--health-grace", "0s", "--health-retries", "2", IMAGE, "sleep", "300"],
    );
    await bed.until("it is healthy", async () => (await taskOf(task.taskId))?.isHealthy === true);
    await bed.bourse("task", "exec", task.taskId, "touch", "/tmp/sick");
    await bed.until("it is over", async () => {
      const now = await taskOf(task.taskId);
      return now !== undefined && ["TASK_FAILED", "TASK_KILLED"].includes(now.state);
    });
    expect(await containers(task.taskId)).toEqual([]);
    expect((await taskOf(task.taskId))?.statuses.some((status) => status.isHealthy === false)).toBe(
      true,
    );
  });

  test("a published port answers over HTTP", async () => {
    const task = await detached(
      "-p",
      "8080",
      "-e",
      "PORT=8080",
      IMAGE,
      "sh",
      "-c",
      "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp",
    );
    const [found] = await containers(task.taskId);
    const port = found?.Ports.find((mapping) => mapping.PrivatePort === 8080)?.PublicPort;
    expect(port).toBeGreaterThanOrEqual(32_000);
    await bed.until("it answers", async () => {
      // Bounded: a connection that the engine's proxy takes before the server listens may never be answered.
      const signal = AbortSignal.timeout(1_000);
      const page = fetch(`http://127.0.0.1:${port}/`, { signal }).then((reply) => reply.text());
      return (await page.catch(() => null)) === "hello\n";
    });
    await kill(task);
  });

  test("a host port that is named is taken from the agent that offers it, by one task at a time", async () => {
    const args = ["-p", "32105:8080", IMAGE, "sleep", "300"];
    const task = await detached(...args);
    expect(rangesOf(task.resources, "ports")).toEqual([{ begin: 32_105, end: 32_105 }]);
    const second = (await bed.bourse("task", "run", "-d", ...args)).stdout.trim();
    await bed.until("the second waits for it", async () =>
      (await bed.bourse("task", "why", second)).stdout.includes("32105 not offered"),
    );
    await bed.bourse("task", "kill", second);
    await kill(task);
  });

  test("a volume written by one task is read by the next", async () => {
    const directory = mkdtempSync(join(tmpdir(), "bourse-volume-"));
    try {
      const write = await bed.bourse(
        "task",
        "run",
        "-v",
        `${directory}:/data`,
        IMAGE,
        "sh",
        "-c",
        "echo kept > /data/file",
      );
      expect(write.code).toBe(0);
      expect(readFileSync(join(directory, "file"), "utf8")).toBe("kept\n");
      const read = await bed.bourse(
        "task",
        "run",
        "-v",
        `${directory}:/data:ro`,
        IMAGE,
        "cat",
        "/data/file",
      );
      expect(read).toMatchObject({ code: 0, stdout: "kept\n" });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  test("an image that nobody has ends the task with a reason, and the agent goes on", async () => {
    const answer = await bed.bourse("task", "run", "127.0.0.1:9/nobody/has:this", "true");
    expect(answer.code).toBe(1);
    expect(answer.stderr).toMatch(/has:this/);
    expect((await bed.bourse("task", "run", IMAGE, "true")).code).toBe(0);
  });

  test("`task why` tells what a waiting task lacks", async () => {
    const answer = await bed.bourse("task", "run", "-d", "--cpus", "64", IMAGE, "true");
    const jobId = answer.stdout.trim();
    await bed.until("the runner has a reason", async () =>
      (await bed.bourse("task", "why", jobId)).stdout.includes("cpu"),
    );
    const why = await bed.bourse("task", "why", jobId);
    expect(why.stdout).toMatch(/waits for an offer/);
    await bed.bourse("task", "kill", jobId);
  });

  test("an agent killed with SIGKILL and started again loses nothing and doubles nothing (N-03)", async () => {
    const kept = await Promise.all(
      Array.from({ length: 4 }, () => detached(IMAGE, "sleep", "300")),
    );
    const ending = await detached(IMAGE, "sh", "-c", "sleep 3; exit 3");
    const before = (await running()).sort();
    await bed.kill("agent-0");
    await bed.kill("agent-1");
    await new Promise((resolve) => setTimeout(resolve, 4_000)); // `ending` ends while no agent looks.
    bed.restart("agent-0");
    bed.restart("agent-1");
    await bed.until(
      "the one that ended meanwhile is reported with its exit code",
      async () =>
        (await taskOf(ending.taskId))?.statuses.some(
          (status) => status.message?.includes("3") === true,
        ) === true,
    );
    expect((await taskOf(ending.taskId))?.state).toBe("TASK_FAILED");
    const after = await running();
    for (const task of kept) {
      expect((await taskOf(task.taskId))?.state).toBe("TASK_RUNNING");
      expect(await containers(task.taskId)).toHaveLength(1);
    }
    expect(after.every((id) => before.includes(id))).toBe(true);
    await kill(...kept);
    await bed.until("nothing runs", async () => (await running()).length === 0);
  });

  test("a master killed with SIGKILL finds the running tasks again (M-9)", async () => {
    const kept = await Promise.all(
      Array.from({ length: 3 }, () => detached(IMAGE, "sleep", "300")),
    );
    const before = (await running()).sort();
    await bed.kill("master");
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await running()).sort()).toEqual(before);
    bed.restart("master");
    await bed.until("all are known again", async () => {
      const states = new Map((await bed.tasks()).map((task) => [task.taskId, task.state]));
      return kept.every((task) => states.get(task.taskId) === "TASK_RUNNING");
    });
    expect((await running()).sort()).toEqual(before);
    await bed.until("the runner is back too", async () =>
      (await bed.bourse("framework", "ls")).stdout.includes(" active "),
    );
    expect((await bed.bourse("task", "run", IMAGE, "echo", "again")).stdout).toBe("again\n");
    await kill(...kept);
    await bed.until("nothing runs", async () => (await running()).length === 0);
  });

  test("the journal replays to the identical hashes", async () => {
    await bed.kill("master", "SIGTERM");
    const files = linesOf(
      (await import("node:fs")).readdirSync(join(bed.directory, "master", "journal")).join("\n"),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const answer = await bed.bourse(
        "journal",
        "replay",
        join(bed.directory, "master", "journal", file),
      );
      expect(answer).toMatchObject({ code: 0 });
    }
    bed.restart("master");
    await bed.until("the master is back", async () => (await bed.bourse("task", "ls")).code === 0);
  });

  test("after teardown nothing is left running", async () => {
    expect(await bed.tasks()).toEqual([]);
    expect(await running()).toEqual([]);
  });
});
