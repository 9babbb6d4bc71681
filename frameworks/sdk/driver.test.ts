import { ClusterError } from "@bourse/model/errors";
import { launchedTasks, type Offer } from "@bourse/model/offer";
import { ranges, scalar } from "@bourse/model/resources";
import type { TaskStatus } from "@bourse/model/task";
import { decodeRunSpec } from "@bourse/proto/wire/task";
import { afterEach, expect, test, vi } from "vitest";
import {
  createDriver,
  createVolume,
  type Driver,
  type DriverEvent,
  launch,
  memoryStore,
  reserve,
  volume,
} from "./index.ts";
import { FakeMaster } from "./testing/fake-master.ts";

const UUID = "ab".repeat(16);
const started: { stop(): unknown }[] = [];

afterEach(async () => {
  for (const part of started.splice(0).reverse()) await part.stop();
});

async function masterAndDriver(
  options: Partial<Parameters<typeof createDriver>[0]> = {},
): Promise<{ master: FakeMaster; driver: Driver }> {
  const master = await new FakeMaster().start();
  const driver = createDriver({
    masters: [master.address],
    framework: { name: "test", user: "u" },
    session: { reconnectBackoffMs: 10, ...options.session },
    ...options,
  });
  started.push(master, driver);
  return { master, driver };
}

function offer(offerId: string): Offer {
  return {
    offerId,
    frameworkId: "f1",
    agentId: "a1",
    hostname: "h1",
    port: 1,
    role: "*",
    resources: [
      scalar("cpus", 1_000),
      scalar("mem", 64_000),
      ranges("ports", [{ begin: 31_000, end: 31_009 }]),
    ],
    attributes: [],
  };
}

function status(more: Partial<TaskStatus> = {}): TaskStatus {
  return {
    taskId: "t1",
    agentId: "a1",
    state: "TASK_RUNNING",
    source: "SOURCE_EXECUTOR",
    uuid: UUID,
    timestampMs: 1,
    ...more,
  };
}

test("a handler launches on an offer; the task carries the offer's agent, resources and ports", async () => {
  const { master, driver } = await masterAndDriver();
  driver.on("offers", ({ offers }) => {
    const portMappings = [{ hostPort: 0, containerPort: 80, protocol: "tcp" }] as const;
    offers[0]?.accept(launch({ taskId: "t1", cpus: 0.5, mem: 32, image: "web", portMappings }));
  });
  await driver.start();
  const subscribe = await master.next("subscribe");
  expect(subscribe.info).toMatchObject({ name: "test", failoverTimeoutMs: 604_800_000 });
  master.send({ kind: "offers", offers: [offer("o1")] });
  const { operations } = await master.next("accept");
  const task = launchedTasks(operations)[0];
  expect(task).toMatchObject({
    taskId: "t1",
    agentId: "a1",
    resources: [
      scalar("cpus", 500),
      scalar("mem", 32_000),
      ranges("ports", [{ begin: 31_000, end: 31_000 }]),
    ],
  });
  if (task === undefined) return;
  expect(decodeRunSpec(task)).toMatchObject({
    container: { image: "web", portMappings: [{ hostPort: 31_000, containerPort: 80 }] },
    command: { environment: [{ name: "PORT0", value: "31000" }] },
  });
});

test("offers that a handler leaves unanswered are declined when it returns (K-3)", async () => {
  const { master, driver } = await masterAndDriver();
  driver.on("offers", async ({ offers }) => offers[0]?.decline({ refuseMs: 60_000 }));
  await driver.start();
  await master.next("subscribe");
  master.send({ kind: "offers", offers: [offer("o1"), offer("o2")] });
  expect(await master.next("decline")).toMatchObject({
    offerIds: ["o1"],
    filters: { refuseMs: 60_000 },
  });
  expect(await master.next("decline")).toMatchObject({
    offerIds: ["o2"],
    reasons: [{ code: "unanswered" }],
  });
});

