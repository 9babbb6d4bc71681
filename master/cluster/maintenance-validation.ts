import type { Refusal } from "@bourse/model/errors";
import type { MaintenanceWindow } from "@bourse/model/maintenance";
import { CLUSTER_LIMITS } from "./config.ts";

/**
 * What is wrong with a schedule (M-71): a machine in it twice, a machine that is down and not in it, times that are none.
 * Hosts that nobody knows are welcome: their agents may come later. Host names are in lower case.
 */
export function scheduleProblem(
  windows: readonly MaintenanceWindow[],
  down: ReadonlySet<string>,
): Refusal | null {
  const seen = new Set<string>();
  for (const [index, { machines, unavailability }] of windows.entries()) {
    const name = `window ${index + 1}`;
    if (machines.length === 0) return invalid(`${name} names no machine`);
    if (!Number.isFinite(unavailability.startMs)) return invalid(`the start of ${name} is no time`);
    const { durationMs = 0 } = unavailability;
    if (!Number.isFinite(durationMs) || durationMs < 0)
      return invalid(`the duration of ${name} is negative or no time`);
    for (const { hostname } of machines) {
      if (hostname === "") return invalid(`a machine of ${name} has no host name`);
      if (seen.has(hostname)) return invalid(`machine ${hostname} is in it twice`);
      seen.add(hostname);
    }
  }
  if (seen.size > CLUSTER_LIMITS.agentsMax)
    return invalid(`${seen.size} machines are more than the ${CLUSTER_LIMITS.agentsMax} allowed`);
  const missing = Array.from(down).find((host) => !seen.has(host));
  if (missing === undefined) return null;
  return {
    code: "conflict",
    message: `cannot update the maintenance schedule: machine ${missing} is down and must stay in it`,
    hint: "bring it up first with `bourse maintenance stop`",
  };
}

function invalid(problem: string): Refusal {
  const message = `cannot update the maintenance schedule: ${problem}`;
  return { code: "invalid_call", message, hint: "see `bourse maintenance schedule get`" };
}
