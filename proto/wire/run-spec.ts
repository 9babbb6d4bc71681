import {
  type CommandSpec,
  type ContainerSpec,
  type HealthCheckSpec,
  KILL_GRACE_MS_DEFAULT,
  type PortMapping,
  type RunSpec,
  type VolumeMount,
} from "@bourse/model/container";
import { isFieldSet } from "@bufbuild/protobuf";
import { type HealthCheck, HealthCheck_Type, HealthCheckSchema } from "#gen/mesos/v1/check_pb";
import {
  type CommandInfo,
  CommandInfoSchema,
  Environment_Variable_Type,
} from "#gen/mesos/v1/command_pb";
import {
  type ContainerInfo,
  type ContainerInfo_DockerInfo,
  ContainerInfo_DockerInfo_Network,
  ContainerInfo_DockerInfoSchema,
  ContainerInfo_Type,
  ContainerInfoSchema,
  type Volume,
  Volume_Mode,
  Volume_Source_Type,
  VolumeSchema,
} from "#gen/mesos/v1/container_pb";
import type { TaskInfo } from "#gen/mesos/v1/task_pb";
import type { DurationInfo } from "#gen/mesos/v1/values_pb";
import { invalid } from "./codec.ts";
import { labelsFromMesos, unsupported } from "./mesos-resources.ts";

/**
 * What an agent must run, out of a Mesos TaskInfo. What this version cannot do is refused with the name of the
 * field, never ignored. Mesos lists argv[0] among the arguments of a program that runs without a container, and not
 * for one that runs in Docker; a RunSpec never does.
 */
export function runSpecOf(task: TaskInfo): RunSpec {
  if (task.executor) throw unsupported("executor");
  if (task.check) throw unsupported("check");
  if (task.limits && Object.keys(task.limits).length > 0) throw unsupported("limits");
  const container = task.container ? containerOf(task.container) : PROCESS;
  const isDocker = container.type === "docker";
  return {
    command: commandOf(task.command, isDocker),
    container,
    ...(task.healthCheck && { healthCheck: healthCheckOf(task.healthCheck, isDocker) }),
    killGraceMs: task.killPolicy?.gracePeriod
      ? durationMs(task.killPolicy.gracePeriod, "kill_policy.grace_period")
      : KILL_GRACE_MS_DEFAULT,
    ...(task.maxCompletionTime && {
      maxCompletionMs: durationMs(task.maxCompletionTime, "max_completion_time"),
    }),
    labels: labelsFromMesos(task.labels),
  };
}

const PROCESS: ContainerSpec = { type: "process" };

function commandOf(command: CommandInfo | undefined, isDocker: boolean): CommandSpec {
  if (command === undefined) {
    if (!isDocker) throw invalid("command is missing: a task without an image needs one");
    return { isShell: false, args: [], environment: [] };
  }
  if (command.uris.length > 0) throw unsupported("command.uris");
  const { isShell, value, args } = programOf(command, isDocker, "command");
  if (value === undefined && !isDocker) throw invalid("command.value is missing");
  return {
    isShell,
    ...(value !== undefined && { value }),
    args,
    environment: environmentOf(command),
    ...(isFieldSet(command, CommandInfoSchema.field.user) && { user: command.user }),
  };
}

function programOf(command: CommandInfo, isDocker: boolean, label: string) {
  const value = command.value === "" ? undefined : command.value;
  if (command.shell) {
    if (value === undefined) throw invalid(`${label}.value is missing: ${label}.shell is true`);
    return { isShell: true, value, args: [] };
  }
  return { isShell: false, value, args: isDocker ? command.arguments : command.arguments.slice(1) };
}

function environmentOf(command: CommandInfo): CommandSpec["environment"] {
  return (command.environment?.variables ?? []).map(({ name, value, type }, index) => {
    const label = `command.environment.variables[${index}]`;
    if (type === Environment_Variable_Type.SECRET) throw unsupported(`${label}.secret`);
    if (name === "" || name.includes("=") || name.includes("\0")) {
      throw invalid(`${label}.name is empty or has a = or NUL in it`);
    }
    if (value.includes("\0")) throw invalid(`${label}.value has a NUL in it`);
    return { name, value };
  });
}

