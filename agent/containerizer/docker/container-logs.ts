import { ClusterError } from "@bourse/model/errors";
import type Docker from "dockerode";
import type { LogRequest, OutputChunk } from "../containerizer.ts";
import { demultiplex } from "./demultiplex.ts";
import { engineErrorKind, engineFailure } from "./engine-error.ts";

/** Reads a container's log from the engine. */
export async function* containerLogs(
  container: Docker.Container,
  request: LogRequest,
): AsyncGenerator<OutputChunk> {
  const connection = new AbortController();
  const letGo = () => connection.abort();
  request.signal?.addEventListener("abort", letGo);
  if (request.signal?.aborted === true) letGo();
  try {
    yield* demultiplex(await openLog(container, request, connection.signal));
  } catch (thrown) {
    if (request.signal?.aborted === true) return;
    throw logError(thrown);
  } finally {
    request.signal?.removeEventListener("abort", letGo);
    connection.abort();
  }
}

async function openLog(
  container: Docker.Container,
  request: LogRequest,
  abortSignal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const options = {
    stdout: request.hasStdout,
    stderr: request.hasStderr,
    ...(request.tailLines === undefined ? {} : { tail: await engineTail(container, request) }),
    abortSignal,
  };
  if (request.isFollowing) {
    const stream = await container.logs({ ...options, follow: true });
    return stream as AsyncIterable<Buffer>;
  }
  return once(await container.logs({ ...options, follow: false }));
}

/**
 * The engine counts the lines of both streams and only then leaves one out. For one stream the log is read once
 * more, to count how many lines of both hold the wanted ones of that stream.
 */
async function engineTail(
  container: Docker.Container,
  { tailLines = 0, hasStdout, hasStderr }: LogRequest,
): Promise<number> {
  if (hasStdout === hasStderr) return tailLines;
  const wanted = hasStdout ? "stdout" : "stderr";
  const log = await container.logs({ stdout: true, stderr: true, follow: false });
  const streams: OutputChunk["stream"][] = [];
  for await (const { stream } of demultiplex(once(log))) streams.push(stream);
  let left = tailLines;
  let index = streams.length;
  while (left > 0 && index > 0) if (streams[--index] === wanted) left--;
  return streams.length - index;
}

async function* once(data: Buffer): AsyncGenerator<Uint8Array> {
  yield data;
}

function logError(thrown: unknown): ClusterError {
  const message = engineFailure("reading the log", thrown);
  const kind = engineErrorKind(thrown);
  if (kind === "not-found") return new ClusterError("not_found", message, { cause: thrown });
  if (kind === "away") return new ClusterError("unreachable", message, { cause: thrown });
  return new ClusterError("unsupported", message, {
    cause: thrown,
    hint: "the log driver of the task may keep no log that can be read back",
  });
}
