import type { RunReport } from "@bourse/engine/report/run-report";
import type { RunProgress } from "@bourse/engine/scenario/run-scenario";
import type { Scenario } from "@bourse/engine/scenario/scenario";
import { ClusterError } from "@bourse/model/errors";
import type { Command } from "commander";
import { type Context, collect, contextFor, durationMs, integerOf } from "./context.ts";
import { examples } from "./examples.ts";
import { onInterrupt } from "./interrupt.ts";
import { runWithLargerHeap } from "./larger-heap.ts";
import { renderData } from "./output.ts";
import { type Progress, progressBar } from "./progress.ts";
import { seedOf } from "./seed-flag.ts";
import { reportText, type Verdict } from "./sim-run-text.ts";
import { checkWritable } from "./writable.ts";

interface RunFlags {
  readonly agents?: string;
  readonly tasks?: string;
  readonly seed?: string;
  readonly duration?: string;
  readonly report?: string;
  readonly out?: string;
  readonly assert?: readonly string[];
  readonly schema?: boolean;
}

export function addSimRunCommand(sim: Command): void {
  sim
    .command("run")
    .argument("[scenario]", "a scenario file (YAML); without one, tasks on agents in one minute")
    .description("run a scenario in virtual time, check the invariants, say how it went")
    .option("--agents <count>", "without a file: how many agents (default: 1000)")
    .option("--tasks <count>", "without a file: how many tasks (default: 100000)")
    .option(
      "--seed <text>",
      "of all chance, instead of the file's; the same seed gives the same hash",
    )
    .option("--duration <time>", "of virtual time at most, instead of the file's, e.g. 90s, 2h")
    .option("--report <file.html>", "write a page with charts")
    .option("--out <file.json>", "write the whole report, for `bourse sim report` and `compare`")
    .option("--assert <condition>", "exit with 1 unless it holds; may be repeated", collect)
    .option("--schema", "print the JSON Schema of scenario files and end")
    .addHelpText(
      "after",
      examples(
        "bourse sim run --agents 1000 --tasks 100000 --seed 7 -o json",
        "bourse sim run sim/scenarios/smoke.yaml --report smoke.html",
        "bourse sim run cluster.yaml --duration 2h --assert 'submitToRunning.p99<1s'",
      ),
    )
    .addHelpText("after", EXIT_CODES)
    .action(async (path: string | undefined, flags: RunFlags, command: Command) => {
      process.exitCode = await run(contextFor(command), path, flags);
    });
}

const EXIT_CODES = `
Exit code: 0 when all is well; 1 when an invariant broke, the run was not done in time, or a condition
does not hold; 2 for wrong input; 130 after Ctrl-C, with a report of what there was by then.`;

async function run(context: Context, path: string | undefined, flags: RunFlags): Promise<number> {
  if (flags.schema === true) {
    const { scenarioSchema } = await import("@bourse/sim/tools/scenario-file/scenario-schema");
    process.stdout.write(`${JSON.stringify(scenarioSchema(), null, 2)}\n`);
    return 0;
  }
  const { checkAssertions, judge, parseAssertion, resultText } = await import(
    "@bourse/sim/tools/assertions"
  );
  checkWritable(flags.out, "--out");
  checkWritable(flags.report, "--report");
  const assertions = (flags.assert ?? []).map(parseAssertion);
  checkAssertions(assertions);
  const scenario = await scenarioOf(context, path, flags);
  const { heapNeededForMib } = await import("@bourse/sim/tools/paced-run");
  const exitCode = await runWithLargerHeap(heapNeededForMib(scenario));
  if (exitCode !== null) return exitCode;
  const { report: result, lacks, interruptedBy } = await runToEnd(scenario);
  const report = { ...result, command: commandOf(path, flags, scenario) };
  const results = assertions.map((assertion) => judge(assertion, report));
  const verdicts = results.map((result) => ({ holds: result.holds, text: resultText(result) }));
  const lines = isForPeople(context)
    ? reportText(context.colors, { report, lacks, verdicts })
    : context.output === "table"
      ? `${report.hash}\n`
      : renderData(context, results.length === 0 ? report : { ...report, assertions: results });
  process.stdout.write(lines);
  sayVerdicts(context, verdicts);
  await write(report, flags);
  if (interruptedBy !== null) return interruptedBy;
  const isGood = report.isComplete && report.violations.length === 0;
  return isGood && results.every(({ holds }) => holds) ? 0 : 1;
}

