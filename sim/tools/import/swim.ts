import type { ImportOptions } from "./import-options.ts";
import { amountsOf, eachRecord, type TraceFormat } from "./trace-reader.ts";
import type { TraceSink } from "./trace-sink.ts";

const COLUMNS = ["job", "submit_s", "gap_s", "map_input", "shuffle", "output"] as const;

/**
 * SWIM's samples of Facebook's Hadoop (SWIMProjectUCB/SWIM, `workloadSuite`, New BSD): tab separated, no header; job,
 * submit time and gap in seconds, bytes of map input, shuffle and reduce output. It says nothing of tasks; they are
 * counted like in its own replay (`GenerateReplayScript.java`): a map for each block of the input, at least one; a
 * reduce for each block of shuffle and output together, at least one and at most REDUCES_MAX. When nothing is shuffled
 * there are only maps, for each block of the output if that is larger. A task works off its bytes at a constant rate,
 * in no less than a second. Reduces come when the maps could be over.
 */
export const SWIM: TraceFormat = {
  name: "swim",
  about: "SWIM: Facebook's Hadoop jobs by their bytes (FB-2009, FB-2010)",
  isLine: (cells) =>
    cells.length === COLUMNS.length &&
    /^job\d+$/.test(cells[0] ?? "") &&
    cells.slice(1).every((cell) => /^\d+$/.test(cell)),
  open: (sink, options) => ({
    file: (path, onRead) =>
      eachRecord(path, { delimiter: "\t", columns: COLUMNS, onRead }, (record) =>
        addJob(sink, options, {
          job: record.text("job"),
          atMs: record.number("submit_s") * 1_000,
          inputMib: record.number("map_input") / MIB,
          shuffleMib: record.number("shuffle") / MIB,
          outputMib: record.number("output") / MIB,
        }),
      ),
    end: () => {},
  }),
};

const MIB = 1_048_576;
/** Nobody ran a reduce for each block of petabytes: at most one on each machine of the cluster of 2010. */
const REDUCES_MAX = 3_000;

interface SwimJob {
  readonly job: string;
  readonly atMs: number;
  readonly inputMib: number;
  readonly shuffleMib: number;
  readonly outputMib: number;
}

function addJob(
  sink: TraceSink,
  options: ImportOptions,
  { job, atMs, inputMib, shuffleMib, outputMib }: SwimJob,
): void {
  const { blockMib, taskCpuMilli, taskMemMib, taskMibPerSecond } = options;
  const amounts = amountsOf({ cpuMilli: taskCpuMilli, memMib: taskMemMib });
  const runMs = (mib: number): number =>
    Math.max(1_000, Math.round((mib / taskMibPerSecond) * 1_000));
  const hasReduces = shuffleMib > 0;
  const largestMib = hasReduces ? inputMib : Math.max(inputMib, outputMib);
  const maps = Math.max(1, Math.ceil(largestMib / blockMib));
  const mapMib = (inputMib + (hasReduces ? 0 : outputMib)) / maps;
  sink.add({ atMs, count: maps, amounts, runMs: runMs(mapMib), job });
  if (!hasReduces) return;
  const reduceMib = shuffleMib + outputMib;
  const reduces = Math.min(REDUCES_MAX, Math.max(1, Math.round(reduceMib / blockMib)));
  sink.add({
    atMs: atMs + runMs(mapMib),
    count: reduces,
    amounts,
    runMs: runMs(reduceMib / reduces),
    job,
  });
}
