import fc from "fast-check";
import { expect, test } from "vitest";
import { Timers } from "./timers.ts";

test("timers ring in the order of their time, and of their setting among equals", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (dueTimes) => {
      const timers = new Timers<string>();
      for (const [index, dueMs] of dueTimes.entries()) timers.add(dueMs, "retry", `${index}`);
      const rung: [number, number][] = [];
      for (;;) {
        const timer = timers.takeDue(1_000, () => true);
        if (timer === null) break;
        rung.push([timer.dueMs, Number(timer.owner)]);
      }
      const expected = dueTimes
        .map((dueMs, index): [number, number] => [dueMs, index])
        .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect(rung).toEqual(expected);
    }),
  );
});

test("a timer that its owner no longer wants is skipped, and compaction throws it out", () => {
  const timers = new Timers<string>();
  for (let index = 0; index < 100; index++) timers.add(index, "kill", `${index}`);
  const isWanted = ({ owner }: { owner: string }) => owner === "99";
  timers.compact(isWanted);
  expect(timers.size).toBe(1);
  expect(timers.takeDue(98, isWanted)).toBeNull();
  expect(timers.takeDue(99, isWanted)?.owner).toBe("99");
  expect(timers.nextMs(isWanted)).toBe(Number.POSITIVE_INFINITY);
});
