import { escapeHtml } from "./html-text.ts";

/** Where a chart is drawn, with what it says in words: `good` is what to hope for. */
export function chartFigure(id: string, title: string, good: string): string {
  return figure(id, title, good, "");
}

/** Where a heat map is drawn. */
export function heatFigure(id: string, title: string): string {
  const scale =
    '<p class="legend"><span>empty<span class="scale"></span>full<span class="away"></span>not connected</span></p>';
  const good =
    "Even is good for spreading, a few full and the rest empty for packing. The scarcest resource of each agent; with more than 200 agents a row is a group of neighbours.";
  return figure(id, title, good, scale);
}

/** The part of the run that is shown, for the keyboard; in a chart it is dragged. */
export function timeWindowForm(): string {
  return `<form id="window" aria-label="Part of the run that the charts show">
<label>from <input id="from" type="number" min="0" step="any" inputmode="decimal"> s</label>
<label>to <input id="until" type="number" min="0" step="any" inputmode="decimal"> s</label>
<button type="submit">Show</button><button type="button" id="whole">Whole run</button>
</form>
<p class="legend"><span><i class="fault"></i>fault</span><span><i class="operation"></i>operation</span><span><i class="violation"></i>violation</span><span>Drag across a chart to zoom all of them, double-click for the whole run.</span></p>`;
}

function figure(id: string, title: string, good: string, extra: string): string {
  return `<figure id="${id}" role="group" aria-labelledby="${id}-title">
<figcaption><h3 id="${id}-title">${escapeHtml(title)}</h3><p>${escapeHtml(good)}</p></figcaption>
${extra}<div class="plot"></div>
<p class="summary"></p>
<div class="tools"><button type="button" class="csv">Download as CSV</button><details class="data"><summary>Show as a table</summary></details></div>
</figure>`;
}
