import { CallSchema as AgentCallSchema } from "#gen/mesos/v1/agent/agent_pb";
import {
  CallSchema as ExecutorCallSchema,
  EventSchema as ExecutorEventSchema,
} from "#gen/mesos/v1/executor/executor_pb";
import { FrameworkInfoSchema } from "#gen/mesos/v1/framework_pb";
import { CallSchema as MasterCallSchema } from "#gen/mesos/v1/master/master_pb";
import {
  CallSchema as SchedulerCallSchema,
  EventSchema as SchedulerEventSchema,
} from "#gen/mesos/v1/scheduler/scheduler_pb";
import { TaskInfoSchema, TaskStatusSchema } from "#gen/mesos/v1/task_pb";
import { invalid } from "./codec.ts";
import { messageFromJson } from "./json-reader.ts";
import { jsonOfMessage } from "./json-writer.ts";
import { readMessage, writeMessage } from "./mesos-message.ts";

/** The messages that Mesos' HTTP APIs carry as JSON, or that people write as JSON. */
const SCHEMAS = {
  "mesos.v1.TaskInfo": TaskInfoSchema,
  "mesos.v1.TaskStatus": TaskStatusSchema,
  "mesos.v1.FrameworkInfo": FrameworkInfoSchema,
  "mesos.v1.scheduler.Call": SchedulerCallSchema,
  "mesos.v1.scheduler.Event": SchedulerEventSchema,
  "mesos.v1.executor.Call": ExecutorCallSchema,
  "mesos.v1.executor.Event": ExecutorEventSchema,
  "mesos.v1.master.Call": MasterCallSchema,
  "mesos.v1.agent.Call": AgentCallSchema,
} as const;

export type MesosMessageName = keyof typeof SCHEMAS;

/** JSON text of a client as the bytes of the message, read as leniently as Mesos does (MESOS-V1, JSON in). */
export function bytesFromJson(name: MesosMessageName, text: string): Uint8Array {
  const schema = SCHEMAS[name];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw invalid(`${name} is not JSON`, error);
  }
  return writeMessage(schema, messageFromJson(schema, json));
}

/** Bytes of the message as JSON text of ASCII, as Mesos writes it: proto names, numbers plain, defaults included. */
export function jsonFromBytes(name: MesosMessageName, bytes: Uint8Array): string {
  const schema = SCHEMAS[name];
  return jsonOfMessage(schema, readMessage(schema, bytes));
}
