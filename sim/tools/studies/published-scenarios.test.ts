import { fileURLToPath } from "node:url";
import { BatchPolicy } from "@bourse/engine/frameworks/batch-policy";
import { ScenarioRun } from "@bourse/engine/scenario/run-scenario";
import { formatResources } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { readScenarioFile } from "../scenario-file/read-scenario-file.ts";

async function runOf(name: string): Promise<ScenarioRun> {
  const url = new URL(`../../scenarios/published/${name}.yaml`, import.meta.url);
  const { scenario, warnings } = await readScenarioFile(fileURLToPath(url));
  expect(warnings).toEqual([]);
  return new ScenarioRun(scenario, { stopwatch: () => 0 });
}

function runningOf(run: ScenarioRun): readonly number[] {
  return run.world.frameworks.map(({ policy }) =>
    policy instanceof BatchPolicy ? policy.runningCount : -1,
  );
}

describe("DRF paper, section 6.1 (CASES 1b)", () => {
  test.each<[name: string, tasks: readonly number[], what: string]>([
    ["drf-e1", [48, 144], "71.4 % of the memory and 75 % of the cpus"],
    ["drf-e2", [48, 96], "half of the cpus each"],
  ])("%s ends with %j tasks: %s", async (name, tasks) => {
    const run = await runOf(name);
    while (run.step());
    expect(runningOf(run)).toEqual(tasks);
    expect(run.report().violations).toEqual([]);
  });

  test("drf-e3: memory shares are near each other and below one half, for nodes do not divide evenly", async () => {
    const run = await runOf("drf-e3");
    const sums = [0, 0];
    let samples = 0;
    while (run.step()) {
      if (run.world.simulation.nowMs < 40_000) continue;
      samples += 1;
      for (const [index, tasks] of runningOf(run).entries())
        sums[index] = (sums[index] ?? 0) + tasks;
    }
    const [first = 0, second = 0] = sums.map((sum) => sum / samples);
    const [firstShare, secondShare] = [(first * 7) / 672, (second * 4) / 672];
    expect(firstShare).toBeGreaterThan(0.38);
    expect(firstShare).toBeLessThan(0.5);
    expect(Math.abs(firstShare - secondShare)).toBeLessThan(0.03);
  });
});

test("M9: what framework 1 leaves of the offer of figure 3 is what framework 2 is offered", async () => {
  const run = await runOf("mesos-walkthrough");
  const offered: string[] = [];
  run.world.probes.add({
    frameworkHeard: ({ name }, event) => {
      if (event.kind !== "offers") return;
      for (const { resources } of event.offers)
        offered.push(`${name} ${formatResources(resources)}`);
    },
  });
  while (run.step());
  expect(offered).toEqual(["framework1 cpus:4; mem:4096", "framework2 cpus:1; mem:1024"]);
  expect(runningOf(run)).toEqual([2, 1]);
});
