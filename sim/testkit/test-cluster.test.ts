import { readFileSync } from "node:fs";
import type { Now } from "@bourse/model/now";
import { add } from "@bourse/model/resources";
import type { TaskStatus } from "@bourse/model/task";
import type { PolicyEvent } from "@bourse/session/policy";
import { reserved, volume } from "@bourse/session/resource-forms";
import { describe, expect, test } from "vitest";
import type { HandlerContext } from "./attached-handlers.ts";
import { accept, decline, resources, task } from "./builders.ts";
import { RunOnce } from "./run-once.ts";
import { createCluster } from "./test-cluster.ts";

test("the README's example is the test beside it, so it compiles and passes", () => {
  const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
  const [, snippet] = /```ts\n([\s\S]*?)```/.exec(read("./README.md")) ?? [];
  expect(snippet).toBe(read("./readme.test.ts"));
});

function running(): { cluster: ReturnType<typeof createCluster>; states: () => string[] } {
  const cluster = createCluster({ agents: 2, master: { agentPingIntervalMs: 1_000 } });
  const framework = cluster.attach(new RunOnce("t1"));
  cluster.advanceUntil(() => framework.tasks.get("t1.1")?.state === "TASK_RUNNING");
  return { cluster, states: () => Array.from(framework.tasks.values(), ({ state }) => state) };
}

describe("the scenario:", () => {
  test("an agent's process restarts, its container goes on", () => {
    const { cluster, states } = running();
    cluster.agentRestart(cluster.nameOf(cluster.picture.tasks[0]?.agentId));
    cluster.advance(60_000);
    expect(states()).toEqual(["TASK_RUNNING"]);
    expect(cluster.violations).toEqual([]);
  });

  test("a container that is killed from outside fails its task", () => {
    const { cluster, states } = running();
    cluster.killContainer("t1.1");
    cluster.advance(10_000);
    expect(states()).toEqual(["TASK_FAILED", "TASK_RUNNING"]);
  });

  test("a lost agent that comes back within its time is not lost", () => {
    const { cluster, states } = running();
    cluster.breakLink(cluster.nameOf(cluster.picture.tasks[0]?.agentId));
    cluster.advance(30_000);
    expect(states()).toEqual(["TASK_RUNNING"]);
    expect(cluster.picture.agents.map(({ condition }) => condition)).toEqual(["active", "active"]);
  });

  test("a rescinded offer is taken from the framework that holds it", () => {
    const cluster = createCluster();
    const seen: string[] = [];
    cluster.attach({
      apply: (_now: Now, event: PolicyEvent) => {
        seen.push(event.kind);
        return { calls: [] };
      },
      snapshot: () => null,
    });
    cluster.advanceUntil(() => seen.includes("offers"));
    cluster.rescind();
    cluster.advance(100);
    expect(seen).toEqual(["subscribed", "offers", "rescind", "offers"]);
  });

  test("an update that comes twice is told once and acknowledged twice", () => {
    const cluster = createCluster();
    const updates: string[] = [];
    const runOnce = new RunOnce("t1");
    cluster.attach({
      apply: (now: Now, event: PolicyEvent) => {
        if (event.kind === "update") updates.push(event.status.state);
        return runOnce.apply(now, event);
      },
      snapshot: () => null,
    });
    cluster.advanceUntil(() => updates.includes("TASK_RUNNING"));
    cluster.duplicateUpdate("f1");
    cluster.advance(1_000);
    expect(updates).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
    expect(cluster.violations).toEqual([]);
  });

  test("a framework that crashes and restarts keeps its id and hears of its task", () => {
    const cluster = createCluster();
    const framework = cluster.attach(() => new RunOnce("t1"));
    cluster.advanceUntil(() => framework.tasks.get("t1.1")?.state === "TASK_RUNNING");
    const { frameworkId } = framework;
    framework.crash();
    cluster.advance(5_000);
    framework.restart();
    cluster.advance(5_000);
    expect(framework.frameworkId).toBe(frameworkId);
    expect(framework.isSubscribed).toBe(true);
  });

  test("what never comes is an error, not a hang", () => {
    const cluster = createCluster({ agents: 0 });
    cluster.attach(new RunOnce("t1"));
    expect(() => cluster.advanceUntil(() => false, 5_000)).toThrow("within 5000 virtual ms");
  });
});

