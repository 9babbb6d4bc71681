import { anyHealthCheck } from "@bourse/task/testing/builders";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { CheckResult } from "../containerizer/containerizer.ts";
import { HealthChecks } from "./health-checks.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SPEC = anyHealthCheck();

/** Checks whose runs take `durationMs` each and end as `result` says. */
function checksThat(result: CheckResult, durationMs = 0) {
  const startMs = Date.now();
  const runs: number[] = [];
  const results: string[] = [];
  const checks = new HealthChecks({
    containerizer: {
      runCheck: async () => {
        runs.push(Date.now() - startMs);
        if (durationMs > 0) await new Promise((resolve) => setTimeout(resolve, durationMs));
        return result;
      },
    },
    onResult: (_containerId, { isHealthy, message }) => results.push(`${isHealthy} ${message}`),
  });
  return { checks, runs, results };
}

const PASSED: CheckResult = { kind: "exited", exitCode: 0, output: "" };

test("M-59: the first check comes after the delay, each later one an interval after the last ended", async () => {
  const { checks, runs } = checksThat(PASSED, 4_000);
  checks.start("c1", SPEC);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(runs).toEqual([15_000, 29_000, 43_000]);
  checks.close();
});

test.each<[CheckResult, string]>([
  [PASSED, "true "],
  [
    { kind: "exited", exitCode: 2, output: "nope\n" },
    "false health check exited with status 2: nope",
  ],
  [{ kind: "timeout" }, "false health check did not end within 20 s"],
  [{ kind: "failed", message: "gone" }, "false health check could not run: gone"],
])("the result of %j is told in words", async (result, words) => {
  const { checks, results } = checksThat(result);
  checks.start("c1", SPEC);
  await vi.advanceTimersByTimeAsync(15_000);
  expect(results).toEqual([words]);
  checks.close();
});

test("a stopped check tells nothing more, also when one is under way", async () => {
  const { checks, runs, results } = checksThat(PASSED, 4_000);
  checks.start("c1", SPEC);
  await vi.advanceTimersByTimeAsync(16_000);
  checks.stop("c1");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([runs.length, results.length]).toEqual([1, 0]);
});

test("a check that is started again goes on in one course, not two", async () => {
  const { checks, runs } = checksThat(PASSED);
  checks.start("c1", SPEC);
  checks.start("c1", SPEC);
  await vi.advanceTimersByTimeAsync(26_000);
  expect(runs).toEqual([15_000, 25_000]);
  checks.close();
});
