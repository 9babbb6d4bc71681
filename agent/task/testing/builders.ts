import type { AgentInfo } from "@bourse/model/agent";
import type { HealthCheckSpec, RunSpec } from "@bourse/model/container";
import type { Capability, KnownFramework } from "@bourse/model/framework";
import type { FrameworkId, TaskId } from "@bourse/model/ids";
import type { AgentOperation, ResourceOperation } from "@bourse/model/operation";
import { type Resource, ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";
import { AGENT_CONFIG_DEFAULTS } from "../config.ts";
import type { AgentStart } from "../inputs.ts";

/** What tests of the agent start from; a test overrides what it is about. */
export const ANY_AGENT: AgentInfo = {
  hostname: "h1",
  port: 0,
  resources: [scalar("cpus", 4_000), scalar("disk", 1_000_000), scalar("mem", 4_096_000)],
  attributes: [],
  version: "0.0.0",
  payload: NO_PAYLOAD,
};

export function anyStart(over: Partial<AgentStart> = {}): AgentStart {
  return {
    info: ANY_AGENT,
    seed: "1",
    config: AGENT_CONFIG_DEFAULTS,
    checkpoint: null,
    found: [],
    ...over,
  };
}

export function anyFramework(
  frameworkId: FrameworkId,
  capabilities: readonly Capability[] = [],
): KnownFramework {
  return {
    frameworkId,
    info: {
      user: "root",
      name: frameworkId,
      roles: ["*"],
      failoverTimeoutMs: 60_000,
      isCheckpointing: true,
      capabilities,
      payload: NO_PAYLOAD,
    },
  };
}

export function anyTask(taskId: TaskId, over: Partial<TaskInfo> = {}): TaskInfo {
  return {
    taskId,
    name: taskId,
    agentId: "a1",
    resources: [
      scalar("cpus", 500),
      scalar("mem", 64_000),
      ranges("ports", [{ begin: 31_000, end: 31_001 }]),
    ],
    payload: NO_PAYLOAD,
    ...over,
  };
}

export function anyRun(over: Partial<RunSpec> = {}): RunSpec {
  return {
    command: { isShell: true, value: "sleep 1000", args: [], environment: [] },
    container: { type: "process" },
    killGraceMs: 3_000,
    labels: [],
    ...over,
  };
}

/** Defaults of FEATURES M-59. */
export function anyHealthCheck(over: Partial<HealthCheckSpec> = {}): HealthCheckSpec {
  return {
    type: "command",
    command: { isShell: true, value: "true", args: [] },
    delayMs: 15_000,
    intervalMs: 10_000,
    timeoutMs: 20_000,
    consecutiveFailures: 3,
    gracePeriodMs: 10_000,
    ...over,
  };
}

/** Reserved dynamically for the role. */
export function anyReserved(role: string, resource: Resource): Resource {
  return { ...resource, reservations: [{ type: "dynamic", role }] };
}

export function anyVolume(role: string, id: string, milli: number): Resource {
  const volume = { containerPath: id, mode: "RW" } as const;
  return { ...anyReserved(role, scalar("disk", milli)), disk: { persistence: { id }, volume } };
}

/** An operation on disk of a role, which its kind turns from one form into another. */
export function anyOperation(
  operationUuid: string,
  kind: Exclude<ResourceOperation["kind"], "grow-volume" | "shrink-volume">,
  { role = "eng", volumeId = "v1", milli = 100_000 },
  over: Partial<AgentOperation> = {},
): AgentOperation {
  const plain = scalar("disk", milli);
  const forms = {
    reserve: [plain, anyReserved(role, plain)],
    unreserve: [anyReserved(role, plain), plain],
    create: [anyReserved(role, plain), anyVolume(role, volumeId, milli)],
    destroy: [anyVolume(role, volumeId, milli), anyReserved(role, plain)],
  } as const;
  const [consumed, converted] = forms[kind];
  return { operationUuid, kind, consumed: [consumed], converted: [converted], ...over };
}
