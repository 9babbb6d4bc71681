import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CoreLoad } from "./core-driver.ts";
import type { CoreRun } from "./core-process.ts";
import type { Measured } from "./report.ts";
import { median, yardstickMs } from "./yardstick.ts";

const LOAD: CoreLoad = { agents: 1_000, frameworks: 10, tasks: 100_000, tasksPerOffer: 10 };
const RUNS = 7;

/**
 * The whole core of the master and nothing else: 100,000 tasks on 1,000 agents are offered, accepted, recorded, updated
 * twice and acknowledged. No codec, no transport, no agent and no framework in the time. The goal is 0.6 s.
 */
export function measureCore(say: (line: string) => void): Measured {
  const yardsticks = [yardstickMs()];
  const runs: CoreRun[] = [];
  for (let run = 1; run <= RUNS; run++) {
    const one = coreInProcess();
    if (one.running !== LOAD.tasks) throw new Error(`${one.running} tasks run, not ${LOAD.tasks}`);
    runs.push(one);
    say(`run ${run} of ${RUNS}: ${(one.coreMs / 1_000).toFixed(3)} s`);
  }
  yardsticks.push(yardstickMs());
  const seconds = runs.map(({ coreMs }) => coreMs / 1_000);
  const { inputs, offers } = runs[0] as CoreRun;
  return {
    bench: "core",
    yardstickMs: median(yardsticks),
    figures: {
      coreSeconds: median(seconds),
      coreSecondsMin: Math.min(...seconds),
      inputs,
      offers,
      microsPerInput: (median(seconds) * 1e6) / inputs,
    },
    notes: { ...LOAD, runs: RUNS },
  };
}

function coreInProcess(): CoreRun {
  const script = fileURLToPath(new URL("./core-process.js", import.meta.url));
  const text = execFileSync(process.execPath, [script, JSON.stringify(LOAD)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(text) as CoreRun;
}
