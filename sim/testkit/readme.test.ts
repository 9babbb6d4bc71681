import { expect, test } from "vitest";
import { RunOnce } from "./run-once.ts";
import { createCluster } from "./test-cluster.ts";

test("a task outlives the master, and is started again when its agent is lost", () => {
  const cluster = createCluster({ agents: 2, master: { agentPingIntervalMs: 1_000 } });
  const framework = cluster.attach(new RunOnce("t1"));

  cluster.advanceUntil(() => framework.tasks.get("t1.1")?.state === "TASK_RUNNING");
  cluster.masterFailover();
  cluster.advance(60_000);
  expect(framework.tasks.get("t1.1")?.state).toBe("TASK_RUNNING");

  const [task] = cluster.picture.tasks;
  cluster.agentLost(cluster.nameOf(task?.agentId));
  cluster.advanceUntil(() => framework.tasks.get("t1.2")?.state === "TASK_RUNNING");
  expect(framework.tasks.get("t1.1")?.state).toBe("TASK_UNREACHABLE");
  expect(cluster.violations).toEqual([]);
});
