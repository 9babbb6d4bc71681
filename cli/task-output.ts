import { ClusterError } from "@bourse/model/errors";
import type { RelayFrame } from "@bourse/model/relay";
import { type JobView, RUNNER_NAME, type RunnerReply } from "@bourse/model/runner";
import type { OperatorClient } from "./client.ts";
import { findFramework } from "./lookup.ts";

/** Which part of an output is wanted. */
export interface OutputWish {
  readonly hasStdout: boolean;
  readonly hasStderr: boolean;
  /** Of the first attempt that is shown; later ones are shown whole. */
  readonly tailLines?: number;
}

/**
 * Copies what a job writes, attempt after attempt, until it has ended; returns its last view. `changes` is the
 * runner's `watch`; an attempt that could not be started writes nothing.
 */
export async function followJob(
  client: OperatorClient,
  changes: AsyncIterable<RunnerReply>,
  wish: OutputWish,
  onRunning: () => void = () => {},
): Promise<JobView | undefined> {
  const shown = new Set<string>();
  let copied: Promise<void> = Promise.resolve();
  let last: JobView | undefined;
  for await (const reply of changes) {
    if (reply.kind !== "job") continue;
    last = reply.job;
    const { taskId } = last;
    if (taskId !== undefined && hasRun(last) && !shown.has(taskId)) {
      onRunning();
      const isFirst = shown.size === 0;
      shown.add(taskId);
      const { tailLines: _, ...whole } = wish;
      copied = copied.then(() => copyLogs(client, taskId, isFirst ? wish : whole));
    }
    if (last.phase === "ended") break;
  }
  await copied;
  return last;
}

/** Whether the newest attempt came so far that it may have written something. */
export function hasRun(job: JobView): boolean {
  if (job.phase === "running") return true;
  return (job.phase === "ended" || job.phase === "backing-off") && job.exitCode !== undefined;
}

/** Logs of one attempt to the end; what cannot be read any more does not hide how the task ended. */
async function copyLogs(client: OperatorClient, taskId: string, wish: OutputWish): Promise<void> {
  try {
    const { frameworkId } = await findFramework(client, RUNNER_NAME);
    await copyFrames(
      client.logs({ kind: "logs", frameworkId, taskId, isFollowing: true, ...wish }),
    );
  } catch (thrown) {
    process.stderr.write(
      `bourse: no more output of ${taskId}: ${ClusterError.from(thrown).message}\n`,
    );
  }
}

/** Copies output to this process; returns the exit code that the other side gave, if any. */
export async function copyFrames(frames: AsyncIterable<RelayFrame>): Promise<number | undefined> {
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

function write(to: NodeJS.WriteStream, data: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (to.write(data)) resolve();
    else to.once("drain", resolve);
  });
}
