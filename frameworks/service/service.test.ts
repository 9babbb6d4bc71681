import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RoleConstraints } from "@bourse/model/constraints";
import { launchedTasks } from "@bourse/model/offer";
import { ranges, scalar } from "@bourse/model/resources";
import { decodeRunSpec } from "@bourse/proto/wire/task";
import { FakeMaster } from "@bourse/sdk/testing/fake-master";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Service, type ServiceOptions, startService } from "./main.ts";

let stateDir = "";
let master: FakeMaster;
let service: Service | null = null;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "bourse-service-"));
  master = await new FakeMaster().start();
});

afterEach(async () => {
  await service?.stop();
  master.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

function optionsOf(more: Partial<ServiceOptions> = {}): ServiceOptions {
  return {
    masters: [master.address],
    name: "demo",
    instances: 2,
    spec: { image: "web", portMappings: [{ hostPort: 0, containerPort: 80, protocol: "tcp" }] },
    stateDir,
    logger: pino({ level: "silent" }),
    ...more,
  };
}

function offer(): void {
  const resources = [
    scalar("cpus", 1_000),
    scalar("mem", 1_000_000),
    ranges("ports", [{ begin: 31_000, end: 31_009 }]),
  ];
  const where = { frameworkId: "f1", agentId: "a1", hostname: "h", port: 1, role: "*" };
  master.send({ kind: "offers", offers: [{ offerId: "o1", ...where, resources, attributes: [] }] });
}

async function call(method: string, body: unknown): Promise<unknown> {
  master.relayed.length = 0;
  const request = { kind: "call", method, body: Buffer.from(JSON.stringify(body)) } as const;
  master.send({ kind: "open-relay", token: "token", request });
  await master.until(() => master.relayed.at(-1)?.kind === "end");
  const end = master.relayed.at(-1);
  const reply = master.relayed.find((frame) => frame.kind === "reply");
  if (reply?.kind === "reply") return JSON.parse(Buffer.from(reply.body).toString());
  return end?.kind === "end" ? end.refusal : undefined;
}

test("it subscribes in its role, with what it asks of agents (M-38)", async () => {
  const constraints: RoleConstraints = [
    [
      {
        selector: { type: "attribute", name: "rack" },
        predicate: { type: "text-equals", value: "r1" },
      },
    ],
  ];
  service = await startService(optionsOf({ role: "eng", constraints }));
  const { info, offerConstraints } = await master.next("subscribe");
  expect(info.roles).toEqual(["eng"]);
  expect(offerConstraints).toEqual(new Map([["eng", constraints]]));
});

test("instances get ports of their own, and scale and status are answered over the master", async () => {
  service = await startService(optionsOf());
  await master.next("subscribe");
  offer();
  const { operations } = await master.next("accept");
  const tasks = launchedTasks(operations);
  expect(tasks.map((task) => decodeRunSpec(task).container)).toMatchObject([
    { portMappings: [{ hostPort: 31_000 }] },
    { portMappings: [{ hostPort: 31_001 }] },
  ]);
  expect(await call("scale", { instances: 1 })).toBeUndefined();
  expect((await master.next("kill")).taskId).toBe(tasks[1]?.taskId);
  expect(await call("status", {})).toMatchObject({
    count: 1,
    instances: [{ taskId: tasks[0]?.taskId }, { isKilling: true }],
  });
});

test.each<[method: string, body: unknown, code: string]>([
  ["scale", { instances: -1 }, "invalid_call"],
  ["scale", { instances: "3" }, "invalid_call"],
  ["scale", null, "invalid_call"],
  ["dance", {}, "unsupported"],
])("%s %j is refused as %s", async (method, body, code) => {
  service = await startService(optionsOf());
  await master.next("subscribe");
  expect(await call(method, body)).toMatchObject({ code });
});

test("a service that comes back keeps its instances and the count it was scaled to", async () => {
  service = await startService(optionsOf());
  await master.next("subscribe");
  offer();
  const { operations } = await master.next("accept");
  await call("scale", { instances: 3 });
  await service.stop();
  service = await startService(optionsOf());
  const { tasks } = await master.next("reconcile");
  expect(tasks.map(({ taskId }) => taskId)).toEqual(
    launchedTasks(operations).map(({ taskId }) => taskId),
  );
  expect(service.policy.count).toBe(3);
});

test.each<[what: string, more: Partial<ServiceOptions>]>([
  ["a name that no id can begin with", { name: "../x" }],
  ["a count below zero", { instances: -1 }],
  ["nothing to run", { spec: {} }],
])("%s is refused before anything starts", async (_what, more) => {
  await expect(startService(optionsOf(more))).rejects.toMatchObject({ code: "invalid_call" });
});
