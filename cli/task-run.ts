import type { PortMapping, TaskSpec, VolumeMount } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import { canonical, scalar } from "@bourse/model/resources";
import type { JobView, RestartPolicy, RunnerJob } from "@bourse/model/runner";
import type { Command } from "commander";
import { type OperatorClient, RUNNER_NAME } from "./client.ts";
import { type Context, contextFor, durationMs, integerOf, withClient } from "./context.ts";
import { findFramework } from "./lookup.ts";
import { copyFrames } from "./task-streams.ts";

interface RunOptions {
  readonly detach?: boolean;
  readonly name?: string;
  readonly cpus: string;
  readonly mem: string;
  readonly disk?: string;
  readonly env: readonly string[];
  readonly publish: readonly string[];
  readonly volume: readonly string[];
  readonly network?: string;
  readonly user?: string;
  readonly entrypoint?: string;
  readonly restart: string;
  readonly grace?: string;
  readonly pull?: boolean;
  readonly healthCmd?: string;
  readonly healthInterval?: string;
  readonly healthTimeout?: string;
  readonly healthRetries?: string;
  readonly healthDelay?: string;
  readonly healthGrace?: string;
  readonly image: boolean;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function addTaskRunCommand(task: Command): void {
  task
    .command("run")
    .description("run a container (or, with --no-image, a process) and wait, like `docker run`")
    .argument("<words...>", "IMAGE [COMMAND [ARG...]]; with --no-image COMMAND [ARG...]")
    .option("-d, --detach", "print the id and return once the runner has accepted it")
    .option("--name <name>", "what to call it; the id begins with it")
    .option("--cpus <number>", "cpus, in thousandths at the finest", "0.1")
    .option("--mem <size>", "memory: MiB, or with m or g", "64")
    .option("--disk <size>", "disk: MiB, or with m or g")
    .option("-e, --env <NAME=VALUE>", "environment (repeat for more)", collect, [])
    .option(
      "-p, --publish <[HOST:]CONTAINER[/udp]>",
      "port; without HOST one of the offer's",
      collect,
      [],
    )
    .option("-v, --volume <SOURCE:PATH[:ro]>", "host path or volume name", collect, [])
    .option("--network <kind>", "bridge, host or none")
    .option("-u, --user <user>", "user inside the container")
    .option("--entrypoint <word>", "instead of the image's own")
    .option("--restart <policy>", "never, on-failure[:N] or always", "never")
    .option("--grace <duration>", "between SIGTERM and SIGKILL")
    .option("--health-cmd <command>", "shell command that tells whether it is well")
    .option("--health-delay <duration>", "before the first check (default 15s)")
    .option("--health-interval <duration>", "between checks (default 10s)")
    .option("--health-timeout <duration>", "of one check; 0 = none (default 20s)")
    .option("--health-retries <count>", "failures in a row until it is killed (default 3)")
    .option("--health-grace <duration>", "in which failures do not count (default 10s)")
    .option("--pull", "pull the image even if the agent has it")
    .option("--no-image", "run a process of the host instead of a container")
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(async (words: readonly string[], options: RunOptions, command: Command) => {
      const context = contextFor(command);
      const job = jobOf(words, options);
      await withClient(context, async (client) => {
        const jobId = await submit(client, job);
        if (options.detach === true) process.stdout.write(`${jobId}\n`);
        else process.exitCode = await attend(context, client, jobId);
      });
    });
}

const HELP = `
Examples:
  bourse task run busybox echo hello
  bourse task run -d --name web -p 8080 --restart always bourse/demo:1
  bourse task run --no-image sleep 60`;

/** The command line as a job; every refusal names the flag. */
export function jobOf(words: readonly string[], options: RunOptions): RunnerJob {
  const image = options.image ? words[0] : undefined;
  const rest = options.image ? words.slice(1) : words;
  const portMappings = options.publish.map(portOf);
  if (portMappings.length > 0 && options.network !== undefined && options.network !== "bridge") {
    throw new ClusterError(
      "invalid_call",
      `--publish needs the bridge network, not ${options.network}`,
    );
  }
  const resources = [
    scalar("cpus", milliOf(options.cpus, "--cpus")),
    scalar("mem", sizeMib(options.mem, "--mem") * 1000),
    ...(options.disk === undefined ? [] : [scalar("disk", sizeMib(options.disk, "--disk") * 1000)]),
  ];
  const spec: TaskSpec = {
    ...(image === undefined ? {} : { image }),
    ...(rest.length === 0 ? {} : { command: rest }),
    ...(options.pull === true ? { shouldPull: true } : {}),
    ...(options.network === undefined ? {} : { network: networkOf(options.network) }),
    ...(portMappings.length === 0 ? {} : { portMappings }),
    ...(options.volume.length === 0 ? {} : { volumes: options.volume.map(volumeOf) }),
    ...(options.env.length === 0
      ? {}
      : { environment: Object.fromEntries(options.env.map(pairOf)) }),
    ...(options.user === undefined ? {} : { user: options.user }),
    ...(options.entrypoint === undefined ? {} : { entrypoint: [options.entrypoint] }),
    ...healthOf(options),
    ...(options.grace === undefined ? {} : { killGraceMs: durationMs(options.grace, "--grace") }),
  };
  const name = options.name ?? nameFor(image ?? rest[0] ?? "task");
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new ClusterError("invalid_call", `--name ${JSON.stringify(name)} is not a name`, {
      hint: "take up to 63 lower-case letters, digits and inner hyphens",
    });
  }
  return {
    name,
    spec,
    resources: canonical(resources),
    restart: restartOf(options.restart),
    ports: portMappings.filter((mapping) => mapping.hostPort === 0).length,
  };
}

