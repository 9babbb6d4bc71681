import type { Refusal } from "@bourse/model/errors";
import type { AgentId, FrameworkId, RequestId } from "@bourse/model/ids";
import type { OperatorCall } from "@bourse/model/operator";
import { releasesResources } from "@bourse/model/task-state";
import { changed, isAdmitted, isOffered, rescindAll } from "./agents.ts";
import { setOffering } from "./allocation.ts";
import { removeFramework } from "./frameworks.ts";
import { requestKill } from "./kills.ts";
import { startMaintenance, stopMaintenance, updateSchedule } from "./maintenance.ts";
import { operate } from "./operate.ts";
import { updateQuotas } from "./quotas.ts";
import { agentRecord } from "./registry-records.ts";
import type { Turn } from "./state.ts";
import { updateWeights } from "./weights.ts";

/** What an operator changes. All are idempotent; the reply waits behind the records that the change writes. */
export function operatorCall(
  turn: Turn,
  request: RequestId,
  call: OperatorCall,
  principal: string | null,
): void {
  const refusal = perform(turn, call, principal);
  turn.out.reply(request, refusal === null ? { kind: "done" } : { kind: "refused", refusal });
}

function perform(turn: Turn, call: OperatorCall, principal: string | null): Refusal | null {
  switch (call.kind) {
    case "deactivate-agent":
      return setDeactivated(turn, call.agentId, true);
    case "reactivate-agent":
      return setDeactivated(turn, call.agentId, false);
    case "teardown-framework":
      return teardown(turn, call.frameworkId);
    case "kill-task":
      return killTask(turn, call);
    case "update-quotas":
      return updateQuotas(turn, call);
    case "update-weights":
      return updateWeights(turn, call.weights);
    case "operate":
      return operate(turn, call.agentId, call.operation, principal);
    case "update-maintenance-schedule":
      return updateSchedule(turn, call.windows);
    case "start-maintenance":
      return startMaintenance(turn, call.machines);
    case "stop-maintenance":
      return stopMaintenance(turn, call.machines);
  }
}

/** M-50: tasks go on, offers stop. It holds for agents that are away as well, and survives the master. */
function setDeactivated(turn: Turn, agentId: AgentId, isDeactivated: boolean): Refusal | null {
  const agent = turn.state.agents.get(agentId);
  if (agent === undefined) return notFound(`agent ${agentId} is not known`, "bourse agent ls");
  if (agent.isDeactivated === isDeactivated) return null;
  agent.isDeactivated = isDeactivated;
  const cause = isDeactivated ? "an operator deactivated it" : "an operator reactivated it";
  turn.out.persist(agentRecord(agent));
  if (isAdmitted(agent)) setOffering(turn.state, agent, isOffered(turn.state, agent));
  if (isDeactivated) rescindAll(turn, agent, cause);
  changed(turn, agent, cause);
  return null;
}

function teardown(turn: Turn, frameworkId: FrameworkId): Refusal | null {
  const { frameworks, completedFrameworks } = turn.state;
  const framework = frameworks.get(frameworkId);
  if (framework === undefined) {
    if (completedFrameworks.has(frameworkId)) return null;
    return notFound(`framework ${frameworkId} is not known`, "bourse framework ls");
  }
  const message = `an operator tore framework ${frameworkId} down`;
  if (framework.session !== null) {
    turn.out.refuseFramework(framework.session, { code: "framework_completed", message });
  }
  removeFramework(turn, framework, "an operator tore it down");
  return null;
}

function killTask(turn: Turn, call: Extract<OperatorCall, { kind: "kill-task" }>): Refusal | null {
  const { frameworkId, taskId, gracePeriodMs } = call;
  const task = turn.state.frameworks.get(frameworkId)?.tasks.get(taskId);
  if (task === undefined) {
    return notFound(`framework ${frameworkId} has no task ${taskId}`, "bourse task ls");
  }
  if (releasesResources(task.state)) return null;
  requestKill(turn, task, gracePeriodMs === undefined ? undefined : { gracePeriodMs });
  return null;
}

function notFound(message: string, command: string): Refusal {
  return { code: "not_found", message, hint: `list what there is with \`${command}\`` };
}
