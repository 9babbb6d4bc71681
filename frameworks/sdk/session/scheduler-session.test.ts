import type { OfferConstraints } from "@bourse/model/constraints";
import { expect, test } from "vitest";
import type { PolicyCall } from "./policy.ts";
import { SESSION_DEFAULTS } from "./session-io.ts";
import {
  accept,
  Bench,
  CONFIG,
  INFO,
  offer,
  status,
  subscribed,
  task,
  UUID,
  UUID_2,
} from "./testing/session-bench.ts";

const NOT_H1: OfferConstraints = new Map([
  [
    "ops",
    [[{ selector: { type: "hostname" }, predicate: { type: "text-not-equals", value: "h1" } }]],
  ],
]);

test("a session subscribes on the first link and writes its id down before anything is sent", () => {
  const bench = new Bench();
  expect(bench.last.link).toEqual([{ kind: "connect", attempt: 0 }]);
  bench.apply({ kind: "link-up", session: 1 });
  expect(bench.calls()).toEqual([
    { kind: "subscribe", info: INFO, suppressedRoles: [], epochSeen: 0 },
  ]);
  bench.event(subscribed(5));
  expect(bench.last.persist).toEqual([{ kind: "framework", frameworkId: "f1", epochSeen: 5 }]);
  expect(bench.policy?.told).toEqual([{ kind: "subscribed", frameworkId: "f1", isAgain: false }]);
});

test("a record of an earlier run subscribes with its id and asks at once for tasks nobody here knows (N-06, M-44)", () => {
  const record = { kind: "framework", frameworkId: "f1", epochSeen: 5 } as const;
  const bench = new Bench({ config: { record } });
  bench.apply({ kind: "link-up", session: 1 });
  expect(bench.calls()[0]).toMatchObject({ kind: "subscribe", frameworkId: "f1", epochSeen: 5 });
  bench.event(subscribed(5));
  expect(bench.last.persist).toEqual([]);
  expect(bench.calls()).toEqual([{ kind: "reconcile", tasks: [] }]);
  expect(bench.policy?.told).toEqual([{ kind: "subscribed", frameworkId: "f1", isAgain: true }]);
});

test("a master with a lower epoch is closed and the next one is tried", () => {
  const bench = new Bench();
  bench.subscribe(1, 5);
  bench.apply({ kind: "link-down", session: 1, cause: "gone" });
  bench.wake();
  bench.apply({ kind: "link-up", session: 2 });
  const before = bench.policy?.told.length;
  bench.event(subscribed(4), 2);
  expect(bench.last.link).toEqual([
    { kind: "close", session: 2, cause: "deposed leader: epoch 4 is below 5" },
  ]);
  expect(bench.policy?.told.length).toBe(before);
  bench.event({ kind: "offers", offers: [offer("o1")] }, 2);
  expect(bench.policy?.told.length).toBe(before);
  expect(bench.wake().link).toEqual([{ kind: "connect", attempt: 1 }]);
});

test("failed connections go through the masters with a bounded, growing wait (M-14)", () => {
  const bench = new Bench({ config: { reconnectBackoffMs: 100, reconnectBackoffMaxMs: 800 } });
  const waits: number[] = [];
  for (let session = 1; session <= 40; session++) {
    bench.apply({ kind: "link-down", session, cause: "refused" });
    waits.push(bench.last.wakeAtMs - bench.nowMs);
    expect(bench.wake().link).toEqual([{ kind: "connect", attempt: session }]);
  }
  expect(waits[0]).toBeLessThan(100);
  expect(Math.max(...waits)).toBeLessThan(800);
  expect(Math.max(...waits.slice(4))).toBeGreaterThan(400);
});

test("after a session that lasted, the same master is tried first", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.nowMs += 60_000;
  bench.event({ kind: "heartbeat" });
  bench.apply({ kind: "link-down", session: 1, cause: "reset" });
  expect(bench.last.wakeAtMs - bench.nowMs).toBeLessThan(CONFIG.reconnectBackoffMs);
  expect(bench.wake().link).toEqual([{ kind: "connect", attempt: 0 }]);
});