/** Defaults of what is left out are those of FEATURES M-59, given at the agent. */
function healthOf(options: RunOptions): Pick<TaskSpec, "healthCheck"> {
  const times = {
    delayMs: options.healthDelay,
    intervalMs: options.healthInterval,
    timeoutMs: options.healthTimeout,
    gracePeriodMs: options.healthGrace,
  };
  const given = Object.entries(times).filter(([, text]) => text !== undefined);
  if (options.healthCmd === undefined) {
    if (given.length === 0 && options.healthRetries === undefined) return {};
    throw new ClusterError("invalid_call", "health checks need --health-cmd");
  }
  return {
    healthCheck: {
      command: { isShell: true, value: options.healthCmd, args: [] },
      ...Object.fromEntries(
        given.map(([name, text]) => [name, durationMs(text ?? "", "--health-*")]),
      ),
      ...(options.healthRetries === undefined
        ? {}
        : { consecutiveFailures: integerOf(options.healthRetries, "--health-retries", 1, 1_000) }),
    },
  };
}

/** `registry/team/web:1.2` -> `web`. */
function nameFor(image: string): string {
  const last = image.split("/").at(-1)?.split(/[:@]/)[0] ?? "";
  const name = last
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name === "" ? "task" : name.slice(0, 40).replace(/-+$/, "");
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
    throw new ClusterError("invalid_call", `--env ${JSON.stringify(text)} is not NAME=VALUE`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

function networkOf(text: string): "bridge" | "host" | "none" {
  if (text === "bridge" || text === "host" || text === "none") return text;
  throw new ClusterError("invalid_call", `--network ${JSON.stringify(text)} is not a network`, {
    hint: "take bridge, host or none",
  });
}

function restartOf(text: string): RestartPolicy {
  if (text === "never" || text === "no") return { kind: "never" };
  if (text === "always") return { kind: "always" };
  const match = /^on-failure(?::(\d{1,6}))?$/.exec(text);
  if (match === null) {
    throw new ClusterError("invalid_call", `--restart ${JSON.stringify(text)} is not a policy`, {
      hint: "take never, on-failure, on-failure:N or always",
    });
  }
  return match[1] === undefined
    ? { kind: "on-failure" }
    : {
        kind: "on-failure",
        attemptsMax: integerOf(match[1], "--restart on-failure", 1, 1_000_000),
      };
}

async function submit(client: OperatorClient, job: RunnerJob): Promise<string> {
  for await (const reply of client.askRunner({ kind: "run", job })) {
    if (reply.kind === "accepted") return reply.jobId;
  }
  throw new ClusterError("internal", "the runner did not answer");
}

/** How long a job may wait before its user is told why. */
const PATIENCE_MS = 3_000;

/** Streams a job's output until it has ended; Ctrl-C stops it, a second one only detaches. */
async function attend(context: Context, client: OperatorClient, jobId: string): Promise<number> {
  let interrupts = 0;
  const changes = client.askRunner({ kind: "watch", jobId });
  const onInterrupt = (): void => {
    interrupts += 1;
    if (interrupts > 1) {
      process.stderr.write(`\nbourse: detached; ${jobId} is being stopped\n`);
      process.exit(130);
    }
    process.stderr.write(`\nbourse: stopping ${jobId} (Ctrl-C again detaches)\n`);
    void drain(client.askRunner({ kind: "kill", jobId }));
  };
  process.on("SIGINT", onInterrupt);
  const patience = setTimeout(() => {
    process.stderr.write(
      context.colors.dim(`bourse: ${jobId} still waits; see \`bourse task why ${jobId}\`\n`),
    );
  }, PATIENCE_MS);
  try {
    return await follow(client, jobId, changes, () => clearTimeout(patience));
  } finally {
    clearTimeout(patience);
    process.removeListener("SIGINT", onInterrupt);
  }
}

async function follow(
  client: OperatorClient,
  jobId: string,
  changes: AsyncIterable<{ readonly kind: string; readonly job?: JobView }>,
  onRunning: () => void,
): Promise<number> {
  const streams = new Map<string, Promise<unknown>>();
  let last: JobView | undefined;
  for await (const reply of changes) {
    const job = reply.kind === "job" ? reply.job : undefined;
    if (job === undefined) continue;
    last = job;
    const hasRun = job.phase === "running" || (job.phase === "ended" && job.exitCode !== undefined);
    if (job.taskId !== undefined && hasRun && !streams.has(job.taskId)) {
      onRunning();
      streams.set(job.taskId, stream(client, job.taskId));
    }
    if (job.phase === "ended") break;
  }
  await Promise.all(streams.values());
  if (last?.phase !== "ended") {
    throw new ClusterError("unreachable", `lost sight of ${jobId}; it may still run`, {
      hint: `ask \`bourse task ls\` or \`bourse task why ${jobId}\``,
    });
  }
  return exitCodeOf(last);
}

/** Logs of one attempt to the end; what cannot be read any more does not hide how the task ended. */
async function stream(client: OperatorClient, taskId: string): Promise<void> {
  const { frameworkId } = await findFramework(client, RUNNER_NAME);
  const request = { kind: "logs", frameworkId, taskId, isFollowing: true } as const;
  try {
    await copyFrames(client.logs({ ...request, hasStdout: true, hasStderr: true }));
  } catch (thrown) {
    process.stderr.write(
      `bourse: no more output of ${taskId}: ${ClusterError.from(thrown).message}\n`,
    );
  }
}

function exitCodeOf(job: JobView): number {
  if (job.exitCode !== undefined) return job.exitCode;
  const status = job.status;
  if (status?.state === "TASK_FINISHED") return 0;
  if (status?.state === "TASK_KILLED") return 137;
  const why = status?.message ?? status?.reason ?? "no reason was given";
  process.stderr.write(`bourse: ${job.jobId} ended as ${status?.state ?? "unknown"}: ${why}\n`);
  return 1;
}

async function drain(replies: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of replies);
  } catch (thrown) {
    process.stderr.write(`bourse: ${ClusterError.from(thrown).message}\n`);
  }
}
