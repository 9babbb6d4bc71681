import type { ContainerSpec } from "@bourse/model/container";
import { expect, test } from "vitest";
import { ContainerizerByType } from "./containerizer-by-type.ts";
import { containerizerContract } from "./containerizer-contract.ts";
import { EventLog, launchOf, NO_VOLUMES } from "./contract-harness.ts";
import { FakeContainerizer } from "./fake/fake-containerizer.ts";
import { FakeHost } from "./fake/fake-host.ts";

const encodeStatus = () => new Uint8Array();
const IMAGE: ContainerSpec = {
  type: "docker",
  image: "any",
  shouldPull: false,
  network: "none",
  portMappings: [],
  volumes: [],
  isPrivileged: false,
};

containerizerContract("by type", async () => {
  const speed = 5;
  const hosts = { docker: new FakeHost({ speed }), process: new FakeHost({ speed }) };
  return {
    container: { type: "process" },
    speed,
    open: async (owner, onEvent, volumePath) =>
      new ContainerizerByType({
        docker: new FakeContainerizer({
          owner,
          host: hosts.docker,
          onEvent,
          encodeStatus,
          volumePath,
        }),
        process: new FakeContainerizer({
          owner,
          host: hosts.process,
          onEvent,
          encodeStatus,
          volumePath,
        }),
      }),
    dispose: async () => {},
  };
});

test("a task goes where its container type says, and is found there after a restart", async () => {
  const hosts = { docker: new FakeHost(), process: new FakeHost() };
  const log = new EventLog();
  const parts = (host: FakeHost) =>
    new FakeContainerizer({
      owner: "o1",
      host,
      onEvent: log.listener,
      encodeStatus,
      volumePath: NO_VOLUMES,
    });
  const open = () =>
    new ContainerizerByType({ docker: parts(hosts.docker), process: parts(hosts.process) });
  const first = open();
  await first.list();
  first.launch(launchOf("image", IMAGE));
  first.launch(launchOf("command", { type: "process" }));
  await log.until("image", "started");
  await log.until("command", "started");
  expect([...hosts.docker.containersOf("o1").keys()]).toEqual(["image"]);
  expect([...hosts.process.containersOf("o1").keys()]).toEqual(["command"]);
  await first.close();

  const second = open();
  expect((await second.list()).map(({ containerId }) => containerId)).toEqual(["image", "command"]);
  second.stop("image", 1_000);
  expect(await log.until("image", "exited")).toMatchObject({ exitCode: 143 });
  await second.remove("command");
  expect(hosts.process.containersOf("o1").size).toBe(0);
  await second.close();
});
