import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Quota, RoleWeight } from "@bourse/model/quota";
import type { RegistryRecord } from "@bourse/model/registry";
import type { Agent, CompletedFramework, Framework } from "./state.ts";

/** What the registry must know of each thing, and under which key (FEATURES M-3, M-10). */
export function agentRecord(agent: Agent): RegistryRecord {
  return {
    op: "put",
    key: agentKey(agent.agentId),
    entry: {
      kind: "agent",
      agent: { agentId: agent.agentId, info: agent.info },
      isDeactivated: agent.isDeactivated,
      registeredAtMs: agent.registeredAtMs,
      ...(agent.unreachableSinceMs !== null && { unreachableSinceMs: agent.unreachableSinceMs }),
      ...(agent.registrationKey !== null && { registrationKey: agent.registrationKey }),
    },
  };
}

export function frameworkRecord(framework: Framework): RegistryRecord {
  const { frameworkId, info, disconnectedSinceMs } = framework;
  return {
    op: "put",
    key: frameworkKey(frameworkId),
    entry: {
      kind: "framework",
      framework: { frameworkId, info },
      registeredAtMs: framework.registeredAtMs,
      ...(disconnectedSinceMs !== null && { disconnectedSinceMs }),
    },
  };
}

export function completedFrameworkRecord(completed: CompletedFramework): RegistryRecord {
  const { frameworkId, name, atMs } = completed;
  return {
    op: "put",
    key: completedFrameworkKey(frameworkId),
    entry: { kind: "completed-framework", frameworkId, name, atMs },
  };
}

/** No guarantees and no limits = no quota, and no record. */
export function quotaRecord(quota: Quota): RegistryRecord {
  const { role, guarantees, limits } = quota;
  if (guarantees.length === 0 && limits.length === 0) return deletion(quotaKey(role));
  return { op: "put", key: quotaKey(role), entry: { kind: "quota", quota } };
}

/** The default weight needs no record. */
export function weightRecord(weight: RoleWeight): RegistryRecord {
  const key = weightKey(weight.role);
  if (weight.weightMilli === 1000) return deletion(key);
  return { op: "put", key, entry: { kind: "weight", weight } };
}

export function deletion(key: string): RegistryRecord {
  return { op: "delete", key };
}

export function quotaKey(role: Role): string {
  return `quota/${role}`;
}

export function weightKey(role: Role): string {
  return `weight/${role}`;
}

export function agentKey(agentId: AgentId): string {
  return `agent/${agentId}`;
}

export function frameworkKey(frameworkId: FrameworkId): string {
  return `framework/${frameworkId}`;
}

export function completedFrameworkKey(frameworkId: FrameworkId): string {
  return `completed-framework/${frameworkId}`;
}
