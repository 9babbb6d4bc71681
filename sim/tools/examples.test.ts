import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { RoleReport, RunReport } from "@bourse/engine/report/run-report";
import { runScenario } from "@bourse/engine/scenario/run-scenario";
import { expect, test } from "vitest";
import { readScenarioFile } from "./scenario-file/read-scenario-file.ts";

const directory = fileURLToPath(new URL("../scenarios/", import.meta.url));

/** What people are told to look at, in numbers. */
const EXPECTED: { readonly [name: string]: (report: RunReport) => void } = {
  smoke({ tasks, latencyMs }) {
    expect(tasks).toMatchObject({ submitted: 200, placed: 200, failed: 0, retries: 0 });
    expect(latencyMs.submitToRunning.p50).toBeLessThan(1_000);
  },
  "mixed-tenants"(report) {
    const { atMs, shares } = report.series;
    const lately = (role: string): number =>
      shares[role]?.[atMs.findIndex((ms) => ms > 600_000)] ?? 0;
    expect(lately("prod")).toBeCloseTo(0.4, 2);
    expect(lately("research")).toBeCloseTo(0.45, 1);
    expect(lately("adhoc")).toBeCloseTo(0.15, 1);
  },
  "rack-loss"({ tasks, timeline }) {
    expect(tasks).toMatchObject({ submitted: 120, placed: 120, finished: 120 });
    expect(tasks.retries).toBeGreaterThan(10);
    expect(timeline.filter(({ text }) => text.includes("loses power"))).toHaveLength(4);
  },
  hoarder(report) {
    expect(roleOf(report, "greedy").meanShare).toBeLessThanOrEqual(0.5);
    expect(roleOf(report, "web").meanShare).toBeGreaterThan(0.2);
  },
  maintenance({ tasks, heat }) {
    expect(tasks).toMatchObject({ placed: tasks.submitted, failed: 0 });
    const row = heat.percent[heat.agents.indexOf("node-2")] ?? [];
    const isDown = (atMs: number): boolean => atMs > 380_000 && atMs < 580_000;
    const whileDown = row.filter((_, column) => isDown(heat.atMs[column] ?? 0));
    expect(whileDown.length).toBeGreaterThan(0);
    expect(whileDown.every((percent) => percent <= 0)).toBe(true);
  },
  chaos({ tasks }) {
    expect(tasks).toMatchObject({ placed: tasks.submitted });
    expect(tasks.retries).toBeGreaterThan(0);
  },
};

/** Its load is a file that everybody makes himself. */
const NEEDS_TRACE = ["alibaba-batch"];

test("every example is run here, but for what needs a trace", () => {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length));
  expect(names.toSorted()).toEqual([...Object.keys(EXPECTED), ...NEEDS_TRACE].toSorted());
});

test.each(Object.entries(EXPECTED))(
  "the example %s reads without a warning, and shows what it says",
  {
    timeout: 20_000,
  },
  async (name, check) => {
    const { scenario, warnings } = await readScenarioFile(`${directory}${name}.yaml`);
    expect(warnings).toEqual([]);
    const report = runScenario(scenario, { stopwatch: () => 0 });
    expect(report.violations).toEqual([]);
    expect(report.isComplete).toBe(true);
    check(report);
  },
);

function roleOf({ roles }: RunReport, role: string): RoleReport {
  const found = roles.find((one) => one.role === role);
  if (found === undefined) throw new Error(`no role ${role}`);
  return found;
}
