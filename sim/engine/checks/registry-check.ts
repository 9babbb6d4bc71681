import { goneAgentKey } from "@bourse/cluster/maintenance-records";
import { agentKey, frameworkKey } from "@bourse/cluster/registry-records";
import type { ClusterState } from "@bourse/cluster/state";
import type { RegistryEntry } from "@bourse/model/registry";
import type { CreateCheck } from "./check.ts";

const CHECK = "registry";

/**
 * What a master has in its store is what it knows, of all that must survive it (FEATURES M-3): a new master begins
 * where this one is. Looked at whenever nothing waits to be written.
 */
export const createRegistryCheck: CreateCheck = (world, violations) => {
  const sweep = (): void => {
    const { cluster, isDrained, stored } = world.master;
    if (cluster === null || !isDrained) return;
    const known = linesOf(cluster.state);
    for (const line of linesIn(stored)) {
      if (!known.delete(line)) violations.report(CHECK, `the master has stored "${line}"`);
    }
    for (const line of known) violations.report(CHECK, `the master has not stored "${line}"`);
  };
  return { sweep, settle: sweep };
};

/** One line for each thing to remember. */
function linesOf(state: ClusterState): Set<string> {
  const lines = new Set<string>();
  for (const { agentId, isDeactivated, unreachableSinceMs } of state.agents.values())
    lines.add(agentLine(agentKey(agentId), isDeactivated, unreachableSinceMs));
  for (const agentId of state.goneAgents.keys()) lines.add(goneAgentKey(agentId));
  for (const { frameworkId, disconnectedSinceMs } of state.frameworks.values())
    lines.add(frameworkLine(frameworkKey(frameworkId), disconnectedSinceMs));
  for (const quota of state.allocator.quotas()) lines.add(`quota ${JSON.stringify(quota)}`);
  const { windows, down } = state.maintenance;
  if (windows.length > 0) lines.add(maintenanceLine(windows, Array.from(down).sort()));
  return lines;
}

function linesIn(stored: ReadonlyMap<string, RegistryEntry>): readonly string[] {
  const lines: string[] = [];
  for (const [key, entry] of stored) {
    const line = lineOf(key, entry);
    if (line !== null) lines.push(line);
  }
  return lines;
}

function lineOf(key: string, entry: RegistryEntry): string | null {
  switch (entry.kind) {
    case "agent":
      return agentLine(key, entry.isDeactivated, entry.unreachableSinceMs ?? null);
    case "gone-agent":
      return key;
    case "framework":
      return frameworkLine(key, entry.disconnectedSinceMs ?? null);
    case "quota":
      return `quota ${JSON.stringify(entry.quota)}`;
    case "maintenance":
      return maintenanceLine(
        entry.windows,
        entry.down.map(({ hostname }) => hostname),
      );
    case "completed-framework":
    case "weight":
      return null; // Nobody lists them.
  }
}

function agentLine(key: string, isDeactivated: boolean, unreachableSinceMs: number | null): string {
  return `${key}${isDeactivated ? ", deactivated" : ""}, unreachable since ${unreachableSinceMs}`;
}

function frameworkLine(key: string, disconnectedSinceMs: number | null): string {
  return `${key}, disconnected since ${disconnectedSinceMs}`;
}

function maintenanceLine(windows: readonly unknown[], down: readonly string[]): string {
  return `maintenance ${JSON.stringify(windows)}, down: ${down.join(", ")}`;
}
