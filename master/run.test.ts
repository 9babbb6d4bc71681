import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import type { Now } from "@bourse/model/now";
import type { RegistryRecord } from "@bourse/model/registry";
import { expect, test } from "vitest";
import { SystemClock } from "./clock.ts";
import { EffectQueue } from "./effect-queue.ts";
import { Inbox } from "./inbox.ts";
import { MasterLoop } from "./run.ts";

/** A core that persists and sends what the input's cause says, and can count. */
class ScriptedCore {
  readonly applied: string[] = [];
  wakeAtMs = Number.POSITIVE_INFINITY;

  apply(_now: Now, input: ClusterInput): Effects {
    const name = "cause" in input ? input.cause : input.kind;
    this.applied.push(name);
    if (name === "bug") throw new Error("a bug");
    return {
      persist: name.startsWith("put") ? [record(name)] : [],
      send: "cause" in input ? [{ to: "close", session: Number(name.slice(-1)) }] : [],
      wakeAtMs: this.wakeAtMs,
    };
  }

  query() {
    return {
      kind: "refused",
      refusal: { code: "not_found", message: `${this.applied.length} applied` },
    } as const;
  }
}

class SlowStore {
  readonly appends: string[][] = [];
  #finish: (() => void)[] = [];
  #fail: ((error: Error) => void)[] = [];

  append(records: readonly RegistryRecord[]): Promise<void> {
    this.appends.push(records.map(({ key }) => key));
    return new Promise((resolve, reject) => {
      this.#finish.push(resolve);
      this.#fail.push(reject);
    });
  }

  async finish(): Promise<void> {
    this.#finish.shift()?.();
    this.#fail.shift();
    await turn();
  }

  async fail(): Promise<void> {
    this.#fail.shift()?.(new Error("disk gone"));
    await turn();
  }
}

function rig(storeTimeoutMs = 1_000) {
  const core = new ScriptedCore();
  const store = new SlowStore();
  const seen: string[] = [];
  const fatal: string[] = [];
  const recorded: string[] = [];
  const onFatal = (error: Error): void => void fatal.push(error.message);
  const effects = new EffectQueue(
    {
      registry: store,
      deliver: (sending) => seen.push(`send ${sending.to === "close" ? sending.session : ""}`),
      flush: () => {},
      onFatal,
    },
    storeTimeoutMs,
  );
  const inbox = new Inbox(() => loop.onReady());
  const loop = new MasterLoop(core, {
    clock: new SystemClock(),
    inbox,
    effects,
    recorder: {
      recordInput: (_now, input) => recorded.push("cause" in input ? input.cause : input.kind),
      recordEffects: () => recorded.push("effects"),
      endTurn: () => {},
    },
    onFatal,
  });
  return { core, store, seen, fatal, recorded, inbox, loop };
}

function closed(cause: string): { kind: "input"; input: ClusterInput } {
  return { kind: "input", input: { principal: null, kind: "agent-closed", session: 1, cause } };
}

function record(key: string): RegistryRecord {
  return { op: "delete", key };
}

/** Long enough for a turn of the loop. */
async function turn(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise(setImmediate);
}

test("a batch ends with its own input once nothing waits, and only if something was applied", async () => {
  const { core, inbox, loop } = rig();
  loop.start();
  const source = inbox.open();
  source.push(closed("a1"));
  source.push(closed("a2"));
  await turn();
  source.push({ kind: "query", query: { kind: "master" }, answer: () => {} });
  await turn();
  expect(core.applied).toEqual(["wake", "batch-end", "a1", "a2", "batch-end"]);
});

test("nothing behind an unwritten record is sent, and all records that wait are one append", async () => {
  const { store, seen, inbox, loop } = rig();
  loop.start();
  const source = inbox.open();
  for (const cause of ["free 1", "put 2"]) source.push(closed(cause));
  await turn();
  for (const cause of ["put 3", "free 4", "put 5"]) source.push(closed(cause));
  await turn();
  expect(seen).toEqual(["send 1"]);
  expect(store.appends).toEqual([["put 2"]]);
  await store.finish();
  expect(seen).toEqual(["send 1", "send 2"]);
  expect(store.appends).toEqual([["put 2"], ["put 3", "put 5"]]);
  await store.finish();
  expect(seen).toEqual(["send 1", "send 2", "send 3", "send 4", "send 5"]);
});

test("a query is answered from the state before it, and only when that state is durable (N-20)", async () => {
  const { store, seen, inbox, loop } = rig();
  loop.start();
  const operator = inbox.open();
  operator.push(closed("put 1"));
  operator.push({
    kind: "query",
    query: { kind: "master" },
    answer: (view) => seen.push(view.kind === "refused" ? view.refusal.message : view.kind),
  });
  operator.push(closed("free 2"));
  await turn();
  expect(seen).toEqual([]);
  await store.finish();
  expect(seen).toEqual(["send 1", "3 applied", "send 2"]);
});

test("a failed append ends the process and nothing behind it is ever sent", async () => {
  const { store, seen, fatal, inbox, loop } = rig();
  loop.start();
  inbox.open().push(closed("put 1"));
  await turn();
  await store.fail();
  inbox.open().push(closed("free 2"));
  await turn();
  await loop.stop();
  expect(fatal).toEqual(["disk gone"]);
  expect(seen).toEqual([]);
});

test("a store that does not answer in time counts as failed (M-4)", async () => {
  const { fatal, inbox, loop } = rig(20);
  loop.start();
  inbox.open().push(closed("put 1"));
  await new Promise((resolve) => setTimeout(resolve, 40));
  expect(fatal).toEqual(["write to the registry: no answer within 0.02 s; check its disk"]);
});

test("a bug in the core ends the process; the input that met it is recorded, nothing after it applied", async () => {
  const { core, fatal, recorded, inbox, loop } = rig();
  loop.start();
  const source = inbox.open();
  source.push(closed("bug"));
  source.push(closed("free 2"));
  await turn();
  expect(fatal).toEqual(["a bug"]);
  expect(core.applied.at(-1)).toBe("bug");
  expect(recorded.at(-1)).toBe("bug");
});

test("the core is woken at the time it asked for, not before", async () => {
  const { core, inbox, loop } = rig();
  core.wakeAtMs = Math.floor(performance.now()) + 15;
  const dueMs = core.wakeAtMs;
  loop.start();
  inbox.open().push(closed("free 1"));
  await turn();
  expect(core.applied.filter((name) => name === "wake")).toHaveLength(1);
  while (core.applied.filter((name) => name === "wake").length < 2) {
    core.wakeAtMs = Number.POSITIVE_INFINITY;
    await turn();
  }
  expect(performance.now()).toBeGreaterThanOrEqual(dueMs);
});

test("stop applies and delivers what waits, then nothing more", async () => {
  const { core, store, seen, inbox, loop } = rig();
  loop.start();
  const source = inbox.open();
  source.push(closed("put 1"));
  const stopped = loop.stop();
  await turn();
  await store.finish();
  await stopped;
  expect(seen).toEqual(["send 1"]);
  source.push(closed("free 2"));
  await turn();
  expect(core.applied).not.toContain("free 2");
});
