import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { LiveReport, LiveStep } from "@bourse/sim/tools/live/live-report";
import type { Measured } from "./report.ts";
import { yardstickMs } from "./yardstick.ts";

/** `bourse sim live` as it is by default: 1,000 agents, 100,000 tasks, 200 submissions a second, 60 s a step. */
export function measureLive(say: (line: string) => void): Measured {
  const before = yardstickMs();
  const bourse = fileURLToPath(new URL("../../cli/bin/bourse.js", import.meta.url));
  say("a live cluster of real processes; some five minutes");
  const text = execFileSync(process.execPath, [bourse, "sim", "live", "-o", "json"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  const report = JSON.parse(text) as LiveReport;
  const { agents, tasks, agentConnections, capacityTasks, rampSeconds, ramp, steady } = report;
  return {
    bench: "live",
    yardstickMs: (before + yardstickMs()) / 2,
    figures: {
      rampSeconds: rampSeconds ?? Number.NaN,
      rampMasterCores: ramp?.cpuCores.master ?? Number.NaN,
      ...Object.assign({}, ...steady.map(figuresOf)),
    },
    notes: { agents, tasks, agentConnections, capacityTasks },
  };
}

function figuresOf(step: LiveStep): Readonly<Record<string, number>> {
  const at = `at${step.runningTasks}`;
  const { submitToRunningMs, parts } = step;
  return {
    [`${at}NotRun`]: step.submitted - step.ran,
    [`${at}MsP50`]: submitToRunningMs.p50,
    [`${at}MsP99`]: submitToRunningMs.p99,
    [`${at}MsP999`]: submitToRunningMs.p999,
    [`${at}SubmitToOfferMsP99`]: parts.submitToOffer.p99,
    [`${at}AcceptToStagingMsP99`]: parts.acceptToStaging.p99,
    [`${at}StagingToRunningMsP99`]: parts.stagingToRunning.p99,
    [`${at}MasterCores`]: step.masterCpuCores,
    [`${at}MasterGcSeconds`]: step.masterGc.seconds,
    [`${at}MasterRssMib`]: step.masterRssMib,
  };
}
