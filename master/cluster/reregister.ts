import type { AgentInfo } from "@bourse/model/agent";
import type { AgentTask, AgentToMaster } from "@bourse/model/agent-messages";
import type { Refusal } from "@bourse/model/errors";
import type { FrameworkId, SessionId, TaskId } from "@bourse/model/ids";
import { canonical, equal } from "@bourse/model/resources";
import { mayMove, releasesResources } from "@bourse/model/task-state";
import {
  agentRefusal,
  bindSession,
  changed,
  fullRefusal,
  learnItsId,
  newAgent,
  pingTimeoutMs,
  releaseSession,
  rescindAll,
} from "./agents.ts";
import { admitAgent, changeAgent, holdTask, releaseTask } from "./allocation.ts";
import { recoverFramework } from "./frameworks.ts";
import { sendKill } from "./kills.ts";
import { giveUpTask } from "./losses.ts";
import {
  adoptOperation,
  expectedTotal,
  forgetOperation,
  isOverdrawn,
  moveOperation,
  tellOperation,
  updateProblem,
} from "./operations.ts";
import { agentRecord } from "./registry-records.ts";
import type { Agent, Framework, OperationRecord, Task, Turn } from "./state.ts";
import { checkedResources, identifierProblem, isAgentState } from "./task-validation.ts";
import { addTask, masterStatus, moveTask, newTask, noteStatus, tellStatus } from "./tasks.ts";

type Reregister = Extract<AgentToMaster, { kind: "reregister" }>;

/**
 * An agent returns and says all that it knows; both sides compare (DESIGN, Links). Tasks that the master does not
 * know are added, tasks that the agent does not know are over, tasks of removed frameworks are to be killed.
 * A new session replaces the one before. Agents out of reach are welcome back with all they have (M-48).
 */
export function reregister(turn: Turn, session: SessionId, message: Reregister): void {
  const { state, out } = turn;
  const { agentId } = message;
  if (state.goneAgents.has(agentId)) {
    const text = `agent ${agentId} was declared gone by an operator; it must start anew`;
    out.toAgent(session, { kind: "shutdown", message: text });
    out.close(session);
    return;
  }
  const refusal = refusalOf(turn, session, message);
  if (refusal !== null) {
    out.refuseAgent(session, refusal);
    return;
  }
  const known = state.agents.get(agentId);
  const agent = known ?? admitUnknown(turn, message);
  const { condition } = agent;
  const isSameSession = agent.session === session;
  const lost = compareOperations(turn, agent, session, message);
  if (known !== undefined) takeBack(turn, agent, session, message);
  bindSession(turn, agent, session);
  learnItsId(state, agent);
  const comparison = compareTasks(turn, agent, message, condition === "unreachable");
  agent.isOverdrawn = isOverdrawn(agent);
  out.toAgent(session, {
    kind: "reregistered",
    agentId,
    epoch: state.epoch,
    pingTimeoutMs: pingTimeoutMs(state),
    unwantedFrameworks: Array.from(comparison.unwanted),
  });
  for (const record of lost) giveUpOperation(turn, record);
  for (const key of comparison.duplicates) out.toAgent(session, { kind: "kill", ...key });
  for (const task of agent.tasks) if (!releasesResources(task.state)) sendKill(turn, task);
  if (known === undefined) {
    out.change({ kind: "agent-added", agentId, hostname: agent.info.hostname });
  } else if (!isSameSession) {
    changed(turn, agent, "the agent returned");
  }
}

function admitUnknown(turn: Turn, message: Reregister): Agent {
  const agent = newAgent(message.agentId, message.info, turn.now.wallMs);
  turn.state.agents.set(agent.agentId, agent);
  admitAgent(turn.state, agent);
  turn.out.persist(agentRecord(agent));
  return agent;
}

/** Brings the record of a known agent up to date before its new session begins. */
function takeBack(turn: Turn, agent: Agent, session: SessionId, message: Reregister): void {
  const { state, out } = turn;
  const isNewSession = agent.session !== session;
  if (agent.session !== null && isNewSession) out.close(agent.session);
  const info = { ...message.info, resources: expectedTotal(agent) };
  const isChanged = !isOfferedAlike(agent.info, info);
  if (isNewSession || isChanged) rescindAll(turn, agent, "the agent connected anew");
  releaseSession(turn, agent);
  const wasAway = agent.condition === "recovering" || agent.condition === "unreachable";
  if (agent.condition === "recovering") state.counters.recovering--;
  const mustPersist = agent.condition === "unreachable" || !isSameInfo(agent, info);
  agent.info = info;
  agent.condition = "active";
  agent.unreachableSinceMs = null;
  if (wasAway) admitAgent(turn.state, agent);
  else if (isChanged) changeAgent(turn.state, agent);
  if (mustPersist) out.persist(agentRecord(agent));
}

