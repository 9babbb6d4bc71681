import { bytesOf } from "../load-file/byte-source.ts";

/** The first line of a file that holds anything, unpacked; at most some hundred KiB of it; empty when there is none. */
export async function firstLineOf(path: string): Promise<string> {
  let text = "";
  for await (const piece of bytesOf(path)) {
    text += piece.toString("utf8");
    const line = /^\ufeff?\s*(\S[^\r\n]*)[\r\n]/.exec(text)?.[1];
    if (line !== undefined) return line;
    if (text.length > FIRST_LINE_MAX) break;
  }
  return text.replace(/^\ufeff/, "").trim();
}

const FIRST_LINE_MAX = 262_144;
