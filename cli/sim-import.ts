import { existsSync, statSync } from "node:fs";
import { ClusterError } from "@bourse/model/errors";
import type { ImportOptions } from "@bourse/sim/tools/import/import-options";
import type { ImportReport } from "@bourse/sim/tools/import/import-trace";
import type { Command } from "commander";
import { type Context, contextFor } from "./context.ts";
import { endWithoutTraces } from "./end-without-traces.ts";
import { examples } from "./examples.ts";
import { count, tell, totalsText } from "./load-totals.ts";
import { renderData } from "./output.ts";
import { progressBar } from "./progress.ts";

interface ImportFlags {
  readonly out?: string;
  readonly agents?: string;
  readonly from?: string;
  readonly until?: string;
  readonly withRunning?: boolean;
  readonly scaleTime?: string;
  readonly sample?: string;
  readonly seed?: string;
  readonly every?: string;
  readonly shuffle?: boolean;
  readonly neverDepart?: boolean;
  readonly machineCpus?: string;
  readonly machineMem?: string;
  readonly wholeGpus?: boolean;
  readonly tiers?: string;
  readonly taskCpus?: string;
  readonly taskMem?: string;
  readonly block?: string;
  readonly taskRate?: string;
}

/** `bourse sim import`: a public trace as a load file, its machines as agents of a scenario. */
export function addSimImportCommand(sim: Command): void {
  sim
    .command("import")
    .description("turn a public trace into a load file, and its machines into agents of a scenario")
    .argument("<format-or-file>", "a format of those below, or the first file: then it is told")
    .argument("[files...]", "files of one trace, packed with gzip or not")
    .option("--out <file>", "the load goes there instead of to stdout; .gz packs it")
    .option("--agents <file>", "its machines go there, as `agents:` of a scenario file (YAML)")
    .option("--from <time>", "leave out what arrives before; that becomes the beginning")
    .option("--until <time>", "leave out what arrives from then on")
    .option("--with-running", "what runs at --from arrives at 0, with the rest of its time")
    .option("--scale-time <factor>", "of arrivals and runs: 0.1 makes ten hours one")
    .option("--sample <fraction>", "of all jobs, whole ones; e.g. 0.1")
    .option("--seed <text>", "of the sample and of --shuffle (default: 1)")
    .option("--every <time>", "tasks arrive one by one, so far apart, in the order of the trace")
    .option("--shuffle", "rows arrive in an order drawn by the seed")
    .option("--never-depart", "everything runs until the run is over")
    .option("--machine-cpus <count>", "cores of the machine of which a trace gives parts")
    .option("--machine-mem <size>", "and its memory, e.g. 256GiB")
    .option("--whole-gpus", "agents get `gpus` instead of a scalar for each device to share")
    .option("--tiers <names>", "google2019: free, beb, mid, prod, monitoring, with commas")
    .option("--task-cpus <count>", "swim: of one task (default: 1)")
    .option("--task-mem <size>", "swim: of one task (default: 1GiB)")
    .option("--block <size>", "swim: input of one map (default: 64MiB)")
    .option("--task-rate <size>", "swim: what one task works off in a second (default: 3MiB)")
    .addHelpText("after", FORMATS)
    .addHelpText(
      "after",
      examples(
        "bourse sim import openb_node_list_all_node.csv.gz openb_pod_list_default.csv.gz --out openb.csv --agents openb-agents.yaml",
        "bourse sim import alibaba2017-batch jobs.csv.gz --machine-mem 128GiB --out alibaba.csv.gz",
        "bourse sim import load alibaba.csv.gz --from 10h --until 11h --sample 0.1 > an-hour.csv",
      ),
    )
    .action(
      async (first: string, rest: readonly string[], flags: ImportFlags, command: Command) => {
        const context = contextFor(command);
        const { importTrace, TRACE_FORMATS } = await import(
          "@bourse/sim/tools/import/import-trace"
        );
        const isFormat =
          TRACE_FORMATS.some(({ name }) => name === first) ||
          (rest.length > 0 && !existsSync(first));
        const paths = isFormat ? rest : [first, ...rest];
        const options = await optionsOf(isFormat ? first : null, flags);
        const progress = await byteProgress(paths);
        const interrupt = endWithoutTraces(() => progress.clear());
        const targets = { loadPath: flags.out ?? null, agentsPath: flags.agents ?? null };
        const report = await importTrace(paths, options, targets, progress.read).finally(() => {
          progress.clear();
          interrupt.off();
        });
        const { loadPath, agentsPath } = targets;
        const isStdoutTaken = report.load.rows > 0 ? loadPath === null : agentsPath === null;
        tell(context, isStdoutTaken, reportText(context, report, agentsPath));
      },
    );
}

const FORMATS = `
Formats (each is told by the first line of the file):
  openb              Alibaba cluster-trace-gpu-v2023: nodes and pods
  alibaba2017-batch  Alibaba batch tasks of 2017, as CloudSimPy's jobs.csv (--machine-mem)
  pai2020-machines   Alibaba PAI 2020: inventory of machines
  swim               SWIM: Facebook's Hadoop jobs by their bytes, FB-2009 and FB-2010
  google2019         Google ClusterData 2019: instance_events, collection_events, machine_events,
                     JSON lines or CSV (--machine-cpus, --machine-mem)
  azure-vm           Azure VM traces of 2017 and 2019: vmtable.csv
  load               a load file: sample it, cut a window out, scale its time`;