/** The command line that gives this very run again. */
function commandOf(path: string | undefined, flags: RunFlags, { seed }: Scenario): string {
  const { agents, tasks, duration } = flags;
  const words = [
    ...["bourse", "sim", "run", ...(path === undefined ? [] : [path])],
    ...(agents === undefined ? [] : ["--agents", agents]),
    ...(tasks === undefined ? [] : ["--tasks", tasks]),
    ...(duration === undefined ? [] : ["--duration", duration]),
    ...["--seed", seed],
  ];
  return words.map(shellWord).join(" ");
}

function shellWord(word: string): string {
  return /^[\w./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** -q leaves the hash alone: which run it was. */
function isForPeople({ output, isQuiet }: Context): boolean {
  return output === "table" && !isQuiet;
}

/** On stderr too when stdout is for machines: a pipeline that failed says why. */
function sayVerdicts(context: Context, verdicts: readonly Verdict[]): void {
  if (isForPeople(context)) return;
  for (const { holds, text } of verdicts) if (!holds) process.stderr.write(`bourse: ${text}\n`);
}

async function scenarioOf(
  context: Context,
  path: string | undefined,
  flags: RunFlags,
): Promise<Scenario> {
  const { duration } = flags;
  const seed = flags.seed === undefined ? undefined : seedOf(flags.seed);
  const longMs = duration === undefined ? undefined : durationMs(duration, "--duration");
  if (longMs === 0)
    throw refusal(`--duration ${duration}: a run takes time`, "write one above 0, e.g. 10m");
  if (path === undefined) return headline(flags, longMs);
  if (flags.agents !== undefined || flags.tasks !== undefined) {
    throw refusal(
      `--agents and --tasks are not for ${path}`,
      "a scenario file says both itself; change it there",
    );
  }
  const { readScenarioFile } = await import("@bourse/sim/tools/scenario-file/read-scenario-file");
  const { scenario, warnings } = await readScenarioFile(path, { seed, durationMs: longMs });
  if (!context.isQuiet) {
    for (const warning of warnings)
      process.stderr.write(`${context.colors.yellow("warning:")} ${warning}\n`);
  }
  return scenario;
}

async function headline(flags: RunFlags, longMs: number | undefined): Promise<Scenario> {
  const { headlineScenario } = await import("@bourse/engine/scenario/headline-scenario");
  const scenario = headlineScenario({
    agents: integerOf(flags.agents ?? "1000", "--agents", 1, 100_000),
    tasks: integerOf(flags.tasks ?? "100000", "--tasks", 0, 5_000_000),
    seed: flags.seed ?? "1",
  });
  return longMs === undefined ? scenario : { ...scenario, end: { ...scenario.end, atMs: longMs } };
}

async function runToEnd(scenario: Scenario) {
  const { runPaced } = await import("@bourse/sim/tools/paced-run");
  const bar = await progressBar();
  const interrupt = onInterrupt(
    () => {
      bar.clear();
      process.stderr.write("stopping; once more to end at once\n");
    },
    () => bar.clear(),
  );
  try {
    const { signal } = interrupt;
    const progress = (now: RunProgress): void => showProgress(bar, scenario, now);
    const result = await runPaced(scenario, { signal, progress });
    return { ...result, interruptedBy: result.report.isComplete ? null : interrupt.exitCode };
  } finally {
    bar.clear();
    interrupt.off();
  }
}

/** By whichever ends the run: what is placed, or the time. */
function showProgress(
  bar: Progress,
  { end }: Scenario,
  { nowMs, endMs, placed, tasks }: RunProgress,
) {
  const byTime = Math.min(1, nowMs / endMs);
  const share = end.isWhenDone && tasks > 0 ? Math.max(placed / tasks, byTime) : byTime;
  const seconds = Math.round(nowMs / 1_000);
  bar.show(share, 1, `${seconds} s virtual, ${placed} of ${tasks} tasks placed`);
}

async function write(report: RunReport, { report: page, out }: RunFlags): Promise<void> {
  if (page !== undefined) {
    const { writeHtmlReport } = await import("@bourse/sim/tools/report/write-report");
    writeHtmlReport(page, report);
  }
  if (out === undefined) return;
  const { writeWholeFile } = await import("@bourse/sim/tools/whole-file");
  writeWholeFile(out, `${JSON.stringify(report)}\n`);
}

function refusal(message: string, hint: string): ClusterError {
  return new ClusterError("invalid_call", message, { hint });
}