test("five missed heartbeats end the session, four do not (M-14)", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.nowMs += 74_999;
  expect(bench.apply({ kind: "wake" }).link).toEqual([]);
  bench.nowMs += 1;
  expect(bench.apply({ kind: "wake" }).link).toEqual([
    { kind: "close", session: 1, cause: "no heartbeat" },
  ]);
  expect(bench.policy?.told.at(-1)).toEqual({ kind: "disconnected" });
});

test("a connection or a subscription that is never answered is given up for the next", () => {
  const bench = new Bench();
  expect(bench.last.wakeAtMs - bench.nowMs).toBe(SESSION_DEFAULTS.subscribeTimeoutMs);
  bench.wake();
  expect(bench.wake().link).toEqual([{ kind: "connect", attempt: 1 }]);
  bench.apply({ kind: "link-up", session: 1 });
  expect(bench.wake().link).toEqual([
    { kind: "close", session: 1, cause: "no answer to subscribe" },
  ]);
});

test("a second link is closed while one is in use", () => {
  const bench = new Bench();
  bench.subscribe();
  expect(bench.apply({ kind: "link-up", session: 2 }).link).toEqual([
    { kind: "close", session: 2, cause: "another link is in use" },
  ]);
  expect(bench.session.isSubscribed).toBe(true);
});

test("an update is acknowledged after the policy's own calls, and one without uuid never", () => {
  const bench = new Bench();
  bench.subscribe();
  if (bench.policy !== null)
    bench.policy.answer = () => ({ calls: [{ kind: "kill", taskId: "t9" }] });
  bench.event({ kind: "update", status: status("t1", { uuid: UUID }) });
  expect(bench.calls()).toEqual([
    { kind: "kill", taskId: "t9" },
    { kind: "acknowledge", agentId: "a1", taskId: "t1", uuid: UUID },
  ]);
  bench.event({ kind: "update", status: status("t1") });
  expect(bench.calls()).toEqual([{ kind: "kill", taskId: "t9" }]);
});

test.each([
  ["TASK_RUNNING", "live"],
  ["TASK_FINISHED", "ended"],
] as const)(
  "a repeated %s of a task that is %s is acknowledged again, delivered once",
  (state, _life) => {
    const bench = new Bench();
    bench.subscribe();
    const update = { kind: "update", status: status("t1", { uuid: UUID, state }) } as const;
    bench.event(update);
    const told = bench.policy?.told.length;
    bench.event(update);
    expect(bench.calls()).toEqual([
      { kind: "acknowledge", agentId: "a1", taskId: "t1", uuid: UUID },
    ]);
    expect(bench.policy?.told.length).toBe(told);
  },
);

test("without a policy an update is acknowledged when its handler resolved, and once only", () => {
  const bench = new Bench({ policy: null });
  bench.subscribe();
  const update = { kind: "update", status: status("t1", { uuid: UUID }) } as const;
  bench.event(update);
  expect(bench.last.deliver).toEqual([update]);
  expect(bench.calls()).toEqual([]);
  bench.event(update); // Resent while the handler is still at work.
  expect(bench.last).toMatchObject({ deliver: [], send: [] });
  bench.apply({ kind: "handled", taskId: "t1", uuid: UUID });
  expect(bench.calls()).toEqual([{ kind: "acknowledge", agentId: "a1", taskId: "t1", uuid: UUID }]);
  bench.apply({ kind: "handled", taskId: "t1", uuid: UUID });
  expect(bench.calls()).toEqual([]);
});

test("an update whose handler failed is not acknowledged, and is delivered again", () => {
  const bench = new Bench({ policy: null });
  bench.subscribe();
  const update = { kind: "update", status: status("t1", { uuid: UUID }) } as const;
  bench.event(update);
  bench.apply({ kind: "unhandled", taskId: "t1", uuid: UUID });
  expect(bench.calls()).toEqual([]);
  expect(bench.event(update).deliver).toEqual([update]);
});

