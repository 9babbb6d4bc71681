import type { AgentId, FrameworkId } from "@bourse/model/ids";
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

export function deletion(key: string): RegistryRecord {
  return { op: "delete", key };
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
