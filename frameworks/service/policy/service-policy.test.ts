import { launchedTasks, type Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import { ranges, scalar } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SERVICE_DEFAULTS, type ServiceConfig } from "./service-config.ts";
import type { ServiceInput, ServiceOutput, ServiceRecord } from "./service-io.ts";
import { ServicePolicy } from "./service-policy.ts";

const CONFIG: ServiceConfig = {
  ...SERVICE_DEFAULTS,
  name: "web",
  count: 3,
  resources: [scalar("cpus", 100)],
  seed: "s",
};

/** A policy with a clock and the records it wrote. */
class Bench {
  readonly config: ServiceConfig;
  policy: ServicePolicy;
  readonly records: ServiceRecord[] = [];
  nowMs = 0;
  last: PolicyCalls<ServiceOutput> = { calls: [] };
  #offers = 0;

  constructor(config: Partial<ServiceConfig> = {}) {
    this.config = { ...CONFIG, ...config };
    this.policy = new ServicePolicy(this.config, () => NO_PAYLOAD);
    this.event({ kind: "subscribed", frameworkId: "f1", isAgain: false });
  }

  event(event: PolicyEvent<ServiceInput>): readonly PolicyCall[] {
    this.last = this.policy.apply({ monoMs: this.nowMs, wallMs: this.nowMs }, event);
    for (const record of this.last.persist ?? []) this.records.push(record as ServiceRecord);
    return this.last.calls;
  }

  scale(count: number): readonly PolicyCall[] {
    return this.event({ kind: "input", input: { kind: "scale", count } });
  }

  /** One offer of each agent, with so many thousandths of a cpu. */
  offer(
    agents: Readonly<Record<string, number>>,
    more: Partial<Offer> = {},
  ): readonly PolicyCall[] {
    const offers = Object.entries(agents).map(([agentId, milli]): Offer => {
      this.#offers += 1;
      return {
        offerId: `o${this.#offers}`,
        frameworkId: "f1",
        agentId,
        hostname: `host-${agentId}`,
        port: 1,
        role: "*",
        resources: [scalar("cpus", milli), ranges("ports", [{ begin: 31_000, end: 31_099 }])],
        attributes: [],
        ...more,
      };
    });
    return this.event({ kind: "offers", offers });
  }

  update(taskId: string, state: TaskState, more: Partial<TaskStatus> = {}): readonly PolicyCall[] {
    const status: TaskStatus = {
      taskId,
      agentId: "a1",
      state,
      source: "SOURCE_EXECUTOR",
      timestampMs: this.nowMs,
      ...more,
    };
    return this.event({ kind: "update", status });
  }

  wake(): readonly PolicyCall[] {
    this.nowMs = Math.max(this.nowMs, this.last.wakeAtMs ?? 0);
    return this.event({ kind: "wake" });
  }

  get ids(): string[] {
    return Array.from(this.policy.instances, ({ taskId }) => taskId);
  }
}

function launched(calls: readonly PolicyCall[]): TaskInfo[] {
  return calls.flatMap((call) => (call.kind === "accept" ? launchedTasks(call.operations) : []));
}

function kinds(calls: readonly PolicyCall[]): string[] {
  return calls.map(({ kind }) => kind);
}

test("agents that come one after the other share the instances when offers are gathered", () => {
  const bench = new Bench({ gatherMs: 500 });
  expect(bench.offer({ a1: 1_000 })).toEqual([]);
  expect(bench.last.wakeAtMs).toBe(500);
  bench.nowMs = 300;
  expect(bench.offer({ a2: 1_000 })).toEqual([]);
  const agents = launched(bench.wake()).map(({ agentId }) => agentId);
  expect(bench.nowMs).toBe(500);
  expect(agents.sort()).toEqual(["a1", "a1", "a2"]);
});

test("nothing is gathered when every missing instance can have an agent of its own", () => {
  const bench = new Bench({ gatherMs: 500 });
  expect(launched(bench.offer({ a1: 1_000, a2: 1_000, a3: 1_000 }))).toHaveLength(3);
  bench.update(bench.ids[0] ?? "", "TASK_LOST");
  expect(launched(bench.offer({ a1: 1_000 }))).toHaveLength(1);
});

