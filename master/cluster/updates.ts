import type { FrameworkCall } from "@bourse/model/scheduler";
import type { StatusUpdate, TaskStatus } from "@bourse/model/task";
import { mayMove, releasesResources } from "@bourse/model/task-state";
import { agentClosed } from "./agents.ts";
import { releaseTask } from "./allocation.ts";
import type { Agent, Framework, Task, Turn } from "./state.ts";
import { isAgentState } from "./task-validation.ts";
import { moveTask, noteStatus, removeTask, tellStatus } from "./tasks.ts";

/**
 * A status update from an agent (M-58). The master keeps the newest state and passes the status on; it never keeps
 * an update for a framework that is away: the agent sends it again until it is acknowledged.
 */
export function receiveUpdate(turn: Turn, agent: Agent, update: StatusUpdate): void {
  const framework = turn.state.frameworks.get(update.frameworkId);
  if (framework === undefined) {
    // Torn down while the agent was away, or so long ago that nobody remembers: the agent can let go.
    tellAgent(turn, agent, { kind: "shutdown-framework", frameworkId: update.frameworkId });
    return;
  }
  const status = withAgent(update.status, agent);
  // A status that says that the task is over cannot be followed by anything.
  const latestState = releasesResources(status.state) ? status.state : update.latestState;
  if (!isAgentState(status.state) || !isAgentState(latestState)) {
    refuse(turn, agent, `task ${status.taskId} cannot be ${status.state} by the word of its agent`);
    return;
  }
  const task = framework.tasks.get(status.taskId);
  if (task === undefined || task.agentId !== agent.agentId) {
    receiveStray(turn, framework, agent, { ...update, status, latestState }, task !== undefined);
    return;
  }
  task.launchSession = null;
  if (!isRepeated(task, status)) noteStatus(turn, task, status);
  if (!releasesResources(task.state) && mayMove(task.state, latestState)) {
    moveTask(turn, task, latestState);
    // At the arrival of the end, not at its acknowledgement (M-58).
    if (releasesResources(task.state)) releaseTask(turn, task);
  }
  tellStatus(turn, framework, status);
}

/**
 * The framework has dealt with an update. The agent is told, and a task whose end this was is forgotten. Nothing
 * happens while the agent is away: it will send the update again, and the framework will acknowledge it again.
 */
export function acknowledge(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "acknowledge" }>,
): void {
  const agent = turn.state.agents.get(call.agentId);
  if (agent === undefined || agent.session === null) return;
  const { frameworkId } = framework;
  const { taskId, uuid } = call;
  const task = framework.tasks.get(taskId);
  if (task !== undefined && task.agentId !== agent.agentId) return;
  if (task !== undefined && isEnd(task, uuid)) removeTask(turn, framework, task);
  turn.out.toAgent(agent.session, { kind: "acknowledge", frameworkId, taskId, uuid });
}

/**
 * An update of a task that the master does not know on this agent. An end is passed on, for the framework's
 * acknowledgement lets the agent forget it (the first acknowledgement may have been lost on the way). A task that
 * still runs is one the master has decided against (its id lives elsewhere, or it was given up): it is killed,
 * and the master acknowledges in the framework's place.
 */
function receiveStray(
  turn: Turn,
  framework: Framework,
  agent: Agent,
  update: StatusUpdate,
  isElsewhere: boolean,
): void {
  const { frameworkId, status, latestState } = update;
  const { taskId, uuid } = status;
  const hasEnded = releasesResources(latestState);
  if (hasEnded && !isElsewhere) {
    tellStatus(turn, framework, status);
    return;
  }
  if (uuid !== undefined) {
    tellAgent(turn, agent, { kind: "acknowledge", frameworkId, taskId, uuid });
  }
  if (!hasEnded) tellAgent(turn, agent, { kind: "kill", frameworkId, taskId });
}

/** An agent that says such things has a fault: its stream is closed, so that somebody notices. */
function refuse(turn: Turn, agent: Agent, message: string): void {
  const { session } = agent;
  if (session === null) return;
  turn.out.refuseAgent(session, { code: "invalid_call", message });
  agentClosed(turn, agent, message);
}

function tellAgent(turn: Turn, agent: Agent, message: Parameters<Turn["out"]["toAgent"]>[1]): void {
  if (agent.session !== null) turn.out.toAgent(agent.session, message);
}

function withAgent(status: TaskStatus, agent: Agent): TaskStatus {
  return status.agentId === agent.agentId ? status : { ...status, agentId: agent.agentId };
}

/** The agent sends an update again until it is acknowledged. */
function isRepeated({ statuses }: Task, { uuid }: TaskStatus): boolean {
  if (uuid === undefined) return false;
  for (const status of statuses) if (status.uuid === uuid) return true;
  return false;
}

/** Whether this update, once acknowledged, is the last there is to say of the task. */
function isEnd({ statuses }: Task, uuid: string): boolean {
  for (const status of statuses) {
    // The state first: most acknowledgements are of tasks that go on, and ids are long.
    if (releasesResources(status.state) && status.uuid === uuid) return true;
  }
  return false;
}
