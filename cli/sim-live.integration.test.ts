import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LiveReport } from "@bourse/sim/tools/live/live-report";
import { afterAll, expect, test } from "vitest";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));
/** A small cluster, for a second at each step. */
const SMALL = ["--agents", "20", "--tasks", "200", "--step-seconds", "1", "-o", "json"];
/** Its own temporary directory, so that what is left behind is seen. */
const TEMPORARY = mkdtempSync(join(tmpdir(), "sim-live-test-"));
const ENVIRONMENT = { ...process.env, TMPDIR: TEMPORARY };

afterAll(() => rmSync(TEMPORARY, { recursive: true, force: true }));

interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function live(...words: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const command = [BOURSE, "sim", "live", ...words];
    const child = execFile(process.execPath, command, { env: ENVIRONMENT }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}

/** Processes that were started with our temporary directory in their environment's place, by their arguments. */
function leftBehind(): readonly string[] {
  const lines = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes(TEMPORARY) && !line.startsWith("ps "));
}

test("measures ramp and steady state of a small cluster, with a connection for each agent", async () => {
  const { code, stdout, stderr } = await live(...SMALL);
  expect(stderr).toContain("200 tasks run after");
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as LiveReport;
  expect(report).toMatchObject({ agents: 20, tasks: 200, agentConnections: 20, isPartial: false });
  expect(report.rampSeconds).toBeGreaterThan(0);
  expect(report.steady.map(({ runningTasks }) => runningTasks)).toEqual([0, 100, 200]);
  for (const step of report.steady) {
    expect(step).toMatchObject({ ratePerSecond: 200, submitted: 200, ran: 200, lost: 0 });
    const { p50, p99, p999 } = step.submitToRunningMs;
    expect(p50).toBeGreaterThan(0);
    expect(p99).toBeGreaterThanOrEqual(p50);
    expect(p999).toBeGreaterThanOrEqual(p99);
    const { submitToOffer, acceptToStaging, stagingToRunning } = step.parts;
    const parts = [submitToOffer, acceptToStaging, stagingToRunning].map((part) => part.max);
    expect(Math.max(...parts)).toBeLessThanOrEqual(step.submitToRunningMs.max);
    expect(step.masterCpuCores).toBeGreaterThan(0);
    expect(step.masterRssMib).toBeGreaterThan(30);
  }
  expect(leftBehind()).toEqual([]);
  expect(readdirSync(TEMPORARY)).toEqual([]);
});

test("Ctrl-C ends all processes and still reports what was measured", async () => {
  const child = spawn(process.execPath, [BOURSE, "sim", "live", ...SMALL, "--rate", "50"], {
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  const isFull = new Promise<void>((resolve) => {
    child.stderr.on("data", (data) => {
      stderr += data;
      if (stderr.includes("200 tasks run after")) resolve();
    });
  });
  await isFull;
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("close", resolve));
  const report = JSON.parse(stdout) as LiveReport;
  expect(report.isPartial).toBe(true);
  expect(report.rampSeconds).toBeGreaterThan(0);
  expect(report.steady.map(({ runningTasks }) => runningTasks)).toContain(0);
  expect(code).toBe(130);
  expect(leftBehind()).toEqual([]);
  expect(readdirSync(TEMPORARY)).toEqual([]);
});

test("Ctrl-C while the cluster starts leaves nothing behind", async () => {
  const child = spawn(process.execPath, [BOURSE, "sim", "live", ...SMALL], {
    env: ENVIRONMENT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  let stdout = "";
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  await new Promise<void>((resolve) => {
    child.stderr.on("data", (data) => {
      if (String(data).includes("starting a master")) resolve();
    });
  });
  child.kill("SIGINT");
  expect(await ended).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({ isPartial: true, rampSeconds: null, steady: [] });
  expect(leftBehind()).toEqual([]);
  expect(readdirSync(TEMPORARY)).toEqual([]);
}, 30_000);

test.each<[words: readonly string[], says: string]>([
  [["--agents", "0"], "--agents"],
  [["--agents", "many"], "--agents"],
  [["--tasks", "-5"], "--tasks"],
  [["--rate", "0"], "--rate"],
  [["--step-seconds", "1e99"], "--step-seconds"],
  [["--agent-processes", "0"], "--agent-processes"],
  [["--keep", fileURLToPath(import.meta.url)], "is no directory"],
  [["--keep", fileURLToPath(new URL(".", import.meta.url))], "is not empty"],
  [["--nonsense"], "--nonsense"],
])("%j is refused before anything is started", async (words, says) => {
  const { code, stdout, stderr } = await live(...words);
  expect(stderr).toContain(says);
  expect(stdout).toBe("");
  expect(code).toBeGreaterThan(0);
  expect(readdirSync(TEMPORARY)).toEqual([]);
});

test("a kept directory holds the logs and the data of the run", async () => {
  const keep = mkdtempSync(join(tmpdir(), "sim-live-keep-"));
  try {
    const { code } = await live(
      "--agents",
      "2",
      "--tasks",
      "4",
      "--step-seconds",
      "1",
      "--rate",
      "2",
      "--keep",
      keep,
    );
    expect(code).toBe(0);
    expect(readdirSync(keep).sort()).toEqual([
      "agents-1",
      "agents-1.log",
      "agents-2",
      "agents-2.log",
      "load.log",
      "master",
      "master.log",
    ]);
  } finally {
    rmSync(keep, { recursive: true, force: true });
  }
});