test("with keepsOffers they stay open until their deadline", async () => {
  const { master, driver } = await masterAndDriver({
    keepsOffers: true,
    session: { offerDeadlineMs: 30 },
  });
  const told: DriverEvent[] = [];
  driver.on("offers", (event) => void told.push(event));
  driver.on("rescind", (event) => void told.push(event));
  await driver.start();
  await master.next("subscribe");
  master.send({ kind: "offers", offers: [offer("o1")] });
  await master.next("decline");
  expect(told.map(({ kind }) => kind)).toEqual(["offers", "rescind"]);
});

test("a handler reserves, makes a volume and launches on it, and hears what became of each (M-17, M-68)", async () => {
  const { master, driver } = await masterAndDriver({ framework: { name: "db", roles: ["db"] } });
  const ended: string[] = [];
  driver.on("offers", ({ offers }) => {
    const task = { taskId: "db-1", cpus: 0.5, mem: 32, image: "db", persistentVolumes: ["db-1"] };
    offers[0]?.accept([
      reserve({ disk: 60 }, { operationId: "r1" }),
      createVolume({ id: "db-1", disk: 50, containerPath: "data" }, { operationId: "c1" }),
      launch(task),
    ]);
  });
  driver.on("operation-update", ({ status }) => void ended.push(status.operationId));
  await driver.start();
  await master.next("subscribe");
  const resources = [scalar("cpus", 1_000), scalar("disk", 100_000), scalar("mem", 64_000)];
  master.send({ kind: "offers", offers: [{ ...offer("o1"), role: "db", resources }] });
  const [reserving, creating, launching] = (await master.next("accept")).operations;
  const reservations = [{ type: "dynamic", role: "db" }] as const;
  const disk = { ...scalar("disk", 60_000), reservations };
  const made = volume(
    { ...disk, ...scalar("disk", 50_000) },
    { id: "db-1", containerPath: "data" },
  );
  expect(reserving).toEqual({ kind: "reserve", resources: [disk], operationId: "r1" });
  expect(creating).toEqual({ kind: "create", volumes: [made], operationId: "c1" });
  expect(launchedTasks(launching === undefined ? [] : [launching])[0]?.resources).toContainEqual(
    made,
  );
  const updated = { agentId: "a1", state: "OPERATION_FINISHED", convertedResources: [] } as const;
  master.send({ kind: "operation-update", status: { operationId: "r1", uuid: UUID, ...updated } });
  expect(await master.next("acknowledge-operation")).toMatchObject({
    operationId: "r1",
    uuid: UUID,
  });
  expect(ended).toEqual(["r1"]);
});

test("a framework that wants one offer says so, and one that says nothing wants all", async () => {
  const { master, driver } = await masterAndDriver();
  await driver.start();
  await vi.waitFor(() => expect(driver.isSubscribed).toBe(true));
  await master.next("subscribe");
  driver.revive([], { offersMax: 1 });
  driver.revive();
  expect(await master.next("revive")).toEqual({ kind: "revive", roles: [], offersMax: 1 });
  expect(await master.next("revive")).toEqual({ kind: "revive", roles: [] });
});

test("an update is acknowledged when its handler has resolved, not before", async () => {
  const { master, driver } = await masterAndDriver();
  let resolve = (): void => {};
  const handled = new Promise<void>((done) => {
    resolve = done;
  });
  driver.on("update", () => handled);
  await driver.start();
  await master.next("subscribe");
  master.send({ kind: "update", status: status() });
  driver.revive();
  await master.next("revive");
  expect(master.calls).toEqual([]);
  resolve();
  expect(await master.next("acknowledge")).toMatchObject({ taskId: "t1", uuid: UUID });
});

