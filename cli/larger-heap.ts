import { spawn } from "node:child_process";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { ClusterError } from "@bourse/model/errors";
import { heapFlags } from "@bourse/sim/tools/heap-flags";

const REEXECUTED = "BOURSE_HEAP_MIB";

/** This process was started by itself, with a larger heap. */
export function isReexecuted(): boolean {
  return process.env[REEXECUTED] !== undefined;
}

/** Of a machine's memory, what one process may plan with. */
const MEMORY_SHARE = 0.9;
/** From here on a heap made for the run saves more time than a second process takes to start. */
const WORTH_IT_MIB = 512;

/**
 * Runs this very command line with a heap made for it when it needs or is worth one; its exit code, or null to go on
 * here. Signals reach the child as messages, see `onInterrupt`: with a terminal's it would hear each twice.
 */
export async function runWithLargerHeap(neededMib: number): Promise<number | null> {
  const availableMib = getHeapStatistics().heap_size_limit / 1_048_576;
  if (isReexecuted() || neededMib < Math.min(WORTH_IT_MIB, availableMib)) return null;
  const memoryMib = Math.floor(totalmem() / 1_048_576);
  const wantedMib = Math.ceil(Math.max(neededMib, availableMib));
  const heapMib = Math.min(wantedMib, Math.floor(memoryMib * MEMORY_SHARE));
  if (heapMib < neededMib / 2) {
    throw new ClusterError(
      "invalid_call",
      `this needs about ${Math.ceil(neededMib)} MiB and the machine has ${memoryMib} MiB`,
      { hint: "take fewer tasks or agents" },
    );
  }
  const child = spawn(
    process.execPath,
    // Ours last, because the last one counts.
    [...process.execArgv, ...heapFlags(heapMib, neededMib), ...process.argv.slice(1)],
    {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      env: { ...process.env, [REEXECUTED]: String(heapMib) },
    },
  );
  const forward = (signal: NodeJS.Signals): void => {
    if (child.connected) child.send(signal);
  };
  process.on("SIGINT", forward).on("SIGTERM", forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      process.off("SIGINT", forward).off("SIGTERM", forward);
      resolve(code ?? (signal === "SIGKILL" ? 137 : 1));
    });
  });
}
