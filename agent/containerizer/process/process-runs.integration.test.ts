import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VolumeStore } from "../../volumes/volume-store.ts";
import { dockerSpec, EventLog, launchOf, NO_VOLUMES, textOf } from "../contract-harness.ts";
import { ContainerDirectory } from "./container-directory.ts";
import { bootId, isAlive } from "./proc.ts";
import { ProcessContainerizer, type ProcessContainerizerOptions } from "./process-containerizer.ts";
import { SHIM_SCRIPT } from "./shim.ts";
import { startShim } from "./start-shim.ts";

const ALL_LOGS = { isFollowing: false, hasStdout: true, hasStderr: true };
const PROCESS = { type: "process" } as const;

describe.skipIf(process.platform !== "linux")("process containerizer", () => {
  let stateDir: string;
  let log: EventLog;
  let containerizer: ProcessContainerizer;
  let opened: ProcessContainerizer[];

  function open(options: Partial<ProcessContainerizerOptions> = {}): ProcessContainerizer {
    log = new EventLog();
    const made = new ProcessContainerizer({
      stateDir,
      onEvent: log.listener,
      encodeStatus: (status) => Buffer.from(JSON.stringify(status)),
      volumePath: NO_VOLUMES,
      ...options,
    });
    opened.push(made);
    return made;
  }
  const launch = (id: string, value: string, command: object = {}) =>
    containerizer.launch(launchOf(id, PROCESS, { command: { value, ...command } }));
  const output = async (id: string) => (await textOf(containerizer.logs(id, ALL_LOGS))).stdout;
  async function fileOf(name: string): Promise<string> {
    const [directory = ""] = await readdir(join(stateDir, "containers"));
    return join(stateDir, "containers", directory, name);
  }

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "bourse-process-runs-"));
    opened = [];
    containerizer = open();
    await containerizer.list();
  });
  afterEach(async () => {
    const sweeper = open();
    for (const { containerId } of await sweeper.list()) await sweeper.remove(containerId);
    for (const one of opened) await one.close();
    await rm(stateDir, { recursive: true, force: true });
  });

  test("the end of a task that ends at once is noticed, however late anybody asks", async () => {
    const shimPath = join(stateDir, "shim.sh");
    await writeFile(shimPath, SHIM_SCRIPT);
    const directory = new ContainerDirectory(join(stateDir, "at-once"));
    const record = { containerId: "at-once", taskId: "t1", bootId: await bootId() };
    const { uid, gid } = userInfo();
    await directory.create(record, { uid, gid }, []);
    const environment = new Map([["PATH", process.env.PATH ?? ""]]);
    const shim = await startShim(shimPath, directory, ["/bin/sh", "-c", "exit 4"], environment);
    await expect.poll(() => directory.observe()).toEqual({ kind: "ended", exitCode: 4 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await shim.ended;
  });

  test("a kill reaches all of the session: children, and those in groups of their own", async () => {
    launch("c1", "set -m; sleep 301 & sleep 302 & echo $! $$; wait");
    await log.until("c1", "started");
    await expect.poll(() => output("c1")).toMatch(/\d+ \d+\n/);
    const pids = (await output("c1")).trim().split(" ").map(Number);
    containerizer.stop("c1", 0);
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 137 });
    for (const pid of pids) await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test("what a task leaves in its group ends with it, as in a container", async () => {
    launch("c1", "sleep 303 & echo $!; exit 0");
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 0 });
    const pid = Number(await output("c1"));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test("a shim that is killed loses the exit code, not the task", async () => {
    launch("c1", "sleep 2");
    await log.until("c1", "started");
    const [shimPid] = (await readFile(await fileOf("shim"), "utf8")).split(" ");
    process.kill(Number(shimPid), "SIGKILL");
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(log.kindsOf("c1")).toEqual(["starting", "started"]);
    const exit = await log.until("c1", "exited");
    expect(exit.exitCode).toBeUndefined();
    expect(exit.message).toContain("not known");
  });

  test("after the machine went down, what ran has ended, even if its pid is in use again", async () => {
    launch("c1", "sleep 300");
    await log.until("c1", "started");
    await containerizer.close();
    const record = JSON.parse(await readFile(await fileOf("launch.json"), "utf8"));
    const asItWas = JSON.stringify(record);
    await writeFile(await fileOf("launch.json"), JSON.stringify({ ...record, bootId: "earlier" }));
    containerizer = open();
    const [found] = await containerizer.list();
    expect(found?.state).toEqual(expect.objectContaining({ kind: "exited", isOutOfMemory: false }));
    expect(found?.state).not.toHaveProperty("exitCode");
    await writeFile(await fileOf("launch.json"), asItWas);
  });

  test("a pid that another process has now is not taken for the task, nor killed", async () => {
    const stranger = spawn("sleep", ["300"], { stdio: "ignore" });
    try {
      launch("c1", "exit 0");
      await log.until("c1", "exited");
      await containerizer.close();
      await writeFile(await fileOf("pid"), `${stranger.pid} 12345\n`);
      await rm(await fileOf("exit"));
      containerizer = open();
      expect(await containerizer.list()).toMatchObject([{ state: { kind: "exited" } }]);
      containerizer.stop("c1", 0);
      await containerizer.remove("c1");
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill("SIGKILL");
    }
  });

  test("a launch that its agent did not live to start never starts, and is not found", async () => {
    await containerizer.close();
    const directory = join(stateDir, "containers", "half");
    await mkdir(join(directory, "sandbox"), { recursive: true });
    const record = { containerId: "half", taskId: "t1", bootId: "any" };
    await writeFile(join(directory, "launch.json"), JSON.stringify(record));
    containerizer = open();
    expect(await containerizer.list()).toEqual([]);
    expect(await readdir(join(stateDir, "containers"))).toEqual([]);
  });

  test("a log above its bound is cut, and what was written last is kept", async () => {
    await containerizer.close();
    containerizer = open({ logBytesMax: 20_000 });
    await containerizer.list();
    launch(
      "c1",
      "i=0; while [ $i -lt 60 ]; do seq 1000 1999; i=$((i + 1)); sleep 0.05; done; echo last",
    );
    await log.until("c1", "exited");
    const bytes = (await output("c1")).length;
    expect(bytes).toBeLessThan(60 * 5_000);
    expect((await output("c1")).endsWith("1999\nlast\n")).toBe(true);
    expect((await stat(await fileOf("stdout.1"))).size).toBeGreaterThan(20_000);
  });

  test("following a log goes on across a cut", async () => {
    await containerizer.close();
    containerizer = open({ logBytesMax: 20_000 });
    await containerizer.list();
    // Pauses around each second keep the writes away from the moment between copy and cut.
    launch(
      "c1",
      "i=0; while [ $i -lt 6 ]; do seq 1000 1999; i=$((i + 1)); sleep 0.5; done; echo last",
    );
    await log.until("c1", "started");
    const following = containerizer.logs("c1", { ...ALL_LOGS, isFollowing: true });
    const lines = (await textOf(following)).stdout.trim().split("\n");
    expect(lines.length).toBe(6_001);
    expect(lines.at(-1)).toBe("last");
  });

  test("tail gives the last lines of a long log", async () => {
    launch("c1", "seq 1 100000; printf unfinished");
    await log.until("c1", "exited");
    const tail = async (tailLines: number) =>
      (await textOf(containerizer.logs("c1", { ...ALL_LOGS, hasStderr: false, tailLines }))).stdout;
    expect(await tail(0)).toBe("");
    expect(await tail(2)).toBe("100000\nunfinished");
    expect((await tail(60_000)).split("\n")[0]).toBe("40002");
    expect((await tail(200_000)).split("\n")[0]).toBe("1");
  });

  test("a terminal has a size, and its command an exit code", async () => {
    launch("c1", "sleep 300");
    await log.until("c1", "started");
    const session = await containerizer.exec("c1", {
      command: [
        "/bin/sh",
        "-c",
        "until [ \"$(stty size)\" = '45 123' ]; do sleep 0.1; done; echo sized; exit 5",
      ],
      isTty: true,
      isInteractive: true,
    });
    const resizing = setInterval(() => session.resize(123, 45), 200);
    const { stdout } = await textOf(session.output);
    clearInterval(resizing);
    expect(stdout).toBe("sized\r\n");
    expect(await session.exit).toBe(5);
  });

  test("exec has the task's directory and environment, also after an adoption", async () => {
    launch("c1", "sleep 300", { environment: [{ name: "MINE", value: "x y" }] });
    await log.until("c1", "started");
    await containerizer.close();
    containerizer = open();
    await containerizer.list();
    const session = await containerizer.exec("c1", {
      command: ["/bin/sh", "-c", "echo $MINE; [ $PWD = $MESOS_SANDBOX ] && echo here"],
      isTty: false,
      isInteractive: false,
    });
    expect((await textOf(session.output)).stdout).toBe("x y\nhere\n");
  });

  test.skipIf(process.getuid?.() !== 0)(
    "a task's user owns its sandbox, and can neither forge its exit code nor read another's",
    async () => {
      launch("c1", "id -un; echo mine > file; echo 0 > ../exit; cat ../launch.json; exit 3", {
        user: "nobody",
      });
      expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 3 });
      expect(await output("c1")).toBe("nobody\n");
      expect(await readFile(await fileOf("sandbox/file"), "utf8")).toBe("mine\n");
    },
  );

  test.each<[what: string, value: string | undefined, command: object, message: string]>([
    ["no command", undefined, {}, "neither an image nor a command"],
    ["an unknown user", "true", { user: "no-such-user" }, "user no-such-user does not exist"],
    [
      "a variable that no shell passes on",
      "true",
      { environment: [{ name: "a.b", value: "" }] },
      'environment variable "a.b"',
    ],
  ])("%s is a failed launch that says so", async (_what, value, command, message) => {
    const spec = value === undefined ? command : { value, ...command };
    containerizer.launch(launchOf("c1", PROCESS, { command: spec }));
    expect((await log.until("c1", "launch-failed")).message).toContain(message);
  });

  test("an image is nothing for an agent that only runs processes, and the reason says so", async () => {
    containerizer.launch(launchOf("c1", dockerSpec("web:1"), { command: { value: "true" } }));
    expect((await log.until("c1", "launch-failed")).message).toContain("image web:1");
  });

  test.skipIf(userInfo().uid !== 0)(
    "another user gets at a volume when it may pass through the work directory, and is told when not (M-68)",
    async () => {
      const workDir = await mkdtemp(join(tmpdir(), "bourse-process-volumes-"));
      const store = new VolumeStore(workDir, (error) => expect.unreachable(error.message));
      const volume = { role: "eng", id: "v1" };
      store.create(volume, true);
      const containers = open({ volumePath: (ref) => store.pathOf(ref) });
      const launchAs = (id: string) =>
        containers.launch(
          launchOf(id, PROCESS, {
            command: { value: "echo $(id -un) > data/file", user: "nobody" },
            persistentVolumes: [{ volume, containerPath: "data", mode: "RW" }],
          }),
        );
      await chmod(workDir, 0o700);
      launchAs("c1");
      expect((await log.until("c1", "launch-failed")).message).toContain("may not write");
      await chmod(workDir, 0o711);
      launchAs("c2");
      expect(await log.until("c2", "exited")).toMatchObject({ exitCode: 0 });
      expect(await readFile(join(store.pathOf(volume), "file"), "utf8")).toBe("nobody\n");
      await store.close();
      await rm(workDir, { recursive: true });
    },
  );

  test("a directory that cannot be used is a failed launch and a health problem", async () => {
    await writeFile(join(stateDir, "file"), "");
    const broken = new ProcessContainerizer({
      stateDir: join(stateDir, "file"),
      onEvent: log.listener,
      encodeStatus: () => new Uint8Array(),
      volumePath: NO_VOLUMES,
    });
    broken.launch(launchOf("c1", PROCESS, { command: { value: "true" } }));
    await log.until("c1", "launch-failed");
    expect(await broken.health()).toMatchObject({ isUp: false });
    await broken.close();
  });
});

async function isRunning(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (text === null) return false;
  const startTime = text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  return isAlive({ pid, startTime });
}
