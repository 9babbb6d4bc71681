import { expect, test } from "vitest";
import { endingOf } from "./ending.ts";
import { AGENT_TASK_STATES, type AgentTaskState, mayMove } from "./life-cycle.ts";

test.each<[from: AgentTaskState, to: AgentTaskState, allowed: boolean]>([
  ["TASK_STAGING", "TASK_STARTING", true],
  ["TASK_STAGING", "TASK_RUNNING", true], // Found running after a restart.
  ["TASK_STAGING", "TASK_KILLING", false], // Nothing runs yet that could be told to stop.
  ["TASK_STARTING", "TASK_RUNNING", true],
  ["TASK_STARTING", "TASK_STAGING", false],
  ["TASK_RUNNING", "TASK_RUNNING", true], // A health check has a new opinion.
  ["TASK_RUNNING", "TASK_STARTING", false],
  ["TASK_KILLING", "TASK_RUNNING", false],
  ["TASK_KILLING", "TASK_FINISHED", false], // It ended after a kill: KILLED, whatever its exit code.
  ["TASK_KILLING", "TASK_KILLED", true],
  ["TASK_KILLING", "TASK_FAILED", true], // Its time to complete was up.
  ["TASK_RUNNING", "TASK_ERROR", false], // What ran was valid.
])("M-39: %s -> %s is %s", (from, to, allowed) => expect(mayMove(from, to)).toBe(allowed));

test.each(["TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR"] as const)(
  "M-39: %s is the end",
  (state) => expect(AGENT_TASK_STATES.filter((to) => mayMove(state, to))).toEqual([]),
);

const EXIT_0 = { kind: "exited", exitCode: 0, isOutOfMemory: false } as const;

test.each([
  ["by itself with status 0", EXIT_0, null, "TASK_FINISHED", undefined],
  [
    "by itself with status 0 although memory ran out in between",
    { ...EXIT_0, isOutOfMemory: true },
    null,
    "TASK_FINISHED",
    undefined,
  ],
  ["with status 1", { ...EXIT_0, exitCode: 1 }, null, "TASK_FAILED", undefined],
  [
    "out of memory",
    { ...EXIT_0, exitCode: 137, isOutOfMemory: true },
    null,
    "TASK_FAILED",
    "REASON_CONTAINER_LIMITATION_MEMORY",
  ],
  ["with status 0 after a kill", EXIT_0, "requested", "TASK_KILLED", undefined],
  ["after its health check failed too often", EXIT_0, "unhealthy", "TASK_KILLED", undefined],
  [
    "when its time was up",
    EXIT_0,
    "max-completion",
    "TASK_FAILED",
    "REASON_MAX_COMPLETION_TIME_REACHED",
  ],
] as const)("a task that ended %s", (_how, ended, killCause, state, reason) => {
  const ending = endingOf(ended, { killCause, hasStarted: true });
  expect([ending.state, ending.reason]).toEqual([state, reason]);
});
