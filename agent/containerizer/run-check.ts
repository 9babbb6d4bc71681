import { setTimeout as delay } from "node:timers/promises";
import type { HealthCheckSpec } from "@bourse/model/container";
import type { CheckResult, ExecRequest, ExecSession } from "./containerizer.ts";

/** The end of a check's output that its message shows. */
const OUTPUT_BYTES_MAX = 1_024;

/** Runs a check through `exec`, kills it at the limit, and keeps the end of what it wrote. Never rejects. */
export async function runCheckSession(
  exec: (request: ExecRequest) => Promise<ExecSession>,
  command: HealthCheckSpec["command"],
  timeoutMs: number,
): Promise<CheckResult> {
  let session: ExecSession;
  try {
    session = await exec({ command: checkWords(command), isTty: false, isInteractive: false });
  } catch (thrown) {
    return { kind: "failed", message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  const timer = new AbortController();
  const ended = exitOf(session);
  const result =
    timeoutMs === 0
      ? await ended
      : await Promise.race([ended, timeoutAfter(timeoutMs, timer.signal)]);
  timer.abort();
  if (result.kind === "timeout") session.close();
  return result;
}

/** A shell command runs in the container's shell. */
function checkWords(command: HealthCheckSpec["command"]): readonly string[] {
  return command.isShell
    ? ["/bin/sh", "-c", command.value, ...command.args]
    : [command.value, ...command.args];
}

async function exitOf(session: ExecSession): Promise<CheckResult> {
  let tail = Buffer.alloc(0);
  for await (const { data } of session.output) {
    tail = Buffer.concat([tail, data]).subarray(-OUTPUT_BYTES_MAX);
  }
  return { kind: "exited", exitCode: await session.exit, output: tail.toString("utf8") };
}

async function timeoutAfter(limitMs: number, signal: AbortSignal): Promise<CheckResult> {
  await delay(limitMs, undefined, { signal }).catch(() => {});
  return { kind: "timeout" };
}
