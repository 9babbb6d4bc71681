import type { OperatorEvent } from "@bourse/model/operator";
import { RECEIVE_BYTES_MAX } from "@bourse/proto/wire/channel";
import { bigReregister } from "@bourse/proto/wire/testdata/big-agent";
import { afterEach, expect, test } from "vitest";
import { until } from "../../testdata/test-client.ts";
import {
  cluster,
  PAYLOAD,
  REGISTER,
  running,
  SUBSCRIBE,
  undoAll,
} from "../../testdata/test-master.ts";

afterEach(undoAll);

test("an agent registers, a framework is offered it, launches, and the update comes back", async () => {
  const { client } = await cluster();
  const { agent, agentId, framework, frameworkId } = await running(client);
  expect((await agent.message("launch")).tasks[0]?.payload).toEqual(PAYLOAD);
  const status = {
    taskId: "t1",
    state: "TASK_RUNNING",
    source: "SOURCE_EXECUTOR",
    agentId,
    uuid: "00112233445566778899aabbccddeeff",
    timestampMs: 1_700_000_000_000,
  } as const;
  agent.send({ kind: "update", update: { frameworkId, status, latestState: "TASK_RUNNING" } });
  const update = await framework.message("update");
  expect(update.status).toMatchObject({ taskId: "t1", state: "TASK_RUNNING" });
  framework.send({ kind: "acknowledge", agentId, taskId: "t1", uuid: status.uuid });
  await agent.message("acknowledge");
  const view = await client.query({
    kind: "tasks",
    page: { limit: 10 },
    filter: { hasCompleted: false },
  });
  expect(view).toMatchObject({ kind: "tasks", tasks: [{ taskId: "t1", state: "TASK_RUNNING" }] });
});

test("frames outward are numbered without gaps and acknowledge what came", async () => {
  const { client } = await cluster();
  const { framework } = await running(client);
  await until(() => framework.received.some((frame) => frame.acknowledged >= 1));
  let sent = 0;
  for (const frame of framework.received) {
    sent += frame.messages.length;
    expect(frame.sequence).toBe(sent);
  }
});

test.each([
  [
    "leaves out a sequence",
    { sequence: 2, acknowledged: 0 },
    "frame ends at sequence 2 where 1 was due",
  ],
  ["acknowledges too much", { sequence: 1, acknowledged: 9 }, "frame acknowledges 9 of 0 messages"],
])("a frame that %s ends the session with the reason", async (_what, numbers, reason) => {
  const { client } = await cluster();
  const agent = client.agent();
  agent.write({ messages: [REGISTER], ...numbers });
  expect(await agent.end()).toBe(`invalid_call: ${reason}`);
});

test("a malformed message ends the session with the name of the field, and the master stays up", async () => {
  const { client } = await cluster();
  const framework = client.framework();
  const info = { ...SUBSCRIBE.info, name: "x".repeat(300) };
  framework.send({ ...SUBSCRIBE, info });
  expect(await framework.end()).toMatch(/^invalid_call: FrameworkInfo.name/);
  expect(await client.query({ kind: "master" })).toMatchObject({ kind: "master" });
});

test("a call before subscribe is answered with an error and the stream is closed", async () => {
  const { client } = await cluster();
  const framework = client.framework();
  framework.send({ kind: "revive", roles: [] });
  expect((await framework.message("error")).refusal.code).toBe("not_subscribed");
  expect(await framework.end()).toBe("clean");
});

test("an agent whose connection breaks is disconnected, and operators hear of it", async () => {
  const { client, dial } = await cluster();
  const events = dial().events({});
  const { agent, agentId } = await running(client);
  client.close();
  agent.stream.cancel();
  const isLost = (event: OperatorEvent): event is OperatorEvent =>
    event.change.kind === "agent-changed" && event.change.condition === "disconnected";
  expect((await events.next(isLost)).change).toMatchObject({ agentId });
});

test("an operator's change is answered when it is done; a wrong one is refused with a code", async () => {
  const { client } = await cluster();
  const agent = client.agent();
  agent.send(REGISTER);
  const { agentId } = await agent.message("registered");
  expect(await client.call({ kind: "deactivate-agent", agentId })).toEqual({ kind: "done" });
  const view = await client.query({ kind: "agents", page: { limit: 10 } });
  expect(view).toMatchObject({ kind: "agents", agents: [{ isDeactivated: true }] });
  expect(await client.call({ kind: "deactivate-agent", agentId: "nobody" })).toMatchObject({
    kind: "refused",
    refusal: { code: "not_found" },
  });
});

test.each([0, 1_001, -1])("a page of %i rows is refused", async (limit) => {
  const { client } = await cluster();
  await expect(client.query({ kind: "agents", page: { limit } })).rejects.toThrow("Page.limit");
});