test("an offer that nobody answers is declined at its deadline, or at the master's if that is earlier (K-3)", () => {
  const bench = new Bench({ config: { offerDeadlineMs: 30_000 } });
  bench.subscribe();
  bench.event({ kind: "offers", offers: [offer("o1"), offer("o2", { timeoutMs: 10_000 })] });
  expect(bench.last.wakeAtMs).toBe(bench.nowMs + 10_000);
  bench.wake();
  expect(bench.calls()).toMatchObject([
    { kind: "decline", offerIds: ["o2"], filters: { refuseMs: 5_000 } },
  ]);
  expect(bench.policy?.told.at(-1)).toEqual({ kind: "rescind", offerId: "o2" });
  bench.wake();
  expect(bench.calls()).toMatchObject([{ kind: "decline", offerIds: ["o1"] }]);
});

test("a rescinded offer is told of while it is held, and not when it was used", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.event({ kind: "offers", offers: [offer("o1"), offer("o2")] });
  if (bench.policy !== null) bench.policy.answer = () => ({ calls: [accept(["o1"], task("t1"))] });
  bench.apply({ kind: "input", input: "go" });
  const told = bench.policy?.told.length ?? 0;
  if (bench.policy !== null) bench.policy.answer = () => ({});
  bench.event({ kind: "rescind", offerId: "o1" });
  expect(bench.policy?.told.length).toBe(told);
  bench.event({ kind: "rescind", offerId: "o2" });
  expect(bench.policy?.told.at(-1)).toEqual({ kind: "rescind", offerId: "o2" });
});

test("tasks for an offer that is gone come back dropped, and the offers beside it are declined (N-16)", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.event({ kind: "offers", offers: [offer("o1"), offer("o2")] });
  bench.event({ kind: "rescind", offerId: "o1" });
  if (bench.policy !== null)
    bench.policy.answer = (event) =>
      event.kind === "input" ? { calls: [accept(["o1", "o2"], task("t1"))] } : {};
  bench.apply({ kind: "input", input: "go" });
  expect(bench.calls()).toEqual([{ kind: "decline", offerIds: ["o2"], filters: {} }]);
  expect(bench.policy?.told.at(-1)).toMatchObject({
    kind: "update",
    status: { taskId: "t1", state: "TASK_DROPPED", reason: "REASON_INVALID_OFFERS" },
  });
});

test("after subscribing again every live task is asked about until it is answered, ever more rarely (M-44)", () => {
  const bench = new Bench({ config: { reconcileMs: 1_000, reconcileMaxMs: 3_000 } });
  bench.subscribe();
  bench.event({ kind: "offers", offers: [offer("o1")] });
  if (bench.policy !== null)
    bench.policy.answer = (event) =>
      event.kind === "input" ? { calls: [accept(["o1"], task("t1"), task("t2"))] } : {};
  bench.apply({ kind: "input", input: "go" });
  bench.event({ kind: "update", status: status("t3", { state: "TASK_FAILED", uuid: UUID }) });
  bench.apply({ kind: "link-down", session: 1, cause: "reset" });
  bench.wake();
  bench.subscribe(2);
  const both = [
    { taskId: "t1", agentId: "a1" },
    { taskId: "t2", agentId: "a1" },
  ];
  expect(bench.calls()).toEqual([{ kind: "reconcile", tasks: both }]);
  const times: number[] = [];
  for (let round = 0; round < 4; round++) {
    const from = bench.nowMs;
    bench.wake();
    times.push(bench.nowMs - from);
    expect(bench.calls()).toEqual([{ kind: "reconcile", tasks: both }]);
  }
  expect(times).toEqual([1_000, 2_000, 3_000, 3_000]);
  bench.event({ kind: "update", status: status("t1", { reason: "REASON_RECONCILIATION" }) }, 2);
  bench.wake();
  expect(bench.calls()).toEqual([{ kind: "reconcile", tasks: [both[1]] }]);
  bench.event({ kind: "update", status: status("t2", { state: "TASK_GONE" }) }, 2);
  expect(bench.last.wakeAtMs - bench.nowMs).toBeGreaterThan(10_000); // Only the heartbeat is left.
});

