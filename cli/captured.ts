import { main } from "./main.ts";
import type { Answer } from "./testbed.ts";

/**
 * For tests: runs one command line within this process, a hundred times faster than a process of its own, and hands
 * over what it wrote and the exit code it would have ended with. One at a time.
 */
export async function captured(...args: readonly string[]): Promise<Answer> {
  const { stdout, stderr, exitCode } = process;
  const writes = { stdout: stdout.write, stderr: stderr.write };
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    process[stream].write = (text: Uint8Array | string): boolean => {
      said[stream] += text.toString();
      return true;
    };
  const listeners = new Set(stdout.listeners("error"));
  process.exitCode = 0;
  try {
    await main([process.execPath, "bourse", ...args]);
    return { code: Number(process.exitCode), ...said };
  } finally {
    process.exitCode = exitCode;
    stdout.write = writes.stdout;
    stderr.write = writes.stderr;
    for (const listener of stdout.listeners("error"))
      if (!listeners.has(listener)) stdout.off("error", listener as () => void);
  }
}
