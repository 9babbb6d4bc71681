import { expect, test } from "vitest";
import { lastWords } from "./local-cluster.ts";

test.each([
  [
    '{"level":30,"msg":"listening"}\nbourse: the disk is full; free some\n',
    "the disk is full; free some",
  ],
  ['{"level":30,"msg":"listening"}\n', ""],
  ["", ""],
])("of the log %j the user hears %j", (log, words) => expect(lastWords(log)).toBe(words));
