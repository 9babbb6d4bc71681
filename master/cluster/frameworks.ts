import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, Role, SessionId } from "@bourse/model/ids";
import { isFinalOperationState } from "@bourse/model/operation";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { releasesResources } from "@bourse/model/task-state";
import {
  admitFramework,
  connectFramework,
  disconnectFramework as deactivateInAllocator,
  dropFramework,
  releaseTask,
  reviveRoles,
  suppressRoles,
} from "./allocation.ts";
import { COMPLETED_IDS_MAX } from "./config.ts";
import { forgetInverseOffers } from "./inverse-offers.ts";
import { wantOffers } from "./offer-budget.ts";
import { removeOffer } from "./offers.ts";
import { forgetOperation } from "./operations.ts";
import {
  completedFrameworkKey,
  completedFrameworkRecord,
  deletion,
  frameworkKey,
  frameworkRecord,
} from "./registry-records.ts";
import { Ring } from "./ring.ts";
import type { ClusterState, Framework, Turn } from "./state.ts";
import { masterStatus, moveTask, noteStatus, removeTask } from "./tasks.ts";

/** The life of a framework apart from its subscribing: connected, disconnected, removed (M-15, N-06). */
export function newFramework(
  state: ClusterState,
  frameworkId: FrameworkId,
  info: FrameworkInfo,
  registeredAtMs: number,
): Framework {
  return {
    frameworkId,
    info,
    session: null,
    condition: "recovered",
    suppressedRoles: [],
    offerConstraints: null,
    tasks: new Map(),
    offers: new Set(),
    offerBudget: null,
    offersWanted: null,
    operations: new Map(),
    completedTasks: new Ring(state.config.completedTasksMax),
    decisions: new Ring(state.config.decisionsMax),
    registeredAtMs,
    disconnectedSinceMs: null,
  };
}

/** Adds a framework that an agent runs tasks of and that the registry does not know: a fresh registry, or none. */
export function recoverFramework(
  turn: Turn,
  frameworkId: FrameworkId,
  info: FrameworkInfo,
): Framework {
  const { wallMs, monoMs } = turn.now;
  const framework = newFramework(turn.state, frameworkId, info, wallMs);
  framework.disconnectedSinceMs = wallMs;
  turn.state.frameworks.set(frameworkId, framework);
  admitFramework(turn.state, framework);
  deactivateInAllocator(turn.state, framework);
  const removeAtMs = monoMs + failoverTimeoutMs(turn.state, info);
  turn.state.timers.set("remove-framework", frameworkId, removeAtMs);
  turn.out.persist(frameworkRecord(framework));
  turn.out.change({ kind: "framework-added", frameworkId, name: info.name });
  return framework;
}

/** How long a framework may be away. None asked for = the default, not Mesos' 0 (T-5). At most a century. */
export function failoverTimeoutMs(state: ClusterState, info: FrameworkInfo): number {
  const asked = info.failoverTimeoutMs > 0 ? info.failoverTimeoutMs : null;
  return Math.min(asked ?? state.config.failoverTimeoutDefaultMs, FAILOVER_TIMEOUT_MAX_MS);
}

const FAILOVER_TIMEOUT_MAX_MS = 3_155_760_000_000;

/** The stream of a framework is over: its offers go back, its tasks go on, its timeout runs (M-15). */
export function frameworkClosed(turn: Turn, framework: Framework, cause: string): void {
  endSession(turn, framework, `the framework disconnected: ${cause}`);
  const { frameworkId } = framework;
  const { monoMs, wallMs } = turn.now;
  framework.condition = "disconnected";
  framework.disconnectedSinceMs = wallMs;
  const removeAtMs = monoMs + failoverTimeoutMs(turn.state, framework.info);
  turn.state.timers.set("remove-framework", frameworkId, removeAtMs);
  turn.out.persist(frameworkRecord(framework));
  const condition = "disconnected";
  turn.out.change({ kind: "framework-changed", frameworkId, condition, cause });
}

/** Takes the session from a framework; offers on it are void, for nobody is left to answer them. */
export function endSession(turn: Turn, framework: Framework, cause: string): void {
  const { session } = framework;
  if (session === null) return;
  turn.state.sessions.delete(session);
  framework.session = null;
  turn.state.timers.cancel("heartbeat-framework", framework.frameworkId);
  for (const offer of framework.offers) removeOffer(turn, offer, cause);
  forgetInverseOffers(turn.state, framework.frameworkId);
  deactivateInAllocator(turn.state, framework);
}

/** Binds a session to a framework and makes it a taker of offers. */
export function startSession(
  turn: Turn,
  framework: Framework,
  session: SessionId,
  suppressedRoles: readonly Role[],
): void {
  const { state, now } = turn;
  framework.session = session;
  framework.condition = "active";
  framework.disconnectedSinceMs = null;
  framework.suppressedRoles = suppressedRoles.filter((role) => framework.info.roles.includes(role));
  state.sessions.set(session, { kind: "framework", framework });
  state.timers.cancel("remove-framework", framework.frameworkId);
  const heartbeatAtMs = now.monoMs + state.config.frameworkHeartbeatMs;
  state.timers.set("heartbeat-framework", framework.frameworkId, heartbeatAtMs);
  connectFramework(turn.state, framework);
  wantOffers(state, framework, null);
}

