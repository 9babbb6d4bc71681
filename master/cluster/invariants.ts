import type { SessionId } from "@bourse/model/ids";
import { NO_RESOURCES } from "@bourse/model/resources";
import { releasesResources, type TaskState } from "@bourse/model/task-state";
import { isAdmitted, isOffered } from "./agents.ts";
import type { Cluster } from "./cluster.ts";
import type { Effects } from "./effects.ts";
import type { ClusterInput } from "./inputs.ts";
import { checkMaintenance } from "./maintenance-invariants.ts";
import { checkOperationLists, checkOperations } from "./operation-invariants.ts";
import {
  checkAllocator,
  checkAmounts,
  checkEnforcement,
  checkLimits,
  type Report,
} from "./resource-invariants.ts";
import type { Agent, ClusterState, Framework } from "./state.ts";

/**
 * What must hold after every input (DESIGN 6.1), as sentences about what does not; an empty list is good. A walk over
 * everything: for the simulator, for tests, and for a live master that is asked to.
 */
export function checkInvariants(cluster: Cluster): readonly string[] {
  const { state } = cluster;
  const violations: string[] = [];
  const report = (violation: string) => violations.push(violation);
  for (const agent of state.agents.values()) checkAgent(state, agent, report);
  for (const framework of state.frameworks.values()) checkFramework(state, framework, report);
  checkOffers(state, report);
  checkOperationLists(state, report);
  checkSessions(state, report);
  checkCounts(state, report);
  checkAllocator(state, report);
  checkMaintenance(state, report);
  return violations;
}

/**
 * The checks on what one input touched: the agents and frameworks that it came from or whose streams something was
 * sent on. Costs a walk over their own tasks and offers, so it can follow every input of a large run.
 */
export function checkTouched(
  cluster: Cluster,
  input: ClusterInput,
  effects: Effects,
): readonly string[] {
  const { state } = cluster;
  const sessions = new Set<SessionId>();
  if ("session" in input) sessions.add(input.session);
  for (const sending of effects.send) if ("session" in sending) sessions.add(sending.session);
  const violations: string[] = [];
  const report = (violation: string) => violations.push(violation);
  for (const session of sessions) {
    const peer = state.sessions.get(session);
    if (peer?.kind === "agent") checkAgent(state, peer.agent, report);
    else if (peer?.kind === "framework") checkConnection(state, peer.framework, report);
  }
  checkLimits(state, effects, report);
  checkEnforcement(state, input, effects, report);
  return violations;
}

function checkAgent(state: ClusterState, agent: Agent, report: Report): void {
  const name = `agent ${agent.agentId}`;
  checkAmounts(state, agent, report);
  checkOperations(state, agent, report);
  if (agent.offers.size > 0 && !isOffered(state, agent)) {
    report(`${name} is ${agent.condition}, but offers of it are out`);
  }
  for (const task of agent.tasks) {
    const framework = state.frameworks.get(task.frameworkId);
    if (framework?.tasks.get(task.info.taskId) !== task) {
      report(`${name} has task ${task.info.taskId}, which its framework does not have`);
    }
    const shouldHold = isAdmitted(agent) && !releasesResources(task.state);
    if (task.isHolding !== shouldHold) {
      const does = task.isHolding ? "holds" : "does not hold";
      report(`task ${task.info.taskId} on ${name} is ${task.state}, but ${does} its resources`);
    }
    if ((task.state === "TASK_UNREACHABLE") !== (agent.condition === "unreachable")) {
      const isEnded = releasesResources(task.state);
      if (!isEnded)
        report(`task ${task.info.taskId} is ${task.state}, but ${name} is ${agent.condition}`);
    }
  }
  if ((agent.session !== null) !== (agent.condition === "active")) {
    report(`${name} is ${agent.condition}, but its session is ${agent.session}`);
  }
  if ((agent.unreachableSinceMs !== null) !== (agent.condition === "unreachable")) {
    report(`${name} is ${agent.condition}, but unreachable since ${agent.unreachableSinceMs}`);
  }
  const expected = TIMER_OF_AGENT[agent.condition];
  for (const kind of ["ping-agent", "forget-agent"] as const) {
    const isSet = state.timers.dueOf(kind, agent.agentId) !== undefined;
    if (hasBegun(state) && isSet !== (kind === expected)) {
      report(`${name} is ${agent.condition} and its timer ${kind} is ${isSet ? "set" : "not set"}`);
    }
  }
}

/** Nothing waits for ever: in every condition but recovering, which has one timer for all, an agent has a timer. */
const TIMER_OF_AGENT: Record<Agent["condition"], "ping-agent" | "forget-agent" | null> = {
  active: "ping-agent",
  disconnected: "ping-agent",
  recovering: null,
  unreachable: "forget-agent",
};

function checkFramework(state: ClusterState, framework: Framework, report: Report): void {
  checkConnection(state, framework, report);
  for (const task of framework.tasks.values()) {
    if (state.agents.get(task.agentId)?.tasks.has(task) !== true) {
      const { frameworkId, info, agentId } = task;
      report(`framework ${frameworkId} has task ${info.taskId}, which agent ${agentId} has not`);
    }
  }
}

