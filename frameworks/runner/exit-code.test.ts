import type { TaskState } from "@bourse/model/task-state";
import { expect, test } from "vitest";
import { exitCodeOf } from "./exit-code.ts";

test.each<[state: TaskState, message: string | undefined, code: number | undefined]>([
  ["TASK_FAILED", "exited with status 3", 3],
  ["TASK_FINISHED", "exited with status 0", 0],
  ["TASK_FINISHED", undefined, 0],
  ["TASK_FAILED", "out of memory: it reached its memory limit and killed by signal SIGKILL", 137],
  ["TASK_KILLED", "killed by signal SIGTERM", 143],
  ["TASK_KILLED", "killed by signal 9", 137],
  ["TASK_LOST", "the agent is gone", undefined],
])("%s, %j ends with %s", (state, message, code) => {
  const status = { taskId: "t", state, source: "SOURCE_EXECUTOR", timestampMs: 0 } as const;
  expect(exitCodeOf(message === undefined ? status : { ...status, message })).toBe(code);
});
