import type { LoadRow } from "@bourse/engine/scenario/load-row";
import { ClusterError } from "@bourse/model/errors";
import { type CsvOptions, readCsv } from "./csv-table.ts";
import { LOAD_ROWS_MAX, LOAD_TASKS_MAX, LoadRowReader } from "./load-columns.ts";

export interface ReadLoadOptions extends Pick<CsvOptions, "onRead"> {
  /** Hears of what is odd and yet no error. */
  readonly warn?: (text: string) => void;
}

/**
 * The rows of a load file (CSV, perhaps gzip) in order of arrival. Throws `invalid_call` naming file, line and column
 * for whatever it does not understand, and for more than LOAD_ROWS_MAX rows or LOAD_TASKS_MAX tasks.
 */
export async function readLoadFile(
  path: string,
  options: ReadLoadOptions = {},
): Promise<readonly LoadRow[]> {
  const rows: LoadRow[] = [];
  let reader: LoadRowReader | null = null;
  let tasks = 0;
  let unorderedLine = 0;
  for await (const { rows: table, lines } of readCsv(path, options)) {
    for (let index = 0; index < table.length; index++) {
      const cells = table[index] as readonly string[];
      const line = lines[index] as number;
      if (reader === null) {
        reader = new LoadRowReader(path, cells, line);
        continue;
      }
      const row = reader.row(cells, line);
      const before = rows.at(-1);
      if (before !== undefined && row.atMs < before.atMs && unorderedLine === 0) {
        unorderedLine = line;
      }
      rows.push(row);
      tasks += row.count;
      if (rows.length > LOAD_ROWS_MAX || tasks > LOAD_TASKS_MAX) throw tooLarge(path, line);
    }
  }
  if (reader === null) {
    throw new ClusterError("invalid_call", `${path} is empty`, {
      hint: "make a load with `bourse sim gen` or `bourse sim import`",
    });
  }
  if (unorderedLine > 0) {
    options.warn?.(
      `${path}:${unorderedLine}: at_ms goes back; the rows are put in order of arrival`,
    );
    rows.sort((a, b) => a.atMs - b.atMs); // Stable: rows that arrive together keep their order.
  }
  return rows;
}

function tooLarge(path: string, line: number): ClusterError {
  return new ClusterError(
    "invalid_call",
    `${path}:${line}: the load has more than ${LOAD_ROWS_MAX} rows or ${LOAD_TASKS_MAX} tasks`,
    { hint: "take a part of it: `bourse sim import --sample 0.1`, or --from and --until" },
  );
}
