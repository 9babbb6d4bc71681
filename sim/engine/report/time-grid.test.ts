import { describe, expect, test } from "vitest";
import { IntervalHistograms } from "./interval-histograms.ts";
import { Counter, Gauge, TimeGrid } from "./time-grid.ts";

describe("intervals of a run of unknown length", () => {
  test("a full grid halves: counts are summed, gauges keep what was so at the end", () => {
    const grid = new TimeGrid(4, 10);
    const counter = grid.add(new Counter(4));
    const gauge = grid.add(new Gauge(4));
    for (const value of [1, 2, 3, 4]) {
      counter.add(grid.closed, value);
      gauge.values[grid.closed] = value;
      grid.close();
    }
    expect([grid.stepMs, grid.closed, grid.endMs]).toEqual([20, 2, 60]);
    expect(Array.from(counter.values)).toEqual([3, 7, 0, 0]);
    expect(Array.from(gauge.values)).toEqual([2, 4, 0, 0]);
    expect(counter.total).toBe(10);
  });

  test("a run of any length has between half and all of the intervals", () => {
    const grid = new TimeGrid(1_000, 10);
    for (const endMs of [9_999, 10_000, 60_000, 3_600_000, 59_760_000]) {
      while (grid.endMs <= endMs) grid.close();
      const { length } = grid.endsUntil(endMs);
      expect(length).toBeLessThanOrEqual(1_000);
      expect(length).toBeGreaterThanOrEqual(500);
      expect(grid.endsUntil(endMs).at(-1)).toBe(endMs);
    }
  });

  test("an interval that has just begun is not listed, one that is under way is", () => {
    const grid = new TimeGrid(4, 10);
    expect(grid.endsUntil(0)).toEqual([0]);
    grid.close();
    expect(grid.endsUntil(10)).toEqual([10]);
    expect(grid.endsUntil(13)).toEqual([10, 13]);
  });
});

describe("percentiles by interval", () => {
  test("one reading is told exactly, and none is null", () => {
    const histograms = new IntervalHistograms(4);
    histograms.add(0, 12_345);
    expect(histograms.quantile(0, 0.5)).toBe(12_345);
    expect(histograms.quantile(0, 0.99)).toBe(12_345);
    expect(histograms.quantile(1, 0.5)).toBeNull();
  });

  test("a percentile is never below the reading, and at most a sixteenth above", () => {
    const histograms = new IntervalHistograms(2);
    const values = Array.from({ length: 1_000 }, (_, index) => 3 + index * index);
    for (const value of values) histograms.add(0, value);
    for (const fraction of [0.01, 0.5, 0.9, 0.99, 1]) {
      const exact = values[Math.ceil(values.length * fraction) - 1] ?? 0;
      const told = histograms.quantile(0, fraction) ?? 0;
      expect(told).toBeGreaterThanOrEqual(exact);
      expect(told).toBeLessThanOrEqual(exact * (1 + 1 / 16));
    }
  });

  test("two intervals that become one have the percentiles of both together", () => {
    const merged = new IntervalHistograms(4);
    const together = new IntervalHistograms(4);
    for (let value = 1; value < 400; value++) {
      merged.add(value % 2, value * 7);
      together.add(0, value * 7);
    }
    merged.halve();
    for (const fraction of [0.01, 0.5, 0.99, 1])
      expect(merged.quantile(0, fraction)).toBe(together.quantile(0, fraction));
    expect(merged.quantile(2, 0.5)).toBeNull();
  });

  test("negative and absurd times are counted at the edges", () => {
    const histograms = new IntervalHistograms(2);
    histograms.add(0, -5);
    expect(histograms.quantile(0, 1)).toBe(0);
    histograms.add(0, Number.POSITIVE_INFINITY);
    expect(histograms.quantile(0, 1)).toBe(2 ** 28 - 1);
  });
});
