import { ClusterError } from "@bourse/model/errors";
import {
  type JobView,
  type RestartPolicy,
  RUNNER_NAME,
  type RunnerJob,
} from "@bourse/model/runner";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { type Context, contextFor, integerOf, withClient } from "./context.ts";
import { findFramework } from "./lookup.ts";
import { addSpecOptions, amountsOf, type SpecFlags, specOf } from "./task-spec.ts";
import { copyFrames } from "./task-streams.ts";

interface RunOptions extends SpecFlags {
  readonly detach?: boolean;
  readonly name?: string;
  readonly restart: string;
  readonly image: boolean;
}

export function addTaskRunCommand(task: Command): void {
  const run = task
    .command("run")
    .description("run a container (or, with --no-image, a process) and wait, like `docker run`")
    .argument("<words...>", "IMAGE [COMMAND [ARG...]]; with --no-image COMMAND [ARG...]")
    .option("-d, --detach", "print the id and return once the runner has accepted it")
    .option("--name <name>", "what to call it; the id begins with it")
    .option("--restart <policy>", "never, on-failure[:N] or always", "never")
    .option("--no-image", "run a process of the host instead of a container");
  addSpecOptions(run)
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
  const spec = specOf(image, rest, options);
  const name = options.name ?? nameFor(image ?? rest[0] ?? "task");
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
    throw new ClusterError("invalid_call", `--name ${JSON.stringify(name)} is not a name`, {
      hint: "take up to 63 lower-case letters, digits and inner hyphens",
    });
  }
  return {
    name,
    spec,
    resources: amountsOf(options),
    restart: restartOf(options.restart),
    ports: (spec.portMappings ?? []).filter((mapping) => mapping.hostPort === 0).length,
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
