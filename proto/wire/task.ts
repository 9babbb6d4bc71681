import type { HealthCheckSpec, RunSpec, TaskSpec, VolumeMount } from "@bourse/model/container";
import type { ExecutorInfo, TaskInfo } from "@bourse/model/task";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { HealthCheck_Type, HealthCheckSchema } from "#gen/mesos/v1/check_pb";
import { CommandInfoSchema } from "#gen/mesos/v1/command_pb";
import {
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_Type,
  ContainerInfoSchema,
  Volume_Mode,
  Volume_Source_Type,
  VolumeSchema,
} from "#gen/mesos/v1/container_pb";
import { ExecutorInfoSchema } from "#gen/mesos/v1/framework_pb";
import { TaskInfoSchema } from "#gen/mesos/v1/task_pb";
import { invalid } from "./codec.ts";
import { readMessage, writeMessage } from "./mesos-message.ts";
import { resourcesFromMesos, resourcesToMesos, roleFromMesos } from "./mesos-resources.ts";
import { joined, memberBytes, withoutFields } from "./payload.ts";
import { runSpecOf } from "./run-spec.ts";

/**
 * The payload of a task: Mesos' TaskInfo of what to run, without the fields that the model has. Made at the edge,
 * so that pure policies handle it as bytes. Refuses a specification that no agent could run.
 */
export function encodeTaskPayload(spec: TaskSpec): Uint8Array {
  const message = create(TaskInfoSchema, {
    ...REQUIRED,
    ...(spec.image === undefined ? processOf(spec) : dockerOf(spec, spec.image)),
    ...(spec.healthCheck && {
      healthCheck: healthCheckOf(spec.healthCheck, spec.image !== undefined),
    }),
    ...(spec.killGraceMs !== undefined && {
      killPolicy: { gracePeriod: { nanoseconds: nanoseconds(spec.killGraceMs) } },
    }),
    ...(spec.maxCompletionMs !== undefined && {
      maxCompletionTime: { nanoseconds: nanoseconds(spec.maxCompletionMs) },
    }),
    ...(spec.labels && { labels: { labels: pairs(spec.labels, "key") } }),
  });
  runSpecOf(message); // An agent reads it the same way: what is wrong is found here, not there.
  return withoutFields(writeMessage(TaskInfoSchema, message), MODELLED);
}

/** What an agent must run. Refuses, with the name of the field, what is wrong or not supported yet. */
export function decodeRunSpec(task: TaskInfo): RunSpec {
  if (task.executor !== undefined) throw invalid("executor is not supported yet");
  return runSpecOf(readMessage(TaskInfoSchema, withoutFields(task.payload, MODELLED)));
}

/** The whole Mesos TaskInfo: the payload, and the modelled fields over it. Unknown fields are kept. */
export function composeTaskInfo(task: TaskInfo): Uint8Array {
  const modelled = create(TaskInfoSchema, {
    name: task.name,
    taskId: { value: task.taskId },
    agentId: { value: task.agentId },
    resources: resourcesToMesos(task.resources, task.role),
  });
  const parts = [withoutFields(task.payload, MODELLED), writeMessage(TaskInfoSchema, modelled)];
  if (task.executor) parts.push(memberBytes(EXECUTOR, composeExecutorInfo(task.executor)));
  return joined(parts);
}

/** The reverse of `composeTaskInfo`. */
export function splitTaskInfo(bytes: Uint8Array): TaskInfo {
  const message = readMessage(TaskInfoSchema, bytes);
  if (!message.taskId?.value) throw invalid("task_id is missing");
  if (!message.agentId?.value) throw invalid("agent_id is missing");
  const role = roleFromMesos(message.resources, "resources");
  const executor = message.executor && writeMessage(ExecutorInfoSchema, message.executor);
  return {
    taskId: message.taskId.value,
    name: message.name,
    agentId: message.agentId.value,
    resources: resourcesFromMesos(message.resources, "resources"),
    ...(role !== undefined && { role }),
    ...(executor && { executor: splitExecutorInfo(executor) }),
    payload: withoutFields(bytes, MODELLED),
  };
}

export function composeExecutorInfo(executor: ExecutorInfo): Uint8Array {
  const modelled = create(ExecutorInfoSchema, {
    executorId: { value: executor.executorId },
    resources: resourcesToMesos(executor.resources),
  });
  return joined([
    withoutFields(executor.payload, EXECUTOR_MODELLED),
    writeMessage(ExecutorInfoSchema, modelled),
  ]);
}

export function splitExecutorInfo(bytes: Uint8Array): ExecutorInfo {
  const message = readMessage(ExecutorInfoSchema, bytes);
  if (!message.executorId?.value) throw invalid("executor.executor_id is missing");
  return {
    executorId: message.executorId.value,
    resources: resourcesFromMesos(message.resources, "executor.resources"),
    payload: withoutFields(bytes, EXECUTOR_MODELLED),
  };
}

