import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { FuzzReport } from "@bourse/sim/tools/fuzz/fuzz";
import type { Finding } from "@bourse/sim/tools/fuzz/seed-job";
import { cannotWrite, writeWholeFile } from "@bourse/sim/tools/whole-file";
import type { Command } from "commander";
import { type Context, contextFor, durationMs, integerOf } from "./context.ts";
import { examples } from "./examples.ts";
import { onInterrupt } from "./interrupt.ts";
import { renderData } from "./output.ts";
import { progressBar } from "./progress.ts";
import { checkDirectory } from "./writable.ts";

interface FuzzFlags {
  readonly seeds: string;
  readonly from: string;
  readonly prefix: string;
  readonly jobs?: string;
  readonly out: string;
  readonly reloads?: boolean;
  readonly timeOut: string;
  readonly shrinkFor: string;
}

const EXIT_CODES = `
Exit code: 0 when every seed kept every promise; 1 when one did not; 2 for wrong input; 130 after Ctrl-C, with what
there was by then.`;

export function addSimFuzzCommand(sim: Command): void {
  sim
    .command("fuzz")
    .description("run small random clusters under faults of all kinds, and shrink what fails")
    .option("--seeds <count>", "how many", "1000")
    .option("--from <number>", "the number of the first", "1")
    .option("--prefix <text>", "before the number: other prefixes are other clusters", "")
    .option("--jobs <count>", "how many at once (default: one for each core)")
    .option("--out <directory>", "where scenarios of what fails are written", "fuzz-findings")
    .option(
      "--reloads",
      "also restore cores from snapshots along the way: the run must be the same",
    )
    .option("--time-out <time>", "of real time, for one run", "60s")
    .option("--shrink-for <time>", "of real time, to make one that fails smaller; 0s = not", "60s")
    .addHelpText(
      "after",
      examples(
        "bourse sim fuzz --seeds 10000 --prefix nightly-",
        "bourse sim fuzz --seeds 1 --from 4711 --out found -o json",
      ),
    )
    .addHelpText("after", EXIT_CODES)
    .action(async (flags: FuzzFlags, command: Command) => {
      process.exitCode = await run(contextFor(command), flags);
    });
}

async function run(context: Context, flags: FuzzFlags): Promise<number> {
  const { FUZZ_JOBS_MAX, FUZZ_SEEDS_MAX, fuzz } = await import("@bourse/sim/tools/fuzz/fuzz");
  const { SeedPool } = await import("@bourse/sim/tools/fuzz/seed-pool");
  const { findingFileName, findingText } = await import("@bourse/sim/tools/fuzz/finding-text");
  const seeds = integerOf(flags.seeds, "--seeds", 1, FUZZ_SEEDS_MAX);
  const options = {
    seeds,
    from: integerOf(flags.from, "--from", 0, Number.MAX_SAFE_INTEGER - FUZZ_SEEDS_MAX),
    prefix: flags.prefix,
    jobs:
      flags.jobs === undefined
        ? availableParallelism()
        : integerOf(flags.jobs, "--jobs", 1, FUZZ_JOBS_MAX),
    hasReloads: flags.reloads === true,
    withinMs: durationMs(flags.timeOut, "--time-out"),
    shrinkMs: durationMs(flags.shrinkFor, "--shrink-for"),
  };
  checkDirectory(flags.out, "--out");
  const bar = await progressBar();
  const interrupt = onInterrupt(
    () => {},
    () => bar.clear(),
  );
  const files: string[] = [];
  const found = (finding: Finding): void => {
    const path = join(flags.out, findingFileName(finding));
    write(flags.out, path, findingText(finding, path));
    files.push(path);
  };
  let report: FuzzReport;
  try {
    report = await fuzz(options, {
      runner: new SeedPool(),
      signal: interrupt.signal,
      progress: (done, findings) =>
        bar.show(done, seeds, `${done} of ${seeds} seeds, ${findings} failed`),
      found,
    });
  } finally {
    bar.clear();
    interrupt.off();
  }
  process.stdout.write(
    context.output === "table"
      ? textOf(context, report, files)
      : renderData(context, { ...report, files }),
  );
  return interrupt.exitCode ?? (report.findings.length > 0 ? 1 : 0);
}

function write(directory: string, path: string, text: string): void {
  try {
    // Not with those above it: where nothing can be made, as in /proc, Node tries for ever.
    if (!existsSync(directory)) mkdirSync(directory);
  } catch (thrown) {
    throw cannotWrite(path, thrown);
  }
  writeWholeFile(path, text);
}

function textOf({ colors }: Context, report: FuzzReport, files: readonly string[]): string {
  const { bold, green, red } = colors;
  const { seeds, asked, prefix, from, events, wallSeconds, jobs, findings } = report;
  const perSecond = wallSeconds > 0 ? seeds / wallSeconds : 0;
  const lines = [
    `${bold("seeds")}       ${seeds} of ${asked}, from ${prefix}${from} on`,
    `${bold("promises")}    ${findings.length === 0 ? green("kept") : red(`broken by ${findings.length} seeds`)}`,
    ...findings.flatMap(({ violation: { seed, check, atMs, message } }, index) => [
      `  ${red(`${seed}: ${check} at ${atMs} ms: ${message.split("\n")[0]}`)}`,
      `    bourse sim run ${files[index]}`,
    ]),
    `${bold("wall")}        ${wallSeconds.toFixed(1)} s with ${jobs} at once: ${perSecond.toFixed(1)} seeds and ${Math.round(events / Math.max(wallSeconds, 0.001))} events a second`,
  ];
  if (!report.isComplete) lines.push("stopped before all seeds were run");
  return lines.map((line) => `${line}\n`).join("");
}
