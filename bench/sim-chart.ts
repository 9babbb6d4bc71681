import { renderColumns } from "./report.ts";
import type { SimRow } from "./sim.ts";

/** Characters of the longest bar. */
const WIDTH = 40;

const MEASURES: readonly (readonly [name: string, read: (row: SimRow) => number])[] = [
  ["wall, us a task", ({ wallSeconds, tasks }) => (wallSeconds * 1e6) / tasks],
  ["memory, KiB a task", ({ peakRssMib, tasks }) => (peakRssMib * 1_024) / tasks],
  ["accept p50, us", ({ decisions }) => decisions.accept.p50],
  ["accept p99, us", ({ decisions }) => decisions.accept.p99],
  ["allocateOne p50, us", ({ decisions }) => decisions.allocateOne.p50],
  ["allocateOne p99, us", ({ decisions }) => decisions.allocateOne.p99],
];

/**
 * How cost grows with the cluster, as bars: a cost that depends on the task and not on the cluster is as long in every
 * line of its group.
 */
export function growthChart(rows: readonly SimRow[]): string {
  return MEASURES.map(([name, read]) => {
    const values = rows.map(read);
    const longest = Math.max(...values);
    const lines = rows.map(({ agents }, index) => {
      const value = values[index] ?? 0;
      const bar = "#".repeat(longest > 0 ? Math.max(1, Math.round((value / longest) * WIDTH)) : 0);
      return [`  ${agents} agents`, value.toFixed(1), bar.padEnd(WIDTH)];
    });
    return `${name}\n${renderColumns(lines)}`;
  }).join("\n");
}
