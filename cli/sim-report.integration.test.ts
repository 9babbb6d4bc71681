import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "bourse-sim-report-"));
const a = join(directory, "a.json");
const b = join(directory, "b.json");

beforeAll(async () => {
  const run = ["sim", "run", "--agents", "5", "--duration", "1h"];
  await bourse(...run, "--tasks", "40", "--seed", "it's 1", "--out", a);
  await bourse(...run, "--tasks", "80", "--out", b);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function bourse(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { timeout: 60_000, cwd: directory };
    execFile(process.execPath, [BOURSE, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

describe("bourse sim report", () => {
  test("writes the page beside the report, or where it is told", async () => {
    expect(await bourse("sim", "report", a)).toMatchObject({ code: 0, stderr: "" });
    const page = readFileSync(join(directory, "a.html"), "utf8");
    expect(page).toContain("All 40 tasks were placed, and every invariant held.");
    expect(page.length).toBeLessThan(500 * 1_024);
    for (const flag of ["-o", "--out"]) {
      const path = join(directory, `other${flag}.html`);
      expect(await bourse("sim", "report", a, flag, path)).toMatchObject({ code: 0 });
      expect(readFileSync(path, "utf8")).toBe(page);
    }
  });

  test("the page says how to run it again, as one line for a shell", () => {
    const { command } = JSON.parse(readFileSync(a, "utf8")) as { readonly command: string };
    expect(command).toBe("bourse sim run --agents 5 --tasks 40 --duration 1h --seed 'it'\\''s 1'");
  });

  test.each<[what: string, text: string | null, code: number, said: RegExp]>([
    ["no file", null, 3, /there is no file/],
    ["an empty file", "", 2, /is empty/],
    ["garbage", "\u0000\u0001", 2, /is no JSON/],
    ["half a report", '{"format": "bourse-sim-report", "ver', 2, /ends in the middle/],
    ["a report to come", '{"format":"bourse-sim-report","version":9}', 1, /version 9/],
    ["a damaged report", '{"format":"bourse-sim-report","version":1}', 2, /damaged: scenario/],
  ])("%s is refused", async (_, text, code, said) => {
    const path = join(directory, "wrong.json");
    rmSync(path, { force: true });
    if (text !== null) writeFileSync(path, text);
    const result = await bourse("sim", "report", path);
    expect(result.stderr).toMatch(said);
    expect(result.code).toBe(code);
    expect(existsSync(join(directory, "wrong.html"))).toBe(false);
  });

  test("never writes over the report, nor where it cannot", async () => {
    const before = readFileSync(a, "utf8");
    expect(await bourse("sim", "report", a, "-o", "a.json")).toMatchObject({ code: 2 });
    expect(readFileSync(a, "utf8")).toBe(before);
    const { code, stderr } = await bourse("sim", "report", a, "-o", "/nowhere/page.html");
    expect(code).toBe(2);
    expect(stderr).toMatch(/cannot write/);
  });
});

describe("bourse sim compare", () => {
  test("prints both side by side, and both in one page", async () => {
    const page = join(directory, "both.html");
    const { code, stdout } = await bourse("sim", "compare", a, b, "--report", page);
    expect(code).toBe(0);
    expect(stdout).toMatch(/The scenarios differ in tasks/);
    expect(stdout).toMatch(/^tasks\.placed +40 +80 +40 +2\.00x +B$/m);
    expect(readFileSync(page, "utf8")).toContain('id="heat-1"');
  });

  test("-o json is for machines", async () => {
    const { stdout } = await bourse("sim", "compare", a, a, "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({ isSameHash: true, failed: [] });
  });

  test("a condition that holds fails it, and says why on stderr", async () => {
    const flags = ["--fail-if", "tasks.placed > 1.5x", "--fail-if", "violations > 0"];
    const { code, stderr } = await bourse("sim", "compare", a, b, ...flags);
    expect(code).toBe(1);
    expect(stderr.trim()).toBe("bourse: tasks.placed > 1.5x: tasks.placed is 40 in A and 80 in B");
    expect(await bourse("sim", "compare", b, a, ...flags)).toMatchObject({ code: 0, stderr: "" });
  });

  test("a condition that says nothing is refused before anything is printed", async () => {
    for (const condition of ["", "placed", "no.such > 1"]) {
      const { code, stdout } = await bourse("sim", "compare", a, b, "--fail-if", condition);
      expect(code).toBe(condition === "no.such > 1" ? 3 : 2);
      expect(stdout).toBe("");
    }
  });
});
