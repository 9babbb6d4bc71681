import { expect, test } from "vitest";
import { Random } from "./random.ts";

function draw(random: Random, count: number): readonly number[] {
  return Array.from({ length: count }, () => random.uint32());
}

test("a seed gives these numbers on every machine and for ever: runs are told by their seed", () => {
  expect(draw(Random.fromSeed(1), 4)).toEqual([1393178523, 460387848, 2216248382, 459084720]);
  expect(draw(Random.fromSeed("bourse"), 2)).toEqual([2762844764, 1141553423]);
  expect(draw(Random.fromSeed(1).fork("agent-order"), 2)).toEqual([216762976, 1942413203]);
  expect(Random.fromSeed(1).hex(16)).toBe("530a379b1b70f6088419443e1b5d13b0");
});

test("a number and its text are the same seed, close seeds are strangers", () => {
  expect(draw(Random.fromSeed(7), 3)).toEqual(draw(Random.fromSeed("7"), 3));
  const firsts = new Set(
    Array.from({ length: 10_000 }, (_, seed) => Random.fromSeed(seed).uint32()),
  );
  expect(firsts.size).toBeGreaterThan(9_980); // About 0.01 collisions are expected in 2^32.
});

test("drawing from one stream changes nothing for another", () => {
  const [one, two] = [Random.fromSeed(1), Random.fromSeed(1)];
  const [forkOfOne, forkOfTwo] = [one.fork("offers"), two.fork("offers")];
  draw(one.fork("network"), 100);
  draw(one, 17);
  expect(draw(forkOfOne, 5)).toEqual(draw(forkOfTwo, 5));
});

test("forks differ by purpose and by the position of what they fork from", () => {
  const random = Random.fromSeed(1);
  const first = draw(random.fork("a"), 3);
  expect(draw(random.fork("b"), 3)).not.toEqual(first);
  expect(draw(random.fork("a"), 3)).toEqual(first);
  random.uint32();
  expect(draw(random.fork("a"), 3)).not.toEqual(first);
});

test("a restored stream goes on where the snapshot was taken", () => {
  const random = Random.fromSeed("x");
  draw(random, 9);
  const restored = Random.restore(JSON.parse(JSON.stringify(random.snapshot())));
  expect(draw(restored, 20)).toEqual(draw(random, 20));
  expect(restored.fork("f").uint32()).toBe(random.fork("f").uint32());
});

test("a snapshot is not the state itself", () => {
  const random = Random.fromSeed(3);
  const before = random.snapshot();
  const kept = [...before];
  random.uint32();
  expect(before).toEqual(kept);
});

test("numbers are spread evenly: chi-square over 64 cells of 64,000 draws", () => {
  const random = Random.fromSeed("even");
  const cells = new Array<number>(64).fill(0);
  for (let index = 0; index < 64_000; index++) {
    const cell = random.below(64);
    cells[cell] = (cells[cell] ?? 0) + 1;
  }
  const chiSquare = cells.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chiSquare).toBeLessThan(103); // 63 degrees of freedom: above it once in 1,000 seeds.
  expect(chiSquare).toBeGreaterThan(31);
});

test("every bit is set half of the time", () => {
  const random = Random.fromSeed("bits");
  const set = new Array<number>(32).fill(0);
  for (const value of draw(random, 10_000))
    for (let bit = 0; bit < 32; bit++) set[bit] = (set[bit] ?? 0) + ((value >>> bit) & 1);
  for (const count of set) expect(Math.abs(count - 5_000)).toBeLessThan(250); // Five sigma.
});

test.each([1, 2, 3, 7, 1000, 4_294_967_296])("below(%i) stays below and at least 0", (bound) => {
  const random = Random.fromSeed(bound);
  for (let index = 0; index < 1_000; index++) {
    const value = random.below(bound);
    expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
  }
});

test.each([0, -1, 4_294_967_297, Number.NaN])("below(%d) is a bug", (bound) => {
  expect(() => Random.fromSeed(1).below(bound)).toThrow(/random bound/);
});

test("between reaches both ends", () => {
  const random = Random.fromSeed("ends");
  const seen = new Set(Array.from({ length: 200 }, () => random.between(-1, 2)));
  expect(Array.from(seen).sort((a, b) => a - b)).toEqual([-1, 0, 1, 2]);
});

test("chance 0 never happens, chance 1 always", () => {
  const random = Random.fromSeed("sure");
  for (let index = 0; index < 1_000; index++) {
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
  }
});

test("all orders of three are equally likely", () => {
  const random = Random.fromSeed("orders");
  const counts = new Map<string, number>();
  for (let index = 0; index < 6_000; index++) {
    const order = random.shuffle(["a", "b", "c"]).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(6);
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("picking from nothing is a bug", () => {
  expect(() => Random.fromSeed(1).pick([])).toThrow(/something to pick from/);
});

test.each([1, 4, 5, 16])("hex(%i) has two digits a byte", (bytes) => {
  expect(Random.fromSeed(1).hex(bytes)).toMatch(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
});