test("a handler that throws is told of, its update delivered again and acknowledged then", async () => {
  const errors: string[] = [];
  const { master, driver } = await masterAndDriver({
    onHandlerError: (error, event) => void errors.push(`${event.kind}: ${error.message}`),
  });
  let tries = 0;
  driver.on("update", () => {
    tries += 1;
    if (tries === 1) throw new Error("no luck");
  });
  await driver.start();
  await master.next("subscribe");
  master.send({ kind: "update", status: status() });
  while (errors.length === 0) await new Promise((done) => setTimeout(done, 5));
  master.send({ kind: "update", status: status() });
  await master.next("acknowledge");
  expect(errors).toEqual(["update: no luck"]);
  expect(tries).toBe(2);
});

test("events() gives every event in order, ends with stop, and its loop is the handler", async () => {
  const { master, driver } = await masterAndDriver();
  const events = driver.events();
  await driver.start();
  await master.next("subscribe");
  master.send(
    { kind: "update", status: status() },
    { kind: "update", status: status({ uuid: "cd".repeat(16) }) },
  );
  const kinds: string[] = [];
  for await (const event of events) {
    kinds.push(event.kind);
    if (kinds.length === 3) void driver.stop();
  }
  expect(kinds).toEqual(["subscribed", "update", "update"]);
  expect(await master.next("acknowledge")).toMatchObject({ uuid: UUID });
});

test("a broken session is resumed with the framework id, and goes on", async () => {
  const store = memoryStore();
  const { master, driver } = await masterAndDriver({ store });
  const kinds: string[] = [];
  for (const kind of ["subscribed", "disconnected"] as const)
    driver.on(kind, () => void kinds.push(kind));
  await driver.start();
  expect((await master.next("subscribe")).frameworkId).toBeUndefined();
  while (!driver.isSubscribed) await new Promise((done) => setTimeout(done, 5));
  master.dropSessions();
  expect(await master.next("subscribe")).toMatchObject({ frameworkId: "f1", epochSeen: 1 });
  expect(await store.load()).toEqual({ kind: "framework", frameworkId: "f1", epochSeen: 1 });
  while (kinds.length < 3) await new Promise((done) => setTimeout(done, 5));
  expect(kinds).toEqual(["subscribed", "disconnected", "subscribed"]);
});

test("a master that is down or not the leader is passed over for the next of the list", async () => {
  const follower = await new FakeMaster().start();
  follower.onSubscribe = () => ({
    kind: "error",
    refusal: { code: "not_leader", message: "ask another" },
  });
  const leader = await new FakeMaster().start();
  const driver = createDriver({
    masters: ["127.0.0.1:1", follower.address, leader.address],
    framework: { name: "test" },
    session: { reconnectBackoffMs: 10 },
  });
  started.push(follower, leader, driver);
  await driver.start();
  await leader.next("subscribe");
  expect(follower.sessionCount).toBe(1);
});

test("a framework that was torn down ends with a typed error, and its id is forgotten (N-06, K-12)", async () => {
  const store = memoryStore({ kind: "framework", frameworkId: "f1", epochSeen: 1 });
  const { master, driver } = await masterAndDriver({ store });
  master.onSubscribe = () => ({
    kind: "error",
    refusal: {
      code: "framework_completed",
      message: "framework f1 has been removed",
      hint: "start anew",
    },
  });
  const events = driver.events();
  await driver.start();
  const error = await driver.ended.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ClusterError);
  expect(error).toMatchObject({
    code: "framework_completed",
    retryable: false,
    hint: "start anew",
  });
  const kinds: string[] = [];
  await expect(async () => {
    for await (const event of events) kinds.push(event.kind);
  }).rejects.toThrow("has been removed");
  expect(kinds).toEqual(["ended"]);
  expect(await store.load()).toBeUndefined();
});

test("stop with teardown ends the framework and forgets its id", async () => {
  const store = memoryStore();
  const { master, driver } = await masterAndDriver({ store });
  await driver.start();
  await master.next("subscribe");
  while (!driver.isSubscribed) await new Promise((done) => setTimeout(done, 5));
  await driver.stop({ teardown: true });
  expect(master.calls.map(({ kind }) => kind)).toEqual(["teardown"]);
  expect(await store.load()).toBeUndefined();
  await driver.ended;
});

