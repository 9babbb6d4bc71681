import type { ClusterError } from "@bourse/model/errors";
import type { RelayFrame, RelayRequest } from "@bourse/model/relay";
import { bigReregister } from "@bourse/proto/wire/testdata/big-agent";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { type TestClient, until } from "../../testdata/test-client.ts";
import {
  cluster,
  type RunningTask,
  running,
  SUBSCRIBE,
  undoAll,
} from "../../testdata/test-master.ts";
import { Relays } from "./relays.ts";

afterEach(undoAll);

function logsOf({ frameworkId }: { frameworkId: string }): RelayRequest {
  return {
    kind: "logs",
    frameworkId,
    taskId: "t1",
    isFollowing: true,
    hasStdout: true,
    hasStderr: true,
  };
}

function execOf({ frameworkId }: { frameworkId: string }): RelayRequest {
  return {
    kind: "exec",
    frameworkId,
    taskId: "t1",
    command: ["sh"],
    isTty: false,
    isInteractive: true,
  };
}

/** The stream that the agent opens when it is asked to. */
async function attached(client: TestClient, { agent }: RunningTask) {
  const asked = await agent.message("open-relay");
  const relay = client.relay();
  relay.write({ kind: "attach", token: asked.token });
  return { relay, asked };
}

function isKind<Kind extends RelayFrame["kind"]>(kind: Kind) {
  return (frame: RelayFrame): frame is Extract<RelayFrame, { kind: Kind }> => frame.kind === kind;
}

const hello = new TextEncoder().encode("hello");

test("logs of a task come from its agent through the master, to their end (N-18)", async () => {
  const { client } = await cluster();
  const task = await running(client);
  const logs = client.logs(logsOf(task));
  const { relay, asked } = await attached(client, task);
  expect(asked.request).toEqual(logsOf(task));
  relay.write({ kind: "stdout", data: hello });
  relay.write({ kind: "stderr", data: hello });
  relay.write({ kind: "end", exitCode: 0 });
  expect(await logs.end()).toBe("clean");
  expect(logs.received).toEqual([
    { kind: "stdout", data: hello },
    { kind: "stderr", data: hello },
    { kind: "end", exitCode: 0 },
  ]);
  expect(await relay.end()).toBe("clean");
});

test("exec carries frames both ways, in order, also those sent before the agent answered", async () => {
  const { client } = await cluster();
  const task = await running(client);
  const exec = client.exec();
  exec.write({ kind: "open", request: execOf(task) });
  exec.write({ kind: "relayed", frame: { kind: "stdin", data: hello } });
  exec.write({ kind: "relayed", frame: { kind: "stdin-end" } });
  const { relay } = await attached(client, task);
  exec.write({ kind: "relayed", frame: { kind: "resize", columns: 80, rows: 24 } });
  await relay.next(isKind("resize"));
  expect(relay.received.map(({ kind }) => kind)).toEqual(["stdin", "stdin-end", "resize"]);
  relay.write({ kind: "stdout", data: hello });
  relay.write({ kind: "end", exitCode: 3 });
  expect(await exec.end()).toBe("clean");
  expect(exec.received.at(-1)).toEqual({ kind: "end", exitCode: 3 });
});

test("a call reaches the framework and its replies come back", async () => {
  const { client } = await cluster();
  const framework = client.framework();
  framework.send(SUBSCRIBE);
  const { frameworkId } = await framework.message("subscribed");
  const call = client.callFramework();
  const request = { kind: "call", method: "list", body: hello } as const;
  call.write({ kind: "open", frameworkId, request });
  const asked = await framework.message("open-relay");
  expect(asked.request).toEqual(request);
  const relay = client.relay();
  relay.write({ kind: "attach", token: asked.token });
  relay.write({ kind: "reply", body: hello });
  relay.write({ kind: "end" });
  expect(await call.end()).toBe("clean");
  expect(call.received).toEqual([{ kind: "reply", body: hello }, { kind: "end" }]);
});

test("a task is found though its id begins a thousand older ones", async () => {
  const { client } = await cluster();
  const agent = client.agent();
  const message = bigReregister("a1", 2_000);
  agent.send({ ...message, tasks: message.tasks.toReversed() });
  await agent.message("reregistered");
  const request = { ...logsOf({ frameworkId: "f1" } as RunningTask), taskId: "t1" };
  client.logs(request);
  expect((await agent.message("open-relay")).request).toEqual(request);
});