test("all tasks are asked about implicitly every fifteen minutes", () => {
  const bench = new Bench();
  bench.subscribe();
  const from = bench.nowMs;
  const asked: number[] = [];
  for (let beat = 0; beat < 130; beat++) {
    bench.nowMs += 15_000;
    bench.apply({ kind: "wake" });
    if (bench.calls().some((call) => call.kind === "reconcile")) asked.push(bench.nowMs - from);
    bench.event({ kind: "heartbeat" });
  }
  expect(asked).toEqual([900_000, 1_800_000]);
});

test("a thousand tasks go into one question, the rest into the next", () => {
  const bench = new Bench();
  const tasks = Array.from({ length: 2_001 }, (_, index) => ({ taskId: `t${index}` }));
  if (bench.policy !== null) bench.policy.answer = () => ({ track: tasks });
  bench.subscribe();
  expect(bench.calls().map((call) => call.kind === "reconcile" && call.tasks.length)).toEqual([
    1_000, 1_000, 1,
  ]);
});

test("tasks that a policy tracks are asked about, those it forgets are not", () => {
  const bench = new Bench();
  if (bench.policy !== null)
    bench.policy.answer = (event) =>
      event.kind === "subscribed"
        ? { track: [{ taskId: "t1" }, { taskId: "t2", agentId: "a2" }], forget: ["t1"] }
        : {};
  bench.subscribe();
  expect(bench.calls()).toEqual([{ kind: "reconcile", tasks: [{ taskId: "t2", agentId: "a2" }] }]);
});

test("a kill is repeated in the next session and when the task is found alive, until it has ended (N-07)", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.event({ kind: "update", status: status("t1", { uuid: UUID }) });
  const kill = { kind: "kill", taskId: "t1", killPolicy: { gracePeriodMs: 9 } } as const;
  if (bench.policy !== null)
    bench.policy.answer = (event) => (event.kind === "input" ? { calls: [kill] } : {});
  bench.apply({ kind: "input", input: "kill" });
  expect(bench.calls()).toEqual([kill]);
  bench.apply({ kind: "link-down", session: 1, cause: "reset" });
  bench.wake();
  bench.subscribe(2);
  expect(bench.calls()).toContainEqual(kill);
  bench.event({ kind: "update", status: status("t1", { reason: "REASON_RECONCILIATION" }) }, 2);
  expect(bench.calls()).toEqual([kill]);
  bench.event({ kind: "update", status: status("t1", { state: "TASK_KILLED", uuid: UUID_2 }) }, 2);
  bench.apply({ kind: "link-down", session: 2, cause: "reset" });
  bench.wake();
  bench.subscribe(3);
  expect(bench.calls()).toEqual([]);
});

test("suppressed roles are stated in the next subscription; a revive without a master is sent later", () => {
  const bench = new Bench();
  bench.subscribe();
  const call = (kind: "suppress" | "revive", roles: string[]) => {
    if (bench.policy !== null) bench.policy.answer = () => ({ calls: [{ kind, roles }] });
    bench.apply({ kind: "input", input: kind });
    if (bench.policy !== null) bench.policy.answer = () => ({});
  };
  call("suppress", []);
  bench.apply({ kind: "link-down", session: 1, cause: "reset" });
  call("revive", ["ops"]);
  expect(bench.calls()).toEqual([]);
  bench.wake();
  bench.apply({ kind: "link-up", session: 2 });
  expect(bench.calls()[0]).toMatchObject({ kind: "subscribe", suppressedRoles: ["eng"] });
  bench.event(subscribed(5), 2);
  expect(bench.calls()).toEqual([{ kind: "revive", roles: ["ops"] }]);
});

