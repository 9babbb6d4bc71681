import { expect, test } from "vitest";
import { Ring } from "./ring.ts";

test("a ring keeps the newest, oldest first", () => {
  const ring = new Ring<number>(3);
  for (const item of [1, 2]) ring.push(item);
  expect(ring.toArray()).toEqual([1, 2]);
  for (const item of [3, 4, 5]) ring.push(item);
  expect(ring.toArray()).toEqual([3, 4, 5]);
  expect(ring.size).toBe(3);
});

test("a ring goes on from what it held", () => {
  const ring = new Ring(3, [1, 2, 3, 4]);
  ring.push(5);
  expect(ring.toArray()).toEqual([3, 4, 5]);
});

test("a ring without room keeps nothing", () => {
  const ring = new Ring(0, [1]);
  expect(ring.toArray()).toEqual([]);
});
