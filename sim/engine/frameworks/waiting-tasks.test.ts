import * as fc from "fast-check";
import { expect, test } from "vitest";
import { WaitingTasks } from "./waiting-tasks.ts";

test("a line gives its lowest number first, however they came", () => {
  const waiting = new WaitingTasks(2);
  waiting.push(0, 3, 6);
  waiting.push(1, 6, 7);
  expect([waiting.take(0), waiting.take(0)]).toEqual([3, 4]);
  waiting.putBack(0, 4);
  waiting.putBack(0, 3);
  waiting.push(0, 9, 10);
  expect([0, 0, 0, 0].map((line) => waiting.take(line))).toEqual([3, 4, 5, 9]);
  expect(waiting.isOpen(0)).toBe(false);
  expect(waiting.count).toBe(1);
});

test("it agrees with sorted lists", () => {
  const step = fc.record({
    line: fc.nat({ max: 2 }),
    count: fc.nat({ max: 4 }),
    back: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const waiting = new WaitingTasks(3);
      const model: number[][] = [[], [], []];
      const taken: number[][] = [[], [], []];
      let next = 0;
      for (const { line, count, back } of steps) {
        const mine = model[line] as number[];
        const again = back ? taken[line]?.pop() : undefined;
        if (again !== undefined) {
          waiting.putBack(line, again);
          mine.push(again);
        } else if (count > 0) {
          waiting.push(line, next, next + count);
          for (let index = next; index < next + count; index++) mine.push(index);
          next += count;
        } else if (mine.length > 0) {
          mine.sort((a, b) => a - b);
          expect(waiting.headOf(line)).toBe(mine[0]);
          expect(waiting.take(line)).toBe(mine[0]);
          taken[line]?.push(mine.shift() as number);
        }
        expect(waiting.count).toBe(model.flat().length);
        expect(Array.from(waiting.open).sort()).toEqual(
          [0, 1, 2].filter((each) => (model[each] as number[]).length > 0),
        );
      }
    }),
  );
});