function containerOf(container: ContainerInfo): ContainerSpec {
  if (container.linuxInfo) throw unsupported("container.linux_info");
  if (container.rlimitInfo) throw unsupported("container.rlimit_info");
  if (container.ttyInfo) throw unsupported("container.tty_info");
  if (container.networkInfos.length > 0) throw unsupported("container.network_infos");
  if (isFieldSet(container, ContainerInfoSchema.field.hostname)) {
    throw unsupported("container.hostname");
  }
  if (container.type === ContainerInfo_Type.DOCKER) {
    if (!container.docker) throw invalid("container.docker is missing: container.type is DOCKER");
    return dockerOf(container.docker, container.volumes);
  }
  if (container.mesos?.image) throw unsupported("container.mesos.image");
  if (container.volumes.length > 0) throw unsupported("container.volumes without an image");
  return PROCESS;
}

const NETWORKS = {
  [ContainerInfo_DockerInfo_Network.HOST]: "host",
  [ContainerInfo_DockerInfo_Network.BRIDGE]: "bridge",
  [ContainerInfo_DockerInfo_Network.NONE]: "none",
  [ContainerInfo_DockerInfo_Network.USER]: undefined,
} as const;

function dockerOf(docker: ContainerInfo_DockerInfo, volumes: readonly Volume[]): ContainerSpec {
  if (docker.image === "") throw invalid("container.docker.image is missing");
  const network = NETWORKS[docker.network]; // Unset reads HOST, as in Mesos (FEATURES M-63).
  if (network === undefined) throw unsupported("container.docker.network USER");
  if (docker.portMappings.length > 0 && network !== "bridge") {
    throw invalid(`container.docker.port_mappings need the network BRIDGE, not ${network}`);
  }
  const driver = isFieldSet(docker, ContainerInfo_DockerInfoSchema.field.volumeDriver)
    ? docker.volumeDriver
    : undefined;
  return {
    type: "docker",
    image: docker.image,
    shouldPull: docker.forcePullImage,
    network,
    portMappings: docker.portMappings.map((mapping, index) => portMappingOf(mapping, index)),
    volumes: volumes.map((volume, index) => volumeOf(volume, driver, index)),
    isPrivileged: docker.privileged,
    ...parametersOf(docker),
  };
}

/** Options of `docker run`. Several `entrypoint` make one list, which Docker's command line cannot say. */
function parametersOf(docker: ContainerInfo_DockerInfo) {
  const entrypoint: string[] = [];
  let logDriver: string | undefined;
  docker.parameters.forEach(({ key, value }, index) => {
    if (key === "entrypoint") entrypoint.push(value);
    else if (key === "log-driver" && logDriver === undefined) logDriver = value;
    else throw unsupported(`container.docker.parameters[${index}] (${key})`);
  });
  return {
    ...(entrypoint.length > 0 && { entrypoint }),
    ...(logDriver !== undefined && { logDriver }),
  };
}

function portMappingOf(
  mapping: ContainerInfo_DockerInfo["portMappings"][number],
  index: number,
): PortMapping {
  const label = `container.docker.port_mappings[${index}]`;
  const protocol = mapping.protocol === "" ? "tcp" : mapping.protocol.toLowerCase();
  if (protocol !== "tcp" && protocol !== "udp") throw invalid(`${label}.protocol is ${protocol}`);
  for (const port of [mapping.hostPort, mapping.containerPort]) {
    if (port > 65_535) throw invalid(`${label} has port ${port}`);
  }
  return { hostPort: mapping.hostPort, containerPort: mapping.containerPort, protocol };
}

function volumeOf(volume: Volume, driver: string | undefined, index: number): VolumeMount {
  const label = `container.volumes[${index}]`;
  if (!volume.containerPath.startsWith("/")) {
    throw invalid(`${label}.container_path must be absolute`);
  }
  if (volume.image) throw unsupported(`${label}.image`);
  return {
    source: volumeSourceOf(volume, driver, label),
    containerPath: volume.containerPath,
    mode: volume.mode === Volume_Mode.RO ? "RO" : "RW",
  };
}

