import type { TimelineEntry } from "@bourse/engine/report/run-report";
import type UPlot from "uplot";
import { color } from "./theme.ts";

const COLOR_OF = {
  fault: "--fault",
  operation: "--operation",
  violation: "--violation",
} as const satisfies Record<TimelineEntry["kind"], string>;

/** What happened, as lines down the chart; a violation is drawn over everything else. */
export function drawMarks(plot: UPlot, timeline: readonly TimelineEntry[]): void {
  const { ctx, bbox } = plot;
  const taken = new Set<number>();
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  for (const kind of ["violation", "fault", "operation"] as const) {
    ctx.strokeStyle = color(COLOR_OF[kind]);
    ctx.setLineDash(kind === "violation" ? [] : [3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    for (const entry of timeline) {
      if (entry.kind !== kind) continue;
      const x = Math.round(plot.valToPos(entry.atMs, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width || taken.has(x)) continue;
      taken.add(x);
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
    }
    ctx.stroke();
  }
  ctx.restore();
}
