import { describe, expect, test } from "vitest";
import { Cluster } from "./cluster.ts";
import { CLUSTER_DEFAULTS, CLUSTER_LIMITS } from "./config.ts";
import { agentInfo, frameworkInfo } from "./testing/builders.ts";
import { Script } from "./testing/script-commands.ts";
import { World } from "./testing/world.ts";

function play(world: World, ...lines: readonly string[]): string[] {
  const script = new Script(world);
  return lines.map((line) => script.run(line));
}

describe("what the core gives out", () => {
  test("effects without records and messages share one empty list", () => {
    const world = new World();
    const [first, second] = [
      world.applyOne({ kind: "batch-end" }),
      world.applyOne({ kind: "batch-end" }),
    ];
    expect(first.persist).toBe(second.persist);
    expect(first.send).toBe(second.send);
    expect(Object.isFrozen(first.send)).toBe(true);
  });

  test("a snapshot is plain data that survives a structured clone", () => {
    const world = new World();
    play(world, "s1 register", "s2 subscribe f1", "s2 accept O0 t1:cpus=1", "s3 register");
    const copy = structuredClone(world.cluster.snapshot());
    const restored = Cluster.restore(copy, world.start);
    expect(restored.stateHash()).toBe(world.cluster.stateHash());
    expect(restored.snapshot()).toEqual(world.cluster.snapshot());
  });

  test("a snapshot does not change when the cluster goes on", () => {
    const world = new World();
    play(world, "s1 register", "s2 subscribe f1", "s2 accept O0 refuse=0 t1:cpus=1");
    const snapshot = world.cluster.snapshot();
    const before = structuredClone(snapshot);
    play(world, "s1 update f1/t1 TASK_FINISHED uuid=u1", "s2 ack S0 t1 u1", "at 700");
    expect(snapshot).toEqual(before);
  });
});

describe("times", () => {
  test("whatever comes first starts the clock, and the first allocation is due at once", () => {
    const world = new World();
    world.monoMs = 5_000;
    expect(world.applyOne({ kind: "batch-end" }).wakeAtMs).toBe(5_000);
    expect(world.applyOne({ kind: "wake" }).wakeAtMs).toBe(6_000);
  });

  test.each<[asked: string, removedAtMs: number]>([
    ["0", 604_800_000], // T-5: none asked for is a week, not at once.
    ["-1", 604_800_000],
    ["10", 10_000],
    ["1e300", 3_155_760_000_000],
  ])("a framework that asks for %s s is removed after %i ms", (asked, removedAtMs) => {
    const world = new World();
    play(world, `s1 subscribe f1 failover=${asked}`, "s1 close");
    expect(world.cluster.state.timers.dueOf("remove-framework", "f1")).toBe(removedAtMs);
  });

  test("with Mesos' default a framework is removed at its first broken stream", () => {
    const world = new World({ failoverTimeoutDefaultMs: 0 });
    const [, , , , frameworks] = play(
      world,
      "s1 register",
      "s2 subscribe f1 failover=0",
      "s2 close",
      "at 0",
      "frameworks",
    );
    expect(frameworks).toBe("ok");
  });

  test("an agent out of reach is forgotten after two weeks, with its tasks (M-5)", () => {
    const day = 86_400_000;
    const world = new World({ allocationIntervalMs: day, frameworkHeartbeatMs: day });
    play(
      world,
      "s1 register",
      "s2 subscribe f1 failover=9999999",
      "s2 accept O0 t1:cpus=1",
      "s1 close",
    );
    const lostAtMs = 90_000;
    world.advanceTo(lostAtMs + 14 * day - 1);
    expect(play(world, "tasks")).toEqual(["f1/t1 TASK_UNREACHABLE on S0, 1 statuses"]);
    world.advanceTo(lostAtMs + 14 * day);
    expect(play(world, "tasks", "agents", "s2 reconcile t1@S0")).toEqual([
      "ok",
      "ok",
      "-> s2 update t1 TASK_UNKNOWN on S0 REASON_RECONCILIATION: the task's agent is not known",
    ]);
  });
});

