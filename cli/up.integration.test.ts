import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { probeEngine } from "./engine.ts";

const BOURSE = fileURLToPath(new URL("./bin/bourse.js", import.meta.url));
const probe = await probeEngine();
if (!probe.isUp && process.env.CI === "true") throw new Error(`CI=true and ${probe.problem}`);

function run(
  ...args: readonly string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BOURSE, ...args], { timeout: 110_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Processes whose command line names this directory or port. */
async function processesWith(text: string): Promise<readonly string[]> {
  const listing = spawn("ps", ["-eo", "pid,args"], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  listing.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  await once(listing, "close");
  return output.split("\n").filter((line) => line.includes(text) && !line.includes("ps -eo"));
}

describe("`bourse up --once` goes through the whole life of a service", () => {
  test("with processes, where no engine is wanted", async () => {
    const answer = await run("up", "--once", "--port", "0", "--containerizer", "process");
    expect(answer, answer.stderr).toMatchObject({ code: 0 });
    expect(answer.stdout).toMatch(
      /3 instances run[\s\S]*scaled to 5[\s\S]*replaced[\s\S]*no process/,
    );
  });

  test.skipIf(!probe.isUp)("with Docker containers, and leaves none", async () => {
    const answer = await run(
      "up",
      "--once",
      "--port",
      "0",
      "--no-install",
      "--containerizer",
      "docker",
    );
    expect(answer, answer.stderr).toMatchObject({ code: 0 });
    expect(answer.stdout).toMatch(/no process and no container is left/);
  });
});

test.skipIf(!probe.isUp)(
  "Ctrl-C stops everything and leaves no container and no process",
  async () => {
    const child = spawn(process.execPath, [BOURSE, "up", "--demo", "--port", "0", "--no-install"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const cluster = `up-${child.pid}`;
    let shown = "";
    child.stdout.on("data", (data: Buffer) => {
      shown += data.toString();
    });
    child.stderr.resume();
    const docker = new Docker();
    const filters = { label: [`bourse.cluster=${cluster}`] };
    while ((await docker.listContainers({ filters })).length < 3) {
      expect(child.exitCode).toBe(null);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await processesWith(cluster)).not.toEqual([]);
    const closed = once(child, "close");
    child.kill("SIGINT");
    expect((await closed)[0]).toBe(0);
    expect(shown).toContain("TASK");
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    expect(await processesWith(cluster)).toEqual([]);
  },
);

test("maintenance of one machine leaves the others running, and the machine comes back (M-71)", async () => {
  const flags = ["--port", "0", "--agents", "2", "--containerizer", "process"];
  const child = spawn(process.execPath, [BOURSE, "up", ...flags], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await holds())) {
      expect(child.exitCode, said).toBe(null);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };
  await until(() => said.includes("API answers at"));
  const master = /API answers at (\S+)/.exec(said)?.[1] ?? "";
  const ask = (...args: readonly string[]) => run("--master", master, ...args);
  const hosts = async () => (await ask("agent", "ls")).stdout;
  await ask("maintenance", "schedule", "add", "agent-1", "--start", "now");
  expect(await ask("maintenance", "start", "agent-1")).toMatchObject({ code: 0 });
  await until(() => said.includes("the master sent agent-1 away"));
  expect(await hosts()).not.toContain("agent-1");
  expect(await hosts()).toContain("agent-2");
  expect(await ask("maintenance", "stop", "agent-1")).toMatchObject({ code: 0 });
  await until(async () => (await hosts()).includes("agent-1"));
  const closed = once(child, "close");
  child.kill("SIGINT");
  expect((await closed)[0]).toBe(0);
});
