import { ClusterError } from "@bourse/model/errors";
import { expect, test } from "vitest";
import { parseRequest } from "./request-door.ts";

const JOB = {
  name: "web",
  spec: { image: "web", portMappings: [{ hostPort: 0, containerPort: 80, protocol: "tcp" }] },
  resources: [
    { name: "cpus", value: { type: "scalar", milli: 100 } },
    { name: "mem", value: { type: "scalar", milli: 32_000 } },
  ],
  restart: { kind: "on-failure", attemptsMax: 3 },
  ports: 1,
};

const bodyOf = (value: unknown) => Buffer.from(JSON.stringify(value));

test("a job comes through the door as it was sent", () => {
  expect(parseRequest("run", bodyOf({ kind: "run", job: JOB }))).toEqual({ kind: "run", job: JOB });
});

test.each<[method: string, body: unknown]>([
  ["list", { kind: "list", hasEnded: true }],
  ["watch", { kind: "watch", jobId: "web-1" }],
  ["why", { kind: "why", jobId: "web-1" }],
  ["kill", { kind: "kill", jobId: "web-1" }],
  ["kill", { kind: "kill", jobId: "web-1", gracePeriodMs: 0 }],
])("%s %j passes", (method, body) => expect(parseRequest(method, bodyOf(body))).toEqual(body));

test.each<[what: string, method: string, body: unknown, field: string]>([
  ["a method that is none", "dance", {}, "dance"],
  ["no job", "run", {}, "job must be an object"],
  ["no name", "run", { job: { ...JOB, name: "" } }, "job.name"],
  ["no resources", "run", { job: { ...JOB, resources: [] } }, "job.resources"],
  [
    "an amount with a fraction of a thousandth",
    "run",
    { job: { ...JOB, resources: [{ name: "cpus", value: { type: "scalar", milli: 0.5 } }] } },
    "job.resources[0].value.milli",
  ],
  [
    "a negative amount",
    "run",
    { job: { ...JOB, resources: [{ name: "cpus", value: { type: "scalar", milli: -1 } }] } },
    "job.resources[0].value.milli",
  ],
  [
    "a restart policy that is none",
    "run",
    { job: { ...JOB, restart: { kind: "maybe" } } },
    "job.restart.kind",
  ],
  ["too many ports", "run", { job: { ...JOB, ports: 70_000 } }, "job.ports"],
  ["a field that is unknown", "run", { job: { ...JOB, spec: { imgae: "x" } } }, '"imgae"'],
  [
    "a command that is a number",
    "run",
    { job: { ...JOB, spec: { command: 7 } } },
    "job.spec.command",
  ],
  [
    "a network that is none",
    "run",
    { job: { ...JOB, spec: { image: "i", network: "lan" } } },
    "job.spec.network",
  ],
  [
    "a port beyond the last",
    "run",
    {
      job: {
        ...JOB,
        spec: {
          image: "i",
          portMappings: [{ hostPort: 1, containerPort: 65_536, protocol: "tcp" }],
        },
      },
    },
    "job.spec.portMappings",
  ],
  ["nothing to run", "run", { job: { ...JOB, spec: {} } }, "job.spec"],
  [
    "volumes without an image",
    "run",
    { job: { ...JOB, spec: { command: "x", volumes: [] } } },
    "volumes",
  ],
  [
    "more than a megabyte",
    "run",
    { job: { ...JOB, spec: { command: Array.from({ length: 20 }, () => "x".repeat(100_000)) } } },
    "at most 1048576 bytes",
  ],
  ["no job id", "watch", {}, "jobId"],
  ["a job id that is a list", "kill", { jobId: ["web-1"] }, "jobId"],
  ["a grace of more than a day", "kill", { jobId: "web-1", gracePeriodMs: 1e9 }, "gracePeriodMs"],
  ["a flag that is none", "list", { hasEnded: 1 }, "hasEnded"],
])("%s is refused with the name of the field", (_what, method, body, field) => {
  let thrown: unknown;
  try {
    parseRequest(method, bodyOf(body));
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ClusterError);
  expect((thrown as ClusterError).message).toContain(field);
});

test.each(["", "{", "[]", "null", "\xff"])("the body %j is refused", (text) => {
  expect(() => parseRequest("list", Buffer.from(text, "latin1"))).toThrow(/body of the call/);
});