async function optionsOf(format: string | null, flags: ImportFlags): Promise<ImportOptions> {
  const { IMPORT_DEFAULTS } = await import("@bourse/sim/tools/import/import-options");
  const { CPUS, MEMORY, readMs } = await import("@bourse/sim/tools/load-gen/units");
  const { GOOGLE_TIERS } = await import("@bourse/sim/tools/import/google-2019");
  const value = <T>(
    flag: keyof ImportFlags,
    read: (text: string) => T,
    absent: T,
    hint: string,
  ): T => {
    const text = flags[flag];
    if (typeof text !== "string") return absent;
    const found = read(text);
    if (found !== null && !Number.isNaN(found)) return found;
    throw new ClusterError(
      "invalid_call",
      `--${kebab(flag)} ${JSON.stringify(text)} is not acceptable`,
      { hint },
    );
  };
  const time = (flag: keyof ImportFlags, absent: number): number =>
    value(flag, readMs, absent, "write a time like 30s, 10m, 1.5h");
  const above0 = (read: (text: string) => number) => (text: string) => {
    const found = read(text);
    return found > 0 && found <= 1e9 ? found : Number.NaN;
  };
  const size = <T extends number | null>(flag: keyof ImportFlags, absent: T): number | T =>
    value<number | T>(
      flag,
      above0(MEMORY.read),
      absent,
      "write memory above 0, like 64MiB, 256GiB",
    );
  const number = (to: number) => (text: string) => {
    const found = above0(CPUS.read)(text);
    return found <= to ? found : Number.NaN;
  };
  const tierNames: readonly string[] = GOOGLE_TIERS.map(([name]) => name);
  const options: ImportOptions = {
    ...IMPORT_DEFAULTS,
    format,
    fromMs: time("from", IMPORT_DEFAULTS.fromMs),
    untilMs: time("until", IMPORT_DEFAULTS.untilMs),
    isWithRunning: flags.withRunning ?? false,
    timeScale: value("scaleTime", number(1e6), 1, "write a number above 0, like 0.1"),
    sample: value("sample", number(1), 1, "write a fraction above 0, at most 1, like 0.1"),
    seed: flags.seed ?? IMPORT_DEFAULTS.seed,
    everyMs: value("every", above0(readMs), null, "write a time above 0, like 1s, 250ms"),
    isShuffled: flags.shuffle ?? false,
    isEndless: flags.neverDepart ?? false,
    machineCpus: value("machineCpus", number(1e6), null, "write cores above 0, like 64"),
    machineMemMib: size("machineMem", null),
    hasWholeGpus: flags.wholeGpus ?? false,
    tiers: value(
      "tiers",
      (text) => {
        const names = text.split(",").map((name) => name.trim());
        return names.every((name) => tierNames.includes(name)) ? names : null;
      },
      null,
      `take some of ${tierNames.join(",")}`,
    ),
    taskCpuMilli: value("taskCpus", number(1_000), 1, "write cores above 0, like 0.5") * 1_000,
    taskMemMib: size("taskMem", IMPORT_DEFAULTS.taskMemMib),
    blockMib: size("block", IMPORT_DEFAULTS.blockMib),
    taskMibPerSecond: size("taskRate", IMPORT_DEFAULTS.taskMibPerSecond),
  };
  if (options.untilMs > options.fromMs) return options;
  throw new ClusterError("invalid_call", "--until is not behind --from", {
    hint: "both are times of the trace",
  });
}

function kebab(flag: string): string {
  return flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function reportText(context: Context, report: ImportReport, agentsPath: string | null): string {
  if (context.isQuiet) return "";
  if (context.output !== "table") return renderData(context, report);
  const { bold } = context.colors;
  const line = (name: string, text: string): string => `${bold(name.padEnd(16))}${text}\n`;
  const where =
    agentsPath === null
      ? report.load.rows > 0
        ? "; --agents FILE writes them"
        : ""
      : `, in ${agentsPath}`;
  return [
    line("format", report.format),
    report.records === 0 ? "" : line("records", count(report.records)),
    report.machines === 0 ? "" : line("machines", `${count(report.machines)}${where}`),
    report.load.rows === 0 ? "" : totalsText(context, report.load),
    ...Object.entries(report.leftOut).map(([reason, tasks]) =>
      line("left out", `${count(tasks)} ${reason}`),
    ),
  ].join("");
}

/** Of the bytes of all files. */
async function byteProgress(
  paths: readonly string[],
): Promise<{ read(bytes: number): void; clear(): void }> {
  const bar = await progressBar();
  const sizes = paths.map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let read = 0;
  return {
    read(bytes) {
      read += bytes;
      bar.show(read, total, `of ${Math.ceil(total / 1_048_576)} MiB`);
    },
    clear: () => bar.clear(),
  };
}
