import type { RunSpec, TaskSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import { canonical, ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";
import {
  create,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HealthCheck_Type } from "#gen/mesos/v1/check_pb";
import { Environment_Variable_Type } from "#gen/mesos/v1/command_pb";
import {
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_Type,
  Volume_Mode,
  Volume_Source_Type,
} from "#gen/mesos/v1/container_pb";
import { TaskInfoSchema } from "#gen/mesos/v1/task_pb";
import { joined } from "./payload.ts";
import { composeTaskInfo, decodeRunSpec, encodeTaskPayload, splitTaskInfo } from "./task.ts";
import { anyTask } from "./testdata/any-mesos.ts";

type Init = Omit<Exclude<MessageInitShape<typeof TaskInfoSchema>, Message>, "$typeName">;

const t1: TaskInfo = {
  taskId: "t1",
  name: "web",
  agentId: "a1",
  resources: canonical([scalar("cpus", 1500), ranges("ports", [{ begin: 31000, end: 31001 }])]),
  payload: NO_PAYLOAD,
};

/** What an agent makes of a Mesos task. */
function runSpec(init: Init): RunSpec {
  const message = create(TaskInfoSchema, { ...ids, ...init });
  return decodeRunSpec(splitTaskInfo(toBinary(TaskInfoSchema, message)));
}

const ids = { name: "web", taskId: { value: "t1" }, agentId: { value: "a1" } };
const docker: Init["container"] = { type: ContainerInfo_Type.DOCKER, docker: { image: "nginx" } };
const command: Init["command"] = { value: "sleep 1" };

describe("a task specification reaches the agent", () => {
  test.each<[what: string, spec: TaskSpec, expected: Partial<RunSpec>]>([
    [
      "a line is for a shell",
      { command: "echo $A; exit 3", environment: { A: "1" } },
      {
        container: { type: "process" },
        command: {
          isShell: true,
          value: "echo $A; exit 3",
          args: [],
          environment: [{ name: "A", value: "1" }],
        },
      },
    ],
    [
      "words are a program and its arguments, without a name of its own",
      { command: ["sleep", "5"], user: "nobody" },
      {
        command: { isShell: false, value: "sleep", args: ["5"], environment: [], user: "nobody" },
      },
    ],
    [
      "and the same in an image",
      { image: "busybox", command: ["sleep", "5"] },
      { command: { isShell: false, value: "sleep", args: ["5"], environment: [] } },
    ],
    [
      "an image alone runs its own command, on a bridge",
      { image: "nginx" },
      {
        command: { isShell: false, args: [], environment: [] },
        container: {
          type: "docker",
          image: "nginx",
          shouldPull: false,
          network: "bridge",
          portMappings: [],
          volumes: [],
          isPrivileged: false,
        },
      },
    ],
    [
      "an entrypoint keeps its words",
      { image: "nginx", entrypoint: ["sh", "-c"], command: ["true"] },
      { container: expect.objectContaining({ entrypoint: ["sh", "-c"] }) },
    ],
    [
      "labels, times and a health check with the defaults of M-59",
      {
        command: "true",
        labels: { a: "b" },
        killGraceMs: 1500,
        maxCompletionMs: 60_000,
        healthCheck: { command: { isShell: false, value: "test", args: ["-e", "x"] }, delayMs: 0 },
      },
      {
        labels: [{ key: "a", value: "b" }],
        killGraceMs: 1500,
        maxCompletionMs: 60_000,
        healthCheck: {
          type: "command",
          command: { isShell: false, value: "test", args: ["-e", "x"] },
          delayMs: 0,
          intervalMs: 10_000,
          timeoutMs: 20_000,
          consecutiveFailures: 3,
          gracePeriodMs: 10_000,
        },
      },
    ],
  ])("%s", (_, spec, expected) => {
    expect(decodeRunSpec({ ...t1, payload: encodeTaskPayload(spec) })).toMatchObject(expected);
  });

  test("ports and volumes come out as they went in", () => {
    const spec = {
      image: "nginx",
      network: "bridge",
      shouldPull: true,
      isPrivileged: true,
      portMappings: [{ hostPort: 31000, containerPort: 80, protocol: "udp" }],
      volumes: [
        { source: { type: "host", path: "/srv" }, containerPath: "/a", mode: "RO" },
        { source: { type: "named", name: "v", driver: "local" }, containerPath: "/b", mode: "RW" },
        { source: { type: "named", name: "w" }, containerPath: "/c", mode: "RW" },
      ],
    } as const satisfies TaskSpec;
    const { container } = decodeRunSpec({ ...t1, payload: encodeTaskPayload(spec) });
    expect(container).toEqual({ type: "docker", ...spec });
  });

  test.each<[spec: TaskSpec, field: string]>([
    [{}, "command"],
    [{ command: "" }, "command.value"],
    [{ command: "true", network: "host" }, "network needs an image"],
    [{ image: "" }, "container.docker.image"],
    [
      {
        image: "nginx",
        network: "host",
        portMappings: [{ hostPort: 1, containerPort: 2, protocol: "tcp" }],
      },
      "port_mappings",
    ],
    [{ command: "true", killGraceMs: -1 }, "kill_policy.grace_period"],
    [{ command: "true", environment: { "A=": "1" } }, "environment.variables[0].name"],
  ])("%j is refused at once, for %s", (spec, field) => {
    expect(() => encodeTaskPayload(spec)).toThrow(field);
  });
});

describe("a Mesos task at the agent's door", () => {
  test("an unset network is the host's, an unset health check has Mesos' defaults (M-63, M-59)", () => {
    const spec = runSpec({
      container: docker,
      healthCheck: { command: { value: "true" } },
    });
    expect(spec.container).toMatchObject({ network: "host" });
    expect(spec.healthCheck).toMatchObject({ delayMs: 15_000, timeoutMs: 20_000 });
    expect(spec.killGraceMs).toBe(3_000);
  });

  test("argv[0] is among the arguments of a program without an image, and not in Docker", () => {
    const program = { shell: false, value: "sleep", arguments: ["sleep", "5"] };
    expect(runSpec({ command: program }).command.args).toEqual(["5"]);
    expect(runSpec({ command: program, container: docker }).command.args).toEqual(["sleep", "5"]);
  });

  test.each<[field: string, init: Init]>([
    ["executor is", { command, executor: { executorId: { value: "e" } } }],
    ["check is", { command, check: { tcp: { port: 1 } } }],
    ["limits is", { command, limits: { cpus: { value: 2 } } }],
    ["command.uris is", { command: { ...command, uris: [{ value: "http://x" }] } }],
    [
      "command.environment.variables[0].secret",
      {
        command: {
          ...command,
          environment: { variables: [{ name: "A", type: Environment_Variable_Type.SECRET }] },
        },
      },
    ],
    ["container.linux_info", { container: { ...docker, linuxInfo: {} } }],
    ["container.rlimit_info", { container: { ...docker, rlimitInfo: {} } }],
    ["container.tty_info", { container: { ...docker, ttyInfo: {} } }],
    ["container.network_infos", { container: { ...docker, networkInfos: [{ name: "n" }] } }],
    ["container.hostname", { container: { ...docker, hostname: "h" } }],
    [
      "container.mesos.image",
      { command, container: { type: ContainerInfo_Type.MESOS, mesos: { image: { type: 2 } } } },
    ],
    [
      "container.volumes without",
      {
        command,
        container: {
          type: ContainerInfo_Type.MESOS,
          volumes: [{ containerPath: "/a", mode: Volume_Mode.RW }],
        },
      },
    ],
    [
      "container.docker.network USER",
      dockerWith({ network: ContainerInfo_DockerInfo_Network.USER }),
    ],
    [
      "container.docker.parameters[0] (cap-add)",
      dockerWith({ parameters: [{ key: "cap-add", value: "x" }] }),
    ],
    [
      "container.docker.port_mappings[0].protocol",
      dockerWith({
        network: ContainerInfo_DockerInfo_Network.BRIDGE,
        portMappings: [{ hostPort: 1, containerPort: 2, protocol: "sctp" }],
      }),
    ],
    [
      "container.docker.port_mappings[0] has port 65536",
      dockerWith({
        network: ContainerInfo_DockerInfo_Network.BRIDGE,
        portMappings: [{ hostPort: 65536, containerPort: 2 }],
      }),
    ],
    ["container.volumes[0].host_path relative", volume({ hostPath: "data" })],
    ["container.volumes[0].container_path", volume({ containerPath: "data" })],
    [
      "container.volumes[0].source.type SECRET",
      volume({ source: { type: Volume_Source_Type.SECRET } }),
    ],
    ["container.volumes[0].image", volume({ image: { type: 2 } })],
    [
      "health_check.type HTTP",
      { command, healthCheck: { type: HealthCheck_Type.HTTP, http: { port: 80 } } },
    ],
    [
      "health_check.command is missing",
      { command, healthCheck: { type: HealthCheck_Type.COMMAND } },
    ],
    [
      "health_check.delay_seconds",
      { command, healthCheck: { command: { value: "true" }, delaySeconds: Number.NaN } },
    ],
    ["max_completion_time", { command, maxCompletionTime: { nanoseconds: -1n } }],
  ])("%s ... is refused, not ignored", (field, init) => {
    expect(() => runSpec(init)).toThrow(field);
    expect(() => runSpec(init)).toThrow(ClusterError);
  });

  test("bytes that are no TaskInfo are refused", () => {
    expect(() => decodeRunSpec({ ...t1, payload: new Uint8Array([0x3a, 0x09, 1]) })).toThrow(
      ClusterError,
    );
  });
});

describe("the whole Mesos message", () => {
  test("splitting and composing is the identity on any task", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        expect(splitTaskInfo(composeTaskInfo(task))).toEqual(task);
      }),
    );
  });

  test("the model wins over a payload that contradicts it", () => {
    const lie = toBinary(
      TaskInfoSchema,
      create(TaskInfoSchema, {
        ...ids,
        name: "lie",
        resources: [{ name: "gpus", type: 0 }],
        command,
      }),
    );
    const whole = fromBinary(TaskInfoSchema, composeTaskInfo({ ...t1, payload: lie }));
    expect(whole.name).toBe("web");
    expect(whole.resources.map(({ name }) => name)).toEqual(["cpus", "ports"]);
    expect(whole.command?.value).toBe("sleep 1");
  });

  test("fields that this version does not know survive in a payload", () => {
    const unknown = new Uint8Array([0xfa, 0x3f, 0x02, 0x01, 0x02]); // Field 1023, two bytes.
    const bytes = joined([composeTaskInfo({ ...t1, payload: unknown })]);
    expect(splitTaskInfo(bytes).payload).toEqual(unknown);
    expect(Buffer.from(composeTaskInfo(splitTaskInfo(bytes))).includes(Buffer.from(unknown))).toBe(
      true,
    );
  });

  test("reservations of the older form are understood", () => {
    const message = create(TaskInfoSchema, {
      ...ids,
      command,
      resources: [
        { name: "cpus", type: 0, scalar: { value: 0.1 + 0.2 }, role: "*" },
        { name: "mem", type: 0, scalar: { value: 64 }, role: "r" },
        { name: "disk", type: 0, scalar: { value: 1 }, role: "r", reservation: { principal: "p" } },
      ],
    });
    expect(splitTaskInfo(toBinary(TaskInfoSchema, message)).resources).toEqual(
      canonical([
        scalar("cpus", 300),
        { ...scalar("mem", 64_000), reservations: [{ type: "static", role: "r" }] },
        {
          ...scalar("disk", 1000),
          reservations: [{ type: "dynamic", role: "r", principal: "p" }],
        },
      ]),
    );
  });

  test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 1e15])(
    "an amount of %d is refused",
    (value) => {
      const message = create(TaskInfoSchema, {
        ...ids,
        command,
        resources: [{ name: "cpus", type: 0, scalar: { value } }],
      });
      expect(() => splitTaskInfo(toBinary(TaskInfoSchema, message))).toThrow("resources[0].scalar");
    },
  );
});

function dockerWith(extra: object): Init {
  return { container: { type: ContainerInfo_Type.DOCKER, docker: { image: "nginx", ...extra } } };
}

function volume(extra: object): Init {
  const one = { containerPath: "/a", mode: Volume_Mode.RW, ...extra };
  return { container: { ...docker, volumes: [one] } as Init["container"] & object };
}