test("a gathered offer that is rescinded is not used, and one no longer needed is declined", () => {
  const bench = new Bench({ gatherMs: 500 });
  bench.offer({ a1: 1_000 });
  bench.offer({ a2: 1_000 });
  bench.event({ kind: "rescind", offerId: "o1" });
  expect(bench.scale(0)).toMatchObject([
    { kind: "decline", offerIds: ["o2"], reasons: [{ code: "at-scale" }] },
    { kind: "suppress" },
  ]);
  bench.scale(3);
  bench.offer({ a1: 1_000 });
  bench.event({ kind: "disconnected" });
  expect(bench.wake()).toEqual([]);
});

test("instances are spread over the agents on offer, those with fewest first (MA-5)", () => {
  const bench = new Bench({ count: 5 });
  const tasks = launched(bench.offer({ a1: 1_000, a2: 1_000, a3: 100 }));
  expect(tasks.map(({ agentId }) => agentId).sort()).toEqual(["a1", "a1", "a2", "a2", "a3"]);
  bench.scale(7);
  const more = launched(bench.offer({ a1: 1_000, a3: 1_000 }));
  // a1 has two and a3 one: the first goes to a3, then both have two and the earlier offer wins.
  expect(more.map(({ agentId }) => agentId).sort()).toEqual(["a1", "a3"]);
});

test("at scale it suppresses, and an offer that comes all the same is declined with the reason (K-11, A-1)", () => {
  const bench = new Bench();
  const calls = bench.offer({ a1: 1_000 });
  expect(kinds(calls)).toEqual(["accept", "suppress"]);
  const [decline] = bench.offer({ a2: 1_000 });
  expect(decline).toMatchObject({
    kind: "decline",
    reasons: [{ code: "at-scale", detail: "3 of 3 instances are there" }],
  });
  if (decline?.kind === "decline") expect(decline.filters.refuseMs).toBeGreaterThan(100_000);
  expect(kinds(bench.scale(4))).toEqual(["revive"]);
});

test("an offer without room is declined with what is short, one on a full agent with that", () => {
  const bench = new Bench({ maxPerAgent: 1 });
  const calls = bench.offer({ a1: 50, a2: 1_000 });
  expect(calls).toMatchObject([
    {
      kind: "decline",
      reasons: [{ code: "insufficient-cpus", detail: "0.05 short: 0.1 wanted, 0.05 offered" }],
    },
    { kind: "accept" },
  ]);
  expect(launched(calls)).toHaveLength(1);
  expect(bench.offer({ a2: 1_000 })).toMatchObject([
    { kind: "decline", reasons: [{ code: "max-per-agent" }] },
  ]);
});

test("nothing is placed on an agent whose maintenance is near (M-71)", () => {
  const bench = new Bench();
  const unavailability = { startMs: 60_000 };
  expect(bench.offer({ a1: 1_000 }, { unavailability })).toMatchObject([
    { kind: "decline", reasons: [{ code: "maintenance" }] },
  ]);
  const far = { unavailability: { startMs: 3_600_000 } };
  expect(launched(bench.offer({ a1: 1_000 }, far))).toHaveLength(3);
});

test("constraints keep instances off agents", () => {
  const bench = new Bench({ constraints: [{ kind: "hostname-equals", hostname: "host-a2" }] });
  const calls = bench.offer({ a1: 1_000, a2: 1_000 });
  expect(calls[0]).toMatchObject({
    kind: "decline",
    reasons: [{ code: "constraint-hostname-equals" }],
  });
  expect(launched(calls).map(({ agentId }) => agentId)).toEqual(["a2", "a2", "a2"]);
});

