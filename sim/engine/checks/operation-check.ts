import type { OperationId } from "@bourse/model/ids";
import { isFinalOperationState } from "@bourse/model/operation";
import { equal, formatResources } from "@bourse/model/resources";
import { operationIds } from "@bourse/session/operation-ledger";
import type { SimFramework } from "../sim-framework.ts";
import type { CreateCheck } from "./check.ts";

const CHECK = "operation";

/**
 * Every operation with an id ends in a final state or in the answer that nobody knows it (FEATURES M-17); and once all
 * has drained, what the master believes an agent to have is what it has, reservations and volumes included.
 */
export const createOperationCheck: CreateCheck = (world, violations) => {
  const waiting = new Map<SimFramework, Map<OperationId, number>>();
  return {
    probe: {
      frameworkSent(framework, call) {
        if (call.kind !== "accept") return;
        const ids = operationIds(call.operations);
        if (ids.length === 0) return;
        const operations = waiting.get(framework) ?? new Map<OperationId, number>();
        waiting.set(framework, operations);
        for (const id of ids) operations.set(id, world.simulation.nowMs);
      },
      frameworkHeard(framework, event) {
        if (event.kind !== "operation-update") return;
        const { operationId, state } = event.status;
        if (isFinalOperationState(state) || state === "OPERATION_UNKNOWN")
          waiting.get(framework)?.delete(operationId);
      },
    },
    settle() {
      for (const [framework, operations] of waiting) {
        if (framework.endCause !== null) continue;
        for (const [operationId, sentMs] of operations) {
          violations.report(
            CHECK,
            `${framework.name} sent operation ${operationId} at ${sentMs} ms and never heard how it ended`,
          );
        }
      }
      for (const { name, core, agentId, isConnected } of world.agents) {
        const believed = world.master.cluster?.state.agents.get(agentId ?? "")?.info.resources;
        if (core === null || !isConnected || believed === undefined) continue;
        if (!equal(believed, core.total)) {
          violations.report(
            CHECK,
            `the master believes ${name} to have ${formatResources(believed)}, it has ${formatResources(core.total)}`,
          );
        }
        for (const update of core.pendingOperations()) {
          violations.report(
            CHECK,
            `${name} still holds the unacknowledged update of operation ${update.operationUuid}: ${update.state}`,
          );
        }
      }
    },
  };
};