test("a token is unguessable and opens one stream", async () => {
  const { client } = await cluster();
  const task = await running(client);
  const logs = client.logs(logsOf(task));
  const { asked } = await attached(client, task);
  expect(asked.token).toMatch(/^[0-9a-f]{32}$/);
  const second = client.relay();
  second.write({ kind: "attach", token: asked.token });
  const thief = client.relay();
  thief.write({ kind: "attach", token: "0".repeat(32) });
  const mute = client.relay();
  mute.write({ kind: "stdout", data: hello });
  const refused = "not_found: open a relay: its token is unknown or used";
  const ends = await Promise.all([second.end(), thief.end(), mute.end()]);
  // The first of the two with the token won; which one it was is a matter of the network.
  expect(ends.slice(1)).toEqual([
    refused,
    "invalid_call: open a relay: the first frame is no attach",
  ]);
  expect(ends[0]).toBe(refused);
  expect(logs.ended).toBeNull();
});

test("when the agent breaks off, the client hears that it did", async () => {
  const { client } = await cluster();
  const task = await running(client);
  const logs = client.logs(logsOf(task));
  const { relay } = await attached(client, task);
  relay.write({ kind: "stdout", data: hello });
  await logs.next(isKind("stdout"));
  relay.stream.cancel();
  expect(await logs.end()).toBe(`unreachable: agent ${task.agentId} broke off the stream`);
});

test("when the client leaves, the agent's stream ends", async () => {
  const { client } = await cluster();
  const task = await running(client);
  const exec = client.exec();
  exec.write({ kind: "open", request: execOf(task) });
  const { relay } = await attached(client, task);
  relay.write({ kind: "stdout", data: hello });
  await exec.next(isKind("stdout"));
  exec.stream.cancel();
  expect(await relay.end()).toBe("unreachable: the client is gone");
});

test("when the agent's connection goes before it answered, the client hears at once", async () => {
  const { client, dial } = await cluster();
  const task = await running(client);
  const logs = dial().logs(logsOf(task));
  await task.agent.message("open-relay");
  task.agent.stream.cancel();
  expect(await logs.end()).toBe(
    `unreachable: agent ${task.agentId} lost its connection to the master`,
  );
});

test("an agent that never answers is given up after the time for it", async () => {
  const failures: ClusterError[] = [];
  const relays = new Relays(20);
  relays.open(
    { name: "agent a1", send: () => {} },
    { kind: "call", method: "m", body: hello },
    {
      sink: { write: () => true, onDrain() {}, end() {}, fail: (error) => failures.push(error) },
      frames: null,
      onGone() {},
    },
  );
  await until(() => failures.length > 0);
  expect(failures[0]).toMatchObject({
    code: "timeout",
    message: "agent a1 did not answer within 0.02 s",
  });
});

test("a slow client makes the agent wait: the master holds a bounded part", async () => {
  const { client, dial } = await cluster();
  const task = await running(client);
  const logs = dial().logs(logsOf(task));
  const { relay } = await attached(dial(), task);
  await until(() => relay.ended === null);
  logs.stream.pause();
  const data = new Uint8Array(256 << 10);
  let written = 0;
  const stream = relay.stream as unknown as { write(frame: RelayFrame, done: () => void): boolean };
  for (let count = 0; count < 200; count++) {
    stream.write({ kind: "stdout", data }, () => {
      written++;
    });
  }
  let before = -1;
  while (written > before) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(written).toBeLessThan(150);
  logs.stream.resume();
  relay.write({ kind: "end" });
  expect(await logs.end()).toBe("clean");
  expect(logs.received).toHaveLength(201);
});

test.each<[what: string, request: RelayRequest, error: RegExp]>([
  [
    "a task that nobody knows",
    logsOf({ frameworkId: "f9" }),
    /^not_found: task t1 of framework f9/,
  ],
  [
    "something that is no log",
    execOf({ frameworkId: "f9" }),
    /^invalid_call: a request of kind exec/,
  ],
])("logs of %s are refused", async (_what, request, error) => {
  const { client } = await cluster();
  expect(await client.logs(request).end()).toMatch(error);
});

test.each([
  ["without a framework", {}, /^invalid_call: .*framework_id is missing/],
  [
    "to one that is not there",
    { frameworkId: "f9" },
    /^unreachable: framework f9 is not connected/,
  ],
])("a call %s is refused", async (_what, whom, error) => {
  const { client } = await cluster();
  const call = client.callFramework();
  call.write({ kind: "open", request: { kind: "call", method: "m", body: hello }, ...whom });
  expect(await call.end()).toMatch(error);
});

test("a stream that its client ends without having opened it is refused", async () => {
  const { client } = await cluster();
  const exec = client.exec();
  (exec.stream as ClientDuplexStream<unknown, unknown>).end();
  expect(await exec.end()).toBe("invalid_call: the first frame of the stream is no open");
});