/**
 * The agent's total is the truth; what it says of an operation is told again by itself. One that it does not speak of
 * may be on its way when it was sent on this very session; else its message was lost with its session.
 */
function compareOperations(
  turn: Turn,
  agent: Agent,
  session: SessionId,
  message: Reregister,
): readonly OperationRecord[] {
  agent.confirmed = canonical(message.info.resources);
  const told = new Map(message.operations.map((update) => [update.operationUuid, update]));
  const lost: OperationRecord[] = [];
  for (const record of Array.from(agent.operations)) {
    const update = told.get(record.operationUuid);
    if (update !== undefined) {
      record.sentOn = null;
      moveOperation(turn, record, update.state, update.message ?? null);
    } else if (record.sentOn !== session) {
      lost.push(record);
      forgetOperation(turn, record);
    }
  }
  for (const update of message.operations) {
    if (!turn.state.operations.has(update.operationUuid)) adoptOperation(turn, agent, update);
  }
  return lost;
}

/** Nobody waits for one without an id: done or not, the total tells. */
function giveUpOperation(turn: Turn, record: OperationRecord): void {
  const message = "the agent returned and does not know the operation";
  moveOperation(turn, record, "OPERATION_DROPPED", message);
  if (record.state === "OPERATION_DROPPED") tellOperation(turn, record, null);
}

interface Comparison {
  readonly unwanted: Set<FrameworkId>;
  readonly duplicates: { readonly frameworkId: FrameworkId; readonly taskId: TaskId }[];
}

function compareTasks(
  turn: Turn,
  agent: Agent,
  message: Reregister,
  wasUnreachable: boolean,
): Comparison {
  const comparison: Comparison = { unwanted: new Set(), duplicates: [] };
  const matched = new Set<Task>();
  for (const { frameworkId } of message.frameworks) {
    if (turn.state.completedFrameworks.has(frameworkId)) comparison.unwanted.add(frameworkId);
  }
  for (const reported of message.tasks) {
    if (turn.state.completedFrameworks.has(reported.frameworkId)) {
      comparison.unwanted.add(reported.frameworkId);
      continue;
    }
    const framework = frameworkOf(turn, reported.frameworkId, message);
    const { taskId } = reported.task;
    const task = framework.tasks.get(taskId);
    if (task !== undefined && task.agentId !== agent.agentId) {
      comparison.duplicates.push({ frameworkId: framework.frameworkId, taskId });
      continue;
    }
    const kept = task ?? addReported(turn, framework, agent, reported);
    matched.add(kept);
    kept.launchSession = null;
    if (task !== undefined) follow(turn, task, reported);
    if (wasUnreachable && !releasesResources(kept.state)) tellReturned(turn, framework, kept);
  }
  for (const task of agent.tasks) {
    // A launch on this very session may still be on its way; one on an earlier session was lost with it.
    if (matched.has(task) || task.launchSession === agent.session) continue;
    giveUpTask(
      turn,
      task,
      "REASON_RECONCILIATION",
      "the agent returned and does not know the task",
    );
  }
  return comparison;
}

/** `refusalOf` has seen to it that every framework that has tasks is known or described. */
function frameworkOf(turn: Turn, frameworkId: FrameworkId, message: Reregister): Framework {
  const framework = turn.state.frameworks.get(frameworkId);
  if (framework !== undefined) return framework;
  const described = message.frameworks.find((known) => known.frameworkId === frameworkId);
  if (described === undefined) throw new Error(`framework ${frameworkId} must be described`);
  return recoverFramework(turn, frameworkId, described.info);
}

function addReported(
  turn: Turn,
  framework: Framework,
  agent: Agent,
  { task: reported, latest }: AgentTask,
): Task {
  const info = { ...reported, resources: canonical(reported.resources) };
  const role = info.role ?? framework.info.roles[0] ?? "*";
  const { state } = latest;
  const atMs = latest.timestampMs;
  const task = newTask(turn, { framework, agent, info, role, state, atMs, launchSession: null });
  task.statuses = [latest];
  addTask(turn, framework, agent, task);
  if (!releasesResources(state)) holdTask(turn.state, task);
  return task;
}

