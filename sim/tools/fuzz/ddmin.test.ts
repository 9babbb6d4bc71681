import fc from "fast-check";
import { expect, test } from "vitest";
import { ddmin } from "./ddmin.ts";

test("what is left fails, and nothing of it can be left out", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(40), { maxLength: 30 }), fc.nat(), (items, pick) => {
      // Fails when two of the items are there, or one when there is only one.
      const needed = new Set(
        [items[pick % 30], items[(pick * 7) % 30]].filter((one) => one !== undefined),
      );
      const fails = (part: readonly number[]): boolean => {
        const there = new Set(part);
        return Array.from(needed).every((one) => there.has(one));
      };
      expect(new Set(ddmin(items, fails))).toEqual(needed);
    }),
  );
});

test("of a hundred items two are found in few runs, in their order", () => {
  let runs = 0;
  const items = Array.from({ length: 100 }, (_, index) => index);
  const left = ddmin(items, (part) => {
    runs += 1;
    return part.includes(3) && part.includes(71);
  });
  expect(left).toEqual([3, 71]);
  expect(runs).toBeLessThan(100);
});
