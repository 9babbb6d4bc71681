import { ClusterError } from "@bourse/model/errors";
import type { Command } from "commander";
import type { OperatorClient } from "./client.ts";
import { contextFor, integerOf, withClient } from "./context.ts";
import { findJob } from "./jobs.ts";
import { findTask } from "./lookup.ts";

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
    .option("--tail <lines>", "only the last so many lines of each stream")
    .option("--stdout", "only its stdout")
    .option("--stderr", "only its stderr")
    .action(async (text: string, options: LogOptions, command: Command) => {
      const context = contextFor(command);
      const tail =
        options.tail === undefined
          ? {}
          : { tailLines: integerOf(options.tail, "--tail", 0, 1_000_000) };
      await withClient(context, async (client) => {
        const { frameworkId, taskId } = await findRunnable(client, text);
        const frames = client.logs({
          kind: "logs",
          frameworkId,
          taskId,
          isFollowing: options.follow === true,
          hasStdout: options.stderr !== true || options.stdout === true,
          hasStderr: options.stdout !== true || options.stderr === true,
          ...tail,
        });
        process.once("SIGINT", () => frames.cancel());
        await copyFrames(frames);
      });
    });
  task
    .command("exec")
    .description("run a command inside a running task, e.g. `task exec -it web-1 sh`")
    .argument("<task>", "id or unique prefix")
    .argument("<command...>", "the command and its arguments")
    .option("-i, --interactive", "pass this terminal's input on")
    .option("-t, --tty", "give the command a terminal")
    .passThroughOptions()
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

/** The task itself, or the newest task of a job of `task run`. */
async function findRunnable(
  client: OperatorClient,
  text: string,
): Promise<{ readonly frameworkId: string; readonly taskId: string }> {
  const job = await findJob(client, text);
  if (job !== undefined && job.taskId === undefined) {
    throw new ClusterError("conflict", `${job.jobId} has not been launched yet`, {
      hint: `ask \`bourse task why ${job.jobId}\``,
    });
  }
  return findTask(client, job?.taskId ?? text);
}

/** Copies output to this process; returns the exit code that the other side gave, if any. */
export async function copyFrames(
  frames: AsyncIterable<import("@bourse/model/relay").RelayFrame>,
): Promise<number | undefined> {
  for await (const frame of frames) {
    if (frame.kind === "stdout") await write(process.stdout, frame.data);
    else if (frame.kind === "stderr") await write(process.stderr, frame.data);
    else if (frame.kind === "end") {
      if (frame.refusal !== undefined) throw ClusterError.of(frame.refusal);
      return frame.exitCode;
    }
  }
  return undefined;
}

async function exec(
  client: OperatorClient,
  text: string,
  command: readonly string[],
  options: { readonly interactive?: boolean; readonly tty?: boolean },
): Promise<number> {
  const { frameworkId, taskId } = await findRunnable(client, text);
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
  try {
    if (isTty) {
      process.stdin.setRawMode(true);
      process.stdout.on("resize", onResize);
      onResize();
    } else {
      process.on("SIGINT", onInterrupt);
    }
    if (isInteractive) void passInput(stream);
    const exitCode = await copyFrames(stream);
    if (exitCode === undefined) {
      throw new ClusterError(
        "unreachable",
        `the connection to ${taskId} broke before the command ended`,
      );
    }
    return exitCode;
  } finally {
    process.removeListener("SIGINT", onInterrupt);
    process.stdout.removeListener("resize", onResize);
    if (isTty) process.stdin.setRawMode(false);
    process.stdin.pause();
    stream.cancel();
  }
}

async function passInput(stream: ReturnType<OperatorClient["exec"]>): Promise<void> {
  for await (const data of process.stdin)
    await stream.send({ kind: "stdin", data: data as Uint8Array });
  await stream.send({ kind: "stdin-end" });
}

function write(to: NodeJS.WriteStream, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (to.write(data)) resolve();
    else to.once("drain", resolve);
  });
}
