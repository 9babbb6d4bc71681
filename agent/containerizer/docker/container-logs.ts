import { ClusterError } from "@bourse/model/errors";
import type Docker from "dockerode";
import type { LogRequest, OutputChunk } from "../containerizer.ts";
import { demultiplex } from "./demultiplex.ts";
import { engineErrorKind, engineFailure } from "./engine-error.ts";

/** Reads a container's log from the engine. `tailLines` counts both streams together, as the engine does. */
export async function* containerLogs(
  container: Docker.Container,
  request: LogRequest,
): AsyncGenerator<OutputChunk> {
  const connection = new AbortController();
  try {
    yield* demultiplex(await openLog(container, request, connection.signal));
  } catch (thrown) {
    throw logError(thrown);
  } finally {
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
    ...(request.tailLines === undefined ? {} : { tail: request.tailLines }),
    abortSignal,
  };
  if (request.isFollowing) {
    const stream = await container.logs({ ...options, follow: true });
    return stream as AsyncIterable<Buffer>;
  }
  return once(await container.logs({ ...options, follow: false }));
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
