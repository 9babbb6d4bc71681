import type { AgentToMaster } from "@bourse/model/agent-messages";
import { canonical, scalar } from "@bourse/model/resources";
import type { FrameworkCall } from "@bourse/model/scheduler";
import {
  agentGatewayService,
  type Frame,
  type Method,
  schedulerService,
} from "@bourse/proto/wire/services";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import type { Measured } from "./report.ts";
import { median, yardstickMs } from "./yardstick.ts";

const ROUNDS = 15;
const MESSAGES_PER_ROUND = 5_000;

/** What the wire costs for the two messages that a busy master reads most. Microseconds for one message, medians. */
export function measureCodec(say: (line: string) => void): Measured {
  const before = yardstickMs();
  const accept = measure(schedulerService.session, frame(acceptOf(10)));
  say("accept of ten tasks: done");
  const update = measure(agentGatewayService.session, frame(UPDATE));
  say("status update: done");
  return {
    bench: "codec",
    yardstickMs: median([before, yardstickMs()]),
    figures: {
      acceptEncodeMicros: accept.encodeMicros,
      acceptDecodeMicros: accept.decodeMicros,
      acceptBytes: accept.bytes,
      updateEncodeMicros: update.encodeMicros,
      updateDecodeMicros: update.decodeMicros,
      updateBytes: update.bytes,
    },
    notes: { tasksPerAccept: 10, messagesPerRound: MESSAGES_PER_ROUND, rounds: ROUNDS },
  };
}

function measure<T, R>(
  method: Method<T, R>,
  message: T,
): { readonly encodeMicros: number; readonly decodeMicros: number; readonly bytes: number } {
  const bytes = method.requestSerialize(message);
  return {
    encodeMicros: microsOf(() => void method.requestSerialize(message)),
    decodeMicros: microsOf(() => void method.requestDeserialize(bytes)),
    bytes: bytes.length,
  };
}

function microsOf(once: () => void): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startMs = performance.now();
    for (let count = 0; count < MESSAGES_PER_ROUND; count++) once();
    rounds.push(((performance.now() - startMs) * 1_000) / MESSAGES_PER_ROUND);
  }
  return median(rounds);
}

function frame<T>(message: T): Frame<T> {
  return { messages: [message], sequence: 1, acknowledged: 1 };
}

function acceptOf(taskCount: number): FrameworkCall {
  const resources = canonical([scalar("cpus", 100), scalar("mem", 128_000)]);
  const payload = encodeTaskPayload({
    command: ["serve", "--port", "8080"],
    image: "example.org/demo:1.0",
    environment: { LOG_LEVEL: "info", REGION: "north" },
  });
  const tasks = Array.from({ length: taskCount }, (_, index) => ({
    taskId: `demo-4f2a-${index}`,
    name: "demo",
    agentId: "6f0c4e2a-S12",
    resources,
    payload,
  }));
  return {
    kind: "accept",
    offerIds: ["6f0c4e2a-O1234"],
    operations: [{ kind: "launch", tasks }],
    filters: { refuseMs: 5_000 },
  };
}

const UPDATE: AgentToMaster = {
  kind: "update",
  update: {
    frameworkId: "6f0c4e2a-F3",
    latestState: "TASK_RUNNING",
    status: {
      taskId: "demo-4f2a-7",
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      agentId: "6f0c4e2a-S12",
      uuid: "00112233445566778899aabbccddeeff",
      timestampMs: 1_767_225_600_123,
    },
  },
};
