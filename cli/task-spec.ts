import type { PortMapping, TaskSpec, VolumeMount } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import { canonical, type Resources, scalar } from "@bourse/model/resources";
import type { Command } from "commander";
import { collect, durationMs, integerOf } from "./context.ts";

/** The flags that say what to run and with how much, as `docker run` names them. */
export interface SpecFlags {
  readonly cpus: string;
  readonly mem: string;
  readonly disk?: string;
  readonly env: readonly string[];
  readonly publish: readonly string[];
  readonly volume: readonly string[];
  readonly network?: string;
  readonly user?: string;
  readonly entrypoint?: string;
  readonly grace?: string;
  readonly pull?: boolean;
  readonly healthCmd?: string;
  readonly healthInterval?: string;
  readonly healthTimeout?: string;
  readonly healthRetries?: string;
  readonly healthDelay?: string;
  readonly healthGrace?: string;
}

export function addSpecOptions(command: Command): Command {
  return command
    .option("--cpus <number>", "cpus, in thousandths at the finest", "0.1")
    .option("--mem <size>", "memory: MiB, or with m or g", "64")
    .option("--disk <size>", "disk: MiB, or with m or g")
    .option("-e, --env <NAME=VALUE>", "environment (repeat for more)", collect, [])
    .option(
      "-p, --publish <[HOST:]CONTAINER[/udp]>",
      "port; HOST must be one that an agent offers, without it any is taken",
      collect,
      [],
    )
    .option("-v, --volume <SOURCE:PATH[:ro]>", "host path or volume name", collect, [])
    .option("--network <kind>", "bridge, host or none")
    .option("-u, --user <user>", "user inside the container")
    .option("--entrypoint <word>", "instead of the image's own")
    .option("--grace <duration>", "between SIGTERM and SIGKILL")
    .option("--health-cmd <command>", "shell command that tells whether it is well")
    .option("--health-delay <duration>", "before the first check (default 15s)")
    .option("--health-interval <duration>", "between checks (default 10s)")
    .option("--health-timeout <duration>", "of one check; 0 = none (default 20s)")
    .option("--health-retries <count>", "failures in a row until it is killed (default 3)")
    .option("--health-grace <duration>", "in which failures do not count (default 10s)")
    .option("--pull", "pull the image even if the agent has it");
}

/** What to run; every refusal names the flag. `image` undefined = a process of the host. */
export function specOf(
  image: string | undefined,
  command: readonly string[],
  flags: SpecFlags,
): TaskSpec {
  const portMappings = flags.publish.map(portOf);
  if (portMappings.length > 0 && flags.network !== undefined && flags.network !== "bridge") {
    throw new ClusterError(
      "invalid_call",
      `--publish needs the bridge network, not ${flags.network}`,
    );
  }
  return {
    ...(image === undefined ? {} : { image }),
    ...(command.length === 0 ? {} : { command }),
    ...(flags.pull === true ? { shouldPull: true } : {}),
    ...(flags.network === undefined ? {} : { network: networkOf(flags.network) }),
    ...(portMappings.length === 0 ? {} : { portMappings }),
    ...(flags.volume.length === 0 ? {} : { volumes: flags.volume.map(volumeOf) }),
    ...(flags.env.length === 0 ? {} : { environment: Object.fromEntries(flags.env.map(pairOf)) }),
    ...(flags.user === undefined ? {} : { user: flags.user }),
    ...(flags.entrypoint === undefined ? {} : { entrypoint: [flags.entrypoint] }),
    ...healthOf(flags),
    ...(flags.grace === undefined ? {} : { killGraceMs: durationMs(flags.grace, "--grace") }),
  };
}

/** Amounts without ports, which come from the port mappings. */
export function amountsOf(flags: SpecFlags): Resources {
  return canonical([
    scalar("cpus", milliOf(flags.cpus, "--cpus")),
    scalar("mem", sizeMib(flags.mem, "--mem") * 1000),
    ...(flags.disk === undefined ? [] : [scalar("disk", sizeMib(flags.disk, "--disk") * 1000)]),
  ]);
}