/** A task that both know goes to the state that the agent says. Its updates come again by themselves. */
function follow(turn: Turn, task: Task, { latest }: AgentTask): void {
  const isBack = task.state === "TASK_UNREACHABLE";
  if (releasesResources(task.state) || (!isBack && !mayMove(task.state, latest.state))) return;
  moveTask(turn, task, latest.state);
  if (releasesResources(latest.state)) releaseTask(turn, task);
  else if (isBack) holdTask(turn.state, task);
}

function tellReturned(turn: Turn, framework: Framework, task: Task): void {
  const { taskId } = task.info;
  const { agentId, state } = task;
  const reason = "REASON_AGENT_REREGISTERED";
  const message = "the task's agent returned";
  const status = masterStatus(turn, { taskId, agentId, state, reason, message });
  noteStatus(turn, task, status);
  tellStatus(turn, framework, status);
}

function refusalOf(turn: Turn, session: SessionId, message: Reregister): Refusal | null {
  const { state } = turn;
  const refusal = agentRefusal(turn, message);
  if (refusal !== null) return refusal;
  const idProblem = identifierProblem(message.agentId);
  if (idProblem !== null) return invalid(`its id ${idProblem}`);
  for (const update of message.operations) {
    const problem = updateProblem(update);
    if (problem !== null) return invalid(problem);
  }
  const peer = state.sessions.get(session);
  if (peer?.kind === "framework" || (peer && peer.agent.agentId !== message.agentId)) {
    return invalid("this stream already belongs to somebody else");
  }
  const known = state.agents.get(message.agentId);
  if (known === undefined && fullRefusal(state) !== null) return fullRefusal(state);
  if (known !== undefined && known.session !== null && session < known.session) {
    return { code: "conflict", message: `agent ${message.agentId} has a newer stream in use` };
  }
  return tasksProblem(turn, message);
}

function tasksProblem({ state }: Turn, message: Reregister): Refusal | null {
  const described = new Set(message.frameworks.map(({ frameworkId }) => frameworkId));
  const seen = new Set<string>();
  for (const { frameworkId, task, latest } of message.tasks) {
    if (!isAgentState(latest.state)) {
      return invalid(`its task ${task.taskId} cannot be ${latest.state} by its own word`);
    }
    if (task.agentId !== message.agentId) {
      return invalid(`its task ${task.taskId} names agent ${task.agentId}`);
    }
    const idProblem = identifierProblem(frameworkId) ?? identifierProblem(task.taskId);
    if (idProblem !== null) return invalid(`an id of its task ${task.taskId} ${idProblem}`);
    const resources = checkedResources(task.resources);
    if (typeof resources === "string") return invalid(`of its task ${task.taskId}, ${resources}`);
    if (!described.has(frameworkId) && !state.frameworks.has(frameworkId)) {
      if (state.completedFrameworks.has(frameworkId)) continue;
      return invalid(`its task ${task.taskId} is of framework ${frameworkId}, not described`);
    }
    const key = `${frameworkId} ${task.taskId}`;
    if (seen.has(key)) return invalid(`its task ${task.taskId} is listed twice`);
    seen.add(key);
  }
  return null;
}

function invalid(problem: string): Refusal {
  return { code: "invalid_call", message: `cannot re-register: ${problem}` };
}

/** Whether an offer would say the same of the agent. */
function isOfferedAlike(left: AgentInfo, right: AgentInfo): boolean {
  const rest = ({ hostname, port, attributes, domain }: AgentInfo) =>
    JSON.stringify([hostname, port, attributes, domain ?? null]);
  return equal(left.resources, right.resources) && rest(left) === rest(right);
}

function isSameInfo({ info }: Agent, other: AgentInfo): boolean {
  return (
    info.hostname === other.hostname &&
    info.port === other.port &&
    info.version === other.version &&
    info.payload.length === other.payload.length &&
    info.payload.every((byte, index) => byte === other.payload[index]) &&
    JSON.stringify([info.resources, info.attributes, info.domain ?? null]) ===
      JSON.stringify([other.resources, other.attributes, other.domain ?? null])
  );
}