test("agents that came at once are not pinged at once, and each as often as the others (M-46)", () => {
  const world = new World({ agentPingIntervalMs: 15_000 });
  const pings: number[] = [];
  for (let session = 1; session <= 100; session++)
    play(world, `s${session} register host=h${session}`);
  for (let second = 1; second <= 15; second++) {
    const lines = world.advanceTo(second * 1_000).flatMap(({ send }) => send);
    pings.push(lines.filter((sent) => sent.to === "agent" && sent.message.kind === "ping").length);
  }
  expect(pings.reduce((sum, count) => sum + count)).toBe(100);
  expect(Math.max(...pings)).toBeLessThan(30); // Those that came while there were few share a moment.
});

describe("memory is bounded", () => {
  test("of removed frameworks the newest can be looked at, and older ids are still refused", () => {
    const world = new World({ completedFrameworksMax: 1 });
    const lines = play(
      world,
      "s1 subscribe f1",
      "s1 teardown",
      "s2 subscribe f2",
      "s2 teardown",
      "s3 subscribe f1",
    );
    expect(lines.at(-1)).toMatch(/framework_completed/);
    const { completedFrameworks } = world.cluster.state;
    expect(Array.from(completedFrameworks.values(), ({ last }) => last !== null)).toEqual([
      false,
      true,
    ]);
  });

  test("ended tasks and decisions are kept up to their maximum (M-81)", () => {
    const world = new World({ completedTasksMax: 2, decisionsMax: 3 });
    play(world, "s1 register", "s2 subscribe f1");
    for (let index = 0; index < 4; index++) {
      play(
        world,
        `s2 accept O${index} refuse=0 t${index}:cpus=4,mem=4096`,
        `s1 update f1/t${index} TASK_FINISHED uuid=u${index}`,
        `s2 ack S0 t${index} u${index}`,
      );
    }
    expect(play(world, "tasks all")).toEqual([
      "f1/t2 TASK_FINISHED on S0, 1 statuses\nf1/t3 TASK_FINISHED on S0, 1 statuses",
    ]);
    expect(world.cluster.state.frameworks.get("f1")?.decisions.size).toBe(3);
  });
});

test("more frameworks than the maximum are refused, and known ones still may return", () => {
  const world = new World();
  const { cluster, now } = world;
  const subscribe = (session: number, frameworkId: string) =>
    cluster.apply(now, {
      principal: null,
      kind: "framework-call",
      session,
      call: {
        kind: "subscribe",
        frameworkId,
        info: frameworkInfo("f", new Map([["roles", ""]])),
        suppressedRoles: [],
        epochSeen: 0,
      },
    });
  for (let index = 0; index < CLUSTER_LIMITS.frameworksMax; index++) subscribe(index, `f${index}`);
  const [refused] = subscribe(20_000, "one-more").send;
  expect(refused).toMatchObject({ event: { kind: "error", refusal: { code: "conflict" } } });
  const answers = subscribe(20_001, "f1").send.filter(({ to }) => to === "framework");
  expect(answers).toMatchObject([
    { event: { kind: "error", refusal: { code: "framework_failed_over" } } },
    { event: { kind: "subscribed", frameworkId: "f1" } },
    { event: { kind: "heartbeat" } },
  ]);
});

describe("pages", () => {
  test("a list goes on after the last of the page before", () => {
    const world = new World();
    play(world, ...Array.from({ length: 5 }, (_, index) => `s${index + 1} register`));
    const ids: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = { limit: 2, ...(after !== undefined && { after }) };
      const view = world.query({ kind: "agents", page });
      if (view.kind !== "agents") throw new Error("agents must be listed");
      ids.push(...view.agents.map(({ agentId }) => agentId.slice(-2)));
      after = view.next;
      if (after === undefined) break;
    }
    expect(ids).toEqual(["S0", "S1", "S2", "S3", "S4"]);
  });

  test("tasks are paged in the order in which they were launched, and filtered", () => {
    const world = new World();
    play(world, "s1 register", "s2 subscribe f1", "s2 accept O0 b:cpus=1 a:cpus=1 ab:cpus=1");
    play(world, "s1 update f1/a TASK_FINISHED uuid=u1", "s2 ack S0 a u1");
    const list = (filter: object, page = {}) => {
      const view = world.query({
        kind: "tasks",
        page: { limit: 10, ...page },
        filter: { hasCompleted: false, ...filter },
      });
      if (view.kind !== "tasks") throw new Error("tasks must be listed");
      return [view.tasks.map(({ taskId }) => taskId).join(), view.next];
    };
    expect(list({})).toEqual(["b,ab", undefined]);
    expect(list({ hasCompleted: true })).toEqual(["b,a,ab", undefined]);
    expect(list({ hasCompleted: true, idPrefix: "a" })).toEqual(["a,ab", undefined]);
    expect(list({ hasCompleted: true, states: ["TASK_FINISHED"] })).toEqual(["a", undefined]);
    expect(list({ frameworkId: "f2" })).toEqual(["", undefined]);
    expect(list({ agentId: "a9" })).toEqual(["", undefined]);
    const [first, next] = list({}, { limit: 1 });
    expect(first).toBe("b");
    expect(list({}, { limit: 1, after: next })).toEqual(["ab", undefined]);
  });

  test("the master's sums are those of its agents", () => {
    const world = new World();
    play(world, "s1 register", "s2 register", "s3 subscribe f1", "s3 accept O0 t1:cpus=1,mem=100");
    expect(world.query({ kind: "master" })).toMatchObject({
      master: {
        epoch: 1,
        counts: { agents: 2, frameworks: 1, offers: 1, tasks: 1 },
        tasksByState: { TASK_STAGING: 1 },
        total: [{ value: { milli: 8000 } }, { value: { milli: 8_192_000 } }],
        offered: [{ value: { milli: 4000 } }, { value: { milli: 4_096_000 } }],
        allocated: [{ value: { milli: 1000 } }, { value: { milli: 100_000 } }],
      },
    });
  });
});

