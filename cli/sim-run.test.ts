import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { captured } from "./captured.ts";
import { leftText } from "./progress.ts";

const directory = mkdtempSync(join(tmpdir(), "bourse-sim-run-"));
afterAll(() => rmSync(directory, { recursive: true }));

const SMALL = ["--agents", "5", "--tasks", "40"] as const;
const scenario = join(directory, "s.yaml");
writeFileSync(
  scenario,
  `name: tiny
duration: 2m
agents: [{ name: a, count: 2, resources: { cpus: 4, mem: 4GiB } }]
frameworks:
  - { name: jobs, kind: batch, load: [{ at: 5s, count: 6, size: { cpus: 1, mem: 256MiB }, run: 20s }] }
`,
);

test("without a file it runs as many tasks on as many agents as it is told", async () => {
  const { code, stdout, stderr } = await captured("sim", "run", ...SMALL);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("headline, seed 1");
  expect(stdout).toContain("40 of 40 placed");
  expect(stdout).toContain("hold");
});

test("-o json is the whole report, and the same seed gives the same hash", async () => {
  const report = async (...args: readonly string[]) =>
    JSON.parse((await captured("sim", "run", ...SMALL, "-o", "json", ...args)).stdout);
  const first = await report();
  expect(first).toMatchObject({ format: "bourse-sim-report", version: 1, isComplete: true });
  expect(first.latencyMs.submitToRunning.count).toBe(40);
  expect((await report()).hash).toBe(first.hash);
  expect((await report("--seed", "2")).hash).not.toBe(first.hash);
});

test("-q says which run it was, and what does not hold", async () => {
  const { code, stdout, stderr } = await captured("sim", "run", ...SMALL, "-q");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^[0-9a-f]{16}\n$/);
  const failed = await captured("sim", "run", ...SMALL, "-q", "--assert", "tasks.placed<3");
  expect(failed).toMatchObject({ code: 1, stdout });
  expect(failed.stderr).toMatch(/^bourse: tasks\.placed<3 does not hold: it is 40/);
});

test("a scenario file is run, with its report as a file and as a page", async () => {
  const [out, page] = [join(directory, "run.json"), join(directory, "run.html")];
  const { code, stdout } = await captured("sim", "run", scenario, "--out", out, "--report", page);
  expect(code).toBe(0);
  expect(stdout).toContain("tiny, seed 1");
  expect(JSON.parse(readFileSync(out, "utf8")).tasks).toMatchObject({ placed: 6 });
  expect(readFileSync(page, "utf8")).toContain("<!doctype html>");
});

test("seed and duration on the command line count instead of the file's", async () => {
  const { code, stdout, stderr } = await captured(
    "sim",
    "run",
    scenario,
    "--seed",
    "x",
    "--duration",
    "4s",
  );
  expect(code).toBe(1); // Nothing is placed by then.
  expect(stdout).toContain("seed x");
  expect(stdout).toContain("the run is not complete");
  expect(stdout).toContain("jobs: 6 of 6 tasks neither run nor have ended");
  expect(stderr).toContain("warning:");
  expect(stderr).toContain("6 tasks arrive after the end, 4s");
});

test("a condition that does not hold ends with 1 and says what is", async () => {
  const conditions = ["--assert", "tasks.placed==6", "--assert", "submitToRunning.p50<1ms"];
  const { code, stdout } = await captured("sim", "run", scenario, ...conditions);
  expect(code).toBe(1);
  expect(stdout).toContain("tasks.placed==6 holds: it is 6");
  expect(stdout).toMatch(/submitToRunning.p50<1ms does not hold: it is \d+ ms/);
  const json = await captured("sim", "run", scenario, "-o", "json", "--assert", "tasks.placed<6");
  expect(json).toMatchObject({
    code: 1,
    stderr: "bourse: tasks.placed<6 does not hold: it is 6\n",
  });
  expect(JSON.parse(json.stdout).assertions).toEqual([
    { text: "tasks.placed<6", holds: false, actual: 6, unit: "count" },
  ]);
});

test("--schema prints the schema that scenario files are held to", async () => {
  const { code, stdout } = await captured("sim", "run", "--schema");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ title: "Bourse simulation scenario" });
});

describe("wrong input ends with 2, says what is wrong and what to do", () => {
  test.each<[what: string, args: readonly string[], message: RegExp]>([
    ["no such file", [join(directory, "none.yaml")], /none.yaml: there is no such file/],
    ["a directory", [directory], /it is a directory/],
    ["agents of a file", [scenario, "--agents", "3"], /--agents and --tasks are not for/],
    ["no agents", ["--agents", "0"], /--agents "0" is not acceptable/],
    ["too many tasks", ["--tasks", "99999999"], /whole number from 0 to 5000000/],
    ["a duration that is none", ["--duration", "soon"], /--duration "soon" is not a duration/],
    ["no time at all", ["--duration", "0s"], /a run takes time/],
    ["a seed that is none", ["--seed", "x".repeat(300)], /seed/],
    ["a condition that is none", ["--assert", "fast"], /--assert "fast": that is no condition/],
    ["two files", [scenario, scenario], /too many arguments/],
    ["a file in no directory", ["--out", join(directory, "no/where.json")], /cannot be written/],
    ["a page in no directory", ["--report", directory], /cannot be written/],
  ])("%s", async (_what, args, message) => {
    const { code, stderr } = await captured("sim", "run", ...args);
    expect(stderr).toMatch(message);
    expect(stderr.split("\n").length).toBeGreaterThan(2);
    expect(code).toBe(2);
  });
});

test.each<[tookMs: number, share: number, text: string]>([
  [500, 0.5, ""], // Too early to tell.
  [10_000, 0.001, ""],
  [10_000, 0.5, "10s left"],
  [60_000, 0.25, "3m0s left"],
  [3_600_000, 0.25, "3h0m left"],
])("after %s ms and %s of it done: %s", (tookMs, share, text) => {
  expect(leftText(tookMs, share)).toBe(text);
});
