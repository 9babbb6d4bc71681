import { ClusterError } from "@bourse/model/errors";
import { CsvError, parse } from "csv-parse";
import { bytesOf } from "./byte-source.ts";

/** Some rows of a table, as text: `lines[i]` is the line of the file that `rows[i]` ends on. */
export interface CsvRows {
  readonly rows: readonly (readonly string[])[];
  readonly lines: readonly number[];
}

export interface CsvOptions {
  /** Default: a comma. */
  readonly delimiter?: string;
  /** Hears how many bytes of the file were read. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * Reads a table of text (RFC 4180; empty lines and lines that begin with # are left out) piece by piece, so that its
 * size is bounded by nothing. Rows may differ in length: the reader of the rows judges that. Throws `invalid_call`
 * naming file and line when quotes do not match or a row is beyond all reason.
 */
export async function* readCsv(path: string, options: CsvOptions = {}): AsyncGenerator<CsvRows> {
  let rows: string[][] = [];
  let lines: number[] = [];
  const parser = parse({
    bom: true,
    comment: "#",
    comment_no_infix: true,
    delimiter: options.delimiter ?? ",",
    max_record_size: RECORD_BYTES_MAX,
    relax_column_count: true,
    skip_empty_lines: true,
    // Rows are taken here, not from the stream: an object stream costs more than the parsing.
    on_record: (record: string[], { lines: line }) => {
      rows.push(record);
      lines.push(line);
      return null;
    },
  });
  let failure: Error | null = null;
  parser.on("error", (error) => (failure = error));
  parser.resume();
  const done = new Promise<void>((resolve) => {
    parser.once("end", resolve);
    parser.once("close", resolve);
  });
  for await (const piece of bytesOf(path, options.onRead)) {
    await new Promise<void>((resolve) => parser.write(piece, () => resolve()));
    if (failure !== null) throw tableFailure(path, failure);
    if (rows.length === 0) continue;
    yield { rows, lines };
    rows = [];
    lines = [];
  }
  parser.end();
  await done;
  if (failure !== null) throw tableFailure(path, failure);
  if (rows.length > 0) yield { rows, lines };
}

/** A row of numbers has some hundred bytes. A quote that is never closed must not take the memory of the machine. */
const RECORD_BYTES_MAX = 1_048_576;

function tableFailure(path: string, failure: Error): ClusterError {
  const isCsv = failure instanceof CsvError;
  const line = isCsv && typeof failure.lines === "number" ? `:${failure.lines}` : "";
  const why = WHY[isCsv ? failure.code : ""] ?? failure.message;
  return new ClusterError("invalid_call", `${path}${line}: ${why}`, {
    cause: failure,
    hint: 'separate values with commas; quote a value that holds a comma or a quote: "a ""b"", c"',
  });
}

const WHY: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is opened and never closed",
  CSV_INVALID_CLOSING_QUOTE: "behind a closing quote comes neither a comma nor the end of the line",
  INVALID_OPENING_QUOTE: "a quote opens in the middle of a value",
  CSV_MAX_RECORD_SIZE: `the row is longer than ${RECORD_BYTES_MAX} bytes`,
};