describe("async handlers", () => {
  /** Launches t1 on the first offer, after a think of 50 ms. */
  async function launchOnce(event: PolicyEvent, context: HandlerContext): Promise<void> {
    if (event.kind !== "offers") return;
    await context.sleep(50);
    const [first, ...rest] = event.offers;
    if (first !== undefined) context.call(accept(first, [task()]));
    for (const offer of rest) context.call(decline(offer));
    context.call({ kind: "suppress", roles: [] });
  }

  test("run to where they wait for time; an update is acknowledged when its handler has resolved", async () => {
    const cluster = createCluster({ agent: { updateRetryMs: 1_000 } });
    const handled: [string, number][] = [];
    const framework = cluster.attachHandlers(async (event, context) => {
      await launchOnce(event, context);
      if (event.kind !== "update") return;
      await context.sleep(300);
      await Promise.resolve();
      handled.push([event.status.state, context.nowMs()]);
    });
    await cluster.settle(20_000);
    expect(handled.map(([state]) => state)).toEqual(["TASK_STARTING", "TASK_RUNNING"]);
    const [starting, running] = handled.map(([, atMs]) => atMs);
    // RUNNING waits at the agent until STARTING is acknowledged, which its handler delays by 300 ms.
    expect((running ?? 0) - (starting ?? 0)).toBeGreaterThanOrEqual(300);
    expect(framework.errors).toEqual([]);
    expect(cluster.violations).toEqual([]);
  });

  test("that fail are given the update again when it is resent", async () => {
    const cluster = createCluster({ agent: { updateRetryMs: 1_000 } });
    const told: TaskStatus["state"][] = [];
    const framework = cluster.attachHandlers(async (event, context) => {
      await launchOnce(event, context);
      if (event.kind !== "update") return;
      told.push(event.status.state);
      if (told.length === 1) throw new Error("the database is away");
    });
    await cluster.settle(20_000);
    expect(told).toEqual(["TASK_STARTING", "TASK_STARTING", "TASK_RUNNING"]);
    expect(framework.errors).toEqual([new Error("the database is away")]);
  });

  test("make a volume and hear of it; what fails to be handled is told again (M-17, M-68)", async () => {
    const cluster = createCluster({
      agents: [{ resources: resources({ cpus: 1, memMib: 64, diskMib: 100 }) }],
      agent: { updateRetryMs: 1_000 },
    });
    const [disk] = reserved(resources({ diskMib: 60 }), { role: "db" });
    if (disk === undefined) throw new Error("disk is a resource");
    const made = volume(disk, { id: "v1", containerPath: "data" });
    const told: string[] = [];
    const handler = async (event: PolicyEvent, context: HandlerContext) => {
      if (event.kind === "operation-update") {
        const { operationId, state } = event.status;
        told.push(`${operationId} ${state}`);
        if (told.length === 1) throw new Error("the database is away");
      }
      if (event.kind !== "offers") return;
      const [offer] = event.offers;
      if (offer === undefined) return;
      context.call({
        kind: "accept",
        offerIds: [offer.offerId],
        operations: [
          { kind: "reserve", resources: [disk], operationId: "r1" },
          { kind: "create", volumes: [made], operationId: "c1" },
          {
            kind: "launch",
            tasks: [
              {
                ...task(),
                agentId: offer.agentId,
                resources: add(resources({ cpus: 0.1 }), [made]),
              },
            ],
          },
        ],
        filters: {},
      });
      context.call({ kind: "suppress", roles: [] });
    };
    const framework = cluster.attachHandlers(handler, { info: { roles: ["db"] } });
    await cluster.settle(20_000);
    expect(told).toEqual([
      "r1 OPERATION_FINISHED",
      "c1 OPERATION_FINISHED",
      "r1 OPERATION_FINISHED",
    ]);
    expect(framework.errors).toHaveLength(1);
    expect(framework.tasks.get("t1")?.state).toBe("TASK_RUNNING");
    expect(cluster.violations).toEqual([]);
  });

  test("with the same seed do the same", async () => {
    const run = async (): Promise<string> => {
      const cluster = createCluster({ agents: 3, seed: "7" });
      const log: string[] = [];
      cluster.attachHandlers(async (event, context) => {
        log.push(`${context.nowMs()} ${event.kind} ${context.random.below(100)}`);
        await launchOnce(event, context);
      });
      await cluster.settle(10_000);
      return log.join("\n");
    };
    expect(await run()).toBe(await run());
  });
});
