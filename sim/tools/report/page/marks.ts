import type { TimelineEntry } from "@bourse/engine/report/run-report";
import type UPlot from "uplot";
import { color } from "./theme.ts";

const COLOR_OF = {
  fault: "--fault",
  operation: "--operation",
  violation: "--violation",
} as const satisfies Record<TimelineEntry["kind"], string>;

/** More lines of one kind than this would hide the chart: then they are ticks at its top. */
const LINES_MAX = 60;
const TICK = 8;

/** What happened, as lines down the chart. */
export function drawMarks(
  plot: UPlot,
  timeline: readonly TimelineEntry[],
  kinds: readonly TimelineEntry["kind"][],
): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const kind of kinds) {
    const xs = new Set<number>();
    for (const entry of timeline) {
      if (entry.kind !== kind) continue;
      const x = Math.round(plot.valToPos(entry.atMs, "x", true));
      if (x >= bbox.left && x <= bbox.left + bbox.width) xs.add(x);
    }
    const isWhole = kind === "violation" || xs.size <= LINES_MAX;
    const dash = kind === "violation" || !isWhole ? [] : [3, 3];
    ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
    ctx.strokeStyle = color(COLOR_OF[kind]);
    ctx.beginPath();
    for (const x of xs) {
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + (isWhole ? bbox.height : TICK * devicePixelRatio));
    }
    ctx.stroke();
  }
  ctx.restore();
}

/** What happened about then, in words; empty = nothing. */
export function markNear(plot: UPlot, timeline: readonly TimelineEntry[], ms: number): string {
  const { min = 0, max = 0 } = plot.scales.x ?? {};
  const width = plot.over.clientWidth || 1;
  const reachMs = (((max ?? 0) - (min ?? 0)) / width) * 5;
  let near: TimelineEntry | null = null;
  let count = 0;
  for (const entry of timeline) {
    const far = Math.abs(entry.atMs - ms);
    if (far > reachMs) continue;
    count += 1;
    const isNearer = near === null || far < Math.abs(near.atMs - ms);
    if (isNearer || entry.kind === "violation") near = entry;
  }
  if (near === null) return "";
  return `${near.kind}: ${near.text}${count > 1 ? ` (and ${count - 1} more)` : ""}`;
}
