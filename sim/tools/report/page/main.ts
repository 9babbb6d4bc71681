import { chartSpecs } from "./chart-specs.ts";
import { drawDecisions } from "./decision-chart.ts";
import { drawHeat } from "./heat-map.ts";
import type { PageData } from "./page-data.ts";
import { drawTimeChart, type Shared } from "./plot.ts";
import { watchTheme } from "./theme.ts";
import { TimeWindow } from "./time-window.ts";

/** Draws what the page has figures for. The rest of the page is there without any script. */
function main(): void {
  const { runs } = JSON.parse(document.querySelector("#data")?.textContent ?? "") as PageData;
  const shared: Shared = {
    runs,
    window: new TimeWindow(Math.max(1, ...runs.map(({ report }) => report.virtualMs))),
    timeline: runs.flatMap(({ report }) => report.timeline),
    redraws: [],
  };
  for (const spec of chartSpecs(runs)) {
    const figure = document.getElementById(spec.id);
    if (figure !== null) drawTimeChart(figure, spec, shared);
  }
  const decisions = document.getElementById("decisions");
  if (decisions !== null) drawDecisions(decisions, shared);
  runs.forEach(({ report }, run) => {
    const figure = document.getElementById(`heat-${run}`);
    if (figure !== null) drawHeat(figure, report.heat, shared);
  });
  shared.window.bind();
  watchTheme(() => {
    for (const redraw of shared.redraws) redraw();
  });
  document.documentElement.dataset.drawn = "yes";
}

main();
