import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchedTasks, type Offer } from "@bourse/model/offer";
import { scalar } from "@bourse/model/resources";
import type { RunnerReply, RunnerRequest } from "@bourse/model/runner";
import { FakeMaster } from "@bourse/sdk/testing/fake-master";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Runner, startRunner } from "./main.ts";

let stateDir = "";
let master: FakeMaster;
let runner: Runner | null = null;

beforeEach(async () => {
  stateDir = mkdtempSync(join(tmpdir(), "bourse-runner-"));
  master = await new FakeMaster().start();
});

afterEach(async () => {
  await runner?.stop();
  master.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const logger = pino({ level: "silent" });
  runner = await startRunner({ masters: [master.address], stateDir, logger });
  const { info } = await master.next("subscribe");
  expect(info.name).toBe("bourse-runner");
}

/** All replies until the runner ends the call. */
async function ask(request: RunnerRequest): Promise<readonly RunnerReply[]> {
  master.relayed.length = 0;
  const body = Buffer.from(JSON.stringify(request));
  const call = { kind: "call", method: request.kind, body } as const;
  master.send({ kind: "open-relay", token: "token", request: call });
  await master.until(() => master.relayed.at(-1)?.kind === "end");
  return master.relayed.flatMap((frame) =>
    frame.kind === "reply" ? [JSON.parse(Buffer.from(frame.body).toString()) as RunnerReply] : [],
  );
}

const RUN: RunnerRequest = {
  kind: "run",
  job: {
    name: "sleep",
    spec: { command: ["sleep", "9"] },
    resources: [scalar("cpus", 100)],
    restart: { kind: "never" },
    ports: 0,
  },
};

const OFFER: Offer = {
  offerId: "o1",
  frameworkId: "f1",
  agentId: "a1",
  hostname: "h1",
  port: 1,
  role: "*",
  resources: [scalar("cpus", 1_000)],
  attributes: [],
};

test("a job that was asked for over the master is launched, and its status travels back as JSON", async () => {
  await start();
  const [accepted] = await ask(RUN);
  if (accepted?.kind !== "accepted") throw new Error("not accepted");
  await master.next("revive");
  master.send({ kind: "offers", offers: [OFFER] });
  const { operations } = await master.next("accept");
  expect(launchedTasks(operations)[0]).toMatchObject({ taskId: accepted.jobId, agentId: "a1" });
  master.send({
    kind: "update",
    status: {
      taskId: accepted.jobId,
      agentId: "a1",
      state: "TASK_FAILED",
      source: "SOURCE_EXECUTOR",
      message: "exited with status 3",
      uuid: "ab".repeat(16),
      timestampMs: 5,
      payload: new Uint8Array([1, 2, 3]),
    },
  });
  await master.next("acknowledge");
  const replies = await ask({ kind: "watch", jobId: accepted.jobId });
  expect(replies).toMatchObject([
    { kind: "job", job: { phase: "ended", exitCode: 3, status: { state: "TASK_FAILED" } } },
    { kind: "done" },
  ]);
});

test("a runner that comes back asks for its tasks and keeps its jobs (N-06, N-07)", async () => {
  await start();
  await ask(RUN);
  master.send({ kind: "offers", offers: [OFFER] });
  const { operations } = await master.next("accept");
  const taskId = launchedTasks(operations)[0]?.taskId;
  await ask(RUN);
  await runner?.stop();
  const logger = pino({ level: "silent" });
  runner = await startRunner({ masters: [master.address], stateDir, logger });
  expect(await master.next("subscribe")).toMatchObject({ frameworkId: "f1", epochSeen: 1 });
  expect(await master.next("reconcile")).toMatchObject({ tasks: [{ taskId, agentId: "a1" }] });
  const [listed] = await ask({ kind: "list", hasEnded: false });
  expect(listed?.kind === "jobs" && listed.jobs.map(({ phase }) => phase)).toEqual([
    "launched",
    "waiting",
  ]);
});

test("a request that is wrong is refused in the reply, and the runner lives on", async () => {
  await start();
  const [refused] = await ask({ kind: "kill", jobId: "" });
  expect(refused).toMatchObject({ kind: "refused", refusal: { code: "invalid_call" } });
  const [unknown] = await ask({ kind: "why", jobId: "nope" });
  expect(unknown).toMatchObject({ kind: "refused", refusal: { code: "not_found" } });
});

test("whoever watches is told when the runner stops, and does not hold it up", async () => {
  await start();
  const [accepted] = await ask(RUN);
  if (accepted?.kind !== "accepted") throw new Error("not accepted");
  master.relayed.length = 0;
  const body = Buffer.from(JSON.stringify({ jobId: accepted.jobId }));
  const request = { kind: "call", method: "watch", body } as const;
  master.send({ kind: "open-relay", token: "token", request });
  await master.until(() => master.relayed.some(({ kind }) => kind === "reply"));
  await runner?.stop();
  await master.until(() => master.relayed.at(-1)?.kind === "end");
  expect(master.relayed.at(-1)).toMatchObject({ refusal: { code: "unreachable" } });
});

test("a second runner with the same id ends the first, which says so", async () => {
  await start();
  const refusal = { code: "framework_failed_over", message: "taken over" } as const;
  master.send({ kind: "error", refusal });
  expect(await runner?.fatal).toMatchObject(refusal);
});
