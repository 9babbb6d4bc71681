import type { TaskStatus } from "@bourse/model/task";
import { expect, test } from "vitest";
import { headline } from "./task-why.ts";

const status = (state: TaskStatus["state"]): TaskStatus => ({
  taskId: "web-1",
  state,
  source: "SOURCE_EXECUTOR",
  timestampMs: 0,
});

test.each<[phase: string | undefined, newest: TaskStatus | undefined, said: string]>([
  ["waiting", undefined, "waits for an offer that fits"],
  ["backing-off", status("TASK_FAILED"), "waits before it is started again"],
  ["launched", undefined, "was launched; no status has come yet"],
  ["running", status("TASK_RUNNING"), "is running"],
  ["ended", undefined, "was stopped before it was launched"],
  ["ended", status("TASK_FAILED"), "is failed"],
  [undefined, status("TASK_KILLED"), "is killed"],
])("a job that is %s, newest status %o: %s", (phase, newest, said) => {
  expect(headline(phase, newest)).toBe(said);
});
