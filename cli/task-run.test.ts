import type { JobView } from "@bourse/model/runner";
import type { TaskStatus } from "@bourse/model/task";
import { describe, expect, test } from "vitest";
import { exitCodeOf, jobOf } from "./task-run.ts";

const flags = {
  cpus: "0.5",
  mem: "128",
  env: [],
  publish: [],
  volume: [],
  restart: "never",
  image: true,
} as const;

describe("a command line becomes a job", () => {
  test("the first word is the image, the others its command, the name comes from the image", () => {
    const job = jobOf(["registry:5000/team/Web_Shop:1.2", "serve", "-v"], flags);
    expect(job.name).toBe("web-shop");
    expect(job.spec).toEqual({
      image: "registry:5000/team/Web_Shop:1.2",
      command: ["serve", "-v"],
    });
    expect(job.resources).toEqual([
      { name: "cpus", value: { type: "scalar", milli: 500 } },
      { name: "mem", value: { type: "scalar", milli: 128_000 } },
    ]);
    expect(job.restart).toEqual({ kind: "never" });
  });

  test("with --no-image every word belongs to the command", () => {
    const job = jobOf(["sleep", "60"], { ...flags, image: false });
    expect(job.spec).toEqual({ command: ["sleep", "60"] });
    expect(job.name).toBe("sleep");
  });

  test("a published port without a host port takes one of the offer's", () => {
    const job = jobOf(["web"], { ...flags, publish: ["8080", "31005:53/udp"] });
    expect(job.ports).toBe(1);
    expect(job.spec.portMappings).toEqual([
      { hostPort: 0, containerPort: 8080, protocol: "tcp" },
      { hostPort: 31005, containerPort: 53, protocol: "udp" },
    ]);
  });

  test("volumes are host paths or names, read-only on demand", () => {
    const job = jobOf(["web"], { ...flags, volume: ["/data:/d", "logs:/var/log:ro"] });
    expect(job.spec.volumes).toEqual([
      { source: { type: "host", path: "/data" }, containerPath: "/d", mode: "RW" },
      { source: { type: "named", name: "logs" }, containerPath: "/var/log", mode: "RO" },
    ]);
  });

  test.each([
    ["on-failure", { kind: "on-failure" }],
    ["on-failure:3", { kind: "on-failure", attemptsMax: 4 }], // Three restarts, as docker counts.
    ["always", { kind: "always" }],
  ])("--restart %s", (restart, policy) => {
    expect(jobOf(["web"], { ...flags, restart }).restart).toEqual(policy);
  });

  test("an environment value may hold an equals sign", () => {
    expect(jobOf(["web"], { ...flags, env: ["A=b=c", "EMPTY="] }).spec.environment).toEqual({
      A: "b=c",
      EMPTY: "",
    });
  });
});

describe("what cannot be a job is refused, naming the flag", () => {
  test.each<[said: RegExp, change: Partial<Parameters<typeof jobOf>[1]>]>([
    [/--cpus/, { cpus: "0" }],
    [/--cpus/, { cpus: "1,5" }],
    [/--mem/, { mem: "12t" }],
    [/--mem/, { mem: "-1" }],
    [/--publish/, { publish: ["0"] }],
    [/--publish/, { publish: ["70000:1"] }],
    [/--publish/, { publish: ["80"], network: "host" }],
    [/--volume/, { volume: ["relative/path:/x"] }],
    [/--volume/, { volume: ["/a:b"] }],
    [/--env/, { env: ["=x"] }],
    [/--network/, { network: "overlay" }],
    [/--restart/, { restart: "sometimes" }],
    [/--restart/, { restart: "on-failure:0" }],
    [/--name/, { name: "No Spaces" }],
    [/--grace/, { grace: "soon" }],
  ])("%s %j", (said, change) => {
    expect(() => jobOf(["web"], { ...flags, ...change })).toThrowError(said);
  });
});

describe("the exit code of an ended job", () => {
  const job: JobView = {
    jobId: "web-1",
    name: "web",
    phase: "ended",
    hostPorts: [],
    attempts: 1,
    submittedAtMs: 0,
  };
  const status = (state: TaskStatus["state"], reason?: TaskStatus["reason"]): TaskStatus => ({
    taskId: "web-1",
    state,
    source: "SOURCE_EXECUTOR",
    timestampMs: 0,
    ...(reason === undefined ? {} : { reason }),
  });

  test.each<[what: string, code: number, job: Partial<JobView>]>([
    ["is 0 when it finished", 0, { status: status("TASK_FINISHED") }],
    ["is the program's own", 42, { status: status("TASK_FAILED"), exitCode: 42 }],
    ["is the program's own after a kill", 5, { status: status("TASK_KILLED"), exitCode: 5 }],
    ["is 137 when it was killed and gave none", 137, { status: status("TASK_KILLED") }],
    ["is 1 when it could not start", 1, { status: status("TASK_FAILED") }],
    ["is 130 when it was stopped before it was launched", 130, {}],
    [
      "is 137 when it ran out of memory",
      137,
      { status: status("TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY"), exitCode: 137 },
    ],
  ])("%s", (_, code, change) => expect(exitCodeOf({ ...job, ...change })).toBe(code));
});
