import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";
import { readCsv } from "../load-file/csv-table.ts";
import type { ImportOptions } from "./import-options.ts";
import type { TraceSink } from "./trace-sink.ts";

/** A public format of traces: how it is told, and how it is read. */
export interface TraceFormat {
  readonly name: string;
  readonly about: string;
  /** Whether a file that begins with this line is of the format. `cells`: the line, split at commas or tabs. */
  isLine(cells: readonly string[], line: string): boolean;
  open(sink: TraceSink, options: ImportOptions): TraceReader;
}

/** Reads the files of one trace, one after the other, into a sink. */
export interface TraceReader {
  file(path: string, onRead: (bytes: number) => void): Promise<void>;
  /** Behind the last file: what only then is known. */
  end(): void;
}

/** One record of a table, by the names of its columns. Refuses with file and line. */
export class TraceRecord {
  cells: readonly string[] = [];
  line = 0;
  readonly #path: string;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #width: number;

  constructor(path: string, columns: readonly string[]) {
    this.#path = path;
    this.#indexOf = new Map(columns.map((name, index) => [name, index]));
    this.#width = columns.length;
  }

  at(cells: readonly string[], line: number): this {
    this.cells = cells;
    this.line = line;
    if (cells.length !== this.#width) {
      throw this.refusal(
        `the row has ${cells.length} values, it must have ${this.#width}`,
        `columns: ${Array.from(this.#indexOf.keys()).join(",")}`,
      );
    }
    return this;
  }

  has(column: string): boolean {
    return this.#indexOf.has(column);
  }

  text(column: string): string {
    return this.cells[this.#indexOf.get(column) ?? -1] ?? "";
  }

  /** A number that is not negative. */
  number(column: string, max = Number.MAX_SAFE_INTEGER): number {
    const text = this.text(column);
    const value = NUMBER.test(text) ? Number(text) : Number.NaN;
    if (value >= 0 && value <= max) return value;
    if (!this.has(column)) {
      throw this.refusal(
        `the table has no column ${column}`,
        "name the format that it is of, or none: then it is told by the first line",
      );
    }
    throw this.refusal(
      `${column}: ${JSON.stringify(text.slice(0, 60))} is not allowed`,
      `write a number from 0 to ${max}`,
    );
  }

  refusal(what: string, hint: string): ClusterError {
    return new ClusterError("invalid_call", `${this.#path}:${this.line}: ${what}`, { hint });
  }
}

const NUMBER = /^\d+(\.\d*)?([eE][-+]?\d{1,3})?$/;

export interface TableOptions {
  readonly delimiter?: string;
  /** Names of the columns of a table without a header; null = the first row names them. */
  readonly columns: readonly string[] | null;
  readonly onRead: (bytes: number) => void;
}

/** Hands over the records of a table, one at a time; the record is the same object each time. */
export async function eachRecord(
  path: string,
  { delimiter = ",", columns, onRead }: TableOptions,
  use: (record: TraceRecord) => void,
): Promise<void> {
  let record = columns === null ? null : new TraceRecord(path, columns);
  for await (const { rows, lines } of readCsv(path, { delimiter, onRead })) {
    for (let index = 0; index < rows.length; index++) {
      const cells = rows[index] as readonly string[];
      if (record === null)
        record = new TraceRecord(
          path,
          cells.map((name) => name.trim()),
        );
      else use(record.at(cells, lines[index] as number));
    }
  }
}

/** Amounts of one task, in the order and form of a load. */
export function amountsOf(task: {
  readonly cpuMilli: number;
  readonly memMib: number;
  readonly gpus?: number;
}): readonly Amount[] {
  return [
    { name: "cpus", milli: Math.round(task.cpuMilli) },
    { name: "gpus", milli: (task.gpus ?? 0) * 1_000 },
    { name: "mem", milli: Math.round(task.memMib) * 1_000 },
  ].filter(({ milli }) => milli > 0);
}

/** What 1.0 of a machine is, where a trace gives only parts of one. */
export function machineSize(
  options: ImportOptions,
  format: string,
): { readonly cpus: number; readonly memMib: number } {
  const { machineCpus, machineMemMib } = options;
  if (machineCpus !== null && machineMemMib !== null)
    return { cpus: machineCpus, memMib: machineMemMib };
  throw new ClusterError(
    "invalid_call",
    `${format} gives cores and memory as parts of its largest machine: say what that has`,
    { hint: "--machine-cpus 64 --machine-mem 256GiB" },
  );
}

export function machineMemMib(options: ImportOptions, format: string): number {
  if (options.machineMemMib !== null) return options.machineMemMib;
  throw new ClusterError(
    "invalid_call",
    `${format} gives memory as a part of one machine: say how much a machine has`,
    { hint: "--machine-mem 128GiB, and give the agents of the scenario as much" },
  );
}
