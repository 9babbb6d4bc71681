import type { ContainerStatus } from "@bourse/model/container";
import { NO_PAYLOAD, type TaskStatus } from "@bourse/model/task";
import type { TaskReason, TaskSource, TaskState } from "@bourse/model/task-state";
import { create, isFieldSet } from "@bufbuild/protobuf";
import {
  type TaskStatus as MesosTaskStatus,
  TaskStateSchema,
  TaskStatus_ReasonSchema,
  TaskStatus_SourceSchema,
  TaskStatusSchema,
} from "#gen/mesos/v1/task_pb";
import { invalid } from "./codec.ts";
import { enumName, enumNumber, readMessage, writeMessage } from "./mesos-message.ts";
import { joined, withoutFields } from "./payload.ts";

/** The payload of a status: where a running task can be found, as Mesos' ContainerStatus. */
export function encodeContainerStatus(status: ContainerStatus): Uint8Array {
  const message = create(TaskStatusSchema, {
    taskId: { value: "" },
    state: enumNumber(TaskStateSchema, "TASK_RUNNING"),
    containerStatus: {
      containerId: { value: status.containerId },
      ...(status.pid !== undefined && { executorPid: status.pid }),
      networkInfos:
        status.ipAddresses.length === 0
          ? []
          : [{ ipAddresses: status.ipAddresses.map((ipAddress) => ({ ipAddress })) }],
    },
  });
  return withoutFields(writeMessage(TaskStatusSchema, message), MODELLED);
}

/** Where a task can be found; `undefined` where its status does not say. */
export function decodeContainerStatus(
  payload: Uint8Array | undefined,
): ContainerStatus | undefined {
  if (payload === undefined || payload.length === 0) return undefined;
  const { containerStatus } = readMessage(TaskStatusSchema, payload);
  if (!containerStatus) return undefined;
  return {
    containerId: containerStatus.containerId?.value ?? "",
    ...(containerStatus.executorPid !== 0 && { pid: containerStatus.executorPid }),
    ipAddresses: containerStatus.networkInfos.flatMap((network) =>
      network.ipAddresses.map(({ ipAddress }) => ipAddress).filter((address) => address !== ""),
    ),
  };
}

/** The whole Mesos TaskStatus: the payload, and the modelled fields over it. */
export function composeTaskStatus(status: TaskStatus): Uint8Array {
  const modelled = create(TaskStatusSchema, {
    taskId: { value: status.taskId },
    state: enumNumber(TaskStateSchema, status.state),
    source: enumNumber(TaskStatus_SourceSchema, status.source),
    timestamp: status.timestampMs / 1000,
    ...(status.reason !== undefined && {
      reason: enumNumber(TaskStatus_ReasonSchema, status.reason),
    }),
    ...(status.message !== undefined && { message: status.message }),
    ...(status.agentId !== undefined && { agentId: { value: status.agentId } }),
    ...(status.executorId !== undefined && { executorId: { value: status.executorId } }),
    ...(status.uuid !== undefined && { uuid: Uint8Array.from(Buffer.from(status.uuid, "hex")) }),
    ...(status.isHealthy !== undefined && { healthy: status.isHealthy }),
    ...(status.unreachableSinceMs !== undefined && {
      unreachableTime: { nanoseconds: BigInt(status.unreachableSinceMs) * 1_000_000n },
    }),
  });
  return joined([
    withoutFields(status.payload ?? NO_PAYLOAD, MODELLED),
    writeMessage(TaskStatusSchema, modelled),
  ]);
}

/** The reverse of `composeTaskStatus`. A status without a source is the executor's, one without a time of 1970. */
export function splitTaskStatus(bytes: Uint8Array): TaskStatus {
  const message = readMessage(TaskStatusSchema, bytes);
  const has = (key: keyof typeof TaskStatusSchema.field) =>
    isFieldSet(message, TaskStatusSchema.field[key]);
  if (!message.taskId?.value) throw invalid("status.task_id is missing");
  if (!has("state")) throw invalid("status.state is missing");
  if (has("uuid") && message.uuid.length !== 16) throw invalid("status.uuid has not 16 bytes");
  const payload = withoutFields(bytes, MODELLED);
  return {
    taskId: message.taskId.value,
    state: enumName(TaskStateSchema, message.state) as TaskState,
    source: has("source")
      ? (enumName(TaskStatus_SourceSchema, message.source) as TaskSource)
      : "SOURCE_EXECUTOR",
    ...(has("reason") && {
      reason: enumName(TaskStatus_ReasonSchema, message.reason) as TaskReason,
    }),
    ...(has("message") && { message: message.message }),
    ...idsOf(message),
    ...(has("uuid") && { uuid: Buffer.from(message.uuid).toString("hex") }),
    ...(has("healthy") && { isHealthy: message.healthy }),
    timestampMs: timestampMs(message.timestamp),
    ...(message.unreachableTime && {
      unreachableSinceMs: Number(message.unreachableTime.nanoseconds / 1_000_000n),
    }),
    ...(payload.length > 0 && { payload }),
  };
}

function idsOf(message: MesosTaskStatus) {
  return {
    ...(message.agentId?.value && { agentId: message.agentId.value }),
    ...(message.executorId?.value && { executorId: message.executorId.value }),
  };
}

function timestampMs(seconds: number): number {
  const milliseconds = Math.round(seconds * 1000);
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw invalid(`status.timestamp is ${seconds}`);
  }
  return milliseconds;
}

const MODELLED: ReadonlySet<number> = new Set(
  (
    [
      "taskId",
      "state",
      "source",
      "reason",
      "message",
      "agentId",
      "executorId",
      "uuid",
      "healthy",
      "timestamp",
      "unreachableTime",
    ] as const
  ).map((key) => TaskStatusSchema.field[key].number),
);
