import type { RunReport } from "@bourse/engine/report/run-report";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { ClusterError } from "@bourse/model/errors";
import type { Recording } from "@bourse/sim/tools/replay/recording";
import type { Comparison } from "@bourse/sim/tools/report/compare";
import type { Context } from "./context.ts";
import { livedThrough } from "./incident.ts";
import { onInterrupt } from "./interrupt.ts";
import { runWithLargerHeap } from "./larger-heap.ts";
import { renderData } from "./output.ts";
import { progressBar } from "./progress.ts";
import { isPolicyChanged, type PolicyFlags, policyChangeOf } from "./sim-policy-flags.ts";
import { checkWritable } from "./writable.ts";

interface OtherwiseFlags extends PolicyFlags {
  readonly scenario?: string;
  readonly report?: string;
}

/** The recorded cluster and load, simulated under the recorded policy and under another (FEATURES ). */
export async function replayOtherwise(
  context: Context,
  path: string,
  flags: OtherwiseFlags,
): Promise<void> {
  const policy = await policyChangeOf(flags);
  checkWritable(flags.scenario, "--scenario");
  checkWritable(flags.report, "--report");
  const recording = await recordingOf(path);
  const { scenarioOfRecording } = await import("@bourse/sim/tools/replay/recorded-scenario");
  const recorded = scenarioOfRecording(recording, "recorded policy");
  if (flags.scenario !== undefined) {
    await writeScenario(context, flags.scenario, { recorded, recording, path });
  }
  if (!isPolicyChanged(flags)) return;
  const { heapNeededForMib } = await import("@bourse/sim/tools/paced-run");
  const exitCode = await runWithLargerHeap(heapNeededForMib(recorded));
  if (exitCode !== null) {
    process.exitCode = exitCode;
    return;
  }
  const changed = scenarioOfRecording(recording, "changed policy", policy);
  const { reports, stopCode } = await bothRuns([recorded, changed]);
  const { compareRuns } = await import("@bourse/sim/tools/report/compare");
  const comparison = compareRuns(...reports);
  process.stdout.write(
    context.output === "table"
      ? await otherwiseText(context, { recording, comparison, texts: policy.texts })
      : renderData(context, { changes: policy.texts, assumptions: ASSUMPTIONS, ...comparison }),
  );
  if (flags.report !== undefined) {
    const { writeHtmlComparison } = await import("@bourse/sim/tools/report/write-report");
    writeHtmlComparison(flags.report, reports, comparison);
    if (!context.isQuiet) process.stderr.write(`wrote ${flags.report}\n`);
  }
  if (stopCode !== null) {
    process.stderr.write("stopped before the end: this is how far it had come\n");
    process.exitCode = stopCode;
  } else if (reports.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
}

/** Known from a journal, and what has to be assumed, in this order. */
const ASSUMPTIONS = [
  "known: agents and when they were there, sizes and run times of tasks, quotas, weights, settings of the master",
  "this is another run and not the replay: what frameworks answered to offers does not fit other offers",
  "a task arrives when its framework launched it: how long it had waited inside its framework is not in a journal, so a better policy cannot start it earlier",
  "a task runs as long as it did, wherever it is placed; what was tried again arrives as a task of its own",
  "frameworks take the first offer that holds a task; ports, volumes, constraints and reservations are left out",
  "tasks that ran when the journal began arrive at its beginning",
] as const;

async function recordingOf(path: string): Promise<Recording> {
  const { Recorder } = await import("@bourse/sim/tools/replay/recording");
  const recorder = new Recorder();
  const progress = await progressBar();
  try {
    const here = await livedThrough(path, {
      visitors: [recorder],
      progress: ({ inputs, fraction }) => progress.show(fraction, 1, `reading, ${inputs} inputs`),
    });
    const recording = recorder.recording(here);
    if (recording.agents.length > 0) return recording;
  } finally {
    progress.clear();
  }
  throw new ClusterError("invalid_call", `${path}: no agent was ever there: nothing can be run`, {
    hint: "name a journal of a master with agents and tasks",
  });
}

async function bothRuns(scenarios: readonly [Scenario, Scenario]): Promise<{
  readonly reports: readonly [RunReport, RunReport];
  readonly stopCode: number | null;
}> {
  const { runPaced } = await import("@bourse/sim/tools/paced-run");
  const progress = await progressBar();
  const interrupt = onInterrupt(
    () => {},
    () => progress.clear(),
  );
  const run = async (scenario: Scenario, done: number): Promise<RunReport> => {
    const { report } = await runPaced(scenario, {
      signal: interrupt.signal,
      progress: ({ nowMs, endMs }) => progress.show(done + nowMs / endMs / 2, 1, scenario.name),
    });
    return report;
  };
  try {
    const first = await run(scenarios[0], 0);
    return { reports: [first, await run(scenarios[1], 0.5)], stopCode: interrupt.exitCode };
  } finally {
    progress.clear();
    interrupt.off();
  }
}

async function writeScenario(
  context: Context,
  file: string,
  of: { readonly recorded: Scenario; readonly recording: Recording; readonly path: string },
): Promise<void> {
  const { scenarioText } = await import("@bourse/sim/tools/scenario-file/scenario-text");
  const { writeWholeFile } = await import("@bourse/sim/tools/whole-file");
  const comment = [`The cluster and the load of ${of.path}.`, ...ASSUMPTIONS].join("\n");
  writeWholeFile(file, scenarioText(of.recorded, comment));
  if (!context.isQuiet) {
    const { agents, tasks } = of.recording;
    process.stderr.write(`wrote ${file}: ${agents.length} agents, ${tasks.length} tasks\n`);
  }
}

async function otherwiseText(
  context: Context,
  of: {
    readonly recording: Recording;
    readonly comparison: Comparison;
    readonly texts: readonly string[];
  },
): Promise<string> {
  const { bold } = context.colors;
  const { comparisonText } = await import("./sim-report.ts");
  const { agents, tasks, durationMs } = of.recording;
  // How long this machine took to decide says nothing of the policy.
  const figures = of.comparison.figures.filter(({ isOfMachine }) => !isOfMachine);
  return [
    `${bold("B")}  ${of.texts.join(", ")}`,
    `${bold("A")}  the recorded policy; both simulated with ${agents.length} agents and ${tasks.length} tasks of ${Math.round(durationMs / 1_000)} s`,
    "",
    (await comparisonText(context, { ...of.comparison, figures }))
      .replace(/^\* of the machine.*\n/m, "")
      .trimEnd(),
    "",
    bold("what it rests on"),
    ...ASSUMPTIONS.map((text) => `  ${text}`),
  ]
    .map((line) => `${line}\n`)
    .join("");
}
