import { createHash } from "node:crypto";
import type { ContainerSpec, PortMapping, VolumeMount } from "@bourse/model/container";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerCreateOptions, HostConfig, MountSettings } from "dockerode";
import { SANDBOX_MOUNT, taskEnvironment } from "../environment.ts";
import type { VolumeMountPoint } from "../volume-mounts.ts";
import { labelsOf, type Ownership } from "./labels.ts";

export type DockerSpec = Extract<ContainerSpec, { type: "docker" }>;

export interface LogBounds {
  readonly maxSize: string;
  readonly maxFile: number;
}

export interface CreateContext {
  readonly ownership: Ownership;
  readonly sandbox: string;
  readonly persistentVolumes: readonly VolumeMountPoint[];
  readonly logBounds: LogBounds;
  /** Address that port mappings listen on; empty = all. */
  readonly publishAddress: string;
  readonly engine: { readonly cpuCount: number; readonly hasInit: boolean };
}

/** The engine accepts no less. */
const MEMORY_BYTES_MIN = 6 * 1024 * 1024;
const CPU_MILLI_MIN = 10;

/** What the engine is asked to create for a launch (FEATURES M-62, M-63). Plain translation, nothing is started. */
export function createOptions(
  launch: ContainerLaunch,
  spec: DockerSpec,
  context: CreateContext,
): ContainerCreateOptions {
  const { command } = launch;
  const isBridge = spec.network === "bridge";
  return {
    name: containerName(launch, context.ownership),
    Image: spec.image,
    ...startCommand(launch, spec),
    ...(command.user === undefined ? {} : { User: command.user }),
    Env: [...taskEnvironment(launch, SANDBOX_MOUNT)].map(([name, value]) => `${name}=${value}`),
    Labels: labelsOf(launch, context.ownership),
    ...(isBridge ? { ExposedPorts: exposedPorts(spec.portMappings) } : {}),
    HostConfig: {
      NetworkMode: spec.network,
      ...(isBridge
        ? { PortBindings: portBindings(spec.portMappings, context.publishAddress) }
        : {}),
      Mounts: [
        { Type: "bind", Source: context.sandbox, Target: SANDBOX_MOUNT },
        ...context.persistentVolumes.map(persistentMount),
        ...spec.volumes.map(mount),
      ],
      Privileged: spec.isPrivileged,
      // The scheduler restarts; an engine that did so too would run a task twice (DESIGN D6).
      RestartPolicy: { Name: "no" },
      // As process 1 a program without a handler ignores SIGTERM; behind an init it does not. Only for shell
      // commands, because some images bring an init of their own that must be process 1.
      ...(command.isShell && command.value !== undefined && context.engine.hasInit
        ? { Init: true }
        : {}),
      LogConfig: logConfig(spec.logDriver, context.logBounds),
      ...limits(launch.limits, context.engine.cpuCount),
    },
  };
}

/**
 * For people who look at `docker ps`; nobody parses it. It is the same for a launch that comes twice, so the
 * engine itself refuses to run one container twice.
 */
export function containerName(launch: ContainerLaunch, { owner }: Ownership): string {
  const hash = createHash("sha256").update(`${owner}\0${launch.containerId}`).digest("hex");
  const readable = launch.taskId.replace(/[^A-Za-z0-9_.-]+/g, "-").slice(0, 48);
  return `bourse-${readable}-${hash.slice(0, 12)}`;
}

/**
 * A shell command replaces the entrypoint by `/bin/sh -c`; otherwise value and arguments are handed to the
 * entrypoint, and with neither the image's own command runs (FEATURES M-63).
 */
function startCommand(
  { command }: ContainerLaunch,
  spec: DockerSpec,
): Pick<ContainerCreateOptions, "Entrypoint" | "Cmd"> {
  if (command.isShell && command.value !== undefined) {
    return {
      Entrypoint: [...(spec.entrypoint ?? []), "/bin/sh", "-c"],
      Cmd: [command.value, ...command.args],
    };
  }
  const words = command.value === undefined ? command.args : [command.value, ...command.args];
  return {
    ...(spec.entrypoint === undefined ? {} : { Entrypoint: [...spec.entrypoint] }),
    ...(words.length === 0 ? {} : { Cmd: [...words] }),
  };
}

function exposedPorts(mappings: readonly PortMapping[]): Record<string, object> {
  return Object.fromEntries(mappings.map((mapping) => [portKey(mapping), {}]));
}

function portBindings(
  mappings: readonly PortMapping[],
  hostIp: string,
): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const mapping of mappings) {
    const list = bindings[portKey(mapping)] ?? [];
    list.push({ HostIp: hostIp, HostPort: String(mapping.hostPort) });
    bindings[portKey(mapping)] = list;
  }
  return bindings;
}

function portKey({ containerPort, protocol }: PortMapping): string {
  return `${containerPort}/${protocol}`;
}

/** As a mount, not a bind: a host path that is missing is an error, not a directory that the engine makes up. */
function mount({ source, containerPath, mode }: VolumeMount): MountSettings {
  const isReadOnly = mode === "RO";
  if (source.type === "host") {
    return { Type: "bind", Source: source.path, Target: containerPath, ReadOnly: isReadOnly };
  }
  return {
    Type: "volume",
    Source: source.name,
    Target: containerPath,
    ReadOnly: isReadOnly,
    ...(source.driver === undefined
      ? {}
      : {
          VolumeOptions: {
            NoCopy: false,
            Labels: {},
            DriverConfig: { Name: source.driver, Options: {} },
          },
        }),
  };
}

function persistentMount(volume: VolumeMountPoint): MountSettings {
  const { path, target, isInSandbox, isReadOnly } = volume;
  const inside = isInSandbox ? `${SANDBOX_MOUNT}/${target}` : target;
  return { Type: "bind", Source: path, Target: inside, ReadOnly: isReadOnly };
}

/** The engine's own default grows without bound. */
function logConfig(
  driver: string | undefined,
  { maxSize, maxFile }: LogBounds,
): NonNullable<HostConfig["LogConfig"]> {
  const type = driver ?? "json-file";
  const isBounded = type === "json-file" || type === "local";
  return {
    Type: type,
    Config: isBounded ? { "max-size": maxSize, "max-file": String(maxFile) } : {},
  };
}

/**
 * Swap is set equal to memory, so a task that exceeds its limit is killed instead of swapping. A cpu limit above
 * what the host has is no limit, which the engine wants left out.
 */
function limits(
  { cpuMilli, memBytes }: ContainerLaunch["limits"],
  cpuCount: number,
): Pick<HostConfig, "NanoCpus" | "Memory" | "MemorySwap"> {
  const isCpuLimited = cpuMilli !== undefined && cpuMilli < cpuCount * 1000;
  const memory =
    memBytes === undefined ? undefined : Math.max(Math.ceil(memBytes), MEMORY_BYTES_MIN);
  return {
    ...(isCpuLimited
      ? { NanoCpus: Math.round(Math.max(cpuMilli, CPU_MILLI_MIN) * 1_000_000) }
      : {}),
    ...(memory === undefined ? {} : { Memory: memory, MemorySwap: memory }),
  };
}
