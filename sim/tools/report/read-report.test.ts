import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseReport, readReport } from "./read-report.ts";
import { sampleRun } from "./testing/sample-run.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-report-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const report = sampleRun();
const text = JSON.stringify(report);

test("what a run printed is read as it was", () => {
  expect(parseReport(text, "run.json")).toEqual(report);
  expect(parseReport(JSON.stringify({ ...report, assertions: [] }, null, 2), "run.json").hash).toBe(
    report.hash,
  );
});

test("a violation without a time, of a core that threw, does no harm", () => {
  const violations = [{ seed: "1", atMs: Number.NaN, check: "crash", message: "boom" }];
  expect(
    parseReport(JSON.stringify({ ...report, violations }), "run.json").violations,
  ).toHaveLength(1);
});

describe("what is no report is refused, with the reason", () => {
  test.each<[what: string, text: string, said: RegExp]>([
    ["an empty file", " \n", /run.json is empty/],
    ["a file that was cut off", text.slice(0, 5_000), /ends in the middle/],
    ["something else", "seed: 1\n", /is no JSON/],
    ["other JSON", "[1,2]", /no report of a simulated run/],
    ["null", "null", /no report of a simulated run/],
    [
      "another version",
      JSON.stringify({ ...report, version: 2 }),
      /version 2, this bourse reads version 1/,
    ],
    [
      "a report without series",
      JSON.stringify({ ...report, series: undefined }),
      /damaged: series must be an object/,
    ],
    [
      "a negative surprise",
      JSON.stringify({ ...report, virtualMs: "soon" }),
      /virtualMs must be a number/,
    ],
    [
      "a role without a name",
      JSON.stringify({ ...report, roles: [{}] }),
      /roles\[0\]\.\w+ must be/,
    ],
    [
      "an unknown kind of event",
      JSON.stringify({ ...report, timeline: [{ atMs: 1, kind: "x", text: "" }] }),
      /timeline\[0\]\.kind must be fault/,
    ],
    [
      "a column that is too short",
      damaged((series) => ({ ...series, pending: [1] })),
      /series.pending must be a list of/,
    ],
    [
      "null where a number must be",
      damaged((series) => ({ ...series, running: series.running.map(() => null) })),
      /series.running must be a list of numbers/,
    ],
    [
      "a million intervals",
      damaged((series) => ({ ...series, atMs: Array(20_000).fill(0) })),
      /series.atMs must be a list of at most/,
    ],
  ])("%s", (_what, wrong, said) => {
    expect(() => parseReport(wrong, "run.json")).toThrow(said);
  });

  test("no file, a directory, a file larger than any report", () => {
    expect(() => readReport(join(directory, "none.json"))).toThrow(/there is no file/);
    expect(() => readReport(directory)).toThrow(/is a directory/);
    const huge = join(directory, "huge.json");
    writeFileSync(huge, "");
    truncateSync(huge, 2 ** 31);
    expect(() => readReport(huge)).toThrow(/has 2048 MiB/);
  });
});

function damaged(damage: (series: typeof report.series) => object): string {
  return JSON.stringify({ ...report, series: damage(report.series) });
}
