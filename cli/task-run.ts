import { ClusterError } from "@bourse/model/errors";
import type { JobView, RestartPolicy, RunnerJob } from "@bourse/model/runner";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { type Context, contextFor, integerOf, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { followJob } from "./task-output.ts";
import { addSpecOptions, amountsOf, type SpecFlags, specOf } from "./task-spec.ts";

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
    .option("--restart <policy>", "never, on-failure[:RESTARTS] or always", "never")
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

const HELP = `${examples(
  "bourse task run busybox echo hello",
  "bourse task run -d --name web -p 8080 --restart always bourse/demo:1",
  "bourse task run --no-image sleep 60",
)}

Exit code: that of the container, 128 + N when signal N ended it; 1 when it could not be
started; 130 when it was stopped before it started, or left behind by a second Ctrl-C.`;

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
        // N counts restarts, as in `docker run`; the first attempt is none.
        attemptsMax: 1 + integerOf(match[1], "--restart on-failure", 1, 999_999),
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

/** Streams a job's output until it has ended. Ctrl-C and SIGTERM stop it, as they would a container; again = detach. */
async function attend(context: Context, client: OperatorClient, jobId: string): Promise<number> {
  let interrupts = 0;
  const onSignal = (): void => {
    interrupts += 1;
    if (interrupts > 1) {
      process.stderr.write(`\nbourse: detached; ${jobId} is being stopped\n`);
      process.exit(INTERRUPTED);
    }
    process.stderr.write(`\nbourse: stopping ${jobId} (Ctrl-C again detaches)\n`);
    void drain(client.askRunner({ kind: "kill", jobId }));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const patience = setTimeout(() => {
    process.stderr.write(
      context.colors.dim(`bourse: ${jobId} still waits; see \`bourse task why ${jobId}\`\n`),
    );
  }, PATIENCE_MS);
  try {
    const changes = client.askRunner({ kind: "watch", jobId });
    const last = await followJob(client, changes, WHOLE, () => clearTimeout(patience));
    if (last?.phase === "ended") return exitCodeOf(last);
    throw new ClusterError("unreachable", `the runner ended`);
  } catch (thrown) {
    const { code, message } = ClusterError.from(thrown);
    throw new ClusterError(code, `lost sight of ${jobId}, which may go on: ${message}`, {
      cause: thrown,
      hint: `when the master answers again: \`bourse task logs -f ${jobId}\` or \`bourse task why ${jobId}\``,
    });
  } finally {
    clearTimeout(patience);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  }
}

const WHOLE = { hasStdout: true, hasStderr: true };
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const INTERRUPTED = 130;

/** As `docker run` gives it; a code that the program did not give itself is explained on stderr. */
export function exitCodeOf(job: JobView): number {
  const { status } = job;
  if (status?.state === "TASK_FINISHED") return job.exitCode ?? 0;
  const why = status?.message ?? status?.reason ?? "no reason was given";
  if (job.exitCode !== undefined) {
    if (status?.reason !== undefined) process.stderr.write(`bourse: ${job.jobId}: ${why}\n`);
    return job.exitCode;
  }
  if (status === undefined) {
    process.stderr.write(`bourse: ${job.jobId} was stopped before it was launched\n`);
    return INTERRUPTED;
  }
  if (status.state === "TASK_KILLED") return 137;
  process.stderr.write(`bourse: ${job.jobId} ended as ${status.state}: ${why}\n`);
  return 1;
}

async function drain(replies: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of replies);
  } catch (thrown) {
    process.stderr.write(`bourse: ${ClusterError.from(thrown).message}\n`);
  }
}
