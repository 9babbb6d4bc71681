import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dockerSpec, EventLog, launchOf, NO_VOLUMES } from "../contract-harness.ts";
import { DockerContainerizer } from "./docker-containerizer.ts";
import { engineForTests, makeTestImage, sweepContainers } from "./engine-for-tests.ts";

const { docker, skipReason } = await engineForTests("hanging engine");
const IMAGE = "bourse/hanging-engine-test:1";
const OWNER = `hanging-engine-${process.pid}`;

/** A socket of its own before the real engine, on which calls that match are never answered. */
class Gate {
  readonly path: string;
  pattern: RegExp | null = null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(path: string) {
    this.path = path;
    this.#server = createServer((client) => {
      const engine = connect("/var/run/docker.sock");
      for (const socket of [client, engine]) {
        this.#sockets.add(socket);
        socket
          .on("error", () => {})
          .on("close", () => {
            client.destroy();
            engine.destroy();
          });
      }
      engine.pipe(client);
      client.on("data", (data) => {
        if (this.pattern?.test(data.toString("latin1")) !== true) engine.write(data);
      });
    });
  }

  open(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.path, resolve));
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

describe.skipIf(skipReason !== null)("docker containerizer when a call hangs", () => {
  let directory: string;
  let gate: Gate;
  let containerizer: DockerContainerizer;
  const log = new EventLog();
  const notices: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bourse-hanging-"));
    await makeTestImage(docker, IMAGE);
    gate = new Gate(join(directory, "gate.sock"));
    await gate.open();
    containerizer = new DockerContainerizer({
      owner: OWNER,
      docker: new Docker({ socketPath: gate.path }),
      sandboxRoot: join(directory, "sandboxes"),
      onEvent: log.listener,
      onNotice: (message) => notices.push(message),
      encodeStatus: () => new Uint8Array(),
      volumePath: NO_VOLUMES,
    });
    await containerizer.list();
  });
  afterAll(async () => {
    await containerizer?.close();
    gate?.close();
    await sweepContainers(docker, OWNER);
    await docker.getImage(IMAGE).remove({ force: true });
    await rm(directory, { recursive: true, force: true });
  });

  test("a stop that hangs is followed by a kill, and the operator is told (M-61)", async () => {
    containerizer.launch(launchOf("c1", dockerSpec(IMAGE), { command: { value: "sleep 300" } }));
    await log.until("c1", "started");
    gate.pattern = /^POST \S*\/stop/;
    containerizer.stop("c1", 1_000);
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 137 });
    expect(notices).toContain("stopping container c1 hangs; it is killed now");
  });

  test("an engine that does not answer is not up", async () => {
    gate.pattern = /^GET \S*\/version/;
    expect(await containerizer.health()).toMatchObject({
      isUp: false,
      problem: expect.stringContaining("no answer"),
    });
  });
});
