import type { TaskView } from "@bourse/model/operator";
import type { JobView } from "@bourse/model/runner";
import { describe, expect, test } from "vitest";
import { chooseTarget } from "./jobs.ts";

const job = (jobId: string, taskId?: string): JobView => ({
  jobId,
  name: "web",
  phase: taskId === undefined ? "waiting" : "running",
  hostPorts: [],
  attempts: 1,
  submittedAtMs: 0,
  ...(taskId === undefined ? {} : { taskId }),
});
const task = (taskId: string, frameworkId = "f1"): TaskView => ({
  frameworkId,
  taskId,
  name: "web",
  agentId: "a1",
  role: "*",
  state: "TASK_RUNNING",
  resources: [],
  statuses: [],
  launchedAtMs: 0,
});

const jobs = [job("web-aa", "web-aa.3"), job("web-bb"), job("db-cc", "db-cc")];
const tasks = ["web-aa", "web-aa.2", "web-aa.3", "db-cc", "web-demo-1"].map((id) => task(id));
const choose = (text: string) =>
  chooseTarget(
    text,
    jobs,
    tasks.filter((found) => found.taskId.startsWith(text)),
  );

describe("an id on the command line (C-2)", () => {
  test("a prefix of a job means the job, not each of its attempts", () => {
    expect(choose("web-a")).toEqual({ job: jobs[0] });
    expect(choose("web-b")).toEqual({ job: jobs[1] });
    expect(choose("d")).toEqual({ job: jobs[2] });
  });

  test("the whole id of an attempt means that attempt, and only the newest is still the job's", () => {
    expect(choose("web-aa.2")).toEqual({ task: task("web-aa.2") });
    expect(choose("web-aa.3")).toEqual({ task: task("web-aa.3"), job: jobs[0] });
  });

  test("a prefix that a job and another framework's task share is ambiguous", () => {
    expect(() => choose("web-")).toThrow(/may be any of web-aa, web-bb, web-demo-1/);
  });

  test("the same id in two frameworks is ambiguous", () => {
    const twins = [task("x", "f1"), task("x", "f2")];
    expect(() => chooseTarget("x", [], twins)).toThrow(/may be any of/);
  });

  test.each(["", "nope"])("%j is nobody", (text) => {
    expect(() => choose(text)).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});
