import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import { readCsv } from "../load-file/csv-table.ts";

/** One machine of the trace. */
export interface OpenbNode {
  readonly name: string;
  readonly cpuMilli: number;
  readonly memMib: number;
  readonly gpus: number;
  readonly model: string;
}

/** One pod: what it asks for, without its times. */
export interface OpenbPod {
  readonly cpuMilli: number;
  readonly memMib: number;
  readonly gpus: number;
  /** Of each of its GPUs. */
  readonly gpuMilli: number;
  /** Models that will do; empty = any. */
  readonly models: readonly string[];
}

const WHOLE_GPU = 1_000;

/** The machines with GPUs of a node list of cluster-trace-gpu-v2023. Throws `invalid_call` naming file and line. */
export async function readOpenbNodes(path: string): Promise<readonly OpenbNode[]> {
  const columns = ["sn", "cpu_milli", "memory_mib", "gpu", "model"];
  const nodes: OpenbNode[] = [];
  for await (const row of tableRows(path, columns)) {
    nodes.push({
      name: row.text("sn"),
      cpuMilli: row.amount("cpu_milli"),
      memMib: row.amount("memory_mib"),
      gpus: row.amount("gpu"),
      model: row.text("model"),
    });
  }
  const withGpus = nodes.filter(({ gpus }) => gpus > 0);
  if (withGpus.length === 0) throw empty(path, "no machine of it has GPUs", "a node list");
  return withGpus;
}

/** The pods of a pod list of cluster-trace-gpu-v2023. Throws `invalid_call` naming file and line. */
export async function readOpenbPods(path: string): Promise<readonly OpenbPod[]> {
  const columns = ["cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec"];
  const pods: OpenbPod[] = [];
  for await (const row of tableRows(path, columns)) {
    const gpus = row.amount("num_gpu");
    pods.push({
      cpuMilli: row.amount("cpu_milli"),
      memMib: row.amount("memory_mib"),
      gpus,
      gpuMilli: gpus === 0 ? 0 : row.amount("gpu_milli"),
      models: row
        .text("gpu_spec")
        .split("|")
        .filter((model) => model !== ""),
    });
  }
  if (!pods.some(({ gpus }) => gpus > 0))
    throw empty(path, "no pod of it wants GPUs", "a pod list");
  return pods;
}

export function gpuMilliOf({ gpus, gpuMilli }: OpenbPod): number {
  return gpus * gpuMilli;
}

/** The pod as one row of a load: it arrives at `atMs` and never leaves. */
export function rowOf(pod: OpenbPod, atMs: number): LoadRow {
  const { cpuMilli, memMib, gpus, gpuMilli, models } = pod;
  const isPart = gpus === 1 && gpuMilli < WHOLE_GPU;
  return {
    atMs,
    count: 1,
    amounts: [
      { name: "cpus", milli: cpuMilli },
      ...(gpus > 0 && !isPart ? [{ name: "gpus", milli: gpus * WHOLE_GPU }] : []),
      { name: "mem", milli: memMib * 1_000 },
    ],
    runMs: Number.POSITIVE_INFINITY,
    job: "",
    ...(isPart ? { gpuMilli } : {}),
    ...(models.length > 0 ? { gpuModels: models } : {}),
  };
}

interface TableRow {
  text(column: string): string;
  /** A whole number, not negative. */
  amount(column: string): number;
}

async function* tableRows(path: string, columns: readonly string[]): AsyncGenerator<TableRow> {
  let header: readonly string[] | null = null;
  for await (const { rows, lines } of readCsv(path)) {
    for (const [place, row] of rows.entries()) {
      if (header === null) {
        header = row;
        const missing = columns.filter((column) => !row.includes(column));
        if (missing.length > 0) {
          throw new ClusterError(
            "invalid_call",
            `${path} lacks the columns ${missing.join(", ")}`,
            {
              hint: `its first line must name ${columns.join(", ")}, as the lists of openb do`,
            },
          );
        }
      } else yield new NamedRow(path, lines[place] ?? 0, header, row);
    }
  }
  if (header === null) throw empty(path, "it is empty", "a list of openb");
}

class NamedRow implements TableRow {
  readonly #where: string;
  readonly #header: readonly string[];
  readonly #row: readonly string[];

  constructor(path: string, line: number, header: readonly string[], row: readonly string[]) {
    this.#where = `${path}:${line}`;
    this.#header = header;
    this.#row = row;
  }

  text(column: string): string {
    return this.#row[this.#header.indexOf(column)] ?? "";
  }

  amount(column: string): number {
    const text = this.text(column);
    const amount = Number(text);
    if (text.trim() !== "" && Number.isInteger(amount) && amount >= 0 && amount < 2 ** 40) {
      return amount;
    }
    throw new ClusterError("invalid_call", `${this.#where}: ${column} is ${JSON.stringify(text)}`, {
      hint: "it must be a whole number that is not negative",
    });
  }
}

function empty(path: string, why: string, what: string): ClusterError {
  return new ClusterError("invalid_call", `cannot study ${path}: ${why}`, {
    hint: `name ${what} of cluster-trace-gpu-v2023 (openb), as CSV or gzipped CSV`,
  });
}
