import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { VolumeStore } from "../../volumes/volume-store.ts";
import {
  type DockerSpec,
  dockerSpec,
  EventLog,
  launchOf,
  NO_VOLUMES,
  textOf,
} from "../contract-harness.ts";
import { DockerContainerizer, type DockerContainerizerOptions } from "./docker-containerizer.ts";
import { busyboxTar, engineForTests, makeTestImage, sweepContainers } from "./engine-for-tests.ts";
import { LABELS } from "./labels.ts";
import { startTestRegistry } from "./registry-for-tests.ts";

const { docker, skipReason } = await engineForTests("docker containerizer");
const IMAGE = "bourse/docker-runs-test:1";
const OWNER = `docker-runs-${process.pid}`;
const VOLUME = `bourse-docker-runs-${process.pid}`;
const HOST_PORT = 38_472;
const ALL_LOGS = { isFollowing: false, hasStdout: true, hasStderr: true };

const testSpec = (overrides: Partial<DockerSpec> = {}) => dockerSpec(IMAGE, overrides);

describe.skipIf(skipReason !== null)("docker containerizer", () => {
  let directory: string;
  let log: EventLog;
  let containerizer: DockerContainerizer;
  let notices: string[];

  function make(options: Partial<DockerContainerizerOptions> = {}): DockerContainerizer {
    return new DockerContainerizer({
      owner: OWNER,
      cluster: "test",
      sandboxRoot: join(directory, "sandboxes"),
      publishAddress: "127.0.0.1",
      onEvent: log.listener,
      onNotice: (message) => notices.push(message),
      encodeStatus: (status) => Buffer.from(JSON.stringify(status)),
      volumePath: NO_VOLUMES,
      ...options,
    });
  }
  const output = async (id: string) => (await textOf(containerizer.logs(id, ALL_LOGS))).stdout;
  async function inspect(id: string) {
    const label = [`${LABELS.owner}=${OWNER}`, `${LABELS.container}=${id}`];
    const [found] = await docker.listContainers({ all: true, filters: { label } });
    return await docker.getContainer(found?.Id ?? "").inspect();
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bourse-docker-runs-"));
    await makeTestImage(docker, IMAGE);
  });
  afterAll(async () => {
    await docker
      .getVolume(VOLUME)
      .remove()
      .catch(() => {});
    await docker.getImage(IMAGE).remove({ force: true });
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    log = new EventLog();
    notices = [];
    containerizer = make();
    await containerizer.list();
  });
  afterEach(async () => {
    await containerizer.close();
    await sweepContainers(docker, OWNER);
  });

  test("a task above its memory limit is killed, and the reason is memory", async () => {
    containerizer.launch(
      launchOf("c1", testSpec(), {
        command: { value: "exec tail /dev/zero" },
        limits: { memBytes: 16 * 1024 * 1024 },
      }),
    );
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 137, isOutOfMemory: true });
  });

  test("a mapped port is reached by HTTP, and the status names the address", async () => {
    containerizer.launch(
      launchOf(
        "c1",
        testSpec({
          network: "bridge",
          portMappings: [{ hostPort: HOST_PORT, containerPort: 80, protocol: "tcp" }],
        }),
        {
          command: { value: "echo served > /tmp/index.html; exec httpd -f -p 80 -h /tmp" },
          hostPorts: [HOST_PORT],
        },
      ),
    );
    const { statusPayload } = await log.until("c1", "started");
    const status = JSON.parse(Buffer.from(statusPayload).toString());
    expect(status).toMatchObject({ containerId: "c1", pid: expect.any(Number) });
    expect(status.ipAddresses[0]).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    const page = () => fetch(`http://127.0.0.1:${HOST_PORT}/`).then((reply) => reply.text());
    await expect.poll(() => page().catch(() => ""), { timeout: 10_000 }).toBe("served\n");
  });

  test("a persistent volume is at its path, absolute too, and read-only where that is asked for (M-68)", async () => {
    const volume = { role: "eng", id: "v1" };
    const store = new VolumeStore(directory, (error) => expect.unreachable(error.message));
    store.create(volume, true);
    const volumes = make({ volumePath: (ref) => store.pathOf(ref) });
    await volumes.list(); // From now on it watches the engine.
    const mounted = (containerPath: string, mode: "RW" | "RO") => ({
      persistentVolumes: [{ volume, containerPath, mode }],
    });
    const value = "umask 077; echo secret > /state/file";
    const user = "1000";
    volumes.launch(
      launchOf("c1", testSpec(), { ...mounted("/state", "RW"), command: { value, user } }),
    );
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 0 });
    const again = "cat $MESOS_SANDBOX/data/file; echo no > $MESOS_SANDBOX/data/file";
    volumes.launch(
      launchOf("c2", testSpec(), { ...mounted("data", "RO"), command: { value: again } }),
    );
    expect(await log.until("c2", "exited")).toMatchObject({ exitCode: 1 });
    const written = await textOf(volumes.logs("c2", ALL_LOGS));
    expect(written).toMatchObject({
      stdout: "secret\n",
      stderr: expect.stringMatching(/Read-only/),
    });
    await volumes.close();
    store.destroy(volume);
    await store.close();
  });

  test("what one task writes into a named volume the next one reads", async () => {
    const volumes: DockerSpec["volumes"] = [
      { source: { type: "named", name: VOLUME }, containerPath: "/data", mode: "RW" },
    ];
    containerizer.launch(
      launchOf("writer", testSpec({ volumes }), { command: { value: "echo kept > /data/file" } }),
    );
    expect(await log.until("writer", "exited")).toMatchObject({ exitCode: 0 });
    await containerizer.remove("writer");
    containerizer.launch(
      launchOf("reader", testSpec({ volumes }), { command: { value: "cat /data/file" } }),
    );
    await log.until("reader", "exited");
    expect(await output("reader")).toBe("kept\n");
  });

  test("a host path is mounted, and read-only means it", async () => {
    await writeFile(join(directory, "given"), "from the host\n");
    const volumes: DockerSpec["volumes"] = [
      { source: { type: "host", path: directory }, containerPath: "/data", mode: "RO" },
    ];
    containerizer.launch(
      launchOf("c1", testSpec({ volumes }), {
        command: { value: "cat /data/given; echo x > /data/new && exit 0; exit 9" },
      }),
    );
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 9 });
    expect(await output("c1")).toBe("from the host\n");
  });

  test("a host path that does not exist is a failed launch that names it", async () => {
    const volumes: DockerSpec["volumes"] = [
      { source: { type: "host", path: "/nonexistent/data" }, containerPath: "/data", mode: "RW" },
    ];
    containerizer.launch(launchOf("c1", testSpec({ volumes }), { command: { value: "true" } }));
    expect((await log.until("c1", "launch-failed")).message).toContain("/nonexistent/data");
  });

  test("the sandbox is mounted, any user of the container may write there, and it goes with the container (M-62)", async () => {
    containerizer.launch(
      launchOf("c1", testSpec(), {
        command: {
          value: "id -u; echo mine > $MESOS_SANDBOX/file; pwd; cat $MESOS_SANDBOX/file",
          user: "4321",
        },
      }),
    );
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 0 });
    expect(await output("c1")).toBe("4321\n/\nmine\n");
    const { Mounts } = await inspect("c1");
    const sandbox = Mounts.find(({ Destination }) => Destination === "/mnt/mesos/sandbox");
    expect(await readFile(join(sandbox?.Source ?? "", "file"), "utf8")).toBe("mine\n");
    await containerizer.remove("c1");
    await expect(readFile(join(sandbox?.Source ?? "", "file"))).rejects.toThrow("ENOENT");
  });

  test("labels own the container, limits and log bounds are set, and the engine restarts nothing (D6)", async () => {
    const launch = launchOf("c1", testSpec(), {
      command: { value: "sleep 300" },
      limits: { cpuMilli: 500, memBytes: 32 * 1024 * 1024 },
    });
    const labels = [
      { key: "team", value: "search" },
      { key: "bourse.owner", value: "somebody-else" },
    ];
    containerizer.launch({ ...launch, run: { ...launch.run, labels } });
    await log.until("c1", "started");
    const { Config, HostConfig } = await inspect("c1");
    expect(Config.Labels).toEqual({
      team: "search",
      "bourse.owner": OWNER,
      "bourse.cluster": "test",
      "bourse.agent": "a1",
      "bourse.framework": "f1",
      "bourse.task": "task-of-c1",
      "bourse.container": "c1",
    });
    expect(HostConfig).toMatchObject({
      NanoCpus: 500_000_000,
      Memory: 32 * 1024 * 1024,
      MemorySwap: 32 * 1024 * 1024,
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "2" } },
    });
  });

  test.each<[what: string, command: object, spec: Partial<DockerSpec>, output: string]>([
    ["no command means the image's own", { isShell: false }, {}, "the image speaks\n"],
    [
      "words are the command of the image",
      { isShell: false, value: "echo", args: ["a b"] },
      {},
      "a b\n",
    ],
    [
      "an entrypoint gets the words as its arguments",
      { isShell: false, args: ["x", "y"] },
      { entrypoint: ["/bin/echo", "e"] },
      "e x y\n",
    ],
    ["a shell command goes through the shell", { value: "echo $((1 + 2))" }, {}, "3\n"],
  ])("%s (M-63)", async (_what, command, spec, expected) => {
    containerizer.launch(launchOf("c1", testSpec(spec), { command }));
    expect(await log.until("c1", "exited")).toMatchObject({ exitCode: 0 });
    expect(await output("c1")).toBe(expected);
  });

  test("exec with a terminal has one stream, a size and echo", async () => {
    containerizer.launch(launchOf("c1", testSpec(), { command: { value: "sleep 300" } }));
    await log.until("c1", "started");
    const session = await containerizer.exec("c1", {
      command: ["/bin/sh"],
      isTty: true,
      isInteractive: true,
    });
    session.resize(123, 45);
    await session.writeStdin(
      Buffer.from(
        "until [ \"$(stty size)\" = '45 123' ]; do sleep 0.1; done; echo sized >&2; exit 5\n",
      ),
    );
    expect((await textOf(session.output)).stdout).toContain("\r\nsized\r\n");
    expect(await session.exit).toBe(5);
  });

  test("an image that is neither here nor to be had is a failed launch that says what to do", async () => {
    containerizer.launch(launchOf("c1", testSpec({ image: "127.0.0.1:1/absent:1" })));
    const { message } = await log.until("c1", "launch-failed");
    expect(message).toContain(
      "image 127.0.0.1:1/absent:1 is not on this agent and cannot be pulled",
    );
    expect(message).toContain("is 127.0.0.1:1 reachable");
  });

  test("an absent image is pulled once for all that want it, with credentials that show nowhere (N-17)", async () => {
    const credentials = { username: "builder", password: "pa55-w0rd-of-the-registry" };
    const registry = await startTestRegistry(await busyboxTar(), credentials);
    const image = `${registry.host}/private:1`;
    try {
      await containerizer.close();
      containerizer = make({ credentials: new Map([[registry.host, credentials]]) });
      await containerizer.list();
      for (const id of ["c1", "c2", "c3"]) {
        containerizer.launch(
          launchOf(id, testSpec({ image }), { command: { value: "sleep 300" } }),
        );
      }
      for (const id of ["c1", "c2", "c3"]) await log.until(id, "started");
      expect(registry.manifestRequests()).toBe(1);
      const shown = JSON.stringify([await inspect("c1"), log.of("c1"), notices]);
      expect(shown).not.toContain(credentials.password);
      containerizer.launch(
        launchOf("c4", testSpec({ image, shouldPull: true }), { command: { value: "true" } }),
      );
      await log.until("c4", "started");
      expect(registry.manifestRequests()).toBe(2);

      await containerizer.close();
      containerizer = make();
      await containerizer.list();
      containerizer.launch(launchOf("c5", testSpec({ image, shouldPull: true })));
      const { message } = await log.until("c5", "launch-failed");
      expect(message).toContain(`A private image needs credentials for ${registry.host}`);
    } finally {
      await registry.close();
      await sweepContainers(docker, OWNER);
      await docker
        .getImage(image)
        .remove({ force: true })
        .catch(() => {});
    }
  });

  test("a container that somebody else removes has ended", async () => {
    containerizer.launch(launchOf("c1", testSpec(), { command: { value: "sleep 300" } }));
    await log.until("c1", "started");
    await docker.getContainer((await inspect("c1")).Id).remove({ force: true });
    await log.until("c1", "exited");
    expect(await containerizer.list()).toEqual([]);
  });

  test("a sandbox that cannot be made is a failed launch that says so", async () => {
    const file = join(directory, "in-the-way");
    await writeFile(file, "");
    await chmod(file, 0o444);
    await containerizer.close();
    containerizer = make({ sandboxRoot: file });
    await containerizer.list();
    containerizer.launch(launchOf("c1", testSpec(), { command: { value: "true" } }));
    expect((await log.until("c1", "launch-failed")).message).toContain("sandbox");
  });
});