function volumeSourceOf(
  volume: Volume,
  driver: string | undefined,
  label: string,
): VolumeMount["source"] {
  const { source } = volume;
  if (source?.type === Volume_Source_Type.DOCKER_VOLUME && source.dockerVolume) {
    const { dockerVolume } = source;
    if (dockerVolume.driverOptions)
      throw unsupported(`${label}.source.docker_volume.driver_options`);
    const named = dockerVolume.driver === "" ? driver : dockerVolume.driver;
    return {
      type: "named",
      name: dockerVolume.name,
      ...(named !== undefined && { driver: named }),
    };
  }
  if (source?.type === Volume_Source_Type.HOST_PATH && source.hostPath) {
    if (source.hostPath.mountPropagation) {
      throw unsupported(`${label}.source.host_path.mount_propagation`);
    }
    return hostPath(source.hostPath.path, `${label}.source.host_path.path`);
  }
  if (source) throw unsupported(`${label}.source.type ${Volume_Source_Type[source.type]}`);
  if (!isFieldSet(volume, VolumeSchema.field.hostPath))
    throw unsupported(`${label} without host_path`);
  if (driver !== undefined && !volume.hostPath.startsWith("/")) {
    return { type: "named", name: volume.hostPath, driver };
  }
  return hostPath(volume.hostPath, `${label}.host_path`);
}

function hostPath(path: string, label: string): VolumeMount["source"] {
  if (!path.startsWith("/")) throw unsupported(`${label} relative to the sandbox`);
  return { type: "host", path };
}

function healthCheckOf(check: HealthCheck, isDocker: boolean): HealthCheckSpec {
  const { command, type } = check;
  // Older schedulers leave the type out and mean the member that is set.
  if (check.http || check.tcp || (type !== HealthCheck_Type.COMMAND && type !== UNKNOWN)) {
    throw unsupported(`health_check.type ${HealthCheck_Type[type]}`);
  }
  if (!command) throw invalid("health_check.command is missing");
  if (command.uris.length > 0) throw unsupported("health_check.command.uris");
  if (command.environment) throw unsupported("health_check.command.environment");
  if (isFieldSet(command, CommandInfoSchema.field.user)) {
    throw unsupported("health_check.command.user");
  }
  const { isShell, value, args } = programOf(command, isDocker, "health_check.command");
  if (value === undefined) throw invalid("health_check.command.value is missing");
  return {
    type: "command",
    command: { isShell, value, args },
    delayMs: secondsMs(check.delaySeconds, "delay_seconds"),
    intervalMs: secondsMs(check.intervalSeconds, "interval_seconds"),
    timeoutMs: secondsMs(check.timeoutSeconds, "timeout_seconds"),
    consecutiveFailures: isFieldSet(check, HealthCheckSchema.field.consecutiveFailures)
      ? Math.max(1, check.consecutiveFailures)
      : 3,
    gracePeriodMs: secondsMs(check.gracePeriodSeconds, "grace_period_seconds"),
  };
}

const { UNKNOWN } = HealthCheck_Type;

/** Unset fields read as their defaults: the .proto file has those of FEATURES M-59. */
function secondsMs(seconds: number, field: string): number {
  if (!(seconds >= 0 && seconds <= TIME_MAX_MS / 1000)) {
    throw invalid(`health_check.${field} is ${seconds}`);
  }
  return Math.round(seconds * 1000);
}

function durationMs(duration: DurationInfo, label: string): number {
  const milliseconds = Number(duration.nanoseconds) / 1e6;
  if (!(milliseconds >= 0 && milliseconds <= TIME_MAX_MS)) {
    throw invalid(`${label} is ${duration.nanoseconds} ns`);
  }
  return Math.round(milliseconds);
}

/** A hundred years: longer is a mistake, and must not overflow where times are added. */
const TIME_MAX_MS = 100 * 365 * 86_400_000;