test("events are resumed where a subscriber stopped, without gaps (M-76)", async () => {
  const { client } = await cluster();
  const first = client.events({ epoch: 0, sequence: 0 });
  const { framework } = await running(client);
  const isTask = (event: OperatorEvent): event is OperatorEvent =>
    event.change.kind === "task-added";
  const seen = await first.next(isTask);
  expect(first.received.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: seen.sequence }, (_, index) => index + 1),
  );
  first.stream.cancel();
  framework.send({ kind: "teardown" });
  const second = client.events({ epoch: seen.epoch, sequence: seen.sequence });
  await until(() => second.received.length > 0);
  expect(second.received[0]).toMatchObject({ sequence: seen.sequence + 1 });
  const other = client.events({ epoch: seen.epoch + 1, sequence: 5 });
  await until(() => other.received.length > 0);
  expect(other.received[0]?.change).toEqual({ kind: "gap", fromSequence: 6 });
});

test("a peer that does not read is cut off above 8 MiB, and the core hears why", async () => {
  const { client, dial } = await cluster();
  const { agentId, framework, frameworkId, agent } = await running(client);
  const reader = client.events({});
  agent.stream.pause();
  const data = new Uint8Array(512 << 10);
  for (let count = 0; count < 40; count++) {
    framework.send({ kind: "message", agentId, executorId: "e1", data });
  }
  const isLost = (event: OperatorEvent): event is OperatorEvent =>
    event.change.kind === "agent-changed" && event.change.condition === "disconnected";
  expect((await reader.next(isLost)).change).toMatchObject({ agentId, cause: "stream overflow" });
  expect(await dial().query({ kind: "master" })).toMatchObject({ kind: "master" });
  expect(frameworkId).toBeDefined();
});

test("an agent that returns with 20,000 tasks is taken back with all of them", async () => {
  const { client, dial } = await cluster();
  const first = client.agent();
  first.send(REGISTER);
  const { agentId } = await first.message("registered");
  first.stream.cancel();
  const agent = dial().agent();
  agent.send(bigReregister(agentId, 20_000));
  expect((await agent.message("reregistered")).agentId).toBe(agentId);
  const view = await client.query({ kind: "master" });
  expect(view).toMatchObject({ kind: "master", master: { counts: { tasks: 20_000 } } });
});

test("a frame that is too large ends the session, for the core too", async () => {
  const { client } = await cluster();
  const { agent, agentId, frameworkId } = await running(client);
  const events = client.events({});
  await client.query({ kind: "master" });
  const data = new Uint8Array(1 << 20);
  const message = { kind: "message", frameworkId, executorId: "e1", data } as const;
  agent.send(...Array.from({ length: RECEIVE_BYTES_MAX / data.length + 1 }, () => message));
  expect(await agent.end()).toMatch(/^8: .*larger than max/);
  const isLost = (event: OperatorEvent): event is OperatorEvent =>
    event.change.kind === "agent-changed" && event.change.condition === "disconnected";
  expect((await events.next(isLost)).change).toMatchObject({ agentId });
});

test("bytes that are no message end the session, and the master stays up", async () => {
  const { client } = await cluster();
  const agent = client.agent();
  agent.write({ messages: [{ kind: "register" } as never], sequence: 1, acknowledged: 0 });
  expect(await agent.end()).toMatch(/^invalid_call: /);
  expect(await client.query({ kind: "master" })).toMatchObject({ kind: "master" });
});

test("the metrics count what is there (M-79)", async () => {
  const { client, master } = await cluster();
  await running(client);
  const text = await (await fetch(`http://${master.address}/metrics`)).text();
  for (const line of [
    'master_agents{condition="active"} 1',
    'master_frameworks{condition="active"} 1',
    'master_tasks{state="TASK_STAGING"} 1',
    'master_resources{resource="cpus",part="total"} 4',
    'master_resources{resource="cpus",part="allocated"} 1',
    'master_streams{kind="agent"} 1',
    'master_streams{kind="framework"} 1',
    'master_apply_seconds_count{input="accept"} 1',
  ]) {
    expect(text).toContain(`${line}\n`);
  }
  expect(text).toMatch(/^master_registry_records_total [1-9]/m);
});

test("a stop ends every stream with a reason that says to try again", async () => {
  const { client, master } = await cluster();
  const { agent, framework } = await running(client);
  const events = client.events({});
  await client.query({ kind: "master" });
  const stopped = master.stop();
  const late = client.agent();
  late.send(REGISTER);
  await stopped;
  for (const stream of [agent, framework, events]) {
    expect(await stream.end()).toBe("no_leader: this master stops");
  }
  expect(await late.end()).toMatch(/^(no_leader: this master stops|14: )/);
});
