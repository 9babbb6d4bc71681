import { fileURLToPath } from "node:url";
import type { LiveReport } from "@bourse/sim/tools/live/live-report";
import type { Command } from "commander";
import { type Context, contextFor, integerOf } from "./context.ts";
import { DAEMON_FLAGS } from "./daemon-flags.ts";
import { examples } from "./examples.ts";
import { renderData } from "./output.ts";

interface LiveFlags {
  readonly agents: string;
  readonly tasks: string;
  readonly rate: string;
  readonly stepSeconds: string;
  readonly agentProcesses: string;
  readonly seed: string;
  readonly keep?: string;
}

/** The exit code of a run that a signal ended. */
const INTERRUPTED = 130;

export function addSimLiveCommand(sim: Command): void {
  sim
    .command("live")
    .description("measure a real cluster on this machine: real processes, fake containers")
    .option("--agents <count>", "how many, each with a connection of its own", "1000")
    .option("--tasks <count>", "that run when the cluster is full", "100000")
    .option("--rate <count>", "submissions a second in the steady steps", "200")
    .option("--step-seconds <count>", "measured time of each step", "60")
    .option("--agent-processes <count>", "over which the agents are spread", "2")
    .option("--seed <text>", "of the times of submission", "1")
    .option("--keep <directory>", "for data and logs, which then stay")
    .addHelpText(
      "after",
      examples(
        "bourse sim live -o json",
        "bourse sim live --agents 100 --tasks 5000 --step-seconds 10 --keep live",
      ),
    )
    .action(async (flags: LiveFlags, command: Command) => {
      const context = contextFor(command);
      const agents = integerOf(flags.agents, "--agents", 1, 10_000);
      const options = {
        agents,
        tasks: integerOf(flags.tasks, "--tasks", 1, 1_000_000),
        ratePerSecond: integerOf(flags.rate, "--rate", 1, 10_000),
        stepSeconds: integerOf(flags.stepSeconds, "--step-seconds", 1, 3_600),
        agentProcesses: Math.min(
          integerOf(flags.agentProcesses, "--agent-processes", 1, 64),
          agents,
        ),
        seed: flags.seed,
        keepDirectory: flags.keep ?? null,
        command: [process.execPath, ...LIVE_FLAGS, ...process.execArgv, BOURSE] as const,
      };
      const { runLive } = await import("@bourse/sim/tools/live/live-run");
      const abort = new AbortController();
      const stop = (): void => abort.abort();
      for (const signal of SIGNALS) process.on(signal, stop);
      const progress = progressLine(context);
      try {
        const report = await runLive(options, { ...progress, signal: abort.signal });
        progress.clear();
        process.stdout.write(render(context, report));
        if (report.isPartial) process.exitCode = INTERRUPTED;
        else if (!isGood(report)) process.exitCode = 1;
      } finally {
        for (const signal of SIGNALS) process.off(signal, stop);
      }
    });
}

/**
 * Each daemon would have a machine of its own; here they share one, and four threads of each that collect garbage would
 * hold up all the others. Our own flags come last: `node --cpu-prof bourse.js sim live` profiles every process.
 */
const LIVE_FLAGS = [...DAEMON_FLAGS, "--v8-pool-size=1"];
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const BOURSE = fileURLToPath(new URL("../bin/bourse.js", import.meta.url));

/** Every task that was submitted ran. */
function isGood(report: LiveReport): boolean {
  return report.rampSeconds !== null && report.steady.every((step) => step.ran === step.submitted);
}

/** On stderr: what is being done, and on a terminal how far it is. */
function progressLine(context: Context) {
  const isTerminal = process.stderr.isTTY === true;
  const clear = (): void => {
    if (isTerminal) process.stderr.write("\r\x1b[2K");
  };
  return {
    clear,
    say: (line: string): void => {
      if (context.isQuiet) return;
      clear();
      process.stderr.write(`${line}\n`);
    },
    progress: (running: number, waiting: number): void => {
      if (isTerminal && !context.isQuiet)
        process.stderr.write(`\r\x1b[2K${running} running, ${waiting} waiting`);
    },
  };
}

function render(context: Context, report: LiveReport): string {
  if (context.output !== "table") return renderData(context, report);
  const { bold, red } = context.colors;
  const { rampSeconds, ramp, steady } = report;
  const lines = [
    `${bold("cluster")}  ${report.agents} agents on ${report.agentConnections} connections, room for ${report.capacityTasks} tasks; ${report.machine.cpus} cores, Node ${report.machine.node}`,
    rampSeconds === null
      ? `${bold("ramp")}     not finished${ramp === null ? "" : `: ${ramp.tasks} tasks run`}`
      : `${bold("ramp")}     ${report.tasks} tasks run ${rampSeconds.toFixed(1)} s after the first submission`,
    bold("submit to running, ms (part p99: offer + staging + running)"),
    `${"running".padStart(8)}${"rate".padStart(6)}${["p50", "p99", "p99.9"].map((name) => name.padStart(8)).join("")}   ${"part p99".padEnd(22)}${"cores".padStart(6)}${"gc s".padStart(7)}${"MiB".padStart(6)}`,
    ...steady.map((step) => {
      const { p50, p99, p999 } = step.submitToRunningMs;
      const { submitToOffer, acceptToStaging, stagingToRunning } = step.parts;
      const parts = [submitToOffer, acceptToStaging, stagingToRunning].map((part) => ms(part.p99));
      return `${String(step.runningTasks).padStart(8)}${String(step.ratePerSecond).padStart(6)}${[p50, p99, p999].map((value) => ms(value).padStart(8)).join("")}   ${parts.join(" + ").padEnd(22)}${step.masterCpuCores.toFixed(2).padStart(6)}${step.masterGc.seconds.toFixed(2).padStart(7)}${String(Math.round(step.masterRssMib)).padStart(6)}`;
    }),
    ...steady
      .filter((step) => step.ran < step.submitted)
      .map((step) =>
        red(
          `at ${step.runningTasks}: ${step.submitted - step.ran} of ${step.submitted} did not run`,
        ),
      ),
  ];
  if (report.isPartial)
    lines.push(red("ended before its time: this is what was measured until then"));
  return lines.map((line) => `${line}\n`).join("");
}

function ms(value: number): string {
  return value.toFixed(1);
}