const EXECUTOR = TaskInfoSchema.field.executor.number;
const MODELLED: ReadonlySet<number> = new Set(
  (["name", "taskId", "agentId", "resources", "executor"] as const).map(
    (key) => TaskInfoSchema.field[key].number,
  ),
);
const EXECUTOR_MODELLED: ReadonlySet<number> = new Set(
  (["executorId", "resources"] as const).map((key) => ExecutorInfoSchema.field[key].number),
);
/** Mesos requires these; they are taken out of a payload again. */
const REQUIRED = { name: "", taskId: { value: "" }, agentId: { value: "" } };

type TaskInit = MessageInitShape<typeof TaskInfoSchema>;

function processOf(spec: TaskSpec) {
  for (const key of ONLY_WITH_IMAGE) {
    if (spec[key] !== undefined) throw invalid(`${key} needs an image`);
  }
  return { command: commandOf(spec, false) };
}

const ONLY_WITH_IMAGE = [
  "shouldPull",
  "network",
  "portMappings",
  "volumes",
  "isPrivileged",
  "entrypoint",
] as const;

function dockerOf(spec: TaskSpec, image: string): Pick<TaskInit, "command" | "container"> {
  const container = create(ContainerInfoSchema, {
    type: ContainerInfo_Type.DOCKER,
    docker: {
      image,
      network: NETWORKS[spec.network ?? "bridge"],
      portMappings: (spec.portMappings ?? []).map((mapping) => ({ ...mapping })),
      privileged: spec.isPrivileged ?? false,
      forcePullImage: spec.shouldPull ?? false,
      parameters: (spec.entrypoint ?? []).map((value) => ({ key: "entrypoint", value })),
    },
    volumes: (spec.volumes ?? []).map(volumeOf),
  });
  return { command: commandOf(spec, true), container };
}

const NETWORKS = {
  host: ContainerInfo_DockerInfo_Network.HOST,
  bridge: ContainerInfo_DockerInfo_Network.BRIDGE,
  none: ContainerInfo_DockerInfo_Network.NONE,
} as const;

function commandOf(spec: TaskSpec, isDocker: boolean) {
  const { command } = spec;
  const isShell = typeof command === "string";
  const [value, ...args] = isShell ? [command] : (command ?? []);
  return create(CommandInfoSchema, {
    shell: isShell,
    ...(value !== undefined && { value }),
    arguments: withName(value, args, isShell || isDocker),
    ...(spec.user !== undefined && { user: spec.user }),
    ...(spec.environment && { environment: { variables: pairs(spec.environment, "name") } }),
  });
}

/** Mesos wants argv[0] among the arguments of a program that runs without a container. */
function withName(value: string | undefined, args: readonly string[], isPlain: boolean): string[] {
  return isPlain || value === undefined ? [...args] : [value, ...args];
}

function volumeOf(volume: VolumeMount) {
  const { source, containerPath } = volume;
  const mode = volume.mode === "RO" ? Volume_Mode.RO : Volume_Mode.RW;
  if (source.type === "host") {
    return create(VolumeSchema, { containerPath, mode, hostPath: source.path });
  }
  const dockerVolume = {
    name: source.name,
    ...(source.driver !== undefined && { driver: source.driver }),
  };
  return create(VolumeSchema, {
    containerPath,
    mode,
    source: { type: Volume_Source_Type.DOCKER_VOLUME, dockerVolume },
  });
}

function healthCheckOf(check: NonNullable<TaskSpec["healthCheck"]>, isDocker: boolean) {
  const { isShell, value, args } = check.command;
  return create(HealthCheckSchema, {
    type: HealthCheck_Type.COMMAND,
    command: { shell: isShell, value, arguments: withName(value, args, isShell || isDocker) },
    ...seconds(check, "delayMs", "delaySeconds"),
    ...seconds(check, "intervalMs", "intervalSeconds"),
    ...seconds(check, "timeoutMs", "timeoutSeconds"),
    ...seconds(check, "gracePeriodMs", "gracePeriodSeconds"),
    ...(check.consecutiveFailures !== undefined && {
      consecutiveFailures: check.consecutiveFailures,
    }),
  });
}

function seconds(check: Partial<HealthCheckSpec>, from: TimeKey, to: string) {
  const milliseconds = check[from];
  return milliseconds === undefined ? {} : { [to]: milliseconds / 1000 };
}

type TimeKey = "delayMs" | "intervalMs" | "timeoutMs" | "gracePeriodMs";

function pairs<K extends string>(record: Readonly<Record<string, string>>, key: K) {
  return Object.entries(record).map(
    ([name, value]) => ({ [key]: name, value }) as Record<K, string> & { value: string },
  );
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds)) * 1_000_000n;
}
