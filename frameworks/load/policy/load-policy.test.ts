import type { Offer } from "@bourse/model/offer";
import { parseResources } from "@bourse/model/resources-text";
import { NO_PAYLOAD, type TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import { expect, test } from "vitest";
import { type LoadInput, type LoadOutput, LoadPolicy } from "./load-policy.ts";

const OPTIONS = { prefix: "l", resources: parseResources("cpus:1;mem:32", "task"), seed: "1" };
const SUBSCRIBED = { kind: "subscribed", frameworkId: "f1", isAgain: false } as const;

/** A policy, and what it said last. */
class Bench {
  readonly policy = new LoadPolicy(OPTIONS);
  calls: readonly PolicyCall[] = [];
  outputs: readonly LoadOutput[] = [];
  wakeAtMs: number | undefined;
  #offers = 0;

  tell(event: PolicyEvent<LoadInput>, monoMs = 0): this {
    const said: PolicyCalls<LoadOutput> = this.policy.apply({ monoMs, wallMs: monoMs }, event);
    this.calls = said.calls;
    this.outputs = said.outputs ?? [];
    this.wakeAtMs = said.wakeAtMs;
    return this;
  }

  submit(count: number): this {
    return this.tell({ kind: "input", input: { kind: "submit", count, payload: NO_PAYLOAD } });
  }

  /** Offers of so many cpus each. */
  offer(...cpus: readonly number[]): this {
    const offers = cpus.map((count): Offer => {
      const offerId = `O${this.#offers++}`;
      const resources = parseResources(`cpus:${count};mem:${count * 32}`, "offer");
      const agent = { agentId: `a${offerId}`, hostname: "h", port: 1, attributes: [] };
      return { offerId, frameworkId: "f1", role: "*", resources, ...agent };
    });
    return this.tell({ kind: "offers", offers });
  }

  update(taskId: string, state: TaskState): this {
    const status: TaskStatus = { taskId, state, source: "SOURCE_EXECUTOR", timestampMs: 0 };
    return this.tell({ kind: "update", status });
  }

  get kinds(): readonly string[] {
    return this.calls.map((call) =>
      call.kind === "revive" ? `revive ${call.offersMax}` : call.kind,
    );
  }
}

test("one submission asks for one offer, and uses it (K-11)", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(1);
  expect(bench.kinds).toEqual(["revive 1"]);
  bench.offer(4);
  expect(bench.kinds).toEqual(["accept"]);
  expect(bench.outputs).toEqual([{ task: 0, stage: "accepted" }]);
});

test("a submission while offers are under way asks for as many as wait", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(1).submit(2);
  expect(bench.kinds).toEqual(["revive 3"]);
});

test("what was asked for and is not needed any more is called off, and an offer without work refused", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(3).offer(4);
  expect(bench.kinds).toEqual(["accept", "suppress"]);
  expect(bench.offer(4).kinds).toEqual(["decline"]);
});

test("before it is subscribed nothing is asked for, and all of it then", () => {
  const bench = new Bench().submit(2);
  expect(bench.kinds).toEqual([]);
  expect(bench.tell(SUBSCRIBED).kinds).toEqual(["revive 2"]);
  expect(bench.tell({ kind: "disconnected" }).kinds).toEqual([]);
  expect(bench.tell(SUBSCRIBED).kinds).toEqual(["revive 2"]);
});

test("an idle framework that subscribes again wants no offers, although a session begins without a bound", () => {
  const bench = new Bench().tell(SUBSCRIBED);
  expect(bench.kinds).toEqual(["suppress"]);
});

test("an offer that is too small is refused, and others are asked for a second later", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(1).offer(0.5);
  expect(bench.kinds).toEqual(["decline"]);
  expect(bench.wakeAtMs).toBe(1_000);
  expect(bench.tell({ kind: "wake" }, 999).kinds).toEqual([]);
  expect(bench.tell({ kind: "wake" }, 1_000).kinds).toEqual(["revive 1"]);
});

test("a large load asks for no more offers at a time than a master takes answers for", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(100_000);
  expect(bench.kinds).toEqual(["revive 64"]);
  bench.offer(...Array.from({ length: 64 }, () => 200));
  const launched = bench.outputs.filter(({ stage }) => stage === "accepted").length;
  expect(launched).toBe(8_000);
  expect(bench.kinds.at(-1)).toBe("revive 64");
});

test("each stage is told once, in order", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(1).offer(1);
  const stages = ["TASK_STARTING", "TASK_STARTING", "TASK_RUNNING", "TASK_RUNNING", "TASK_FINISHED"]
    .flatMap((state) => bench.update("l-0", state as TaskState).outputs)
    .map(({ stage }) => stage);
  expect(stages).toEqual(["staged", "running", "ended"]);
  expect(bench.policy.runningCount).toBe(0);
});

test("a lost task waits again under another id, and its old attempt counts no more", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(1).offer(1).update("l-0", "TASK_RUNNING");
  bench.update("l-0", "TASK_LOST");
  expect(bench.outputs).toEqual([{ task: 0, stage: "lost" }]);
  expect(bench.kinds).toEqual(["revive 1"]);
  bench.offer(1);
  const [accept] = bench.calls;
  expect(accept).toMatchObject({ operations: [{ tasks: [{ taskId: "l-0-1" }] }] });
  expect(bench.update("l-0", "TASK_RUNNING").outputs).toEqual([]);
  expect(bench.update("l-0-1", "TASK_RUNNING").outputs).toHaveLength(2);
});

test("kills are of different tasks that run, and of no more than there are", () => {
  const bench = new Bench().tell(SUBSCRIBED).submit(5).offer(5);
  for (let task = 0; task < 5; task++) bench.update(`l-${task}`, "TASK_RUNNING");
  const killed = (count: number): readonly string[] =>
    bench
      .tell({ kind: "input", input: { kind: "kill", count } })
      .calls.map((call) => (call.kind === "kill" ? call.taskId : ""));
  expect(new Set(killed(3)).size).toBe(3);
  expect(killed(9)).toHaveLength(5);
  bench.update("l-2", "TASK_KILLED");
  expect(bench.outputs).toEqual([{ task: 2, stage: "ended" }]);
  expect(killed(9)).toHaveLength(4);
});