export function heartbeat(turn: Turn, framework: Framework): void {
  turn.out.tell(framework, { kind: "heartbeat" });
  const dueMs = turn.now.monoMs + turn.state.config.frameworkHeartbeatMs;
  turn.state.timers.set("heartbeat-framework", framework.frameworkId, dueMs);
}

/**
 * Removes a framework for good: its tasks are killed, its id never returns (N-06). The caller says what happens to
 * its stream before. Agents that are away learn it when they return.
 */
export function removeFramework(turn: Turn, framework: Framework, cause: string): void {
  const { state, now, out } = turn;
  const { frameworkId } = framework;
  endSession(turn, framework, cause);
  state.timers.cancel("remove-framework", frameworkId);
  shutDownTasks(turn, framework, cause);
  forgetOperations(turn, framework);
  dropFramework(turn.state, framework);
  state.frameworks.delete(frameworkId);
  const completed = {
    frameworkId,
    name: framework.info.name,
    atMs: now.wallMs,
    last: {
      info: framework.info,
      registeredAtMs: framework.registeredAtMs,
      tasks: framework.completedTasks.toArray(),
    },
  };
  state.completedFrameworks.set(frameworkId, completed);
  out.persist(deletion(frameworkKey(frameworkId)));
  out.persist(completedFrameworkRecord(completed));
  forgetCompleted(turn);
  out.change({ kind: "framework-removed", frameworkId, cause });
}

/**
 * Un-suppresses and clears all filters of the roles; all roles when none is named (FEATURES 3.3). Offers that the framework
 * does not want are not made: in a large cluster each would be an offer, a refusal and a filter for nothing.
 */
export function revive(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "revive" }>,
): void {
  const roles = rolesMeant(framework, call.roles);
  framework.suppressedRoles = framework.suppressedRoles.filter((role) => !roles.includes(role));
  wantOffers(turn.state, framework, call.offersMax ?? null);
  reviveRoles(turn.state, framework, roles);
}

/** No more offers for the roles; updates still flow. Offers already made stand. */
export function suppress(
  turn: Turn,
  framework: Framework,
  call: Extract<FrameworkCall, { kind: "suppress" }>,
): void {
  const roles = rolesMeant(framework, call.roles);
  const added = roles.filter((role) => !framework.suppressedRoles.includes(role));
  framework.suppressedRoles = [...framework.suppressedRoles, ...added];
  suppressRoles(turn.state, framework, roles);
}

/** Roles that are not the framework's are passed over, as in Mesos. */
function rolesMeant(framework: Framework, roles: readonly Role[]): readonly Role[] {
  if (roles.length === 0) return framework.info.roles;
  return roles.filter((role) => framework.info.roles.includes(role));
}

function shutDownTasks(turn: Turn, framework: Framework, cause: string): void {
  const { agents } = turn.state;
  const { frameworkId } = framework;
  const told = new Set<string>();
  for (const task of framework.tasks.values()) {
    const session = agents.get(task.agentId)?.session ?? null;
    if (session !== null && !told.has(task.agentId)) {
      told.add(task.agentId);
      turn.out.toAgent(session, { kind: "shutdown-framework", frameworkId });
    }
    releaseTask(turn, task);
    if (!releasesResources(task.state)) {
      moveTask(turn, task, "TASK_KILLED");
      const { taskId } = task.info;
      const { agentId } = task;
      const reason = "REASON_FRAMEWORK_REMOVED";
      const state = "TASK_KILLED";
      noteStatus(
        turn,
        task,
        masterStatus(turn, { taskId, agentId, state, reason, message: cause }),
      );
    }
    removeTask(turn, framework, task);
  }
}

/** What is still on its way is done all the same; the master acknowledges it. */
function forgetOperations(turn: Turn, framework: Framework): void {
  for (const record of Array.from(framework.operations.values())) {
    if (isFinalOperationState(record.state)) forgetOperation(turn, record);
  }
}

/** The newest keep what there is to see; older ones are ids only, and the oldest are forgotten. */
function forgetCompleted(turn: Turn): void {
  const { completedFrameworks, config } = turn.state;
  let excess = completedFrameworks.size - config.completedFrameworksMax;
  for (const completed of completedFrameworks.values()) {
    if (excess-- <= 0) return;
    completed.last = null;
    if (completedFrameworks.size <= COMPLETED_IDS_MAX) continue;
    completedFrameworks.delete(completed.frameworkId);
    turn.out.persist(deletion(completedFrameworkKey(completed.frameworkId)));
  }
}
