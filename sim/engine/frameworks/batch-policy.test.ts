import { Random } from "@bourse/model/random";
import type { TaskState } from "@bourse/model/task-state";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BatchSpec } from "../scenario/scenario.ts";
import { BatchPolicy } from "./batch-policy.ts";
import type { LoadMeter } from "./load-meter.ts";
import {
  batch,
  kindsOf,
  launched,
  launchText,
  offer,
  placedBy,
  row,
  Told,
} from "./testing/offers.ts";

function policyOf(spec: BatchSpec, meter: LoadMeter | null = null): BatchPolicy {
  return new BatchPolicy({ spec, role: "r", random: Random.fromSeed("1"), meter });
}

function told(spec: BatchSpec, meter: LoadMeter | null = null): Told & { policy: BatchPolicy } {
  const driver = new Told(policyOf(spec, meter));
  driver.subscribe();
  return driver as Told & { policy: BatchPolicy };
}

describe("arrivals", () => {
  test("it suppresses while nothing waits and revives for what arrives (K-11)", () => {
    const driver = new Told(policyOf(batch([row({ cpus: 1 }, { atMs: 500 })])));
    expect(kindsOf(driver.subscribe())).toBe("suppress");
    const answer = driver.at(500);
    expect(kindsOf(answer.calls)).toBe("revive");
    expect(kindsOf(driver.offer(offer("a", { cpus: 1 })))).toBe("accept suppress");
  });

  test("it asks for as many offers as it can fill, and for all when they were too small (A-6)", () => {
    const rows = [row({ cpus: 1 }, { atMs: 500, count: 5 }), row({ cpus: 1 }, { atMs: 600 })];
    const driver = told(batch(rows, { tasksPerOfferMax: 2 }));
    expect(driver.at(500).calls).toEqual([{ kind: "revive", roles: [], offersMax: 3 }]);
    const small = ["a", "b", "c"].map((name) => offer(name, { cpus: 1 }));
    expect(driver.offer(...small).at(-1)).toEqual({ kind: "revive", roles: [], offersMax: 1 });
    expect(driver.offer(offer("d", { cpus: 0.5 })).at(-1)).toEqual({ kind: "revive", roles: [] });
    expect(kindsOf(driver.at(600).calls)).toBe("");
    expect(kindsOf(driver.offer(offer("e", { cpus: 2 })))).toBe("accept");
    expect(kindsOf(driver.offer(offer("f", { cpus: 9 })))).toBe("accept suppress");
  });

  test("one that looks for the best place asks for all offers", () => {
    const placement = { rule: "best-fit", constraints: [] } as const;
    const driver = told(batch([row({ cpus: 1 }, { atMs: 500 })], { placement }));
    expect(driver.at(500).calls).toEqual([{ kind: "revive", roles: [] }]);
  });

  test("it says when the next row arrives, and never again after the last", () => {
    const rows = [row({ cpus: 1 }, { atMs: 500 }), row({ cpus: 1 }, { atMs: 900 })];
    const driver = told(batch(rows));
    expect(driver.at(500).wakeAtMs).toBe(900);
    expect(driver.at(900).wakeAtMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("in a closed loop the next row arrives after the pause that follows the end of the one before", () => {
    const rows = [row({ cpus: 1 }, { atMs: 100, count: 2 }), row({ cpus: 1 }, { atMs: 30 })];
    const driver = told(batch(rows, { isClosedLoop: true }));
    driver.at(100);
    expect(launchText(driver.offer(offer("a", { cpus: 9 })))).toBe("t0@a t1@a");
    driver.nowMs = 1_000;
    driver.update("t0", "TASK_FINISHED");
    expect(driver.tell({ kind: "wake" }).wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    driver.nowMs = 2_000;
    driver.update("t1", "TASK_FINISHED");
    expect(driver.tell({ kind: "wake" }).wakeAtMs).toBe(2_030);
    driver.at(2_030);
    expect(launchText(driver.offer(offer("a", { cpus: 9 })))).toBe("t2@a");
  });
});

describe("filling offers", () => {
  test("the earliest arrival goes first, and nothing more than fits", () => {
    const driver = told(batch([row({ cpus: 1, mem: 10 }, { count: 5 })]));
    expect(launchText(driver.offer(offer("a", { cpus: 9, mem: 20 })))).toBe("t0@a t1@a");
    expect(launchText(driver.offer(offer("b", { cpus: 2.5, mem: 99 })))).toBe("t2@b t3@b");
  });

  test("a size that does not fit is passed over for that offer and keeps its place", () => {
    const driver = told(
      batch([row({ cpus: 4 }), row({ cpus: 1 }, { count: 2 }), row({ cpus: 4 })]),
    );
    expect(launchText(driver.offer(offer("a", { cpus: 2 })))).toBe("t1@a t2@a");
    expect(launchText(driver.offer(offer("b", { cpus: 4 })))).toBe("t0@b");
    expect(launchText(driver.offer(offer("c", { cpus: 4 })))).toBe("t3@c");
  });

  test("no more than so many tasks of one offer", () => {
    const driver = told(batch([row({ cpus: 1 }, { count: 5 })], { tasksPerOfferMax: 2 }));
    expect(launchText(driver.offer(offer("a", { cpus: 9 })))).toBe("t0@a t1@a");
  });

  test("what is of no use is declined for the default time in one call, and at once when nothing waits", () => {
    const driver = told(batch([row({ cpus: 4 })]));
    const calls = driver.offer(offer("a", { cpus: 1 }), offer("b", { cpus: 1 }));
    expect(calls[0]).toMatchObject({ kind: "decline", filters: {} });
    expect(calls[0]).toHaveProperty("offerIds.length", 2);
    driver.offer(offer("c", { cpus: 4 }));
    expect(driver.offer(offer("d", { cpus: 4 }))).toMatchObject([
      { kind: "decline", filters: { refuseMs: 0 } },
    ]);
  });

  test("work that would have fitted what was just refused asks again, other work does not (K-11)", () => {
    const rows = [
      row({ cpus: 8 }),
      row({ cpus: 3 }, { atMs: 1_000 }),
      row({ cpus: 1 }, { atMs: 2_000 }),
      row({ cpus: 2 }, { atMs: 9_000 }),
    ];
    const driver = told(batch(rows));
    expect(kindsOf(driver.offer(offer("a", { cpus: 2 })))).toBe("decline revive");
    expect(kindsOf(driver.offer(offer("b", { cpus: 2 })))).toBe("decline");
    expect(kindsOf(driver.at(1_000).calls)).toBe("");
    expect(kindsOf(driver.at(2_000).calls)).toBe("revive");
    expect(launchText(driver.offer(offer("a", { cpus: 2.5 })))).toBe("t2@a");
    driver.offer(offer("b", { cpus: 2.5 }));
    expect(kindsOf(driver.at(9_000).calls)).toBe(""); // The filters have run out by themselves.
  });

  test("reserved resources are used first, and named as they are", () => {
    const driver = told(batch([row({ cpus: 2 })]));
    const plain = offer("a", { cpus: 1 });
    const held = { type: "static", role: "r" } as const;
    const mine = plain.resources.map((resource) => ({ ...resource, reservations: [held] }));
    const both = { ...plain, resources: [...plain.resources, ...mine] };
    const [task] = launched(driver.offer(both));
    expect(task?.resources).toHaveLength(2);
    expect(task?.resources).toContainEqual(mine[0]);
  });

  test("only agents that satisfy the constraints", () => {
    const constraints = [{ attribute: "rack", oneOf: ["r1", "r2"] }];
    const driver = told(batch([row({ cpus: 1 })], { placement: { rule: "first", constraints } }));
    const none = offer("a", { cpus: 9 });
    const wrong = offer("b", { cpus: 9 }, { attributes: { rack: "r3" } });
    const right = offer("c", { cpus: 9 }, { attributes: { rack: "r2" } });
    expect(launchText(driver.offer(none, wrong, right))).toBe("t0@c");
  });
});

describe("gpus", () => {
  const shared = { cpus: 8, gpu0: 1, gpu1: 0.5 };

  test("a part of a GPU goes to the fullest device with room", () => {
    const driver = told(batch([row({ cpus: 1 }, { gpuMilli: 400, count: 2 })]));
    const tasks = launched(driver.offer(offer("a", shared)));
    expect(tasks.map(({ resources }) => resources.map(({ name }) => name))).toEqual([
      ["cpus", "gpu1"],
      ["cpus", "gpu0"],
    ]);
  });

  test("whole GPUs are devices of which nobody has anything", () => {
    const driver = told(batch([row({ cpus: 1, gpus: 1 }, { count: 2 })]));
    const tasks = launched(driver.offer(offer("a", shared)));
    expect(tasks).toHaveLength(1);
    expect(tasks[0]?.resources).toContainEqual({
      name: "gpu0",
      value: { type: "scalar", milli: 1_000 },
    });
  });

  test("an agent that does not share its GPUs has them as one scalar", () => {
    const driver = told(batch([row({ cpus: 1, gpus: 2 }), row({ cpus: 1 }, { gpuMilli: 100 })]));
    const tasks = launched(driver.offer(offer("a", { cpus: 8, gpus: 3 })));
    expect(tasks.map(({ taskId }) => taskId)).toEqual(["t0"]);
    expect(tasks[0]?.resources).toContainEqual({
      name: "gpus",
      value: { type: "scalar", milli: 2_000 },
    });
  });

  test("only the models that will do", () => {
    const driver = told(batch([row({ cpus: 1 }, { gpuMilli: 100, gpuModels: ["T4", "A10"] })]));
    const other = offer("a", shared, { attributes: { gpu_model: "V100M16" } });
    const right = offer("b", shared, { attributes: { gpu_model: "A10" } });
    expect(launchText(driver.offer(other, right))).toBe("t0@b");
  });
});

describe("attempts", () => {
  test("a task that fails is tried again under a new id, ahead of later arrivals", () => {
    const driver = told(batch([row({ cpus: 1 }, { count: 3 })]));
    driver.offer(offer("a", { cpus: 2 }));
    driver.update("t0", "TASK_RUNNING");
    driver.update("t0", "TASK_FAILED");
    driver.at(1_000);
    expect(launchText(driver.offer(offer("b", { cpus: 9 })))).toBe("t0.1@b t2@b");
  });

  test("an old attempt that comes back is killed", () => {
    const driver = told(batch([row({ cpus: 1 })]));
    driver.offer(offer("a", { cpus: 2 }));
    driver.update("t0", "TASK_LOST");
    expect(driver.update("t0", "TASK_RUNNING")).toContainEqual({
      kind: "kill",
      taskId: "t0",
      agentId: "a",
    });
  });

  test("after the last attempt a task is given up, and nothing is lacking any more", () => {
    const driver = told(batch([row({ cpus: 1 })], { attemptsMax: 2 }));
    driver.offer(offer("a", { cpus: 2 }));
    driver.update("t0", "TASK_FAILED");
    expect(driver.policy.lacks()).not.toBeNull();
    driver.at(1_000);
    driver.offer(offer("a", { cpus: 2 }));
    driver.update("t0.1", "TASK_FAILED");
    expect(driver.policy.failedCount).toBe(1);
    expect(driver.policy.lacks()).toBeNull();
  });

  test("about as many attempts fail as asked for, the same ones whenever one asks", () => {
    const spec = batch([row({ cpus: 1 }, { count: 1_000, runMs: 5_000 })], { failures: 0.2 });
    const plans = Array.from({ length: 1_000 }, (_, index) => policyOf(spec).planOf(`t${index}`));
    const failed = plans.filter(({ exitCode }) => exitCode !== 0);
    expect(failed.length).toBeGreaterThan(150);
    expect(failed.length).toBeLessThan(250);
    expect(failed.every(({ runMs }) => runMs < 5_000)).toBe(true);
    expect(policyOf(spec).planOf("t17")).toEqual(plans[17]);
  });
});

describe("a task out of reach", () => {
  const spec = batch([row({ cpus: 1 }, { count: 2 })], { replaceUnreachableAfterMs: 5_000 });

  function outOfReach(more: Partial<BatchSpec> = {}): Told & { policy: BatchPolicy } {
    const driver = told({ ...spec, ...more });
    driver.offer(offer("a", { cpus: 2 }));
    for (const taskId of ["t0", "t1"]) driver.update(taskId, "TASK_RUNNING");
    driver.nowMs = 2_000;
    for (const taskId of ["t0", "t1"]) driver.update(taskId, "TASK_UNREACHABLE");
    return driver;
  }

  test("is waited for, then given up and tried again under a new id (MA-7, N-04)", () => {
    const driver = outOfReach();
    expect(driver.at(6_999).wakeAtMs).toBe(7_000);
    expect(driver.policy.runningCount).toBe(2);
    expect(driver.at(7_000).wakeAtMs).toBe(8_000);
    expect(driver.policy.runningCount).toBe(0);
    expect(kindsOf(driver.at(8_000).calls)).toBe("revive");
    expect(launchText(driver.offer(offer("b", { cpus: 2 })))).toBe("t0.1@b t1.1@b");
  });

  test("is killed when it comes back after that", () => {
    const driver = outOfReach();
    driver.at(7_000);
    const kill = { kind: "kill", taskId: "t0", agentId: "a" };
    expect(driver.update("t0", "TASK_RUNNING")).toContainEqual(kill);
    driver.at(8_000);
    driver.offer(offer("b", { cpus: 2 }));
    driver.update("t0.1", "TASK_RUNNING");
    expect(driver.update("t0", "TASK_RUNNING")).toEqual([kill]);
    expect(driver.policy.runningCount).toBe(1);
  });

  test("goes on as if nothing had happened when it comes back before", () => {
    const driver = outOfReach();
    driver.nowMs = 6_999;
    expect(driver.update("t0", "TASK_RUNNING")).toEqual([]);
    expect(driver.update("t1", "TASK_FINISHED")).toEqual([]);
    expect(driver.at(7_000).wakeAtMs).toBe(Number.POSITIVE_INFINITY);
    expect(driver.at(60_000).calls).toEqual([]);
    expect(driver.policy.lacks()).toBeNull();
    expect(driver.policy.runningCount).toBe(1);
  });

  test("is counted from when that was first said, and anew after it was in reach", () => {
    const driver = outOfReach();
    driver.nowMs = 3_000;
    driver.update("t0", "TASK_UNREACHABLE"); // What an answer to reconciliation says again.
    driver.update("t1", "TASK_RUNNING");
    driver.nowMs = 4_000;
    driver.update("t1", "TASK_UNREACHABLE");
    driver.at(7_000);
    expect(driver.policy.runningCount).toBe(1);
    driver.at(8_999);
    expect(driver.policy.runningCount).toBe(1);
    driver.at(9_000);
    expect(driver.policy.runningCount).toBe(0);
  });

  test("that never ran is given up as well", () => {
    const driver = told(spec);
    driver.offer(offer("a", { cpus: 1 }));
    driver.update("t0", "TASK_UNREACHABLE");
    driver.offer(offer("b", { cpus: 1 }));
    driver.at(5_000);
    driver.at(6_000);
    expect(launchText(driver.offer(offer("b", { cpus: 1 })))).toBe("t0.1@b");
  });

  test("counts as an attempt, as one that is lost does", () => {
    const driver = outOfReach({ attemptsMax: 1 });
    driver.at(7_000);
    expect(driver.policy.failedCount).toBe(2);
    expect(driver.policy.lacks()).toBeNull();
  });

  test("is given up by the next life of its framework at the same time (K-6)", () => {
    const driver = outOfReach();
    const options = { spec, role: "r", random: Random.fromSeed("1"), meter: null };
    const next = new Told(BatchPolicy.restore(options, driver.policy.snapshot()));
    next.nowMs = 6_000;
    next.subscribe();
    expect(next.at(6_999).wakeAtMs).toBe(7_000);
    next.at(7_000);
    next.at(8_000);
    expect(launchText(next.offer(offer("b", { cpus: 2 })))).toBe("t0.1@b t1.1@b");
  });
});

test("the meter hears of each step of a task, counted from its intended arrival (DESIGN section 5)", () => {
  const heard: unknown[] = [];
  const meter: LoadMeter = {
    arrived: (...told) => heard.push(["arrived", ...told]),
    launched: (...told) => heard.push(["launched", ...told]),
    staged: (...told) => heard.push(["staged", ...told]),
    running: (...told) => heard.push(["running", ...told]),
    ended: (...told) => heard.push(["ended", ...told]),
  };
  const driver = told(batch([row({ cpus: 1 }, { atMs: 100 })]), meter);
  driver.at(120);
  driver.nowMs = 200;
  driver.offer(offer("a", { cpus: 1 }));
  driver.nowMs = 210;
  driver.update("t0", "TASK_STARTING");
  driver.nowMs = 230;
  driver.update("t0", "TASK_RUNNING");
  driver.update("t0", "TASK_RUNNING");
  driver.update("t0", "TASK_FINISHED");
  expect(heard).toEqual([
    ["arrived", "r", 1],
    ["launched", "r", 100, 200, 200, false],
    ["staged", 200, 210],
    ["running", 100, 210, 230],
    ["ended", true, false],
  ]);
});

describe("lives", () => {
  test("a new life asks about the tasks of the one before (K-6)", () => {
    const spec = batch([row({ cpus: 1 }, { count: 3 })]);
    const driver = told(spec);
    driver.offer(offer("a", { cpus: 2 }));
    driver.update("t0", "TASK_FINISHED");
    const options = { spec, role: "r", random: Random.fromSeed("1"), meter: null };
    const next = new Told(BatchPolicy.restore(options, driver.policy.snapshot()));
    const answer = next.tell({ kind: "subscribed", frameworkId: "f1", isAgain: true });
    expect(answer.track).toEqual([{ taskId: "t1" }]);
    expect(launchText(next.offer(offer("a", { cpus: 9 })))).toBe("t2@a");
  });

  test("a policy that is restored from its snapshot goes on as if nothing had happened", () => {
    fc.assert(
      fc.property(anyStory(), ({ spec, steps, cutAt }) => {
        const whole = told(spec);
        const cut = told(spec);
        const options = { spec, role: "r", random: Random.fromSeed("1"), meter: null };
        steps.forEach((step, place) => {
          if (place === cutAt) cut.policy = BatchPolicy.restore(options, cut.policy.snapshot());
          expect(step(cut)).toEqual(step(whole));
        });
      }),
      { numRuns: 150 },
    );
  });
});

const ENDS: readonly TaskState[] = ["TASK_FINISHED", "TASK_FAILED", "TASK_UNREACHABLE"];
const PATIENCE = { replaceUnreachableAfterMs: 500 };

/** A load, things that happen to it, and where its policy is replaced. */
function anyStory() {
  const rules = ["first", "random", "spread", "best-fit", "gpu-clustering"] as const;
  const anyRow = fc.record({
    cpus: fc.integer({ min: 1, max: 4 }),
    count: fc.integer({ min: 1, max: 9 }),
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("offer" as const), cpus: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ kind: fc.constant("wake" as const), cpus: fc.integer({ min: 1, max: 900 }) }),
    fc.record({ kind: fc.constant("end" as const), cpus: fc.integer({ min: 0, max: 9 }) }),
  );
  return fc
    .record({
      rule: fc.constantFrom(...rules),
      rows: fc.array(anyRow, { minLength: 1, maxLength: 5 }),
      raw: fc.array(step, { minLength: 10, maxLength: 40 }),
      cutAt: fc.integer({ min: 2, max: 9 }),
      isClosedLoop: fc.boolean(),
    })
    .map(({ rule, rows, raw, cutAt, isClosedLoop }) => ({
      cutAt,
      spec: batch(
        rows.map(({ cpus, count }, place) => row({ cpus }, { count, atMs: place * 300 })),
        {
          placement: placedBy(rule),
          isClosedLoop,
          tasksPerOfferMax: 3,
          attemptsMax: 3,
          ...PATIENCE,
        },
      ),
      steps: raw.map(({ kind, cpus }, place) => (driver: Told) => {
        if (kind === "wake") return driver.at(driver.nowMs + cpus);
        if (kind === "end") {
          const state = ENDS[cpus % ENDS.length] as TaskState;
          return driver.update(`t${cpus}`, state, `a${cpus}`);
        }
        const offers = [1, 2, 3].map((n) => ({
          ...offer(`a${n}`, { cpus: cpus / n }),
          offerId: `o${place}.${n}`,
        }));
        return driver.offer(...offers);
      }),
    }));
}

test("tasks of one row cost a few bytes each, whatever their number", () => {
  const driver = told(batch([row({ cpus: 1 }, { count: 2_000_000 })], { tasksPerOfferMax: 10 }));
  for (let agent = 0; agent < 1_000; agent++) {
    expect(launched(driver.offer(offer(`a${agent}`, { cpus: 20 })))).toHaveLength(10);
  }
  expect(driver.policy.waitingCount).toBe(1_990_000);
});
