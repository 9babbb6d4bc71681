import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import type { Amount } from "@bourse/model/quota";

/** The columns of a load file in the order they are written; those after `count` may be left out or reordered. */
export const LOAD_COLUMNS = [
  "at_ms",
  "count",
  "cpus",
  "mem_mib",
  "disk_mib",
  "gpus",
  "gpu_milli",
  "gpu_models",
  "run_ms",
  "job",
] as const;

type Column = (typeof LOAD_COLUMNS)[number];

/** A trace of millions of instances is tens of thousands of rows; more than this does not fit in memory as rows. */
export const LOAD_ROWS_MAX = 5_000_000;
export const LOAD_TASKS_MAX = 50_000_000;
/** About 31 years. */
export const LOAD_MS_MAX = 1_000_000_000_000;
export const JOB_LENGTH_MAX = 256;
const GPUS_MAX = 1_000;
const UNITS_MAX = 1_000_000_000;
const MODELS_MAX = 64;

/**
 * Makes rows of a load file's cells. Strict: what is not understood is refused with file, line, column, what is wrong
 * and what is allowed. Equal amounts of different rows are one and the same list, so that millions of rows of a trace
 * stay small.
 */
export class LoadRowReader {
  readonly #path: string;
  readonly #columns: readonly Column[];
  readonly #indexOf: Readonly<Record<Column, number>>;
  readonly #amounts = new Map<string, readonly Amount[]>();
  readonly #models = new Map<string, readonly string[]>();

  constructor(path: string, header: readonly string[], line: number) {
    this.#path = path;
    this.#columns = readHeader(path, header, line);
    const indexOf = {} as Record<Column, number>;
    for (const column of LOAD_COLUMNS) indexOf[column] = this.#columns.indexOf(column);
    this.#indexOf = indexOf;
  }

