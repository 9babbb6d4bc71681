import type {
  ExecutorInfo,
  KillPolicy,
  StatusUpdate,
  TaskInfo,
  TaskStatus,
} from "@bourse/model/task";
import { TASK_REASONS, TASK_SOURCES, TASK_STATES } from "@bourse/model/task-state";
import {
  ExecutorInfoSchema,
  KillPolicySchema,
  StatusUpdateSchema,
  TaskInfoSchema,
  TaskStatusSchema,
} from "#gen/bourse/v1/task_pb";
import { record } from "../codec.ts";
import { bool, bytes, id, integer, list, nested, optional, text, uuid, word } from "../fields.ts";
import { LIMITS } from "../limits.ts";
import { resources } from "./resource.ts";

const executorInfo = record<ExecutorInfo>(ExecutorInfoSchema, {
  executorId: id(),
  resources,
  payload: bytes(),
});

export const taskInfo = record<TaskInfo>(TaskInfoSchema, {
  taskId: id(),
  name: text(),
  agentId: id(),
  resources,
  role: optional(id()),
  executor: optional(nested(executorInfo)),
  payload: bytes(),
});

export const taskInfos = list(nested(taskInfo), LIMITS.batch);

export const taskState = word(TASK_STATES);

export const taskStatus = record<TaskStatus>(TaskStatusSchema, {
  taskId: id(),
  state: taskState,
  source: word(TASK_SOURCES),
  reason: optional(word(TASK_REASONS)),
  message: optional(text(LIMITS.sentence)),
  agentId: optional(id()),
  executorId: optional(id()),
  uuid: optional(uuid()),
  isHealthy: optional(bool()),
  timestampMs: integer(),
  unreachableSinceMs: optional(integer()),
  payload: optional(bytes()),
});

export const statusUpdate = record<StatusUpdate>(StatusUpdateSchema, {
  frameworkId: id(),
  status: nested(taskStatus),
  latestState: taskState,
});

export const killPolicy = record<KillPolicy>(KillPolicySchema, { gracePeriodMs: integer() });
