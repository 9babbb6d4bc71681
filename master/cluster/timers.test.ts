import fc from "fast-check";
import { expect, test } from "vitest";
import { type Timer, Timers } from "./timers.ts";

test("timers fire in the order of their time, ties in the order in which they were set", () => {
  const timers = new Timers();
  timers.set("ping-agent", "a2", 10);
  timers.set("ping-agent", "a1", 10);
  timers.set("heartbeat-framework", "f1", 5);
  expect(timers.nextMs()).toBe(5);
  expect(fired(timers, 10)).toEqual(["f1", "a2", "a1"]);
  expect(timers.nextMs()).toBe(Number.POSITIVE_INFINITY);
});

test("nothing fires before its time", () => {
  const timers = new Timers();
  timers.set("ping-agent", "a1", 10);
  expect(timers.pop(9)).toBeNull();
  expect(timers.pop(10)).toMatchObject({ kind: "ping-agent", id: "a1" });
});

test("setting a timer again replaces it, and cancelling forgets it", () => {
  const timers = new Timers();
  timers.set("ping-agent", "a1", 10);
  timers.set("ping-agent", "a1", 20);
  timers.set("ping-agent", "a2", 10);
  timers.cancel("ping-agent", "a2");
  expect(timers.nextMs()).toBe(20);
  expect(timers.dueOf("ping-agent", "a2")).toBeUndefined();
  expect(fired(timers, 15)).toEqual([]);
  expect(fired(timers, 20)).toEqual(["a1"]);
});

test("timers of two kinds with one id are two timers", () => {
  const timers = new Timers();
  timers.set("ping-agent", "a1", 10);
  timers.set("forget-agent", "a1", 20);
  timers.cancel("ping-agent", "a1");
  expect(timers.nextMs()).toBe(20);
});

test("whatever is set, replaced and cancelled, a sorted list fires the same, also after a restore", () => {
  const anyMove = fc.record({
    id: fc.constantFrom("a1", "a2", "a3", "a4", "a5"),
    dueMs: fc.nat({ max: 20 }),
    isCancelled: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 300 }), (moves) => {
      const timers = new Timers();
      let list: { id: string; dueMs: number }[] = [];
      for (const { id, dueMs, isCancelled } of moves) {
        list = list.filter((timer) => timer.id !== id);
        if (isCancelled) timers.cancel("ping-agent", id);
        else {
          timers.set("ping-agent", id, dueMs);
          list.push({ id, dueMs });
        }
      }
      const restored = Timers.restore(timers.snapshot());
      expect(restored.snapshot()).toEqual(timers.snapshot());
      // Stable: what was set later comes later.
      const expected = list.sort((a, b) => a.dueMs - b.dueMs).map(({ id }) => id);
      expect(fired(timers, 20)).toEqual(expected);
      expect(fired(restored, 20)).toEqual(expected);
    }),
  );
});

function fired(timers: Timers, nowMs: number): string[] {
  const ids: string[] = [];
  for (let timer: Timer | null = timers.pop(nowMs); timer; timer = timers.pop(nowMs)) {
    ids.push(timer.id);
  }
  return ids;
}