/** Defaults of what is left out are those of FEATURES M-59, given at the agent. */
function healthOf(flags: SpecFlags): Pick<TaskSpec, "healthCheck"> {
  const times = {
    delayMs: flags.healthDelay,
    intervalMs: flags.healthInterval,
    timeoutMs: flags.healthTimeout,
    gracePeriodMs: flags.healthGrace,
  };
  const given = Object.entries(times).filter(([, text]) => text !== undefined);
  if (flags.healthCmd === undefined) {
    if (given.length === 0 && flags.healthRetries === undefined) return {};
    throw new ClusterError("invalid_call", "health checks need --health-cmd");
  }
  return {
    healthCheck: {
      command: { isShell: true, value: flags.healthCmd, args: [] },
      ...Object.fromEntries(
        given.map(([name, text]) => [name, durationMs(text ?? "", "--health-*")]),
      ),
      ...(flags.healthRetries === undefined
        ? {}
        : { consecutiveFailures: integerOf(flags.healthRetries, "--health-retries", 1, 1_000) }),
    },
  };
}

function milliOf(text: string, flag: string): number {
  const milli = /^\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1000) : Number.NaN;
  if (!(milli >= 1 && milli <= 1_000_000_000)) {
    throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is not an amount`, {
      hint: "take a number from 0.001 to 1000000, e.g. 0.5",
    });
  }
  return milli;
}

function sizeMib(text: string, flag: string): number {
  const match = /^(\d+)\s*(m|mb|mib|g|gb|gib)?$/i.exec(text);
  const factor = (match?.[2] ?? "m").toLowerCase().startsWith("g") ? 1024 : 1;
  const size = match === null ? Number.NaN : Number(match[1]) * factor;
  if (!(size >= 1 && size <= 1_000_000_000)) {
    throw new ClusterError("invalid_call", `${flag} ${JSON.stringify(text)} is not a size`, {
      hint: "take MiB, or a number with m or g: 256, 256m, 2g",
    });
  }
  return size;
}

/** `8080`, `80:8080`, `8080/udp`; a missing host port is taken from the offer. */
function portOf(text: string): PortMapping {
  const match = /^(?:(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const hostPort = Number(match?.[1] ?? 0);
  const containerPort = Number(match?.[2]);
  if (match === null || containerPort < 1 || containerPort > 65535 || hostPort > 65535) {
    throw new ClusterError("invalid_call", `--publish ${JSON.stringify(text)} is not a port`, {
      hint: "write CONTAINER, HOST:CONTAINER, and /udp if need be: 8080, 31005:8080, 53/udp",
    });
  }
  return { hostPort, containerPort, protocol: match[3] === "udp" ? "udp" : "tcp" };
}

function volumeOf(text: string): VolumeMount {
  const match = /^([^:]+):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  const [, source = "", containerPath = ""] = match ?? [];
  if (match === null || (!source.startsWith("/") && !/^[A-Za-z0-9][\w.-]*$/.test(source))) {
    throw new ClusterError("invalid_call", `--volume ${JSON.stringify(text)} is not a volume`, {
      hint: "write /host/path:/path or name:/path, with :ro for read-only",
    });
  }
  return {
    source: source.startsWith("/")
      ? { type: "host", path: source }
      : { type: "named", name: source },
    containerPath,
    mode: match[3] === "ro" ? "RO" : "RW",
  };
}

function pairOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at < 1) {
    throw new ClusterError("invalid_call", `--env ${JSON.stringify(text)} is not NAME=VALUE`, {
      hint: "write the value too; an empty one is NAME=",
    });
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

function networkOf(text: string): "bridge" | "host" | "none" {
  if (text === "bridge" || text === "host" || text === "none") return text;
  throw new ClusterError("invalid_call", `--network ${JSON.stringify(text)} is not a network`, {
    hint: "take bridge, host or none",
  });
}
