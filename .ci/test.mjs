/**
 * `npm test`: everything the whole suite needs, then types, lint, fast tests and integration tests. Runs before
 * anything is installed or built, so it is plain JavaScript on Node alone. With CI=true a missing part fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const isCi = process.env.CI === "true";
const scratch = mkdtempSync(join(tmpdir(), "bourse-test-"));
const enginePidFile = join(scratch, "engine.pid");
const started = Date.now();

process.exitCode = main();
stopEngine();
rmSync(scratch, { recursive: true, force: true });

function main() {
  if (
    !existsSync(join(root, "node_modules", ".package-lock.json")) &&
    run("install", "npm", ["ci"]) !== 0
  )
    return 1;
  const setUp = run(
    "set-up",
    "bash",
    ["cli/set-up.sh", "busybox", "engine", "protos", "chromium"],
    {
      BOURSE_ENGINE_PID_FILE: enginePidFile,
      BOURSE_ENGINE_LOG: join(scratch, "dockerd.log"),
    },
  );
  if (setUp !== 0 && isCi) {
    console.error("test: CI=true and set-up is incomplete (see above)");
    return 1;
  }
  if (setUp !== 0) console.error("test: going on without; the suites that need them say so");
  if (run("types", "npx", ["tsc", "-b"]) !== 0) return 1;
  if (run("lint", "npx", ["biome", "ci", "."]) !== 0) return 1;
  const reports = ["fast", "integration"].map((project) => {
    const file = join(scratch, `${project}.json`);
    const code = run(project, "npx", [
      ...["vitest", "run", "--project", project],
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
    ]);
    return { code, ...count(file) };
  });
  const sum = (name) => reports.reduce((total, report) => total + report[name], 0);
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`\nwhole suite in ${seconds} s`);
  console.log(`tests: ${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
  if (isCi && sum("skipped") > 0) {
    console.error("test: CI=true and tests were skipped");
    return 1;
  }
  return reports.every((report) => report.code === 0) && sum("passed") > 0 ? 0 : 1;
}

function run(title, command, args, env = {}) {
  console.log(`\n== ${title}: ${command} ${args.slice(0, 4).join(" ")}`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  if (result.error) console.error(`test: ${command} could not be run: ${result.error.message}`);
  return result.status ?? 1;
}

function count(file) {
  if (!existsSync(file)) return { passed: 0, failed: 1, skipped: 0 };
  const report = JSON.parse(readFileSync(file, "utf8"));
  return {
    passed: report.numPassedTests,
    failed:
      report.numFailedTests + report.numFailedTestSuites * (report.numFailedTests === 0 ? 1 : 0),
    skipped: report.numPendingTests,
  };
}

/** Only an engine that set-up started is ours to stop. */
function stopEngine() {
  if (!existsSync(enginePidFile)) return;
  const pid = Number(readFileSync(enginePidFile, "utf8"));
  try {
    process.kill(pid, "SIGTERM");
    for (let waited = 0; waited < 100 && existsSync(`/proc/${pid}`); waited++) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