test("each instance gets host ports of its own, and the payload is made from them", () => {
  const made: (readonly number[])[] = [];
  const policy = new ServicePolicy({ ...CONFIG, count: 2, ports: 2 }, (ports) => {
    made.push(ports);
    return Uint8Array.from(ports.map((port) => port - 31_000));
  });
  const bench = new Bench({ count: 0 });
  bench.policy = policy;
  const tasks = launched(bench.offer({ a1: 1_000 }));
  expect(made).toEqual([
    [31_000, 31_001],
    [31_002, 31_003],
  ]);
  expect(tasks.map(({ payload }) => Array.from(payload))).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test("scaling down kills the youngest first, and each once (MA-8)", () => {
  const bench = new Bench();
  bench.offer({ a1: 1_000 });
  const [oldest, , youngest] = bench.ids;
  const killed = (calls: readonly PolicyCall[]) =>
    calls.flatMap((call) => (call.kind === "kill" ? [call.taskId] : []));
  expect(killed(bench.scale(2))).toEqual([youngest]);
  expect(killed(bench.scale(1))).toEqual([bench.ids[1]]);
  expect(killed(bench.scale(1))).toEqual([]);
  bench.update(youngest ?? "", "TASK_KILLED");
  expect(bench.ids).toHaveLength(2);
  // One is still on its way out: two are wanted again, but only when it is gone may another start.
  bench.scale(2);
  expect(launched(bench.offer({ a1: 1_000 }))).toEqual([]);
  bench.update(bench.ids[1] ?? "", "TASK_KILLED");
  expect(bench.ids).toEqual([oldest]);
  expect(launched(bench.offer({ a1: 1_000 }))).toHaveLength(1);
});

test("failures wait longer and longer, and a quiet time begins anew (MA-6)", () => {
  const bench = new Bench({ count: 1, backoffMs: 1_000, backoffFactor: 2, backoffMaxMs: 5_000 });
  const waits: number[] = [];
  for (let round = 0; round < 5; round++) {
    expect(launched(bench.offer({ a1: 1_000 }))).toHaveLength(1);
    bench.update(bench.ids[0] ?? "", "TASK_FAILED");
    const [decline] = bench.offer({ a1: 1_000 });
    expect(decline).toMatchObject({ kind: "decline", reasons: [{ code: "backing-off" }] });
    const from = bench.nowMs;
    while (bench.nowMs < from + 1_000 || kinds(bench.last.calls)[0] !== "revive") bench.wake();
    waits.push(bench.nowMs - from);
    bench.nowMs += 10_000; // So that the budget of revives is not what is measured.
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
  bench.offer({ a1: 1_000 });
  bench.nowMs += 100_000;
  bench.update(bench.ids[0] ?? "", "TASK_FAILED");
  expect(bench.last.wakeAtMs).toBe(bench.nowMs + 1_000);
});

test.each<[state: TaskState, more: Partial<TaskStatus>, isCharged: boolean]>([
  ["TASK_FAILED", {}, true],
  ["TASK_FINISHED", {}, true],
  ["TASK_ERROR", {}, true],
  ["TASK_KILLED", {}, false],
  ["TASK_KILLED", { isHealthy: false }, true],
  ["TASK_LOST", {}, false],
  ["TASK_GONE", {}, false],
  ["TASK_DROPPED", { reason: "REASON_INVALID_OFFERS" }, false],
])(
  "an instance that ends as %s %j is replaced; charged with backoff: %s (MA-6, N-16)",
  (state, more, isCharged) => {
    const bench = new Bench({ count: 1 });
    bench.offer({ a1: 1_000 });
    bench.update(bench.ids[0] ?? "", state, more);
    expect(bench.policy.size).toBe(0);
    expect(launched(bench.offer({ a1: 1_000 }))).toHaveLength(isCharged ? 0 : 1);
  },
);

test("an unreachable instance counts until its time is up, is replaced then, and killed if it comes back (N-04)", () => {
  const bench = new Bench({ count: 1, replaceUnreachableAfterMs: 60_000 });
  bench.offer({ a1: 1_000 });
  const [old = ""] = bench.ids;
  bench.update(old, "TASK_RUNNING");
  bench.update(old, "TASK_UNREACHABLE");
  expect(bench.last.wakeAtMs).toBe(60_000);
  expect(launched(bench.offer({ a2: 1_000 }))).toEqual([]);
  bench.wake();
  expect(launched(bench.offer({ a2: 1_000 }))).toHaveLength(1);
  expect(bench.update(old, "TASK_RUNNING")).toMatchObject([{ kind: "kill", taskId: old }]);
});

test("one that comes back in time is kept, and one that comes back before its replacement is adopted", () => {
  const bench = new Bench({ count: 1 });
  bench.offer({ a1: 1_000 });
  const [old = ""] = bench.ids;
  bench.update(old, "TASK_UNREACHABLE");
  bench.update(old, "TASK_RUNNING");
  expect(bench.last.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  bench.update(old, "TASK_UNREACHABLE");
  bench.wake();
  expect(bench.policy.size).toBe(0);
  expect(kinds(bench.update(old, "TASK_RUNNING"))).toEqual(["suppress"]);
  expect(bench.ids).toEqual([old]);
});

test("a task of somebody else under this framework is killed", () => {
  const bench = new Bench();
  expect(bench.update("db-1", "TASK_RUNNING")).toMatchObject([{ kind: "kill", taskId: "db-1" }]);
});

test("what was written down is enough for another process: it tracks, counts and kills alike (N-07, K-6)", () => {
  const bench = new Bench();
  bench.offer({ a1: 1_000 });
  const [, , youngest] = bench.ids;
  bench.scale(2);
  for (const records of [bench.records, bench.policy.records()]) {
    const policy = ServicePolicy.recover(bench.config, () => NO_PAYLOAD, records);
    expect(policy.count).toBe(2);
    expect(Array.from(policy.instances, ({ taskId }) => taskId)).toEqual(bench.ids);
    const answer = policy.apply(
      { monoMs: 0, wallMs: 0 },
      { kind: "subscribed", frameworkId: "f1", isAgain: true },
    );
    expect(answer.track?.map(({ taskId }) => taskId)).toEqual(bench.ids);
    expect(answer.calls).toContainEqual({ kind: "kill", taskId: youngest, agentId: "a1" });
  }
});

/** A cluster by chance: tasks move on, fail, vanish; offers come; the count changes. */
function* chaos(seed: number, bench: Bench): Generator<void> {
  const random = Random.fromSeed(seed);
  const alive = new Map<string, TaskState>();
  const note = (calls: readonly PolicyCall[]): void => {
    for (const { taskId } of launched(calls)) alive.set(taskId, "TASK_STAGING");
  };
  for (let step = 0; step < 120; step++) {
    bench.nowMs += random.below(3_000);
    const [taskId = ""] = alive.size > 0 ? [random.pick(Array.from(alive.keys()))] : [];
    const chance = random.below(10);
    if (chance < 4) note(bench.offer({ [`a${random.below(4)}`]: random.below(500) }));
    else if (chance < 8 && taskId !== "") {
      const state = random.pick<TaskState>([
        "TASK_RUNNING",
        "TASK_RUNNING",
        "TASK_FAILED",
        "TASK_LOST",
        "TASK_KILLED",
      ]);
      if (state !== "TASK_RUNNING") alive.delete(taskId);
      note(bench.update(taskId, state));
    } else if (chance === 8) note(bench.scale(random.below(8)));
    else note(bench.wake());
    yield;
  }
}

test("there are never more instances than asked for, but those being killed", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const bench = new Bench();
      for (const _ of chaos(seed, bench)) {
        const kept = Array.from(bench.policy.instances).filter(({ isKilling }) => !isKilling);
        expect(kept.length).toBeLessThanOrEqual(bench.policy.count);
        if (launched(bench.last.calls).length > 0)
          expect(bench.policy.size).toBeLessThanOrEqual(bench.policy.count);
      }
    }),
    { numRuns: 100 },
  );
});

