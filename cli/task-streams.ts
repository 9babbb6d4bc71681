import { ClusterError } from "@bourse/model/errors";
import type { TaskView } from "@bourse/model/operator";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { contextFor, integerOf, withClient } from "./context.ts";
import { examples } from "./examples.ts";
import { findTarget, type Target } from "./jobs.ts";
import { findTask } from "./lookup.ts";
import { copyFrames, followJob, type OutputWish } from "./task-output.ts";

interface LogOptions {
  readonly follow?: boolean;
  readonly tail?: string;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
}

/** `task logs` and `task exec`: through the master, never straight to the agent (FEATURES N-18). */
export function addTaskStreamCommands(task: Command): void {
  task
    .command("logs")
    .description("what a task wrote; stdout goes to stdout, stderr to stderr")
    .argument("<task>", "id or unique prefix")
    .option("-f, --follow", "go on until the task ends or Ctrl-C")
    .option("--tail <lines>", "only the last so many lines; in Docker, of both streams together")
    .option("--stdout", "only its stdout")
    .option("--stderr", "only its stderr")
    .addHelpText("after", examples("bourse task logs -f --tail 20 web-1a2b"))
    .action(async (text: string, options: LogOptions, command: Command) => {
      const context = contextFor(command);
      const tail =
        options.tail === undefined
          ? {}
          : { tailLines: integerOf(options.tail, "--tail", 0, 1_000_000) };
      const wish = {
        hasStdout: options.stderr !== true || options.stdout === true,
        hasStderr: options.stdout !== true || options.stderr === true,
        ...tail,
      };
      await withClient(context, async (client) => {
        const target = await findTarget(client, text);
        if (options.follow === true) await followLogs(client, target, wish);
        else {
          const { frameworkId, taskId } = await runnable(client, target);
          const request = { kind: "logs", frameworkId, taskId, isFollowing: false } as const;
          await copyFrames(client.logs({ ...request, ...wish }));
        }
      });
    });
  task
    .command("exec")
    .description("run a command inside a running task")
    .argument("<task>", "id or unique prefix")
    .argument("<command...>", "the command and its arguments")
    .option("-i, --interactive", "pass this terminal's input on")
    .option("-t, --tty", "give the command a terminal")
    .passThroughOptions()
    .addHelpText(
      "after",
      examples("bourse task exec -it web-1a2b sh", "bourse task exec web-1a2b ls /"),
    )
    .action(
      async (
        text: string,
        words: readonly string[],
        options: { interactive?: boolean; tty?: boolean },
        command: Command,
      ) => {
        const context = contextFor(command);
        await withClient(context, async (client) => {
          // `task exec ID -- ls` reads like kubectl; the dashes are not part of the command.
          const rest = words[0] === "--" ? words.slice(1) : words;
          process.exitCode = await exec(client, text, rest, options);
        });
      },
    );
}

/** Until the task ends or Ctrl-C; of a job also all its later attempts. */
async function followLogs(client: OperatorClient, target: Target, wish: OutputWish): Promise<void> {
  const onInterrupt = (): void => process.exit(130);
  process.once("SIGINT", onInterrupt);
  try {
    if (target.task === undefined) {
      await followJob(client, client.askRunner({ kind: "watch", jobId: target.job.jobId }), wish);
      return;
    }
    const { frameworkId, taskId } = await untilStarted(client, target.task);
    await copyFrames(
      client.logs({ kind: "logs", frameworkId, taskId, isFollowing: true, ...wish }),
    );
  } finally {
    process.removeListener("SIGINT", onInterrupt);
  }
}

const START_POLL_MS = 300;

/** A task that is being started has no output yet; it is followed from its first line on. */
async function untilStarted(client: OperatorClient, task: TaskView): Promise<TaskView> {
  let newest = task;
  while (newest.state === "TASK_STAGING" || newest.state === "TASK_STARTING") {
    await new Promise((resolve) => setTimeout(resolve, START_POLL_MS));
    newest = await findTask(client, task.taskId);
  }
  return newest;
}

/** The task itself, or the newest task of a job of `task run`. */
async function runnable(client: OperatorClient, target: Target): Promise<TaskView> {
  if (target.task !== undefined) return target.task;
  const { jobId, taskId } = target.job;
  if (taskId !== undefined) return findTask(client, taskId);
  throw new ClusterError("conflict", `${jobId} has not been launched yet`, {
    hint: `ask \`bourse task why ${jobId}\``,
  });
}

async function exec(
  client: OperatorClient,
  text: string,
  command: readonly string[],
  options: { readonly interactive?: boolean; readonly tty?: boolean },
): Promise<number> {
  const { frameworkId, taskId } = await runnable(client, await findTarget(client, text));
  const isTty = options.tty === true;
  const isInteractive = options.interactive === true;
  if (isTty && (process.stdin.isTTY !== true || process.stdout.isTTY !== true)) {
    throw new ClusterError("invalid_call", "-t needs a terminal, and this is none", {
      hint: "leave -t out",
    });
  }
  const stream = client.exec({ kind: "exec", frameworkId, taskId, command, isTty, isInteractive });
  const onResize = (): void => {
    void stream.send({
      kind: "resize",
      columns: process.stdout.columns,
      rows: process.stdout.rows,
    });
  };
  const onInterrupt = (): void => void stream.send({ kind: "signal", signal: "SIGINT" });
  let endInput = (): void => {};
  try {
    if (isTty) {
      process.stdin.setRawMode(true);
      process.stdout.on("resize", onResize);
      onResize();
    } else {
      process.on("SIGINT", onInterrupt);
    }
    if (isInteractive) endInput = passInput(stream);
    const exitCode = await copyFrames(stream);
    if (exitCode === undefined) {
      throw new ClusterError(
        "unreachable",
        `the connection to ${taskId} broke before the command ended`,
      );
    }
    return exitCode;
  } finally {
    endInput();
    process.removeListener("SIGINT", onInterrupt);
    process.stdout.removeListener("resize", onResize);
    if (isTty) process.stdin.setRawMode(false);
    process.stdin.pause();
    stream.cancel();
  }
}

/** Sends what is typed, no faster than it is taken; returns what ends that. A pending read would keep the process. */
function passInput(stream: ReturnType<OperatorClient["exec"]>): () => void {
  let isOver = false;
  const onData = (data: Uint8Array): void => {
    process.stdin.pause();
    void stream.send({ kind: "stdin", data }).then(() => {
      if (!isOver) process.stdin.resume();
    });
  };
  const onEnd = (): void => void stream.send({ kind: "stdin-end" });
  process.stdin.on("data", onData).once("end", onEnd);
  return () => {
    isOver = true;
    process.stdin.removeListener("data", onData).removeListener("end", onEnd);
  };
}
