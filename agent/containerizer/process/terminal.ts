import { execFile } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * A terminal for a process of the host, without a native module: `script` of util-linux opens one, copies what
 * goes in and out, and ends with the command's exit code.
 */
export function terminalWords(command: readonly string[]): readonly string[] {
  return [
    "script",
    "--quiet",
    "--return",
    "--flush",
    "--command",
    shellQuoted(command),
    "/dev/null",
  ];
}

/** Sets the size of the terminal that `script` opened for its child; it may be gone, or not be there yet. */
export async function resizeTerminal(
  scriptPid: number,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Promise<void> {
  try {
    const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, "utf8");
    const [child] = children.trim().split(" ");
    const terminal = await readlink(`/proc/${child}/fd/0`);
    if (!terminal.startsWith("/dev/pts/")) return;
    const size = ["rows", String(rows), "cols", String(columns)];
    await promisify(execFile)("stty", ["-F", terminal, ...size]);
  } catch {
    // The next resize will do.
  }
}

function shellQuoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