test("every offer is answered once in the same answer, and every decline has a reason", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const bench = new Bench();
      const event = bench.event.bind(bench);
      bench.event = (what) => {
        const calls = event(what);
        if (what.kind !== "offers") return calls;
        const answered = calls.flatMap((call) =>
          call.kind === "accept" || call.kind === "decline" ? call.offerIds : [],
        );
        expect(answered).toEqual(what.offers.map(({ offerId }) => offerId));
        for (const call of calls)
          if (call.kind === "decline") expect(call.reasons?.length).toBeGreaterThan(0);
        return calls;
      };
      for (const _ of chaos(seed, bench));
    }),
    { numRuns: 50 },
  );
});

test("a policy restored at any point goes on with the same answers, and so does one recovered", () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(119), fc.constantFrom(0, 5_000), (seed, at, gatherMs) => {
      const bench = new Bench({ gatherMs });
      let step = 0;
      for (const _ of chaos(seed, bench)) {
        if (step++ !== at) continue;
        const twin = ServicePolicy.restore(bench.config, () => NO_PAYLOAD, bench.policy.snapshot());
        const event = bench.event.bind(bench);
        bench.event = (what) => {
          const now = { monoMs: bench.nowMs, wallMs: bench.nowMs };
          const calls = event(what);
          expect(twin.apply(now, what)).toEqual(bench.last);
          return calls;
        };
      }
      const recovered = ServicePolicy.recover(bench.config, () => NO_PAYLOAD, bench.records);
      expect(recovered.count).toBe(bench.policy.count);
      expect(Array.from(recovered.instances, ({ taskId }) => taskId)).toEqual(bench.ids);
    }),
    { numRuns: 100 },
  );
});
