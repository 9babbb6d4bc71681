import { StringDecoder } from "node:string_decoder";
import { ClusterError } from "@bourse/model/errors";
import { bytesOf } from "../load-file/byte-source.ts";

/** Hands over the objects of a file with one JSON object a line, one at a time, with their lines. */
export async function eachJsonLine(
  path: string,
  onRead: (bytes: number) => void,
  use: (value: Readonly<Record<string, unknown>>, line: number) => void,
): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let line = 0;
  const take = (text: string): void => {
    line++;
    if (text.trim() !== "") use(parsed(path, line, text), line);
  };
  for await (const piece of bytesOf(path, onRead)) {
    const lines = (rest + decoder.write(piece)).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LINE_LENGTH_MAX) {
      throw new ClusterError("invalid_call", `${path}:${line + 1}: the line is too long`, {
        hint: `one JSON object a line, at most ${LINE_LENGTH_MAX} characters`,
      });
    }
    for (const text of lines) take(text);
  }
  if (rest !== "") take(rest);
}

/** An event has some hundred characters. */
const LINE_LENGTH_MAX = 1_048_576;

function parsed(path: string, line: number, text: string): Readonly<Record<string, unknown>> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below, with the line.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  const shown = JSON.stringify(text.slice(0, 40));
  throw new ClusterError("invalid_call", `${path}:${line}: ${shown} is no JSON object`, {
    hint: "one JSON object a line, as BigQuery exports them",
  });
}
