import { equal, formatResources } from "@bourse/model/resources";
import { expectedTotal } from "./operations.ts";
import type { Report } from "./resource-invariants.ts";
import type { Agent, ClusterState } from "./state.ts";

/** The master's view is the agent's word with what is on its way, and everybody knows the same operations. */
export function checkOperations(state: ClusterState, agent: Agent, report: Report): void {
  const name = `agent ${agent.agentId}`;
  const expected = expectedTotal(agent);
  if (!equal(expected, agent.info.resources)) {
    report(
      `${name} should have ${formatResources(expected)}, but has ${formatResources(agent.info.resources)}`,
    );
  }
  for (const record of agent.operations) {
    const { operationUuid, operationId, frameworkId } = record;
    if (state.operations.get(operationUuid) !== record) {
      report(`${name} has operation ${operationUuid}, which nobody else knows`);
    }
    const framework = state.frameworks.get(frameworkId ?? "");
    if (framework === undefined || operationId === null) continue;
    if (framework.operations.get(operationId) !== record) {
      report(`operation ${operationUuid} on ${name} is not known to framework ${frameworkId}`);
    }
  }
}

/** Every operation has an agent, and what frameworks know is what there is. */
export function checkOperationLists(state: ClusterState, report: Report): void {
  for (const { operationUuid, agentId } of state.operations.values()) {
    if (state.agents.has(agentId)) continue;
    report(`operation ${operationUuid} is on its way to agent ${agentId}, which is not known`);
  }
  let count = 0;
  for (const { operations } of state.agents.values()) count += operations.size;
  if (count !== state.operations.size) {
    report(`${state.operations.size} operations are known, but agents have ${count}`);
  }
  for (const { frameworkId, operations } of state.frameworks.values()) {
    for (const record of operations.values()) {
      if (state.operations.get(record.operationUuid) === record) continue;
      report(`framework ${frameworkId} has operation ${record.operationUuid}, which is not known`);
    }
  }
}
