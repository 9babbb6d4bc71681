import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentToMaster } from "@bourse/model/agent-messages";
import type { AgentId, FrameworkId } from "@bourse/model/ids";
import { scalar } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { NO_PAYLOAD } from "@bourse/model/task";
import type { AgentDownlink, FrameworkDownlink } from "@bourse/proto/wire/services";
import { pino } from "pino";
import { type MasterOptions, type RunningMaster, startMaster } from "../main.ts";
import { TestClient, type TestSession } from "./test-client.ts";

const cleanUp: (() => unknown)[] = [];

/** For `afterEach`: undoes what the test started, the newest first. */
export async function undoAll(): Promise<void> {
  for (const undo of cleanUp.splice(0).reverse()) await undo();
}

export interface TestMaster {
  readonly master: RunningMaster;
  readonly client: TestClient;
  /** Another connection. */
  dial(): TestClient;
}

/** A master on a free port, in memory, without journal. */
export async function cluster(differing: Partial<MasterOptions> = {}): Promise<TestMaster> {
  const dataDir = await mkdtemp(join(tmpdir(), "bourse-api-"));
  cleanUp.push(() => rm(dataDir, { recursive: true, force: true }));
  const given = { ...lastingOptions(dataDir), store: "memory", hasJournal: false } as const;
  const master: RunningMaster = await startMaster({ ...given, ...differing });
  cleanUp.push(() => master.stop());
  const dial = (): TestClient => {
    const client = new TestClient(master.address);
    cleanUp.push(() => client.close());
    return client;
  };
  return { master, dial, client: dial() };
}

/** Of a master on a free port that keeps its state and its journal in `dataDir`. */
export function lastingOptions(dataDir: string): MasterOptions {
  return {
    host: "127.0.0.1",
    port: 0,
    dataDir,
    store: "lmdb",
    hasJournal: true,
    isInsecure: false,
    config: {},
    logger: pino({ enabled: false }),
  };
}

/** Of the one task; opaque to the master. */
export const PAYLOAD: Uint8Array = Uint8Array.of(1, 2, 3);

export const REGISTER = {
  kind: "register",
  epochSeen: 0,
  info: {
    hostname: "h1",
    port: 5051,
    resources: [scalar("cpus", 4_000), scalar("mem", 4_096_000)],
    attributes: [],
    version: "test",
    payload: NO_PAYLOAD,
  },
} as const satisfies AgentToMaster;

export const SUBSCRIBE = {
  kind: "subscribe",
  epochSeen: 0,
  suppressedRoles: [],
  info: {
    user: "root",
    name: "f",
    roles: ["*"],
    failoverTimeoutMs: 60_000,
    isCheckpointing: true,
    capabilities: ["MULTI_ROLE", "PARTITION_AWARE"],
    payload: NO_PAYLOAD,
  },
} as const satisfies FrameworkCall;

export interface RunningTask {
  readonly agent: TestSession<AgentToMaster, AgentDownlink>;
  readonly agentId: AgentId;
  readonly framework: TestSession<FrameworkCall, FrameworkDownlink>;
  readonly frameworkId: FrameworkId;
}

/** An agent, a framework, and one task of it that the agent runs. */
export async function running(client: TestClient): Promise<RunningTask> {
  const agent = client.agent();
  agent.send(REGISTER);
  const { agentId } = await agent.message("registered");
  const framework = client.framework();
  framework.send(SUBSCRIBE);
  const { frameworkId } = await framework.message("subscribed");
  const { offers } = await framework.message("offers");
  const offer = offers[0] as (typeof offers)[number];
  const task = {
    taskId: "t1",
    name: "t1",
    agentId,
    resources: [scalar("cpus", 1_000), scalar("mem", 64_000)],
    payload: PAYLOAD,
  };
  framework.send({
    kind: "accept",
    offerIds: [offer.offerId],
    operations: [{ kind: "launch", tasks: [task] }],
    filters: {},
  });
  await agent.message("launch");
  return { agent, agentId, framework, frameworkId };
}
