import { describe, expect, test } from "vitest";
import { compareRuns, type Figure } from "./compare.ts";
import { formatFigure, formatRatio, likenessOf } from "./compare-text.ts";
import { brokenBy, parseThreshold } from "./fail-if.ts";
import { sampleRun } from "./testing/sample-run.ts";

const a = sampleRun();
const b = sampleRun({ seed: "2" });
const larger = sampleRun({}, 40);

describe("two runs side by side", () => {
  test("a run is the same as itself", () => {
    const comparison = compareRuns(a, sampleRun());
    expect(comparison).toMatchObject({ isSameHash: true, isSameScenario: true, differences: [] });
    expect(comparison.firstDivergenceMs).toBeNull();
    expect(comparison.figures.filter(({ better }) => better !== "same")).toEqual([]);
    expect(likenessOf(comparison).at(-1)).toContain("the same run");
  });

  test("another seed is the same scenario and another run, from a moment on", () => {
    const comparison = compareRuns(a, b);
    expect(comparison).toMatchObject({ isSameHash: false, isSameScenario: true });
    expect(comparison.firstDivergenceMs).toBeGreaterThan(0);
    expect(comparison.firstDivergenceMs).toBeLessThanOrEqual(5_000);
    expect(likenessOf(comparison).join(" ")).toContain("the seeds differ");
  });

  test("what the scenarios do not have in common is named", () => {
    expect(compareRuns(a, larger).differences).toEqual(["tasks"]);
    expect(likenessOf(compareRuns(a, larger))[2]).toBe("The scenarios differ in tasks.");
  });

  test("scenarios of the same name and sizes are not alike when they say something else", () => {
    const roles = [{ role: "eng", limits: [{ name: "cpus", milli: 1_000 }] }];
    const limited = compareRuns(a, sampleRun({ roles }));
    expect(limited).toMatchObject({ isSameScenario: false, differences: ["settings"] });
    expect(likenessOf(limited)[2]).toBe("The scenarios differ in settings.");
    // With another seed a load may be another: that says nothing of what the scenario says.
    const both = compareRuns(a, sampleRun({ roles, seed: "2" }));
    expect(likenessOf(both)[2]).toBe("The scenarios have the same sizes; the seeds differ.");
  });

  test("lower latency is better, more placed is better, and an offer is neither", () => {
    const { figures } = compareRuns(a, larger);
    const of = (path: string) => figures.find((figure) => figure.path === path);
    expect(of("tasks.placed")).toMatchObject({ a: 12, b: 40, difference: 28, better: "b" });
    const wait = of("latencyMs.submitToRunning.max");
    expect(wait?.b).toBeGreaterThan(wait?.a ?? Number.POSITIVE_INFINITY);
    expect(wait?.better).toBe("a");
    expect(of("offers.accepted")?.better).toBe("same");
    expect(of("wallSeconds")?.isOfMachine).toBe(true);
  });

  test("of nothing there is no latency: no zero that looks good", () => {
    const { figures } = compareRuns(a, sampleRun({}, 0));
    expect(figures.filter(({ path }) => path.startsWith("latencyMs"))).toEqual([]);
  });

  test("roles that only one has are listed with nothing on the other side", () => {
    const without = sampleRun({ frameworks: [] });
    expect(compareRuns(a, without).roles).toEqual([
      {
        role: "eng",
        meanShare: [expect.any(Number), null],
        longestWaitMs: [expect.any(Number), null],
        unservedMs: [expect.any(Number), null],
      },
    ]);
  });

  test("runs of two lengths are compared where both have an interval", () => {
    const end = { atMs: 200_000, isWhenDone: false, liveness: null };
    const { firstDivergenceMs } = compareRuns(a, sampleRun({ end }));
    expect(firstDivergenceMs).toBe(20_000); // Alike to the end of the shorter one.
  });
});

describe("--fail-if", () => {
  test.each<[text: string, fails: boolean]>([
    ["submitToRunning.max > 1.1x", true],
    ["submitToRunning.max > 1000x", false],
    ["tasks.placed < 1x", false],
    ["latencyMs.submitToRunning.count > 0", true],
    ["violations > 0", false],
    ["violations >= 0", true],
    ["tasks.failed > 1.5x", false], // Nothing to nothing is no growth.
    ["  tasks.placed<=40  ", true],
  ])("%s: %s", (text, fails) => {
    const { figures } = compareRuns(a, larger);
    if (text.includes("count")) {
      expect(() => brokenBy(parseThreshold(text), figures)).toThrow(/no such figure/);
      return;
    }
    expect(brokenBy(parseThreshold(text), figures) !== null).toBe(fails);
  });

  test.each(["", "p99", "p99 = 3", "p99 > x", "p99 > -1", "p99 > 1.1xx", "> 1"])(
    "%j is no condition",
    (text) => expect(() => parseThreshold(text)).toThrow(/no condition/),
  );

  test("a name that several figures have is refused, with those that it could be", () => {
    const { figures } = compareRuns(a, b);
    expect(() => brokenBy(parseThreshold("p99 > 1"), figures)).toThrow(
      expect.objectContaining({
        code: "invalid_call",
        hint: expect.stringContaining("submitToRunning.p99"),
      }),
    );
  });

  test("from nothing to something is more than any number of times", () => {
    const figure = { path: "tasks.failed", a: 0, b: 1, ratio: null } as Figure;
    expect(brokenBy(parseThreshold("tasks.failed > 1000x"), [figure])).toBe(figure);
  });
});

test.each<[unit: Figure["unit"], value: number, text: string]>([
  ["ms", 0, "0 ms"],
  ["ms", 1_234, "1.23 s"],
  ["ms", -1_234, "-1.23 s"],
  ["ms", 200_000, "3 min 20 s"],
  ["ms", 59_760_000, "16 h 36 min"],
  ["us", 0.4, "0.4 µs"],
  ["us", 2_500, "2.5 ms"],
  ["count", 1_234_567, "1,234,567"],
  ["fraction", 0.12345, "12.3 %"],
  ["seconds", 3.5, "3.5 s"],
  ["mib", 20_480, "20.0 GiB"],
  ["mib", -0.3, "0 MiB"],
  ["mib", -1.3, "-1 MiB"],
])("a figure in %s of %d reads %s", (unit, value, text) =>
  expect(formatFigure({ unit }, value)).toBe(text),
);

test.each<[ratio: number | null, text: string]>([
  [null, "-"],
  [1.104, "1.10x"],
  [0, "0.00x"],
  [0.001, "< 0.01x"],
  [4_321.9, "4322x"],
])("a ratio of %s reads %s", (ratio, text) => expect(formatRatio({ ratio })).toBe(text));
