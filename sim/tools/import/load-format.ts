import { readCsv } from "../load-file/csv-table.ts";
import { LoadRowReader } from "../load-file/load-columns.ts";
import type { TraceFormat } from "./trace-reader.ts";

/** A load file itself: to take a part of it, or to stretch its time. */
export const LOAD: TraceFormat = {
  name: "load",
  about: "a load file: to sample it, cut a window out, or scale its time",
  isLine: (cells) => cells.includes("at_ms") && cells.includes("count"),
  open: (sink) => ({
    async file(path, onRead) {
      let reader: LoadRowReader | null = null;
      for await (const { rows, lines } of readCsv(path, { onRead })) {
        for (let index = 0; index < rows.length; index++) {
          const cells = rows[index] as readonly string[];
          const line = lines[index] as number;
          if (reader === null) reader = new LoadRowReader(path, cells, line);
          else sink.add(reader.row(cells, line));
        }
      }
    },
    end: () => {},
  }),
};
