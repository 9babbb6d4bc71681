import fc from "fast-check";
import { expect, test } from "vitest";
import { Histogram } from "./histogram.ts";

test("a quantile is at most 1/32 above the true one and never below it", () => {
  const value = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, fraction) => {
        const histogram = new Histogram();
        for (const item of values) histogram.add(item);
        const sorted = Float64Array.from(values).sort();
        const truth = sorted[Math.max(1, Math.ceil(values.length * fraction)) - 1] as number;
        const told = histogram.quantile(fraction);
        expect(told).toBeGreaterThanOrEqual(truth);
        expect(told).toBeLessThanOrEqual(truth + truth / 32);
      },
    ),
  );
});

test("nothing counted is all zero; the largest value is exact", () => {
  const histogram = new Histogram();
  expect(histogram.quantiles()).toEqual({ count: 0, p50: 0, p99: 0, max: 0 });
  histogram.add(123_457);
  expect(histogram.quantiles(1_000)).toEqual({
    count: 1,
    p50: 123.457,
    p99: 123.457,
    max: 123.457,
  });
});

test("buckets that double count every reading once, below the first edge first", () => {
  const histogram = new Histogram();
  for (const value of [0, 900, 1_500, 3_000, 3_100, 1_000_000]) histogram.add(value);
  const counts = histogram.doublings(1_000);
  expect(counts.slice(0, 3)).toEqual([2, 1, 2]); // < 1, < 2 and < 4 thousand.
  expect(counts).toHaveLength(11); // 2^10 thousand is the first edge above a million.
  expect(counts.at(-1)).toBe(1);
  expect(new Histogram().doublings(1_000)).toEqual([]);
});