test.each<[what: string, call: PolicyCall, told: object]>([
  [
    "other constraints",
    { kind: "update-framework", info: INFO, suppressedRoles: [], offerConstraints: NOT_H1 },
    { suppressedRoles: [], offerConstraints: NOT_H1 },
  ],
  ["a suppressed role", { kind: "suppress", roles: ["ops"] }, { suppressedRoles: ["ops"] }],
])("%s wanted while a subscription is under way: the master is told after it", (_, call, told) => {
  const bench = new Bench();
  bench.apply({ kind: "link-up", session: 1 });
  bench.answer({ calls: [call] });
  expect(bench.calls()).toEqual([]);
  bench.event(subscribed(5));
  expect(bench.calls()).toEqual([{ kind: "update-framework", info: INFO, ...told }]);
  bench.apply({ kind: "link-down", session: 1, cause: "reset" });
  bench.wake();
  bench.apply({ kind: "link-up", session: 2 });
  expect(bench.calls()[0]).toMatchObject({ kind: "subscribe", ...told });
  bench.event(subscribed(5), 2);
  expect(bench.calls()).toEqual([]);
});

test.each([
  ["framework_completed", true],
  ["framework_failed_over", true],
  ["invalid_call", true],
  ["not_leader", false],
  ["recovering", false],
  ["stale_epoch", false],
] as const)("the answer %s to subscribe ends everything: %s (N-06, K-12)", (code, isEnd) => {
  const bench = new Bench();
  bench.apply({ kind: "link-up", session: 1 });
  const refusal = { code, message: "no" };
  bench.event({ kind: "error", refusal });
  const givenUp = bench.last.link.filter((link) => link.kind === "give-up");
  expect(givenUp).toEqual(isEnd ? [{ kind: "give-up", message: "no", refusal }] : []);
  expect(bench.session.isEnded).toBe(isEnd);
  if (isEnd) {
    expect(bench.last.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(bench.policy?.told).toEqual([{ kind: "ended", message: "no" }]);
  } else expect(bench.wake().link).toEqual([{ kind: "connect", attempt: 1 }]);
});

test("a call that was refused within a session costs the session, not the framework", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.event({ kind: "error", refusal: { code: "invalid_call", message: "no" } });
  expect(bench.session.isEnded).toBe(false);
  expect(bench.policy?.told.at(-1)).toEqual({ kind: "disconnected" });
});

test("a teardown leaves before the stream is closed; without a master it waits for one", () => {
  const bench = new Bench({ policy: null });
  bench.apply({ kind: "call", call: { kind: "teardown" } });
  expect(bench.calls()).toEqual([]);
  bench.subscribe();
  expect(bench.calls()).toEqual([{ kind: "teardown" }]);
  expect(bench.last.link).toEqual([
    { kind: "close", session: 1, cause: "torn down by the framework" },
  ]);
  expect(bench.session.isEnded).toBe(true);
});

test("what a policy writes down and answers comes out of the same effects as its calls", () => {
  const bench = new Bench();
  bench.subscribe();
  if (bench.policy !== null)
    bench.policy.answer = () => ({
      persist: [{ job: 1 }],
      outputs: ["done"],
      calls: [{ kind: "suppress", roles: [] }],
      wakeAtMs: 2_000,
    });
  bench.apply({ kind: "input", input: "run" });
  expect(bench.last).toMatchObject({
    intents: [{ job: 1 }],
    outputs: ["done"],
    wakeAtMs: 2_000,
    send: [{ session: 1, call: { kind: "suppress", roles: [] } }],
  });
});

test("more or longer reasons than a master takes are cut, for they would cost the session", () => {
  const bench = new Bench();
  bench.subscribe();
  bench.event({ kind: "offers", offers: [offer("o1")] });
  const reason = { code: "c".repeat(100), detail: "d".repeat(300) };
  const reasons = Array.from({ length: 20 }, () => reason);
  bench.answer({ calls: [{ kind: "decline", offerIds: ["o1"], filters: {}, reasons }] });
  const [call] = bench.calls();
  expect(call?.kind === "decline" && call.reasons).toEqual(
    Array.from({ length: 16 }, () => ({ code: "c".repeat(64), detail: "d".repeat(256) })),
  );
});
