import type { SessionId } from "@bourse/model/ids";
import { amountIn } from "@bourse/model/quota";
import {
  canonical,
  contains,
  equal,
  formatResource,
  formatResources,
  kindOf,
  NO_RESOURCES,
  type Resource,
  type Resources,
} from "@bourse/model/resources";
import { releasesResources, type TaskState } from "@bourse/model/task-state";
import { isAdmitted, isOffered } from "./agents.ts";
import type { Cluster } from "./cluster.ts";
import type { Effects } from "./effects.ts";
import type { ClusterInput } from "./inputs.ts";
import { expectedTotal } from "./operations.ts";
import { isWithin, unreservedMilli } from "./quotas.ts";
import { sumOf } from "./resource-sums.ts";
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
  return violations;
}

type Report = (violation: string) => void;

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

/**
 * Offered + allocated + free = total, a shared volume once. What tasks hold beyond that on an agent that could not do an
 * operation is offered to nobody.
 */
function checkAmounts(state: ClusterState, agent: Agent, report: Report): void {
  const name = `agent ${agent.agentId}`;
  const { resources: total } = agent.info;
  const offered = sumOf(Array.from(agent.offers, ({ offer }) => offer.resources));
  const holding = Array.from(agent.tasks).filter((task) => task.isHolding);
  const allocated = sumOf(holding.map((task) => task.info.resources));
  const taken = sumOf([offered, allocated]);
  if (agent.isOverdrawn) {
    for (const resource of taken) {
      if (contains(total, [resource]) || !isAmong(offered, resource)) continue;
      report(`${name} is overdrawn, but ${formatResource(resource)} is offered`);
    }
    return;
  }
  if (!contains(total, taken)) {
    report(`${name} has ${formatResources(total)}, but ${formatResources(taken)} are given away`);
    return;
  }
  if (!isAdmitted(agent)) return;
  const free = state.allocator.freeOf(agent.agentId);
  if (equal(sumOf([taken, free]), total)) return;
  report(
    `${name} has ${formatResources(total)}, but ${formatResources(taken)} are given away and ${formatResources(free)} are free`,
  );
}

function isAmong(list: Resources, resource: Resource): boolean {
  const kind = kindOf(resource);
  return list.some((other) => kindOf(other) === kind);
}

/** The master's view is the agent's word with what is on its way, and everybody knows the same operations. */
function checkOperations(state: ClusterState, agent: Agent, report: Report): void {
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
function checkOperationLists(state: ClusterState, report: Report): void {
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

/** M-31: what an offer has just given away unreserved is within the limits of its role and of those above it. */
function checkLimits(state: ClusterState, effects: Effects, report: Report): void {
  const quotas = state.allocator.quotas();
  if (quotas.length === 0) return;
  for (const sending of effects.send) {
    if (sending.to !== "framework" || sending.event.kind !== "offers") continue;
    for (const offer of sending.event.offers) {
      for (const { role, limits } of quotas) {
        if (!isWithin(offer.role, role)) continue;
        const consumed = state.allocator.consumedOf(role);
        for (const { name, milli } of limits) {
          if (unreservedMilli(offer.resources, name) === 0) continue;
          const used = amountIn(consumed, name) ?? 0;
          if (used <= milli) continue;
          report(
            `offer ${offer.offerId} gives ${name} to role ${offer.role}, but ${role} consumes ${used} milli of at most ${milli}`,
          );
        }
      }
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

/** What is offered or in use is held in the allocator, by the same framework in the same role, and nothing else. */
function checkAllocator(state: ClusterState, report: Report): void {
  const held = new Map<string, Resources>();
  for (const agent of state.allocator.snapshot().agents) {
    if (agent === null) continue;
    const own = state.agents.get(agent.agentId);
    if (own === undefined || !isAdmitted(own)) {
      report(`the allocator has agent ${agent.agentId}, which is ${own?.condition ?? "not known"}`);
    }
    for (const { frameworkId, role, resources } of agent.held) {
      held.set(`${agent.agentId}: ${frameworkId} as ${role}`, resources);
    }
    if (own !== undefined && agent.isActive !== isOffered(state, own)) {
      report(`agent ${agent.agentId} is ${own.condition}, but active in the allocator`);
    }
  }
  const given = new Map<string, Resource[]>();
  const give = (holder: string, resources: Resources) => {
    const list = given.get(holder);
    if (list === undefined) given.set(holder, [...resources]);
    else list.push(...resources);
  };
  for (const { offer } of state.offers.values()) {
    give(`${offer.agentId}: ${offer.frameworkId} as ${offer.role}`, offer.resources);
  }
  for (const agent of state.agents.values()) {
    for (const task of agent.tasks) {
      const { frameworkId, role, isHolding } = task;
      if (isHolding) give(`${agent.agentId}: ${frameworkId} as ${role}`, task.info.resources);
    }
  }
  for (const holder of new Set([...held.keys(), ...given.keys()])) {
    const there = held.get(holder) ?? NO_RESOURCES;
    const here = canonical(given.get(holder) ?? []);
    if (equal(there, here)) continue;
    report(
      `${holder} holds ${formatResources(there)} in the allocator, ${formatResources(here)} here`,
    );
  }
}

function hasBegun({ counters }: ClusterState): boolean {
  return counters.startedAtMs !== null;
}
