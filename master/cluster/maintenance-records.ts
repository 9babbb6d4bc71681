import type { AgentId } from "@bourse/model/ids";
import type { RegistryRecord } from "@bourse/model/registry";
import type { Maintenance } from "./machines.ts";
import { deletion } from "./registry-records.ts";

/** There is one record of the schedule and of who is down; none while there is neither. */
export function maintenanceRecord({ windows, down }: Maintenance): RegistryRecord {
  if (windows.length === 0) return deletion(MAINTENANCE_KEY);
  const machines = Array.from(down)
    .sort()
    .map((hostname) => ({ hostname }));
  return {
    op: "put",
    key: MAINTENANCE_KEY,
    entry: { kind: "maintenance", windows, down: machines },
  };
}

export function goneAgentRecord(agentId: AgentId, sinceMs: number): RegistryRecord {
  const entry = { kind: "gone-agent", agentId, sinceMs } as const;
  return { op: "put", key: goneAgentKey(agentId), entry };
}

export function goneAgentKey(agentId: AgentId): string {
  return `gone-agent/${agentId}`;
}

const MAINTENANCE_KEY = "maintenance";
