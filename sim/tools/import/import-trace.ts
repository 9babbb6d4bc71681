import { ClusterError } from "@bourse/model/errors";
import { Random } from "@bourse/model/random";
import { LoadSummary, type LoadTotals } from "../load-file/load-summary.ts";
import { writeLoadFile } from "../load-file/write-load-file.ts";
import { writeWholeFile } from "../whole-file.ts";
import { agentsText } from "./agents-text.ts";
import { ALIBABA_BATCH } from "./alibaba-batch.ts";
import { AZURE_VM } from "./azure-vm.ts";
import { firstLineOf } from "./first-line.ts";
import { GOOGLE_2019 } from "./google-2019.ts";
import type { ImportOptions } from "./import-options.ts";
import { LOAD } from "./load-format.ts";
import { OPENB } from "./openb.ts";
import { PAI_MACHINES } from "./pai-machines.ts";
import { SWIM } from "./swim.ts";
import type { TraceFormat } from "./trace-reader.ts";
import { TraceSink } from "./trace-sink.ts";

/** In the order in which files are tried. */
export const TRACE_FORMATS: readonly TraceFormat[] = [
  LOAD,
  OPENB,
  ALIBABA_BATCH,
  PAI_MACHINES,
  SWIM,
  GOOGLE_2019,
  AZURE_VM,
];

export interface ImportTargets {
  /** Where the load goes; null = stdout. Nothing is written when the trace has only machines. */
  readonly loadPath: string | null;
  /** Where the agents go; null = nowhere, or stdout when the trace has only machines. */
  readonly agentsPath: string | null;
}

export interface ImportReport {
  readonly format: string;
  /** Of the trace, before alike neighbours became one row, and before window and sample. */
  readonly records: number;
  readonly load: LoadTotals;
  readonly machines: number;
  /** Tasks or rows that are not in the load, by reason. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/**
 * Reads a trace and writes it as a load file and, where it has machines, as the `agents:` of a scenario. Inputs of any
 * size are read piece by piece; what is kept are the rows of the load, and for Google's events those of the sample.
 * Throws `invalid_call` naming file and line.
 */
export async function importTrace(
  paths: readonly string[],
  options: ImportOptions,
  targets: ImportTargets,
  onRead: (bytes: number) => void = () => {},
): Promise<ImportReport> {
  const format = await formatOf(paths, options.format);
  const sink = new TraceSink(options);
  const reader = format.open(sink, options);
  for (const path of paths) await reader.file(path, onRead);
  reader.end();
  const hasLoad = sink.table.size > 0 || sink.machines.length === 0;
  if (sink.table.size === 0 && sink.machines.length === 0) throw nothing(sink);
  const load = hasLoad
    ? await writeRows(sink, options, targets.loadPath)
    : new LoadSummary().totals();
  if (sink.machines.length > 0) {
    const source = `${format.name}: ${paths.map((path) => path.replace(/^.*\//, "")).join(", ")}`;
    const text = agentsText(sink.machines, { source, hasWholeGpus: options.hasWholeGpus });
    if (targets.agentsPath !== null) writeWholeFile(targets.agentsPath, text);
    else if (!hasLoad) process.stdout.write(text);
  }
  return {
    format: format.name,
    records: sink.records,
    load,
    machines: sink.machines.length,
    leftOut: Object.fromEntries(sink.leftOut),
  };
}

/** The one format of all files: the one that was named, or what their first lines look like. */
export async function formatOf(
  paths: readonly string[],
  name: string | null,
): Promise<TraceFormat> {
  if (name !== null) {
    const named = TRACE_FORMATS.find((format) => format.name === name);
    if (named !== undefined) return named;
    throw new ClusterError("invalid_call", `there is no format ${JSON.stringify(name)}`, {
      hint: `take one of ${TRACE_FORMATS.map((format) => format.name).join(", ")}`,
    });
  }
  let found: TraceFormat | null = null;
  for (const path of paths) {
    const line = await firstLineOf(path);
    if (line === "")
      throw new ClusterError("invalid_call", `${path} is empty`, { hint: "check it" });
    const format = formatOfLine(line);
    if (format === null) throw unknownFormat(path, line);
    if (found !== null && found !== format) {
      throw new ClusterError(
        "invalid_call",
        `${path} is a file of ${format.name}, those before it are of ${found.name}`,
        { hint: "import one trace at a time" },
      );
    }
    found = format;
  }
  if (found !== null) return found;
  throw new ClusterError("invalid_call", "there is no file to import", { hint: "name files" });
}

export function formatOfLine(line: string): TraceFormat | null {
  const cells = line.split(line.includes("\t") ? "\t" : ",").map((cell) => cell.trim());
  return TRACE_FORMATS.find((format) => format.isLine(cells, line)) ?? null;
}

function unknownFormat(path: string, line: string): ClusterError {
  const shown = JSON.stringify(line.length <= 80 ? line : `${line.slice(0, 77)}...`);
  return new ClusterError(
    "invalid_call",
    `${path} begins with ${shown}: no trace that is known looks like that`,
    {
      hint: `name the format before the file if it is one of ${TRACE_FORMATS.map((format) => format.name).join(", ")}`,
    },
  );
}

function nothing(sink: TraceSink): ClusterError {
  const reasons = Array.from(sink.leftOut, ([reason, count]) => `${count} ${reason}`);
  return new ClusterError(
    "invalid_call",
    `nothing of the trace is left to import${reasons.length === 0 ? "" : `: ${reasons.join(", ")}`}`,
    { hint: "widen --from and --until, or raise --sample" },
  );
}

async function writeRows(
  { table }: TraceSink,
  { isShuffled, seed, everyMs }: ImportOptions,
  path: string | null,
): Promise<LoadTotals> {
  if (isShuffled) table.shuffle(Random.fromSeed(`${seed}/shuffle`));
  return writeLoadFile(path, everyMs === null ? table.rows() : table.spaced(everyMs));
}
