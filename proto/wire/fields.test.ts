import { ClusterError } from "@bourse/model/errors";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { FrameworkCallSchema } from "#gen/bourse/v1/scheduler_pb";
import { decode, encode } from "./codec.ts";
import { LIMITS } from "./limits.ts";
import { frameworkCall } from "./messages/scheduler.ts";

type Kind = NonNullable<MessageInitShape<typeof FrameworkCallSchema>["kind"]>;

/** What a peer that checks nothing may send, and what the door makes of it. */
function received(kind?: Kind): FrameworkCall {
  const message = create(FrameworkCallSchema, kind === undefined ? {} : { kind });
  return decode(frameworkCall, toBinary(FrameworkCallSchema, message));
}

const uuid = new Uint8Array(16);
const info = { user: "u", name: "f" };
const task = (resources: object[]): Kind => ({
  case: "accept",
  value: {
    filters: {},
    operations: [
      { kind: { case: "launch", value: { tasks: [{ taskId: "t", agentId: "a", resources }] } } },
    ],
  },
});
const scalar = (name: string, milli: bigint) => ({
  name,
  value: { type: { case: "scalar" as const, value: { milli } } },
});
const ports = (...pairs: [bigint, bigint][]) => ({
  name: "ports",
  value: {
    type: {
      case: "ranges" as const,
      value: { ranges: pairs.map(([begin, end]) => ({ begin, end })) },
    },
  },
});

test.each<[complaint: string, kind: Kind | undefined]>([
  ["FrameworkCall.kind is missing or unknown", undefined],
  ["Kill.task_id is missing", { case: "kill", value: {} }],
  ["Kill.task_id is empty", { case: "kill", value: { taskId: "" } }],
  ["Kill.task_id is longer than 255", { case: "kill", value: { taskId: "x".repeat(256) } }],
  [
    "Acknowledge.uuid has 15 bytes",
    { case: "acknowledge", value: { agentId: "a", taskId: "t", uuid: uuid.slice(1) } },
  ],
  ["Subscribe.info is missing", { case: "subscribe", value: {} }],
  ["Subscribe.epoch_seen is -1", { case: "subscribe", value: { info, epochSeen: -1n } }],
  [
    "Subscribe.epoch_seen is 9007199254740992",
    { case: "subscribe", value: { info, epochSeen: 2n ** 53n } },
  ],
  ["Accept.filters is missing", { case: "accept", value: {} }],
  [
    "Operation.kind is missing or unknown",
    { case: "accept", value: { filters: {}, operations: [{}] } },
  ],
  ["Scalar.milli is -1", task([scalar("cpus", -1n)])],
  ["Ranges.ranges is not ascending and merged", task([ports([5n, 9n], [1n, 2n])])],
  ["Ranges.ranges is not ascending and merged", task([ports([1n, 2n], [3n, 4n])])],
  ["Ranges.ranges is not ascending and merged", task([ports([2n, 1n])])],
  ["Resource.is_shared is false", task([{ ...scalar("cpus", 1n), isShared: false }])],
  [
    "Decline.reasons has more than 16 entries",
    {
      case: "decline",
      value: { filters: {}, reasons: new Array(LIMITS.declineReasons + 1).fill({ code: "c" }) },
    },
  ],
  [
    "DeclineReason.code is longer than 64",
    { case: "decline", value: { filters: {}, reasons: [{ code: "c".repeat(65) }] } },
  ],
  [
    "FrameworkInfo.min_allocatable names a role twice",
    {
      case: "subscribe",
      value: { info: { ...info, minAllocatable: [{ role: "r" }, { role: "r" }] } },
    },
  ],
])("%s: refused", (complaint, kind) => {
  expect(() => received(kind)).toThrow(complaint);
  expect(() => received(kind)).toThrow(ClusterError);
});

test("resources in any order and in pieces arrive as a canonical list", () => {
  const call = received(
    task([scalar("mem", 1n), scalar("cpus", 1n), scalar("mem", 2n), scalar("disk", 0n)]),
  );
  const [operation] = call.kind === "accept" ? call.operations : [];
  const tasks = operation?.kind === "launch" ? operation.tasks : [];
  expect(tasks[0]?.resources).toEqual([
    { name: "cpus", value: { type: "scalar", milli: 1 } },
    { name: "mem", value: { type: "scalar", milli: 3 } },
  ]);
});

test("unknown fields are passed over, of two kinds the last counts, a wrong type is refused", () => {
  const kill: FrameworkCall = { kind: "kill", taskId: "t" };
  const unknown = [0xfa, 0x3f, 0x01, 0x00];
  const bytes = encode(frameworkCall, kill);
  expect(decode(frameworkCall, new Uint8Array([...unknown, ...bytes, ...unknown]))).toEqual(kill);
  const revive = encode(frameworkCall, { kind: "revive", roles: ["r"] });
  expect(decode(frameworkCall, new Uint8Array([...bytes, ...revive]))).toEqual({
    kind: "revive",
    roles: ["r"],
  });
  expect(() => decode(frameworkCall, new Uint8Array([0x3a, 0x02, 0x08, 0x01]))).toThrow(
    "Kill.task_id has the wrong type",
  );
});

test("a nested message may not reach beyond the one around it", () => {
  const cut = new Uint8Array([0x3a, 0x03, 0x0a, 0x05, 0x74, 0x74, 0x74, 0x74, 0x74]);
  expect(() => decode(frameworkCall, cut)).toThrow("Kill is cut off");
});

test("bytes are copied out of the frame, so that a payload does not keep it in memory", () => {
  const data = new Uint8Array([1, 2, 3]);
  const call: FrameworkCall = { kind: "message", agentId: "a", executorId: "e", data };
  const decoded = decode(frameworkCall, Buffer.from(encode(frameworkCall, call)));
  expect(decoded).toEqual(call);
  if (decoded.kind === "message") expect(decoded.data.buffer.byteLength).toBe(3);
});

test("a value that cannot be written leaves the next one whole", () => {
  const bad = { kind: "nonsense" } as unknown as FrameworkCall;
  expect(() => encode(frameworkCall, bad)).toThrow("has no kind nonsense");
  const kill: FrameworkCall = { kind: "kill", taskId: "t" };
  expect(decode(frameworkCall, encode(frameworkCall, kill))).toEqual(kill);
});
