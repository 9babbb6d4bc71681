import type { RunReport } from "@bourse/engine/report/run-report";
import { describe, expect, test } from "vitest";
import { compareRuns } from "./compare.ts";
import { htmlComparison, htmlReport } from "./html-report.ts";
import { problemsOf } from "./html-run.ts";
import { inlineJson, inlineScript } from "./html-text.ts";
import type { PageData } from "./page/page-data.ts";
import { sampleRun } from "./testing/sample-run.ts";

const assets = { uplotScript: "/* chart */", uplotStyle: "/* chart */", pageScript: "/* page */" };
const report = sampleRun();
const html = htmlReport(report, assets);

describe("the page of a run", () => {
  test("asks nothing of the network, and may not", () => {
    expect(html).toContain("default-src 'none'");
    expect(html).not.toMatch(/(src|href)=["'](https?:|\/\/|\/)/);
    expect(html).not.toMatch(/@import|url\(/);
  });

  test("says how it went, and how to run it again, without its script", () => {
    expect(html).toContain("All 12 tasks were placed, and every invariant held.");
    expect(html).toContain(report.hash);
    expect(html).toContain("a-2 crashes for 2000 ms");
    const command = "bourse sim run x.yaml --seed '<1>'";
    expect(htmlReport({ ...report, command }, assets)).toContain(
      "<code>bourse sim run x.yaml --seed &#39;&lt;1&gt;&#39;</code>",
    );
  });

  test("has a figure with a title, and what is good, for each chart", () => {
    const ids = [
      "latency",
      "waiting",
      "running",
      "launches",
      "used",
      "fragmentation",
      "shares",
      "decisions",
      "offers",
      "heat-0",
    ];
    for (const id of ids) {
      expect(html).toContain(`<figure id="${id}" role="group" aria-labelledby="${id}-title">`);
      expect(html).toMatch(new RegExp(`id="${id}-title">[^<]+</h3><p>[^<]{20,}</p>`));
    }
    expect(html.match(/class="csv"/g)).toHaveLength(ids.length);
  });

  test("nothing in a report becomes markup or ends the script that holds it", () => {
    const nasty = "</script><script>alert(1)</script><!--\u2028'\"&";
    const dangerous: RunReport = {
      ...report,
      scenario: { ...report.scenario, name: nasty, seed: nasty },
      hash: nasty,
      timeline: [{ atMs: 1, kind: "fault", text: nasty }],
      roles: [{ role: nasty, unservedMs: 0, longestUnservedMs: 0, longestWaitMs: 0, meanShare: 0 }],
      violations: [{ seed: nasty, atMs: 1, check: nasty, message: nasty }],
      heat: { ...report.heat, agents: report.heat.agents.map(() => nasty) },
    };
    const pages = [
      htmlReport(dangerous, assets),
      htmlComparison([dangerous, report], compareRuns(dangerous, report), assets),
    ];
    for (const page of pages) {
      expect(page.match(/<script/g)).toHaveLength(3); // The data, the charts, the page.
      expect(page).not.toContain("alert(1)</script>");
      expect(dataOf(page).runs[0]?.report.scenario.name).toBe(nasty);
    }
  });

  test("a run that was stopped, or left tasks, says so first", () => {
    const stopped = { ...report, isComplete: false, tasks: { ...report.tasks, placed: 10 } };
    expect(problemsOf(stopped)).toEqual([
      "The run was stopped before its end: the figures are of the part that ran.",
      "2 of 12 tasks were not placed.",
    ]);
    expect(htmlReport(stopped, assets)).toContain('class="verdict bad"');
  });

  test("a percentile of few tasks says that it is the slowest one", () => {
    const caveat = /<caption>[^<]*of fewer than 100 tasks/;
    expect(html).toMatch(caveat);
    const submitToRunning = { ...report.latencyMs.submitToRunning, count: 100 };
    const many = { ...report, latencyMs: { ...report.latencyMs, submitToRunning } };
    expect(htmlReport(many, assets)).not.toMatch(caveat);
  });

  test("services have no load that could be left over: what they launched is told", () => {
    const served = {
      ...report,
      tasks: { ...report.tasks, submitted: 0, placed: 0 },
      series: {
        ...report.series,
        launched: report.series.launched.map((_, row) => (row === 5 ? 7 : 0)),
      },
    };
    expect(htmlReport(served, assets)).toContain("Frameworks without a load launched 7 tasks,");
  });

  test("an empty run has a page, too", () => {
    const page = htmlReport(sampleRun({ agents: [], frameworks: [], faults: [] }), assets);
    expect(page).toContain("There was nothing to place.");
    expect(page).toContain("There were no roles.");
    expect(page).toContain("No faults, no operations, no violations.");
  });
});

test("the page of two runs has the figures of both, the better one marked, and a heat map each", () => {
  const other = sampleRun({}, 40);
  const page = htmlComparison([report, other], compareRuns(report, other), assets);
  expect(page).toContain('<span class="better">40</span>');
  expect(page).toContain("The scenarios differ in tasks.");
  expect(page).toContain('id="heat-1"');
  expect(dataOf(page).runs.map(({ label }) => label)).toEqual(["A", "B"]);
});

test("inlined text cannot end its element", () => {
  expect(inlineJson({ a: "</script>\u2028\u2029<!--" })).toBe(
    '{"a":"\\u003c/script>\\u2028\\u2029\\u003c!--"}',
  );
  expect(inlineScript('"</script><!--"')).toBe('"<\\/script><\\!--"');
});

function dataOf(page: string): PageData {
  const match = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page);
  return JSON.parse(match?.[1] ?? "null") as PageData;
}
