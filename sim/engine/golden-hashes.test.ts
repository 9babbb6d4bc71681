import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { headlineScenario } from "./scenario/headline-scenario.ts";
import { randomScenario } from "./scenario/random-scenario.ts";
import { runScenario } from "./scenario/run-scenario.ts";
import type { Scenario } from "./scenario/scenario.ts";

/**
 * The same seed gives the same run on every machine and every version of Node: whoever runs the tests on another one
 * checks that. The hashes change with every deliberate change of what the cores decide or of what a scenario is, and only
 * then: `REWRITE=1 npx vitest run sim/engine/golden-hashes` after such a change.
 */
const SCENARIOS: Readonly<Record<string, () => Scenario>> = {
  headline: () => headlineScenario({ agents: 20, tasks: 500, seed: "1" }),
  "headline of another seed": () => headlineScenario({ agents: 20, tasks: 500, seed: "2" }),
  "faults golden-1": () => randomScenario("golden-1"),
  "faults golden-2": () => randomScenario("golden-2"),
};

const file = new URL("./testdata/golden-hashes.txt", import.meta.url);

test("small scenarios give the hashes that they always gave", () => {
  const lines = Object.entries(SCENARIOS).map(([name, scenario]) => {
    const { hash, violations } = runScenario(scenario(), { stopwatch: () => 0 });
    return `${hash} ${name}${violations.length === 0 ? "" : ", with violations"}\n`;
  });
  if (process.env.REWRITE !== undefined) writeFileSync(file, lines.join(""));
  expect(lines.join("")).toBe(readFileSync(file, "utf8"));
}, 20_000);
