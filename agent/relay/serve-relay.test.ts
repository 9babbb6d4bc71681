import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import { expect, test } from "vitest";
import type { ExecSession, LogRequest, OutputChunk } from "../containerizer/containerizer.ts";
import { type RelayPeer, type RelaySource, serveRelay } from "./serve-relay.ts";

const LOGS: RelayRequest = {
  kind: "logs",
  frameworkId: "f1",
  taskId: "t1",
  isFollowing: true,
  hasStdout: true,
  hasStderr: true,
};
const EXEC: RelayRequest = {
  kind: "exec",
  frameworkId: "f1",
  taskId: "t1",
  command: ["cat"],
  isTty: true,
  isInteractive: true,
};

/** A peer in memory: `frames` is what it was sent. */
function peer() {
  const frames: RelayFrame[] = [];
  const gone = new AbortController();
  let listener: (frame: RelayFrame) => void = () => {};
  let isEnded = false;
  const stream: RelayPeer = {
    over: gone.signal,
    onFrame: (other) => {
      listener = other;
    },
    write: async (frame) => void frames.push(frame),
    pause: () => {},
    resume: () => {},
    end: () => {
      isEnded = true;
    },
  };
  const say = (frame: RelayFrame): void => listener(frame);
  return { stream, frames, leave: () => gone.abort(), say, hasEnded: () => isEnded };
}

function sourceOf(over: Partial<RelaySource["containerizer"]>): RelaySource {
  return {
    containerOf: ({ taskId }) => (taskId === "t1" ? "c1" : null),
    containerizer: {
      logs: async function* () {},
      exec: () => Promise.reject(new Error("not in this test")),
      ...over,
    },
  };
}

/** Output of a command that says nothing and ends some time. */
async function* nothingUntil(end: Promise<void>): AsyncGenerator<OutputChunk> {
  await end;
  yield* [];
}

test("a relay begins with its token and ends with an end", async () => {
  const { stream, frames, hasEnded } = peer();
  const logs = async function* (): AsyncGenerator<OutputChunk> {
    yield { stream: "stderr", data: new Uint8Array([1]) };
  };
  await serveRelay(stream, { token: "k", request: LOGS }, sourceOf({ logs }));
  expect(frames).toEqual([
    { kind: "attach", token: "k" },
    { kind: "stderr", data: new Uint8Array([1]) },
    { kind: "end" },
  ]);
  expect(hasEnded()).toBe(true);
});

test("a piece larger than a master takes is sent in several", async () => {
  const { stream, frames } = peer();
  const logs = async function* (): AsyncGenerator<OutputChunk> {
    yield { stream: "stdout", data: new Uint8Array(600_000) };
  };
  await serveRelay(stream, { token: "k", request: LOGS }, sourceOf({ logs }));
  const sizes = frames.map((frame) => (frame.kind === "stdout" ? frame.data.length : 0));
  expect(sizes).toEqual([0, 262_144, 262_144, 75_712, 0]);
});

test("a log that nobody follows any more is let go, however quiet its task is", async () => {
  const { stream, leave } = peer();
  const logs = async function* (_id: string, { signal }: LogRequest): AsyncGenerator<OutputChunk> {
    yield { stream: "stdout", data: new Uint8Array([1]) };
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
  };
  const served = serveRelay(stream, { token: "k", request: LOGS }, sourceOf({ logs }));
  leave();
  await served; // Would hang for ever otherwise.
});

test("what a person types and how large the terminal is reach the command, and its exit code comes back", async () => {
  const { stream, frames, say } = peer();
  const told: string[] = [];
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const session: ExecSession = {
    output: nothingUntil(finished),
    exit: finished.then(() => 5),
    writeStdin: async (data) => void told.push(`stdin ${data.length}`),
    endStdin: () => finish(),
    resize: (columns, rows) => void told.push(`resize ${columns}x${rows}`),
    signal: (signal) => void told.push(`signal ${signal}`),
    close: () => void told.push("close"),
  };
  const served = serveRelay(
    stream,
    { token: "k", request: EXEC },
    sourceOf({ exec: async () => session }),
  );
  await Promise.resolve();
  // The first comes before the command has started.
  say({ kind: "resize", columns: 80, rows: 25 });
  await new Promise((resolve) => setImmediate(resolve));
  say({ kind: "stdin", data: new Uint8Array(3) });
  say({ kind: "signal", signal: "INT" });
  say({ kind: "stdin-end" });
  await served;
  expect(told).toEqual(["resize 80x25", "stdin 3", "signal INT"]);
  expect(frames.at(-1)).toEqual({ kind: "end", exitCode: 5 });
});

test("a person who leaves ends the command", async () => {
  const { stream, leave } = peer();
  let close: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    close = resolve;
  });
  const session: ExecSession = {
    output: nothingUntil(closed),
    exit: closed.then(() => 137),
    writeStdin: () => Promise.resolve(),
    endStdin: () => {},
    resize: () => {},
    signal: () => {},
    close,
  };
  const served = serveRelay(
    stream,
    { token: "k", request: EXEC },
    sourceOf({ exec: async () => session }),
  );
  await new Promise((resolve) => setImmediate(resolve));
  leave();
  await served;
});

test.each<[string, RelayRequest, string]>([
  ["of a task that is not here", { ...LOGS, taskId: "t9" }, "not_found"],
  ["without a command", { ...EXEC, command: [] }, "invalid_call"],
  ["for frameworks", { kind: "call", method: "m", body: new Uint8Array() }, "unsupported"],
  ["that the containerizer refuses", EXEC, "internal"],
])("a relay %s ends with a refusal", async (_what, request, code) => {
  const { stream, frames } = peer();
  await serveRelay(stream, { token: "k", request }, sourceOf({}));
  expect(frames.at(-1)).toMatchObject({ kind: "end", refusal: { code } });
});
