import type { AgentInfo } from "@bourse/model/agent";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { AgentId, FrameworkId, OfferId, TaskId } from "@bourse/model/ids";
import type { Offer, Operation } from "@bourse/model/offer";
import {
  canonical,
  type IntegerRange,
  type Resources,
  ranges,
  scalar,
} from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import type { PolicyCall } from "@bourse/session/policy";

/** Short ids for tests that need no cluster. */
export const a1: AgentId = "a1";
export const f1: FrameworkId = "f1";
export const o1: OfferId = "o1";
export const t1: TaskId = "t1";

export interface Amounts {
  readonly cpus?: number;
  readonly memMib?: number;
  readonly diskMib?: number;
  /** Both ends included. */
  readonly ports?: readonly (readonly [begin: number, end: number])[];
}

/** `resources({ cpus: 1.5, memMib: 64 })`. Amounts have at most three decimals. */
export function resources({ cpus = 0, memMib = 0, diskMib = 0, ports = [] }: Amounts): Resources {
  const list: IntegerRange[] = ports.map(([begin, end]) => ({ begin, end }));
  return canonical([
    scalar("cpus", Math.round(cpus * 1_000)),
    scalar("mem", Math.round(memMib * 1_000)),
    scalar("disk", Math.round(diskMib * 1_000)),
    ranges("ports", list),
  ]);
}

/** An agent with 4 cpus, 8 GiB and a thousand ports. Say only what the test is about. */
export function agentInfo(changes: Partial<AgentInfo> = {}): AgentInfo {
  return {
    hostname: "host-1",
    port: 5_051,
    resources: resources({ cpus: 4, memMib: 8_192, ports: [[31_000, 31_999]] }),
    attributes: [],
    version: "0.1.0",
    payload: NO_PAYLOAD,
    ...changes,
  };
}

/** A partition-aware framework in a role of its own. */
export function frameworkInfo(changes: Partial<FrameworkInfo> = {}): FrameworkInfo {
  return {
    user: "nobody",
    name: "test",
    roles: ["test"],
    failoverTimeoutMs: 3_600_000,
    isCheckpointing: true,
    capabilities: ["PARTITION_AWARE"],
    payload: NO_PAYLOAD,
    ...changes,
  };
}

/** A task of a tenth of a cpu and 32 MiB. */
export function task(changes: Partial<TaskInfo> = {}): TaskInfo {
  const taskId = changes.taskId ?? t1;
  return {
    taskId,
    name: taskId,
    agentId: a1,
    resources: resources({ cpus: 0.1, memMib: 32 }),
    payload: NO_PAYLOAD,
    ...changes,
  };
}

export function offer(changes: Partial<Offer> = {}): Offer {
  return {
    offerId: o1,
    frameworkId: f1,
    agentId: a1,
    hostname: "host-1",
    port: 5_051,
    role: "test",
    resources: resources({ cpus: 4, memMib: 8_192, ports: [[31_000, 31_999]] }),
    attributes: [],
    ...changes,
  };
}

export function status(changes: Partial<TaskStatus> = {}): TaskStatus {
  return {
    taskId: t1,
    state: "TASK_RUNNING",
    source: "SOURCE_EXECUTOR",
    agentId: a1,
    timestampMs: 0,
    ...changes,
  };
}

/** Launches the tasks on the offer, whatever agent they name. */
export function accept(on: Offer, tasks: readonly TaskInfo[]): PolicyCall {
  const placed = tasks.map((each) => ({ ...each, agentId: on.agentId }));
  const operations: Operation[] = [{ kind: "launch", tasks: placed }];
  return { kind: "accept", offerIds: [on.offerId], operations, filters: {} };
}

export function decline(on: Offer, refuseMs?: number): PolicyCall {
  const filters = refuseMs === undefined ? {} : { refuseMs };
  return { kind: "decline", offerIds: [on.offerId], filters };
}
