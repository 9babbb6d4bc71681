import { engineForTests } from "@bourse/agent/containerizer/docker/engine-for-tests";
import { afterAll, describe, expect, test } from "vitest";
import { DEMO_COMMAND, ensureDemoImage } from "./demo-image.ts";

const { docker, skipReason } = await engineForTests("demo image");
const LABEL = "bourse.test.demo-image";
/** Not the image's real name: a cluster on this host may be using that. */
const image = "bourse/demo-image-test:1";
const HOST_PORT = 38_471;

describe.skipIf(skipReason !== null)("demo image", () => {
  afterAll(async () => {
    const left = await docker.listContainers({ all: true, filters: { label: [LABEL] } });
    for (const { Id } of left) await docker.getContainer(Id).remove({ force: true });
    await docker
      .getImage(image)
      .remove({ force: true })
      .catch(() => {});
  });

  test("an absent image is built here, a present one is left alone", async () => {
    expect(await ensureDemoImage(docker, { image })).toEqual({ image, wasBuilt: true });
    expect(await ensureDemoImage(docker, { image })).toEqual({ image, wasBuilt: false });
  });

  test("the service answers on PORT with a page that names its task", async () => {
    const container = await docker.createContainer({
      Image: image,
      Cmd: [DEMO_COMMAND],
      Env: [`PORT=${HOST_PORT}`, "MESOS_TASK_ID=web-1"],
      Labels: { [LABEL]: "" },
      ExposedPorts: { [`${HOST_PORT}/tcp`]: {} },
      HostConfig: {
        PortBindings: {
          [`${HOST_PORT}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: String(HOST_PORT) }],
        },
      },
    });
    await container.start();
    await expect.poll(() => pageAt(HOST_PORT), { timeout: 15_000 }).toContain("<code>web-1</code>");
  });

  test("without a static busybox the error says what to install", async () => {
    const building = ensureDemoImage(docker, {
      image: "bourse/demo-image-test:absent",
      busyboxPaths: [process.execPath, "/nonexistent"],
    });
    await expect(building).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("dynamically linked"),
      hint: "apt-get install busybox-static",
    });
  });
});

async function pageAt(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
  return response === null ? "" : await response.text();
}
