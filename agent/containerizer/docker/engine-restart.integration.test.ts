import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dockerSpec, EventLog, launchOf, NO_VOLUMES } from "../contract-harness.ts";
import { DockerContainerizer } from "./docker-containerizer.ts";
import { engineForTests, makeTestImage } from "./engine-for-tests.ts";

const IMAGE = "bourse/engine-restart-test:1";
const SPEC = dockerSpec(IMAGE);

const { skipReason: noEngine } = await engineForTests("engine restart");
const skipReason = noEngine ?? (process.getuid?.() === 0 ? null : "only root can start an engine");
if (noEngine === null && skipReason !== null) console.warn(`SKIPPED engine restart: ${skipReason}`);

/** A second engine with a world of its own, so that killing it hurts nobody. */
class OwnEngine {
  readonly #directory: string;
  #daemon: ChildProcess | null = null;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get docker(): Docker {
    return new Docker({ socketPath: join(this.#directory, "docker.sock") });
  }

  async start(): Promise<void> {
    const at = (name: string) => join(this.#directory, name);
    // The engine's own containerd dies with it. Where process 1 does not reap, it stays as a zombie, and the next
    // engine would take that for a containerd that runs.
    await rm(at("exec/containerd/containerd.pid"), { force: true });
    // In a network namespace of its own: an engine without a bridge deletes docker0, the host's one included.
    const daemon = spawn(
      "unshare",
      [
        "--net",
        "--",
        "dockerd",
        `--host=unix://${at("docker.sock")}`,
        `--data-root=${at("data")}`,
        `--exec-root=${at("exec")}`,
        `--pidfile=${at("docker.pid")}`,
        "--bridge=none",
        "--iptables=false",
        "--ip6tables=false",
      ],
      { stdio: "ignore" },
    );
    this.#daemon = daemon;
    for (let polls = 0; polls < 300; polls++) {
      if (daemon.exitCode !== null) throw new Error(`dockerd ended with ${daemon.exitCode}`);
      const answer = await this.docker.ping().catch(() => null);
      if (answer !== null) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("dockerd did not answer within 30 s");
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill(signal);
    await ended;
  }

  /** A killed engine leaves its mounts. */
  async unmountAll(): Promise<void> {
    const mounts = (await readFile("/proc/mounts", "utf8"))
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "")
      .filter((path) => path.startsWith(`${this.#directory}/`));
    for (const path of mounts.reverse()) {
      await promisify(execFile)("umount", [path]).catch(() => {});
    }
  }
}

describe.skipIf(skipReason !== null)("docker containerizer when the engine goes away", () => {
  let directory: string;
  let engine: OwnEngine;
  const log = new EventLog();
  const notices: string[] = [];
  let containerizer: DockerContainerizer;
  const launch = (id: string, value: string) =>
    containerizer.launch(launchOf(id, SPEC, { command: { value } }));

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bourse-engine-"));
    engine = new OwnEngine(directory);
    await engine.start();
    await makeTestImage(engine.docker, IMAGE);
    containerizer = new DockerContainerizer({
      owner: "engine-restart",
      sandboxRoot: join(directory, "sandboxes"),
      docker: engine.docker,
      onEvent: log.listener,
      onNotice: (message) => notices.push(message),
      encodeStatus: () => new Uint8Array(),
      volumePath: NO_VOLUMES,
      engineWaitMs: 1_000,
    });
    await containerizer.list();
  });
  afterAll(async () => {
    await containerizer?.close();
    const left = await engine.docker.listContainers({ all: true }).catch(() => []);
    for (const { Id } of left) {
      await engine.docker
        .getContainer(Id)
        .remove({ force: true })
        .catch(() => {});
    }
    await engine.end("SIGTERM");
    await engine.unmountAll();
    await rm(directory, { recursive: true, force: true });
  });

  test("launches fail with the reason, no exit is lost, and all works again when it returns", async () => {
    launch("runs", "sleep 300");
    launch("kept", "exit 3");
    await log.until("runs", "started");
    await log.until("kept", "exited");

    await engine.end("SIGKILL");
    launch("unlucky", "exit 0");
    expect((await log.until("unlucky", "launch-failed")).message).toContain(
      "the Docker engine does not answer",
    );
    expect(await containerizer.health()).toMatchObject({ isUp: false });
    await expect.poll(() => notices.at(-1)).toContain("went away");
    const another = new DockerContainerizer({
      owner: "engine-restart",
      sandboxRoot: join(directory, "sandboxes"),
      docker: engine.docker,
      onEvent: () => {},
      encodeStatus: () => new Uint8Array(),
      volumePath: NO_VOLUMES,
      engineWaitMs: 200,
    });
    await expect(another.list()).rejects.toMatchObject({ code: "unreachable" });
    await another.close();
    const removal = containerizer.remove("kept");
    await expect(removal).rejects.toMatchObject({ code: "unreachable" });

    await engine.start();
    // This engine ends what ran when it was killed; what matters is that the end is told, once.
    await log.until("runs", "exited");
    expect(log.kindsOf("runs")).toEqual(["starting", "started", "exited"]);
    expect(log.kindsOf("kept")).toEqual(["starting", "started", "exited"]);
    await expect
      .poll(async () => (await containerizer.list()).map(({ containerId }) => containerId), {
        timeout: 20_000,
      })
      .toEqual(["runs"]);
    launch("lucky", "exit 4");
    expect(await log.until("lucky", "exited")).toMatchObject({ exitCode: 4 });
    expect(notices.at(-1)).toContain("answers");
  });
});
