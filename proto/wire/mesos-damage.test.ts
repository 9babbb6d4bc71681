import { ClusterError } from "@bourse/model/errors";
import { NO_PAYLOAD, type TaskInfo } from "@bourse/model/task";
import fc from "fast-check";
import { expect, test } from "vitest";
import { composeFrameworkInfo, splitFrameworkInfo } from "./framework.ts";
import { composeTaskStatus, decodeContainerStatus, splitTaskStatus } from "./status.ts";
import { composeTaskInfo, decodeRunSpec, encodeTaskPayload, splitTaskInfo } from "./task.ts";
import { anyFramework, anyStatus, anyTask } from "./testdata/any-mesos.ts";

const payload = encodeTaskPayload({
  image: "nginx",
  command: ["nginx", "-g"],
  environment: { A: "1" },
  portMappings: [{ hostPort: 31000, containerPort: 80, protocol: "tcp" }],
  volumes: [{ source: { type: "host", path: "/srv" }, containerPath: "/a", mode: "RO" }],
  healthCheck: { command: { isShell: true, value: "true", args: [] } },
  killGraceMs: 10,
  labels: { a: "b" },
});
const task = (bytes: Uint8Array): TaskInfo => ({
  taskId: "t1",
  name: "",
  agentId: "a1",
  resources: [],
  payload: bytes,
});

test.each<[name: string, whole: fc.Arbitrary<Uint8Array>, read: (bytes: Uint8Array) => unknown]>([
  ["a run specification", fc.constant(payload), (bytes) => decodeRunSpec(task(bytes))],
  ["a container's status", fc.constant(payload), decodeContainerStatus],
  ["a task", anyTask.map(composeTaskInfo), splitTaskInfo],
  ["a status", anyStatus.map(composeTaskStatus), splitTaskStatus],
  ["a framework", anyFramework.map((info) => composeFrameworkInfo(info)), splitFrameworkInfo],
])("%s is read from damaged bytes or refused, and nothing else happens", (_, whole, read) => {
  const hits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(whole, hits, fc.nat(), (bytes, changes, cut) => {
      const damaged = bytes.slice(0, bytes.length - (cut % 4 === 0 ? cut % bytes.length : 0));
      for (const [at, byte] of changes) damaged[at % bytes.length] = byte;
      readsOrRefuses(() => read(damaged));
    }),
    { numRuns: 300 },
  );
});

test("an empty payload has no command to run", () => {
  expect(() => decodeRunSpec(task(NO_PAYLOAD))).toThrow("command is missing");
});

function readsOrRefuses(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ClusterError);
  }
}
