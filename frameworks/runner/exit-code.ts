import { constants } from "node:os";
import type { TaskStatus } from "@bourse/model/task";

/**
 * How a task's program ended, as a shell would say it. Mesos' TaskStatus has no field for it: agents say it in the
 * message, `exited with status 3` or `killed by signal SIGKILL` (128 + its number). Unknown = undefined.
 */
export function exitCodeOf(status: TaskStatus): number | undefined {
  const message = status.message ?? "";
  const code = /exited with status (\d{1,3})/.exec(message)?.[1];
  if (code !== undefined) return Number(code);
  const signal = /killed by signal (\w+)/.exec(message)?.[1];
  if (signal !== undefined) return 128 + numberOf(signal);
  return status.state === "TASK_FINISHED" ? 0 : undefined;
}

function numberOf(signal: string): number {
  if (/^\d+$/.test(signal)) return Number(signal);
  return constants.signals[signal as NodeJS.Signals] ?? 0;
}
