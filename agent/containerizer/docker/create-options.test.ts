import type { ContainerSpec } from "@bourse/model/container";
import { describe, expect, test } from "vitest";
import { launchOf } from "../contract-harness.ts";
import { type CreateContext, containerName, createOptions } from "./create-options.ts";
import { labelsOf } from "./labels.ts";

type DockerOnly = Extract<ContainerSpec, { type: "docker" }>;
const SPEC: DockerOnly = {
  type: "docker",
  image: "web:1",
  shouldPull: false,
  network: "bridge",
  portMappings: [],
  volumes: [],
  isPrivileged: false,
};
const CONTEXT: CreateContext = {
  ownership: { owner: "o1" },
  sandbox: "/sandboxes/c1",
  persistentVolumes: [],
  logBounds: { maxSize: "10m", maxFile: 2 },
  publishAddress: "",
  engine: { cpuCount: 4, hasInit: true },
};

describe("what the engine is asked for", () => {
  const hostConfigFor = (
    limits: { cpuMilli?: number; memBytes?: number },
    spec: Partial<DockerOnly> = {},
  ) => createOptions(launchOf("c1", SPEC, { limits }), { ...SPEC, ...spec }, CONTEXT).HostConfig;

  test.each<[what: string, limits: { cpuMilli?: number; memBytes?: number }, expected: object]>([
    ["no limit asked, none set", {}, { NanoCpus: undefined, Memory: undefined }],
    ["half a cpu", { cpuMilli: 500 }, { NanoCpus: 500_000_000 }],
    ["less cpu than the engine accepts", { cpuMilli: 1 }, { NanoCpus: 10_000_000 }],
    ["as many cpus as there are is no limit", { cpuMilli: 4_000 }, { NanoCpus: undefined }],
    [
      "memory, and no swap beside it",
      { memBytes: 2 ** 26 },
      { Memory: 2 ** 26, MemorySwap: 2 ** 26 },
    ],
    ["less memory than the engine accepts", { memBytes: 1 }, { Memory: 6 * 2 ** 20 }],
  ])("%s", (_what, limits, expected) => {
    const { NanoCpus, Memory, MemorySwap } = hostConfigFor(limits) ?? {};
    expect({ NanoCpus, Memory, MemorySwap }).toMatchObject(expected);
  });

  test("one container port may be mapped to several host ports", () => {
    const portMappings = [31_000, 31_001].map((hostPort) => ({
      hostPort,
      containerPort: 80,
      protocol: "tcp" as const,
    }));
    expect(hostConfigFor({}, { portMappings })?.PortBindings).toEqual({
      "80/tcp": [
        { HostIp: "", HostPort: "31000" },
        { HostIp: "", HostPort: "31001" },
      ],
    });
  });

  test("outside of a bridge there is no port to map", () => {
    const portMappings = [{ hostPort: 1, containerPort: 1, protocol: "udp" as const }];
    const host = createOptions(
      launchOf("c1", SPEC),
      { ...SPEC, network: "host", portMappings },
      CONTEXT,
    );
    expect(host.HostConfig).toMatchObject({ NetworkMode: "host" });
    expect(host.ExposedPorts).toBeUndefined();
    expect(host.HostConfig?.PortBindings).toBeUndefined();
  });

  test("only a shell command gets an init, and only from an engine that has one", () => {
    const initOf = (command: object, hasInit: boolean) =>
      createOptions(launchOf("c1", SPEC, { command }), SPEC, {
        ...CONTEXT,
        engine: { cpuCount: 1, hasInit },
      }).HostConfig?.Init;
    expect(initOf({ value: "serve" }, true)).toBe(true);
    expect(initOf({ value: "serve" }, false)).toBeUndefined();
    expect(initOf({ isShell: false, value: "serve" }, true)).toBeUndefined();
  });

  test("a log driver of the task's own gets no bounds that it may not know", () => {
    expect(hostConfigFor({}, { logDriver: "journald" })?.LogConfig).toEqual({
      Type: "journald",
      Config: {},
    });
  });

  test("a name is the same for the same launch of the same owner, and for no other", () => {
    const name = (owner: string, id: string) => containerName(launchOf(id, SPEC), { owner });
    expect(name("o1", "c1")).toBe(name("o1", "c1"));
    expect(name("o2", "c1")).not.toBe(name("o1", "c1"));
    expect(containerName(launchOf("a/b", SPEC, { taskId: "/ä:b" }), { owner: "o1" })).toMatch(
      /^bourse-[A-Za-z0-9_.-]+$/,
    );
  });

  test("a task's labels cannot pass for ours, known to us or not", () => {
    const launch = launchOf("c1", SPEC);
    const labels = [
      { key: "bourse.cluster", value: "x" },
      { key: "bourse.owner", value: "x" },
      { key: "team" },
    ];
    expect(labelsOf({ ...launch, run: { ...launch.run, labels } }, { owner: "o1" })).toEqual({
      team: "",
      "bourse.owner": "o1",
      "bourse.agent": "a1",
      "bourse.framework": "f1",
      "bourse.task": "task-of-c1",
      "bourse.container": "c1",
    });
  });
});
