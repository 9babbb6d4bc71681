import { expect, test } from "vitest";
import type { TaskRef } from "./policy.ts";
import { type LiveTasks, Reconciliation } from "./reconciliation.ts";
import { SESSION_DEFAULTS, type SessionConfig } from "./session-io.ts";

const CONFIG: SessionConfig = {
  ...SESSION_DEFAULTS,
  reconcileMs: 1_000,
  reconcileMaxMs: 4_000,
  implicitReconcileMs: 60_000,
  seed: "s1",
  info: {
    user: "u",
    name: "f",
    roles: ["eng"],
    failoverTimeoutMs: 0,
    isCheckpointing: true,
    capabilities: [],
    payload: new Uint8Array(0),
  },
};

function live(...taskIds: string[]): LiveTasks {
  const refs = new Map(taskIds.map((taskId): [string, TaskRef] => [taskId, { taskId }]));
  return { refs: () => refs.values(), ref: (taskId) => refs.get(taskId) ?? null };
}

test("a task that the implicit answers do not name is asked about explicitly until it is answered", () => {
  const run = new Reconciliation(CONFIG);
  const tasks = live("t1", "t2");
  run.start(0, tasks.refs(), false);
  expect(run.take(0, tasks)).toMatchObject({ kind: "explicit" });
  run.answered("t1");
  run.answered("t2"); // As unreachable; then the master restarts, and the agent returns without it.
  expect(run.dueAtMs).toBe(60_000);
  expect(run.take(60_000, tasks)).toEqual({ kind: "implicit", tasks: [] });
  run.answered("t1");
  expect(run.take(60_999, tasks)).toBeNull();
  expect(run.take(61_000, tasks)).toEqual({ kind: "explicit", tasks: [{ taskId: "t2" }] });
  expect(run.take(62_000, tasks)).toEqual({ kind: "explicit", tasks: [{ taskId: "t2" }] });
  run.answered("t2");
  expect(run.dueAtMs).toBe(120_000);
});

test("when all are named by the implicit answers there is no second question", () => {
  const run = new Reconciliation(CONFIG);
  const tasks = live("t1");
  run.start(0, [], false);
  expect(run.take(60_000, tasks)).toEqual({ kind: "implicit", tasks: [] });
  run.answered("t1");
  expect(run.take(119_999, tasks)).toBeNull();
  expect(run.take(120_000, tasks)).toEqual({ kind: "implicit", tasks: [] });
});
