import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { volumePath } from "../volumes/volume-path.ts";
import { VolumeStore } from "../volumes/volume-store.ts";
import type { Containerizer, LogRequest } from "./containerizer.ts";
import { type ContractHarness, EventLog, launchOf, textOf } from "./contract-harness.ts";

const ALL_LOGS: LogRequest = { isFollowing: false, hasStdout: true, hasStderr: true };
const SHELL = (text: string) => ["/bin/sh", "-c", text];
/** A SIGTERM that is heeded is over long before. */
const LONG_GRACE_MS = 20_000;

/** The promise of the port in tests; every adapter runs it. `skipReason`: why this host cannot run it. */
export function containerizerContract(
  name: string,
  openHarness: () => Promise<ContractHarness>,
  skipReason: string | null = null,
): void {
  describe.skipIf(skipReason !== null)(`containerizer contract: ${name}`, () => {
    let harness: ContractHarness;
    let volumeDir: string;
    let containerizer: Containerizer;
    let log: EventLog;
    let opened: Containerizer[] = [];
    let count = 0;
    let owner = "";

    async function open(as = owner): Promise<{ containerizer: Containerizer; log: EventLog }> {
      const events = new EventLog();
      const another = await harness.open(as, events.listener, (volume) =>
        volumePath(volumeDir, volume),
      );
      opened.push(another);
      return { containerizer: another, log: events };
    }

    beforeAll(async () => {
      harness = await openHarness();
      volumeDir = await mkdtemp(join(tmpdir(), "bourse-contract-volumes-"));
    });
    afterAll(async () => {
      await harness.dispose();
      await rm(volumeDir, { recursive: true, force: true });
    });
    // Each test is an agent of its own, so that none sees the containers of another.
    async function start(): Promise<void> {
      owner = `contract-${process.pid}-${Date.now()}-${count++}`;
      ({ containerizer, log } = await open());
      expect(await containerizer.list()).toEqual([]);
    }
    afterEach(async () => {
      const last = opened.at(-1);
      if (last === undefined) return;
      const { containerizer: sweeper } = await open(owner);
      for (const { containerId } of await sweeper.list()) await sweeper.remove(containerId);
      for (const one of opened) await one.close();
      opened = [];
    });

    function launch(id: string, text: string, overrides: Parameters<typeof launchOf>[2] = {}) {
      const command = { value: text, ...overrides.command };
      containerizer.launch(launchOf(id, harness.container, { ...overrides, command }));
    }

    test("a container starts, runs, ends, and each is told once and in this order", async () => {
      await start();
      launch("c1", "echo done; exit 0");
      expect(log.of("c1")).toEqual([]); // Never from within the call.
      expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 0, isOutOfMemory: false });
      expect(log.kindsOf("c1")).toEqual(["starting", "started", "exited"]);
    });

    test("the exit code of a program is passed on", async () => {
      await start();
      launch("c1", "exit 3");
      expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 3 });
    });

    test("a launch that comes twice runs once", async () => {
      await start();
      launch("c1", "echo once; exit 0");
      launch("c1", "echo once; exit 0");
      await log.until("c1", "exited");
      expect(log.kindsOf("c1")).toEqual(["starting", "started", "exited"]);
      expect((await textOf(containerizer.logs("c1", ALL_LOGS))).stdout).toBe("once\n");
    });

    test("a program that does not exist is a failed launch with the reason", async () => {
      await start();
      launch("c1", "", { command: { isShell: false, value: "/nonexistent/program" } });
      const { message } = await log.until("c1", "launch-failed");
      expect(message).toContain("/nonexistent/program");
      expect(log.kindsOf("c1")).toEqual(["starting", "launch-failed"]);
      await containerizer.remove("c1");
      expect(await containerizer.list()).toEqual([]);
    });

    test("SIGTERM ends a program that heeds it, well within its grace (M-61)", async () => {
      await start();
      launch("c1", "sleep 300");
      await log.until("c1", "started");
      const beganAtMs = Date.now();
      containerizer.stop("c1", LONG_GRACE_MS);
      const { exitCode } = await log.until("c1", "exited");
      expect(exitCode).toBe(143);
      expect(Date.now() - beganAtMs).toBeLessThan(LONG_GRACE_MS / 2);
    });

    test("a program that ignores SIGTERM gets SIGKILL after its grace (M-61)", async () => {
      await start();
      launch("c1", "trap '' TERM; echo ready; sleep 300");
      await log.until("c1", "started");
      await expect
        .poll(async () => (await textOf(containerizer.logs("c1", ALL_LOGS))).stdout)
        .toBe("ready\n");
      const beganAtMs = Date.now();
      containerizer.stop("c1", 1_000);
      containerizer.stop("c1", 1_000);
      const { exitCode } = await log.until("c1", "exited");
      expect(exitCode).toBe(137);
      expect(Date.now() - beganAtMs).toBeGreaterThanOrEqual(990 / harness.speed);
      expect(log.kindsOf("c1")).toEqual(["starting", "started", "exited"]);
    });

    test("a second stop can shorten the grace of the first", async () => {
      await start();
      launch("c1", "trap '' TERM; echo ready; sleep 300");
      await log.until("c1", "started");
      const beganAtMs = Date.now();
      containerizer.stop("c1", LONG_GRACE_MS);
      containerizer.stop("c1", 0);
      await log.until("c1", "exited");
      expect(Date.now() - beganAtMs).toBeLessThan(LONG_GRACE_MS / 2);
    });

    test("a stop right after the launch leaves nothing running", async () => {
      await start();
      launch("c1", "sleep 300");
      containerizer.stop("c1", 0);
      await expect
        .poll(() => log.kindsOf("c1").at(-1), { timeout: 20_000 })
        .toMatch(/^(launch-failed|exited)$/);
      const running = (await containerizer.list()).filter(({ state }) => state.kind === "running");
      expect(running).toEqual([]);
    });

    test("a stop of a container that does not exist is answered by an end without exit code", async () => {
      await start();
      containerizer.stop("ghost", 0);
      const exit = await log.until("ghost", "exited");
      expect(exit.exitCode).toBeUndefined();
      expect(exit.message).toContain("does not exist");
    });

    test("the environment has the task's own, its ports and its sandbox, and nothing of the agent's", async () => {
      await start();
      process.env.BOURSE_CONTRACT_SECRET = "of-the-agent";
      launch("c1", "echo $GREETING/$PORT/$PORT0/$PORT1/$BOURSE_CONTRACT_SECRET/", {
        command: { environment: [{ name: "GREETING", value: "a $b 'c'" }] },
        hostPorts: [31_000, 31_005],
      });
      await log.until("c1", "exited");
      delete process.env.BOURSE_CONTRACT_SECRET;
      expect((await textOf(containerizer.logs("c1", ALL_LOGS))).stdout).toBe(
        "a $b 'c'/31000/31000/31005//\n",
      );
    });

    test("what one container writes to a persistent volume outlives it, and the next one reads it (M-68)", async () => {
      await start();
      const volume = { role: "eng/db", id: owner };
      const store = new VolumeStore(volumeDir, (error) => expect.unreachable(error.message));
      store.create(volume, true);
      const persistentVolumes = [{ volume, containerPath: "state/data", mode: "RW" }] as const;
      launch("c1", "echo of $MESOS_TASK_ID > $MESOS_SANDBOX/state/data/file", {
        persistentVolumes,
      });
      expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 0 });
      await containerizer.remove("c1");
      const elsewhere = [{ volume, containerPath: "old", mode: "RW" }] as const;
      launch("c2", "cat $MESOS_SANDBOX/old/file", { persistentVolumes: elsewhere });
      expect(await log.until("c2", "exited")).toMatchObject({ exitCode: 0 });
      expect((await textOf(containerizer.logs("c2", ALL_LOGS))).stdout).toBe("of task-of-c1\n");
      store.destroy(volume);
      await store.close();
    });

    test.each([
      [
        "whose directory is not there",
        "ghost",
        "data",
        "volume ghost of role eng has no directory",
      ],
      ["that would leave the sandbox", "", "../data", "cannot be mounted at"],
    ])("a launch on a persistent volume %s fails with the reason", async (_what, id, path, why) => {
      await start();
      const volume = { role: "eng", id: id === "" ? owner : id };
      const store = new VolumeStore(volumeDir, () => {});
      if (id === "") store.create(volume, true);
      const persistentVolumes = [{ volume, containerPath: path, mode: "RW" }] as const;
      launch("c1", "exit 0", { persistentVolumes });
      expect((await log.until("c1", "launch-failed")).message).toContain(why);
    });

    test("logs keep the two streams apart, and give the last lines", async () => {
      await start();
      launch("c1", "echo one; echo two >&2; echo three; exit 0");
      await log.until("c1", "exited");
      expect(await textOf(containerizer.logs("c1", ALL_LOGS))).toEqual({
        stdout: "one\nthree\n",
        stderr: "two\n",
      });
      expect(await textOf(containerizer.logs("c1", { ...ALL_LOGS, hasStdout: false }))).toEqual({
        stdout: "",
        stderr: "two\n",
      });
      const last = containerizer.logs("c1", { ...ALL_LOGS, hasStderr: false, tailLines: 1 });
      expect((await textOf(last)).stdout).toBe("three\n");
    });

    test("following logs gives what comes and ends with the container", async () => {
      await start();
      launch("c1", "echo one; sleep 1; echo two; exit 0");
      await log.until("c1", "started");
      const following = containerizer.logs("c1", { ...ALL_LOGS, isFollowing: true });
      expect((await textOf(following)).stdout).toBe("one\ntwo\n");
    });

    test("logs and exec of an unknown container are not found", async () => {
      await start();
      await expect(textOf(containerizer.logs("ghost", ALL_LOGS))).rejects.toMatchObject({
        code: "not_found",
      });
      const request = { command: ["true"], isTty: false, isInteractive: false };
      await expect(containerizer.exec("ghost", request)).rejects.toMatchObject({
        code: "not_found",
      });
    });

    test("exec gives both streams and the exit code", async () => {
      await start();
      launch("c1", "sleep 300");
      await log.until("c1", "started");
      const session = await containerizer.exec("c1", {
        command: SHELL("echo out; echo err >&2; exit 7"),
        isTty: false,
        isInteractive: false,
      });
      expect(await textOf(session.output)).toEqual({ stdout: "out\n", stderr: "err\n" });
      expect(await session.exit).toBe(7);
    });

    test("exec passes stdin on until its end", async () => {
      await start();
      launch("c1", "sleep 300");
      await log.until("c1", "started");
      const session = await containerizer.exec("c1", {
        command: ["cat"],
        isTty: false,
        isInteractive: true,
      });
      await session.writeStdin(Buffer.from("first "));
      await session.writeStdin(Buffer.from("second"));
      session.endStdin();
      expect((await textOf(session.output)).stdout).toBe("first second");
      expect(await session.exit).toBe(0);
    });

    test("a closed exec session ends its process", async () => {
      await start();
      launch("c1", "sleep 300");
      await log.until("c1", "started");
      const session = await containerizer.exec("c1", {
        command: SHELL("sleep 300"),
        isTty: false,
        isInteractive: false,
      });
      session.close();
      await textOf(session.output);
      expect(await session.exit).not.toBe(0);
    });

    test("exec in an ended container is a conflict", async () => {
      await start();
      launch("c1", "exit 0");
      await log.until("c1", "exited");
      const request = { command: ["true"], isTty: false, isInteractive: false };
      await expect(containerizer.exec("c1", request)).rejects.toMatchObject({ code: "conflict" });
    });

    test("a check tells its exit code, its output, and when it took too long (M-59)", async () => {
      await start();
      launch("c1", "sleep 300");
      await log.until("c1", "started");
      const check = (value: string, timeoutMs: number) =>
        containerizer.runCheck("c1", { isShell: true, value, args: [] }, timeoutMs);
      expect(await check("exit 0", 10_000)).toMatchObject({ kind: "exited", exitCode: 0 });
      expect(await check("echo sick; exit 1", 0)).toEqual({
        kind: "exited",
        exitCode: 1,
        output: "sick\n",
      });
      expect(await check("sleep 30", 300)).toEqual({ kind: "timeout" });
      const ghost = containerizer.runCheck("ghost", { isShell: true, value: "", args: [] }, 0);
      expect(await ghost).toMatchObject({ kind: "failed" });
    });

    test("a new agent finds what runs and how the others ended, and goes on watching (N-03)", async () => {
      await start();
      launch("runs", "sleep 300");
      launch("ended", "exit 4");
      launch("ends-unseen", "sleep 1; exit 5");
      await log.until("ended", "exited");
      await log.until("runs", "started");
      await log.until("ends-unseen", "started");
      await containerizer.close();
      await new Promise((resolve) => setTimeout(resolve, 1_500 / harness.speed));
      expect(log.kindsOf("ends-unseen")).toEqual(["starting", "started"]);

      const second = await open();
      const found = new Map(
        (await second.containerizer.list()).map(({ containerId, state }) => [containerId, state]),
      );
      expect([...found.keys()].sort()).toEqual(["ended", "ends-unseen", "runs"]);
      expect(found.get("runs")).toMatchObject({ kind: "running" });
      expect(found.get("ended")).toMatchObject({ kind: "exited", exitCode: 4 });
      expect(found.get("ends-unseen")).toMatchObject({ kind: "exited", exitCode: 5 });

      second.containerizer.stop("runs", LONG_GRACE_MS);
      expect(await second.log.until("runs", "exited")).toMatchObject({ exitCode: 143 });
      expect(second.log.kindsOf("runs")).toEqual(["exited"]);
      expect(second.log.kindsOf("ended")).toEqual([]);
    });

    test("an adopted container that ends by itself is told with its exit code", async () => {
      await start();
      launch("c1", "sleep 1; exit 6");
      await log.until("c1", "started");
      await containerizer.close();
      const second = await open();
      await second.containerizer.list();
      expect(await second.log.until("c1", "exited")).toMatchObject({ exitCode: 6 });
    });

    test("two agents on one host do not see or touch each other's containers (M-62)", async () => {
      await start();
      launch("c1", "sleep 300");
      await log.until("c1", "started");
      const neighbour = await open(`${owner}-neighbour`);
      expect(await neighbour.containerizer.list()).toEqual([]);
      neighbour.containerizer.stop("c1", 0);
      await neighbour.containerizer.remove("c1");
      expect(await containerizer.list()).toMatchObject([
        { containerId: "c1", state: { kind: "running" } },
      ]);
    });

    test("a removed container is gone, running or not, and removing it again is no error", async () => {
      await start();
      launch("runs", "sleep 300");
      launch("ended", "exit 0");
      await log.until("runs", "started");
      await log.until("ended", "exited");
      await containerizer.remove("runs");
      await containerizer.remove("ended");
      await containerizer.remove("ended");
      expect(await containerizer.list()).toEqual([]);
      expect(log.kindsOf("runs").at(-1)).toBe("exited");
    });

    test("any text can be a container's id", async () => {
      await start();
      const hostile = "../../f 1\n.t/ä.'$(x)";
      launch(hostile, "echo safe; exit 0");
      await log.until(hostile, "exited");
      expect((await containerizer.list()).map(({ containerId }) => containerId)).toEqual([hostile]);
      await containerizer.remove(hostile);
      expect(await containerizer.list()).toEqual([]);
    });

    test("an engine that answers says what it is", async () => {
      await start();
      expect(await containerizer.health()).toMatchObject({ isUp: true });
    });
  });
}
