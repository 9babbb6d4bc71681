import type { RunSeries } from "@bourse/engine/report/run-report";

/**
 * When two runs are first seen to differ: the end of the first interval after which they have launched, offered or
 * queued otherwise. Intervals of two lengths are compared where both end. Null: as far as both go they are alike, and
 * what differs happened within one interval.
 */
export function firstDivergenceMs(a: RunSeries, b: RunSeries): number | null {
  const left = stateBy(a);
  const right = stateBy(b);
  for (const [ms, state] of left) {
    const other = right.get(ms);
    if (other !== undefined && other !== state) return ms;
  }
  const ends = [a.atMs.at(-1), b.atMs.at(-1)] as const;
  return ends[0] === ends[1] ? null : Math.min(ends[0] ?? 0, ends[1] ?? 0);
}

/** By the end of each interval: how many of everything there had been. */
function stateBy(series: RunSeries): ReadonlyMap<number, string> {
  const counters = [series.launched, ...Object.values(series.offers)];
  const sums = counters.map(() => 0);
  return new Map(
    series.atMs.map((ms, row) => {
      counters.forEach((counts, index) => {
        sums[index] = (sums[index] ?? 0) + (counts[row] ?? 0);
      });
      return [ms, [...sums, series.pending[row], series.running[row]].join(" ")];
    }),
  );
}
