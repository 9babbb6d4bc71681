import type { LogRequest, OutputChunk } from "../containerizer.ts";
import type { FakeContainer } from "./fake-host.ts";

/** Every piece of fake output is one line. */
export async function* fakeLogs(
  container: FakeContainer,
  request: LogRequest,
): AsyncGenerator<OutputChunk> {
  const isWanted = ({ stream }: OutputChunk) =>
    stream === "stdout" ? request.hasStdout : request.hasStderr;
  const tail = request.tailLines ?? Number.POSITIVE_INFINITY;
  let position = container.droppedCount + Math.max(0, container.output.length - tail);
  while (true) {
    for (; position < container.droppedCount + container.output.length; position++) {
      const chunk = container.output[position - container.droppedCount];
      if (chunk !== undefined && isWanted(chunk)) yield chunk;
    }
    if (!request.isFollowing || container.exitCode !== null) return;
    await nextChange(container, request.signal);
    if (request.signal?.aborted === true) return;
  }
}

function nextChange(container: FakeContainer, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      container.followers.delete(wake);
      signal?.removeEventListener("abort", wake);
      resolve();
    };
    container.followers.add(wake);
    signal?.addEventListener("abort", wake);
    if (signal?.aborted === true) wake();
  });
}