test("an offer that is answered twice, or a task that does not fit it, is a typed error", async () => {
  const { master, driver } = await masterAndDriver();
  const errors: ClusterError[] = [];
  const attempt = (what: () => void): void => {
    try {
      what();
    } catch (thrown) {
      errors.push(ClusterError.from(thrown));
    }
  };
  driver.on("offers", ({ offers: [first] }) => {
    attempt(() => first?.accept(launch({ taskId: "t1", cpus: 9, command: "true" })));
    first?.decline();
    attempt(() => first?.decline());
  });
  await driver.start();
  await master.next("subscribe");
  master.send({ kind: "offers", offers: [offer("o1")] });
  await master.next("decline");
  expect(errors.map(({ code }) => code)).toEqual(["invalid_call", "conflict"]);
  expect(errors[0]?.message).toContain("insufficient-cpus (8 short: 9 wanted, 1 offered)");
});

test("calls of one turn travel in one frame, and a flood in frames of 64 KiB", async () => {
  const { master, driver } = await masterAndDriver();
  await driver.start();
  await master.next("subscribe");
  while (!driver.isSubscribed) await new Promise((done) => setTimeout(done, 5));
  master.frameSizes.length = 0;
  for (let number = 0; number < 3; number++) driver.kill(`t${number}`);
  await master.until(() => master.calls.length === 3);
  expect(master.frameSizes).toEqual([3]);
  for (let number = 0; number < 1_000; number++) driver.kill(`t${number}`);
  await master.until(() => master.calls.length === 1_003);
  expect(Math.max(...master.frameSizes)).toBeLessThanOrEqual(328);
  expect(master.frameSizes.length).toBeGreaterThan(3);
});

test("a relayed call reaches onCall, and its replies and end the relay", async () => {
  const { master, driver } = await masterAndDriver();
  driver.onCall((call) => {
    call.reply(Buffer.from(`${call.method}: ${Buffer.from(call.body).toString()}`));
    call.end();
  });
  await driver.start();
  await master.next("subscribe");
  const request = { kind: "call", method: "scale", body: Buffer.from("5") } as const;
  master.send({ kind: "open-relay", token: "secret", request });
  await master.until(() => master.relayed.length === 3);
  const [attach, reply, end] = master.relayed;
  expect(attach).toEqual({ kind: "attach", token: "secret" });
  expect(reply?.kind === "reply" && Buffer.from(reply.body).toString()).toBe("scale: 5");
  expect(end).toEqual({ kind: "end" });
});

test("a framework that answers no calls refuses them", async () => {
  const { master, driver } = await masterAndDriver();
  await driver.start();
  await master.next("subscribe");
  const request = { kind: "call", method: "scale", body: Buffer.from("") } as const;
  master.send({ kind: "open-relay", token: "secret", request });
  await master.until(() => master.relayed.length === 2);
  expect(master.relayed[1]).toMatchObject({ kind: "end", refusal: { code: "unsupported" } });
});

test("every event has its place in an exhaustive switch (K-2)", () => {
  const nameOf = (event: DriverEvent): string => {
    switch (event.kind) {
      case "subscribed":
        return event.frameworkId;
      case "offers":
        return event.offers.map(({ offerId }) => offerId).join();
      case "rescind":
        return event.offerId;
      case "update":
      case "operation-update":
        return event.status.state;
      case "inverse-offers":
        return event.inverseOffers.map(({ agentId }) => agentId).join();
      case "rescind-inverse":
        return event.inverseOfferId;
      case "failure":
      case "message":
        return event.agentId;
      case "ended":
        return event.message;
      case "disconnected":
        return "";
    }
  };
  expect(nameOf({ kind: "rescind", offerId: "o1" })).toBe("o1");
});

test("a driver without masters is refused at the door", () => {
  expect(() => createDriver({ masters: [], framework: { name: "f" } })).toThrow(
    "at least one master",
  );
});