/** What can be seen of a framework without looking at its tasks. */
function checkConnection(state: ClusterState, framework: Framework, report: Report): void {
  const name = `framework ${framework.frameworkId}`;
  const isConnected = framework.session !== null;
  if (isConnected !== (framework.condition === "active")) {
    report(`${name} is ${framework.condition}, but its session is ${framework.session}`);
  }
  if (!isConnected && framework.offers.size > 0) {
    report(`${name} is not connected, but holds ${framework.offers.size} offers`);
  }
  if (state.completedFrameworks.has(framework.frameworkId)) {
    report(`${name} is both alive and completed`);
  }
  if (!hasBegun(state)) return;
  const expected = isConnected ? "heartbeat-framework" : "remove-framework";
  for (const kind of ["heartbeat-framework", "remove-framework"] as const) {
    const isSet = state.timers.dueOf(kind, framework.frameworkId) !== undefined;
    if (isSet !== (kind === expected)) {
      report(
        `${name} is ${framework.condition} and its timer ${kind} is ${isSet ? "set" : "not set"}`,
      );
    }
  }
}

function checkOffers(state: ClusterState, report: Report): void {
  let lastDueMs = Number.NEGATIVE_INFINITY;
  let inFrameworks = 0;
  for (const framework of state.frameworks.values()) inFrameworks += framework.offers.size;
  for (const record of state.offers.values()) {
    const { offerId, frameworkId, agentId } = record.offer;
    if (!state.frameworks.get(frameworkId)?.offers.has(record)) {
      report(`offer ${offerId} is out, but framework ${frameworkId} does not hold it`);
    }
    if (!state.agents.get(agentId)?.offers.has(record)) {
      report(`offer ${offerId} is out, but agent ${agentId} does not know it`);
    }
    if (record.dueMs !== null && record.dueMs < lastDueMs) {
      report(`offer ${offerId} times out before an older one`);
    }
    lastDueMs = record.dueMs ?? lastDueMs;
  }
  if (inFrameworks !== state.offers.size) {
    report(`${state.offers.size} offers are out, but frameworks hold ${inFrameworks}`);
  }
  const first = state.offers.values().next().value;
  const dueMs = state.timers.dueOf("offer-timeout", "");
  if (first !== undefined && first.dueMs !== null && (dueMs === undefined || dueMs > first.dueMs)) {
    report(
      `offer ${first.offer.offerId} times out at ${first.dueMs}, but the timer is at ${dueMs}`,
    );
  }
}

function checkSessions(state: ClusterState, report: Report): void {
  for (const [session, peer] of state.sessions) {
    const [name, own] =
      peer.kind === "framework"
        ? [`framework ${peer.framework.frameworkId}`, peer.framework.session]
        : [`agent ${peer.agent.agentId}`, peer.agent.session];
    if (own !== session) report(`session ${session} belongs to ${name}, which has session ${own}`);
  }
  let connected = 0;
  for (const framework of state.frameworks.values()) if (framework.session !== null) connected++;
  for (const agent of state.agents.values()) if (agent.session !== null) connected++;
  if (connected !== state.sessions.size) {
    report(`${connected} peers are connected, but there are ${state.sessions.size} sessions`);
  }
}

function checkCounts(state: ClusterState, report: Report): void {
  const counts = new Map<TaskState, number>();
  const sums = new Map<string, number>();
  for (const framework of state.frameworks.values()) {
    for (const task of framework.tasks.values()) {
      counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
      for (const { name, value, isShared } of task.isHolding ? task.info.resources : NO_RESOURCES) {
        if (value.type === "scalar" && !isShared)
          sums.set(name, (sums.get(name) ?? 0) + value.milli);
      }
    }
  }
  for (const taskState of new Set([...counts.keys(), ...state.taskCounts.keys()])) {
    const counted = state.taskCounts.get(taskState) ?? 0;
    const real = counts.get(taskState) ?? 0;
    if (counted !== real) report(`${real} tasks are ${taskState}, but ${counted} are counted`);
  }
  for (const name of new Set([...sums.keys(), ...state.allocatedMilli.keys()])) {
    const counted = state.allocatedMilli.get(name) ?? 0;
    const real = sums.get(name) ?? 0;
    if (counted !== real) report(`tasks hold ${real} milli ${name}, but ${counted} are counted`);
  }
  let recovering = 0;
  for (const agent of state.agents.values()) if (agent.condition === "recovering") recovering++;
  if (recovering !== state.counters.recovering) {
    report(`${recovering} agents are recovering, but ${state.counters.recovering} are counted`);
  }
  if (recovering > 0 && hasBegun(state) && state.timers.dueOf("recovery-ends", "") === undefined) {
    report(`${recovering} agents are recovering, and no timer ends that`);
  }
}

function hasBegun({ counters }: ClusterState): boolean {
  return counters.startedAtMs !== null;
}