test("a framework may have a failover timeout and a name of its own, but not another user", () => {
  const world = new World();
  const subscribe = (session: number, changes: object) =>
    world.apply({
      kind: "framework-call",
      session,
      call: {
        kind: "subscribe",
        frameworkId: "f1",
        info: { ...frameworkInfo("f1"), ...changes },
        suppressedRoles: [],
        epochSeen: 0,
      },
    });
  subscribe(1, { user: "ann", isCheckpointing: true });
  subscribe(2, { user: "bob", isCheckpointing: false, name: "new" });
  expect(world.cluster.state.frameworks.get("f1")?.info).toMatchObject({
    user: "ann",
    isCheckpointing: true,
    name: "new",
  });
});

test("a cluster whose timers would never rest is a mistake of its shell", () => {
  const config = { ...CLUSTER_DEFAULTS, agentPingIntervalMs: 0 };
  expect(() => new Cluster({ config, epoch: 1, seed: "s", entries: [] })).toThrow(/positive/);
});

describe("an agent that never heard its id (DESIGN section 2, Links)", () => {
  const info = agentInfo(new Map([["host", "node1"]]));
  const register = (world: World, session: number, key: string): void => {
    const message = { kind: "register", info, epochSeen: 0, key } as const;
    world.apply({ kind: "agent-message", session, message });
  };

  test("registers again with its key and is the same agent, without what it was sent", () => {
    const world = new World();
    register(world, 1, "k1");
    play(world, "s2 subscribe f1", "s2 accept O0 t1:cpus=1");
    register(world, 3, "k1");
    expect(Array.from(world.cluster.state.agents.keys(), (id) => id.slice(-3))).toEqual(["-S0"]);
    const [agent] = world.cluster.state.agents.values();
    expect(agent).toMatchObject({ session: 3, condition: "active" });
    expect(agent?.tasks.size).toBe(0);
    expect(world.cluster.state.newcomers.size).toBe(0);
  });

  test("is found again after the core was restored from its snapshot", () => {
    const world = new World();
    register(world, 1, "k1");
    const restored = Cluster.restore(world.cluster.snapshot(), world.start);
    expect(Array.from(restored.state.newcomers.keys())).toEqual(["k1"]);
  });

  test("is found again by a master that started since", () => {
    const world = new World();
    register(world, 1, "k1");
    world.restart();
    register(world, 1, "k1");
    expect(Array.from(world.cluster.state.agents.keys(), (id) => id.slice(-3))).toEqual(["-S0"]);
    const [agent] = world.cluster.state.agents.values();
    expect(agent).toMatchObject({ condition: "active" });
  });

  test("is another one under another key, and once it has spoken", () => {
    const world = new World();
    register(world, 1, "k1");
    register(world, 2, "k2");
    const pong = { kind: "pong", sequence: 1 } as const;
    world.apply({ kind: "agent-message", session: 1, message: pong });
    expect(Array.from(world.cluster.state.newcomers.keys())).toEqual(["k2"]);
    register(world, 3, "k1");
    expect(world.cluster.state.agents.size).toBe(3);
  });
});
