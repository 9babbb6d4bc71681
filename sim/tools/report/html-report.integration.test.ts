import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunReport } from "@bourse/engine/report/run-report";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compareRuns } from "./compare.ts";
import { htmlComparison, htmlReport } from "./html-report.ts";
import { readPageAssets } from "./page-assets.ts";
import { Chromium, hasChromium } from "./testing/chromium.ts";
import { sampleRun } from "./testing/sample-run.ts";

const isThere = hasChromium();
if (!isThere) console.warn("skipped: there is no chromium; on Debian: apt-get install chromium");

const directory = mkdtempSync(join(tmpdir(), "bourse-page-"));
let browser: Chromium;

describe.skipIf(!isThere)("the page in a browser", () => {
  beforeAll(async () => {
    browser = await Chromium.start();
  });
  afterAll(async () => {
    await browser.stop();
  });

  const usual = sampleRun();
  const one = sampleRun({}, 1);
  const empty = sampleRun({ agents: [], frameworks: [], faults: [] });

  test.each<[what: string, report: RunReport, charts: number, heatMaps: number]>([
    ["a usual run", usual, 9, 1],
    ["a run of one task", one, 9, 1],
    ["a run of nothing", empty, 5, 0],
  ])("%s is drawn without a complaint and without the network", async (_, report, charts, heat) => {
    await show("run.html", htmlReport(report, readPageAssets()));
    expect(await count(".uplot")).toBe(charts);
    expect(await count("figure > .plot > canvas")).toBe(heat);
    expect(await count(".nothing")).toBe(heat === 0 ? 7 : 0);
  });

  test("two runs are drawn in the same charts", async () => {
    const pair = [usual, sampleRun({}, 40)] as const;
    await show("both.html", htmlComparison(pair, compareRuns(...pair), readPageAssets()));
    expect(await count(".uplot")).toBe(9);
    expect(await count("figure > .plot > canvas")).toBe(2);
    expect(await text("#running .u-legend")).toMatch(/A running.*B running/s);
  });

  test("what is drawn is more than an empty frame", async () => {
    await show("run.html", htmlReport(usual, readPageAssets()));
    for (const id of ["latency", "running", "used", "shares", "decisions", "offers", "heat-0"])
      expect(await browser.evaluate(`(${colorsOf})("#${id} canvas")`)).toBeGreaterThan(5);
  });

  test("a part of the run is shown by all charts at once", async () => {
    await show("run.html", htmlReport(usual, readPageAssets()));
    const charts = ["#running canvas", "#used canvas", "#heat-0 canvas"];
    for (const chart of charts) await keep(chart);
    await browser.evaluate(
      "from.value = 1; until.value = 5; document.querySelector('#window').requestSubmit()",
    );
    await settle();
    for (const chart of charts) expect(await changed(chart)).toBeGreaterThan(MUCH);
    await browser.evaluate("whole.click()");
    await settle();
    for (const chart of charts) expect(await changed(chart)).toBeLessThan(MUCH);
    expect(await browser.evaluate("until.value")).toBe("20");
  });

  test("the switch of colours draws everything anew", async () => {
    await show("run.html", htmlReport(usual, readPageAssets()), "dark");
    await keep("#running canvas");
    expect(await text("#theme")).toBe("Light colours");
    await browser.evaluate("theme.click()");
    await settle();
    expect(await changed("#running canvas")).toBeGreaterThan(MUCH);
    expect(await text("#theme")).toBe("Dark colours");
  });

  test("a chart can be read as words and as a table, a cell of the heat map with the keyboard", async () => {
    await show("run.html", htmlReport(usual, readPageAssets()));
    expect(await text("#running .summary")).toMatch(/running: at most \d+ at/);
    await browser.evaluate("document.querySelector('#running details').open = true");
    await settle();
    expect(await count("#running .data tbody tr")).toBe(usual.series.atMs.length);
    await browser.evaluate(
      "for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) document.querySelector('#heat-0 canvas').dispatchEvent(new KeyboardEvent('keydown', { key }))",
    );
    expect(await text("#heat-0 .reading")).toMatch(/^a-2, until .*: /);
    expect(await browser.evaluate("document.querySelector('#heat-0 .tip').hidden")).toBe(true);
    await browser.evaluate(
      "{ const canvas = document.querySelector('#heat-0 canvas'); const { left, top } = canvas.getBoundingClientRect(); canvas.dispatchEvent(new PointerEvent('pointermove', { clientX: left + 400, clientY: top + 3 })); }",
    );
    expect(await text("#heat-0 .tip")).toMatch(/^a-1, until .*: /);
  });

  test("it fits a narrow screen", async () => {
    await show("run.html", htmlReport(usual, readPageAssets()), "light", 400);
    expect(await browser.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(400);
    expect(
      await browser.evaluate("document.querySelector('.uplot canvas').clientWidth"),
    ).toBeLessThan(400);
  });
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Opens a page; it must be drawn to its end, without a complaint, from nothing but its file. */
async function show(
  name: string,
  html: string,
  scheme: "light" | "dark" = "light",
  width = 1_000,
): Promise<void> {
  const file = join(directory, name);
  writeFileSync(file, html);
  browser.complaints.length = 0;
  browser.requests.length = 0;
  await browser.look(width, 800, scheme);
  await browser.open(file);
  expect(browser.complaints).toEqual([]);
  expect(browser.requests).toEqual([`file://${file}`]);
  expect(await browser.evaluate("document.documentElement.dataset.drawn")).toBe("yes");
}

function count(selector: string): Promise<unknown> {
  return browser.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
}

function text(selector: string): Promise<unknown> {
  return browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).innerText`);
}

async function settle(): Promise<void> {
  await browser.evaluate("new Promise((done) => setTimeout(done, 100))");
}

/** Run in the page, as text: how many colours a canvas has. */
const colorsOf = `(selector) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  for (let at = 0; at < data.length; at += 4) colors.add(data.slice(at, at + 4).join());
  return colors.size;
}`;

/** Of the pixels of a canvas: a line drawn twice differs a little in its edges. */
const MUCH = 0.002;

const PIXELS = `(selector) => {
  const canvas = document.querySelector(selector);
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return new Uint32Array(data.buffer);
}`;

async function keep(selector: string): Promise<void> {
  await browser.evaluate(
    `(globalThis.kept ??= {})["${selector}"] = (${PIXELS})("${selector}"), undefined`,
  );
}

/** The fraction of the pixels that are others than when they were kept. */
async function changed(selector: string): Promise<unknown> {
  return browser.evaluate(`{
    const kept = globalThis.kept["${selector}"];
    const now = (${PIXELS})("${selector}");
    now.reduce((count, pixel, at) => count + (pixel === kept[at] ? 0 : 1), 0) / now.length;
  }`);
}