  row(cells: readonly string[], line: number): LoadRow {
    if (cells.length !== this.#columns.length) {
      throw new ClusterError(
        "invalid_call",
        `${this.#path}:${line}: the row has ${cells.length} values, the header ${this.#columns.length}`,
        { hint: `write ${this.#columns.join(",")}` },
      );
    }
    const runText = this.#text(cells, "run_ms");
    const gpuMilli = this.#whole(cells, line, "gpu_milli", 0, 1_000);
    const modelsText = this.#text(cells, "gpu_models");
    const row = {
      atMs: this.#whole(cells, line, "at_ms", 0, LOAD_MS_MAX),
      count: this.#whole(cells, line, "count", 1, LOAD_TASKS_MAX),
      amounts: this.#amountsOf(cells, line, gpuMilli),
      runMs: runText === "" ? Infinity : this.#whole(cells, line, "run_ms", 0, LOAD_MS_MAX),
      job: this.#jobOf(cells, line),
    };
    if (gpuMilli === 0 && modelsText === "") return row;
    return {
      ...row,
      ...(gpuMilli === 0 ? {} : { gpuMilli }),
      ...(modelsText === "" ? {} : { gpuModels: this.#modelsOf(modelsText, line) }),
    };
  }

  #amountsOf(cells: readonly string[], line: number, gpuMilli: number): readonly Amount[] {
    const cpus = this.#text(cells, "cpus");
    const disk = this.#text(cells, "disk_mib");
    const gpus = this.#text(cells, "gpus");
    const mem = this.#text(cells, "mem_mib");
    const key = `${cpus} ${disk} ${gpus} ${mem} ${gpuMilli === 0 ? "" : "part"}`;
    const known = this.#amounts.get(key);
    if (known !== undefined) return known;
    const gpusCount = this.#whole(cells, line, "gpus", 0, GPUS_MAX);
    const amounts = [
      { name: "cpus", milli: this.#milli(cells, line, "cpus") },
      { name: "disk", milli: this.#milli(cells, line, "disk_mib") },
      { name: "gpus", milli: gpusCount * 1_000 },
      { name: "mem", milli: this.#milli(cells, line, "mem_mib") },
    ].filter(({ milli }) => milli > 0);
    if (gpuMilli > 0 && gpusCount > 0) {
      throw this.#refusal(line, "gpu_milli", "a task takes whole GPUs or a part of one, not both", {
        hint: "leave gpus or gpu_milli empty",
      });
    }
    if (gpuMilli === 0 && amounts.length === 0) {
      throw this.#refusal(line, "cpus", "the tasks take nothing at all", {
        hint: "give them cpus, mem_mib, disk_mib, gpus or gpu_milli above 0",
      });
    }
    if (this.#amounts.size < INTERNED_MAX) this.#amounts.set(key, amounts);
    return amounts;
  }

  #modelsOf(text: string, line: number): readonly string[] {
    const known = this.#models.get(text);
    if (known !== undefined) return known;
    const models = text.split("|");
    if (models.length > MODELS_MAX || models.some((model) => !MODEL.test(model))) {
      throw this.#refusal(line, "gpu_models", `${shown(text)} is no list of GPU models`, {
        hint: `write names of letters, digits and _ . - with | between them, at most ${MODELS_MAX}`,
      });
    }
    if (this.#models.size < INTERNED_MAX) this.#models.set(text, models);
    return models;
  }

  #jobOf(cells: readonly string[], line: number): string {
    const text = this.#text(cells, "job");
    if (text.length <= JOB_LENGTH_MAX && !/\p{Cc}/u.test(text)) return text;
    throw this.#refusal(line, "job", `${shown(text)} is no name of a job`, {
      hint: `at most ${JOB_LENGTH_MAX} characters, no control characters`,
    });
  }

  #text(cells: readonly string[], column: Column): string {
    return cells[this.#indexOf[column]] ?? "";
  }

  #whole(cells: readonly string[], line: number, column: Column, from: number, to: number): number {
    const text = this.#text(cells, column);
    // Nothing written is nothing taken; a time or a count must be there.
    if (text === "" && from === 0 && column !== "at_ms") return 0;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= from && value <= to) return value;
    throw this.#refusal(line, column, `${shown(text)} is not allowed`, {
      hint: `write a whole number from ${from} to ${to}${EMPTY_HINTS[column] ?? ""}`,
    });
  }

  /** Thousandths; finer parts are rounded, as everywhere (FEATURES M-28). */
  #milli(cells: readonly string[], line: number, column: Column): number {
    const text = this.#text(cells, column);
    if (text === "") return 0;
    const value = /^\d{1,16}(\.\d{0,16})?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= 0 && value <= UNITS_MAX) return Math.round(value * 1_000);
    throw this.#refusal(line, column, `${shown(text)} is not allowed`, {
      hint: `write a number from 0 to ${UNITS_MAX}; parts are written 0.5`,
    });
  }

  #refusal(line: number, column: Column, what: string, options: { hint: string }): ClusterError {
    return new ClusterError("invalid_call", `${this.#path}:${line}: ${column}: ${what}`, options);
  }
}

/** Shapes of tasks that are kept to be shared by rows; a trace has some hundred, chance may give any number. */
const INTERNED_MAX = 100_000;
const MODEL = /^[A-Za-z0-9_.-]{1,64}$/;
const EMPTY_HINTS: Partial<Record<Column, string>> = {
  run_ms: ", or nothing for a task that runs until the end",
};

function readHeader(path: string, header: readonly string[], line: number): readonly Column[] {
  const names = header.map((name) => name.trim());
  const unknown = names.find((name) => !isColumn(name));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  const missing = LOAD_COLUMNS.slice(0, 2).find((name) => !names.includes(name));
  const what =
    missing !== undefined
      ? `the header has no column ${missing}`
      : unknown !== undefined
        ? `the header names ${shown(unknown)}, which is no column of a load file`
        : twice !== undefined
          ? `the header names ${twice} twice`
          : null;
  if (what === null) return names as Column[];
  throw new ClusterError("invalid_call", `${path}:${line}: ${what}`, {
    hint: `a load file begins with ${LOAD_COLUMNS.join(",")} (those after count may be left out); make one of a trace with \`bourse sim import\``,
  });
}

function isColumn(name: string): name is Column {
  return (LOAD_COLUMNS as readonly string[]).includes(name);
}

function shown(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 57)}...`);
}
