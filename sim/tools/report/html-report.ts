import type { RunReport } from "@bourse/engine/report/run-report";
import type { Comparison } from "./compare.ts";
import { comparedHtml } from "./html-compared.ts";
import { chartFigure, heatFigure, timeWindowForm } from "./html-figures.ts";
import { factsHtml, latencyTable, roleTable, timelineTable, verdictHtml } from "./html-run.ts";
import { escapeHtml, inlineJson, inlineScript } from "./html-text.ts";
import type { PageData } from "./page/page-data.ts";
import type { PageAssets } from "./page-assets.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** One run as a page: a single file that needs no network; without its script everything but the charts is there. */
export function htmlReport(report: RunReport, assets: PageAssets): string {
  const { name, seed } = report.scenario;
  const sections = [
    section("summary", "Summary", [
      verdictHtml(report),
      factsHtml(report),
      latencyTable([{ label: "", report }]),
    ]),
    ...chartSections(1),
    section("starvation", "Starvation", [roleTable(report)]),
    section("timeline", "Timeline", [timelineTable(report)]),
  ];
  return page(`${name}, seed ${seed}`, { runs: [{ label: "", report }] }, sections, assets);
}

/** Two runs as one page: their figures side by side, their lines in the same charts. */
export function htmlComparison(
  [a, b]: readonly [RunReport, RunReport],
  comparison: Comparison,
  assets: PageAssets,
): string {
  const runs = [
    { label: "A", report: a },
    { label: "B", report: b },
  ];
  const sections = [
    section("summary", "Summary", [comparedHtml(comparison), latencyTable(runs)]),
    ...chartSections(2),
    section(
      "timeline",
      "Timeline",
      runs.map(({ label, report }) => `<h3>${label}</h3>${timelineTable(report)}`),
    ),
  ];
  const title = `A ${a.scenario.name} and B ${b.scenario.name}`;
  return page(title, { runs }, sections, assets);
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

function section(id: string, title: string, parts: readonly string[]): Section {
  return { id, title, html: parts.join("\n") };
}

function chartSections(runs: number): readonly Section[] {
  return [
    section("latencies", "Latency and queue", [
      timeWindowForm(),
      chartFigure(
        "latency",
        "How long tasks took, from their arrival",
        `Lower is better, and flat: a rise says that work comes faster than it is placed. ${runs > 1 ? "The 99th percentile and the median, B dashed," : "The 99th percentile and the median (dashed)"} of the tasks that reached the state in the interval; of fewer than 100 the 99th percentile is the slowest. A logarithmic scale; 1 ms and less is drawn at 1 ms.`,
      ),
      chartFigure(
        "waiting",
        "Tasks that wait for an offer",
        "Short peaks are good; a line that does not come down again says that something is too small, or withheld.",
      ),
      chartFigure("running", "Tasks that run", "It should follow what arrives and ends."),
      chartFigure(
        "launches",
        "Launches",
        "How fast the cluster takes work up; no better than what arrives.",
      ),
    ]),
    section("resources", "Resources", [
      chartFigure(
        "used",
        "Utilisation: what tasks hold of the cluster",
        "Higher is better while tasks wait. What is offered and not yet taken is not held.",
      ),
      chartFigure(
        "fragmentation",
        "Fragmentation: what is free and of no use",
        "Lower is better: of what is free, the part on agents where the typical task of this load does not fit.",
      ),
      chartFigure(
        "shares",
        "Dominant share of each role",
        "Fair is when roles of one weight that all want more have the same share. At most 20 roles, those with the most.",
      ),
      ...Array.from({ length: runs }, (_, run) =>
        heatFigure(
          `heat-${run}`,
          `How full each agent was${runs > 1 ? `, ${run === 0 ? "A" : "B"}` : ""}`,
        ),
      ),
    ]),
    section("decisions-and-offers", "Decisions and offers", [
      chartFigure(
        "decisions",
        "How long the master's core took to decide",
        "Further left is better; this is wall time of the machine that ran it. Both axes are logarithmic.",
      ),
      chartFigure(
        "offers",
        "Offers by outcome",
        "Most of what is made should be accepted; many declined ones are work for nothing, expired ones are a framework that does not answer.",
      ),
    ]),
  ];
}

function page(
  title: string,
  data: PageData,
  sections: readonly Section[],
  assets: PageAssets,
): string {
  const links = sections.map(({ id, title: name }) => `<li><a href="#${id}">${name}</a></li>`);
  const bodies = sections.map(
    ({ id, title: name, html }) =>
      `<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${name}</h2>\n${html}\n</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeHtml(title)} - simulated run</title>
<link rel="icon" href="data:,">
<style>${assets.uplotStyle}${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#summary">To the summary</a>
<header><h1>${escapeHtml(title)}</h1><button type="button" id="theme">Colours</button></header>
<nav aria-label="Sections"><ul>${links.join("")}</ul></nav>
<main>
${bodies.join("\n")}
</main>
<noscript><p class="nothing">The charts need JavaScript; everything else is here.</p></noscript>
<script type="application/json" id="data">${inlineJson(data)}</script>
<script>${inlineScript(assets.uplotScript)}</script>
<script type="module">
${inlineScript(assets.pageScript)}
</script>
</body>
</html>
`;
}

/** Nothing may be fetched from anywhere: what is not in the file is not there. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:";
