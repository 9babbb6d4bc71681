import { ClusterError } from "@bourse/model/errors";
import type { ContainerId } from "@bourse/model/ids";
import type { OpenRelay, RelayFrame, RelayRequest } from "@bourse/model/relay";
import type { TaskRef } from "@bourse/task/inputs";
import type { Containerizer, ExecSession, OutputChunk } from "../containerizer/containerizer.ts";

/** The other end of a relay; `RelayStream` is one over gRPC. */
export interface RelayPeer {
  /** Aborted when the other side has gone: nobody wants what is still to come. */
  readonly over: AbortSignal;
  onFrame(listener: (frame: RelayFrame) => void): void;
  /** Resolves when more may be written, so that a slow reader slows the source down. */
  write(frame: RelayFrame): Promise<void>;
  /** Reads no further frames until `resume`. */
  pause(): void;
  resume(): void;
  /** Sends what is still to be sent and closes this side. */
  end(): void;
}

export interface RelaySource {
  readonly containerizer: Pick<Containerizer, "logs" | "exec">;
  /** The container of a task that runs, or that ended and whose logs are kept. */
  readonly containerOf: (task: TaskRef) => ContainerId | null;
}

/**
 * Serves one relay: the logs of a task, or a command inside its container (FEATURES N-18, DESIGN D10). What goes
 * wrong is told in the last frame; this never throws.
 */
export async function serveRelay(
  stream: RelayPeer,
  relay: OpenRelay,
  source: RelaySource,
): Promise<void> {
  await stream.write({ kind: "attach", token: relay.token });
  const last = await serve(stream, relay.request, source).catch(refusalOf);
  await stream.write(last);
  stream.end();
}

async function serve(
  stream: RelayPeer,
  request: RelayRequest,
  source: RelaySource,
): Promise<RelayFrame> {
  switch (request.kind) {
    case "logs":
      return serveLogs(stream, request, source);
    case "exec":
      return serveExec(stream, request, source);
    case "call":
      throw new ClusterError("unsupported", "an agent takes no calls, only frameworks do");
  }
}

async function serveLogs(
  stream: RelayPeer,
  request: Extract<RelayRequest, { kind: "logs" }>,
  source: RelaySource,
): Promise<RelayFrame> {
  const containerId = requireContainer(source, request);
  const wanted = { ...request, signal: stream.over };
  await pour(source.containerizer.logs(containerId, wanted), stream);
  return { kind: "end" };
}

async function serveExec(
  stream: RelayPeer,
  request: Extract<RelayRequest, { kind: "exec" }>,
  source: RelaySource,
): Promise<RelayFrame> {
  const containerId = requireContainer(source, request);
  if (request.command.length === 0) throw new ClusterError("invalid_call", "command is empty");
  const early: RelayFrame[] = [];
  stream.onFrame((frame) => early.push(frame));
  const session = await source.containerizer.exec(containerId, request);
  stream.over.addEventListener("abort", () => session.close());
  if (stream.over.aborted) session.close();
  for (const frame of early) control(stream, session, frame);
  stream.onFrame((frame) => control(stream, session, frame));
  await pour(session.output, stream);
  return { kind: "end", exitCode: await session.exit };
}

/** Cut short, because a master refuses a frame with a text that is too long. */
function refusalOf(thrown: unknown): RelayFrame {
  const refusal = ClusterError.from(thrown).toRefusal();
  return { kind: "end", refusal: { ...refusal, message: refusal.message.slice(0, 1_024) } };
}

function requireContainer(
  source: RelaySource,
  { frameworkId, taskId }: Extract<RelayRequest, { kind: "logs" | "exec" }>,
): ContainerId {
  const containerId = source.containerOf({ frameworkId, taskId });
  if (containerId !== null) return containerId;
  throw new ClusterError("not_found", `task ${taskId} has no container on this agent`, {
    hint: "it may not have started yet, or its logs may have been removed",
  });
}

/** A master takes no larger pieces than 1 MiB. */
const FRAME_DATA_BYTES = 262_144;

/** Copies output to the stream until it ends or nobody wants it any more. */
async function pour(output: AsyncIterable<OutputChunk>, stream: RelayPeer): Promise<void> {
  const iterator = output[Symbol.asyncIterator]();
  const gone = new Promise<null>((resolve) => {
    if (stream.over.aborted) resolve(null);
    stream.over.addEventListener("abort", () => resolve(null));
  });
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), gone]);
      if (next === null || next.done === true) return;
      const { stream: kind, data } = next.value;
      for (let from = 0; from < data.length; from += FRAME_DATA_BYTES) {
        await stream.write({ kind, data: data.subarray(from, from + FRAME_DATA_BYTES) });
      }
    }
  } finally {
    // Not awaited: what is under way may take its time to notice.
    void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function control(stream: RelayPeer, session: ExecSession, frame: RelayFrame): void {
  switch (frame.kind) {
    case "stdin":
      stream.pause();
      void session.writeStdin(frame.data).finally(() => stream.resume());
      return;
    case "stdin-end":
      session.endStdin();
      return;
    case "resize":
      session.resize(frame.columns, frame.rows);
      return;
    case "signal":
      session.signal(frame.signal);
      return;
    case "end":
      session.close();
      return;
    default: // Frames of the other direction.
  }
}
