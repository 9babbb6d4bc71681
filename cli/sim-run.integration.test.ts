import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
} {
  const child = spawn(process.execPath, [BOURSE, "sim", "run", ...args]);
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (said.stdout += data));
  child.stderr.on("data", (data) => (said.stderr += data));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => resolve({ code, ...said }));
  });
  return { child, ended };
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("Ctrl-C", { timeout: 60_000 }, () => {
  test.each<[what: string, size: readonly string[]]>([
    ["in this process", ["--agents", "500", "--tasks", "200000"]],
    ["in one with a larger heap", ["--agents", "1000", "--tasks", "2000000"]],
  ])("once gives a report of what there is by then, %s", async (_what, size) => {
    const { child, ended } = start(...size, "-o", "json");
    await later(5_000);
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toBe("stopping; once more to end at once\n");
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ isComplete: false, violations: [] });
    expect(report.scenario.tasks).toBe(Number(size[3]));
  });

  test("twice ends at once, without a report", async () => {
    const { child, ended } = start("--agents", "500", "--tasks", "200000");
    await later(4_000);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    expect(await ended).toMatchObject({ stdout: "" });
    expect([130, 143]).toContain(child.exitCode);
  });
});

test("a child with a larger heap ends when its parent is gone", { timeout: 60_000 }, async () => {
  const { child, ended } = start("--agents", "1000", "--tasks", "2000000");
  await later(4_000);
  child.kill("SIGKILL");
  await ended; // Its output closes only when the child has gone too.
  expect(child.signalCode).toBe("SIGKILL");
});
