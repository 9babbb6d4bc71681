import type { AgentId, TaskId, UpdateUuid } from "@bourse/model/ids";
import type { KillPolicy, TaskStatus } from "@bourse/model/task";
import { isTerminal, releasesResources } from "@bourse/model/task-state";
import type { TaskRef } from "./policy.ts";

/** A kill that has been asked for and not yet been followed by the task's end; sent again in a new session. */
export interface PendingKill {
  readonly agentId?: AgentId;
  readonly killPolicy?: KillPolicy;
}

interface LiveTask {
  agentId?: AgentId;
  uuids: readonly UpdateUuid[];
  kill?: PendingKill;
}

export interface TaskLedgerSnapshot {
  readonly live: readonly (readonly [TaskId, Readonly<LiveTask>])[];
  readonly ended: readonly (readonly [TaskId, readonly UpdateUuid[]])[];
  readonly handling: readonly (readonly [UpdateUuid, { taskId: TaskId; agentId: AgentId }])[];
}

/** Updates remembered per task. An agent has one outstanding per task, in order (M-58): two would do. */
const UUIDS_MAX = 4;

/** Ended tasks whose updates may still be repeated because an acknowledgement was lost. */
const ENDED_MAX = 4_096;

/**
 * The tasks that may still be alive, and which of their updates were already delivered: an update is delivered once
 * and acknowledged as often as it comes (FEATURES M-16, M-58).
 */
export class TaskLedger {
  readonly #live = new Map<TaskId, LiveTask>();
  readonly #ended = new Map<TaskId, readonly UpdateUuid[]>();
  /** Delivered to a handler that has not resolved yet. */
  readonly #handling = new Map<UpdateUuid, { taskId: TaskId; agentId: AgentId }>();

  static restore(snapshot: TaskLedgerSnapshot): TaskLedger {
    const ledger = new TaskLedger();
    for (const [taskId, task] of snapshot.live) ledger.#live.set(taskId, { ...task });
    for (const [taskId, uuids] of snapshot.ended) ledger.#ended.set(taskId, uuids);
    for (const [uuid, update] of snapshot.handling) ledger.#handling.set(uuid, update);
    return ledger;
  }

  snapshot(): TaskLedgerSnapshot {
    return {
      live: Array.from(this.#live, ([taskId, task]) => [taskId, { ...task }] as const),
      ended: Array.from(this.#ended),
      handling: Array.from(this.#handling),
    };
  }

  get liveCount(): number {
    return this.#live.size;
  }

  *refs(): Iterable<TaskRef> {
    for (const [taskId, task] of this.#live) yield refOf(taskId, task);
  }

  ref(taskId: TaskId): TaskRef | null {
    const task = this.#live.get(taskId);
    return task === undefined ? null : refOf(taskId, task);
  }

  *kills(): Iterable<readonly [TaskId, PendingKill]> {
    for (const [taskId, { kill }] of this.#live) if (kill !== undefined) yield [taskId, kill];
  }

  killOf(taskId: TaskId): PendingKill | undefined {
    return this.#live.get(taskId)?.kill;
  }

  track(taskId: TaskId, agentId?: AgentId): void {
    const task = this.#live.get(taskId);
    if (task !== undefined) {
      if (agentId !== undefined) task.agentId = agentId;
      return;
    }
    const uuids = this.#ended.get(taskId) ?? NO_UUIDS;
    if (uuids !== NO_UUIDS) this.#ended.delete(taskId);
    this.#live.set(taskId, agentId === undefined ? { uuids } : { agentId, uuids });
  }

  /** Keeps the kill until the task has ended. A task that is not known is not kept: its kill is sent once. */
  kill(taskId: TaskId, kill: PendingKill): void {
    const task = this.#live.get(taskId);
    if (task !== undefined) task.kill = kill;
  }

  forget(taskId: TaskId): void {
    const task = this.#live.get(taskId);
    if (task === undefined) return;
    this.#live.delete(taskId);
    this.#rememberEnded(taskId, task.uuids);
  }

  /** What an update that has come means for its delivery. */
  seen(status: TaskStatus): "new" | "being-handled" | "known" {
    if (status.uuid === undefined) return "new";
    if (this.#handling.size > 0 && this.#handling.has(status.uuid)) return "being-handled";
    const uuids = this.#live.get(status.taskId)?.uuids ?? this.#ended.get(status.taskId);
    return uuids?.includes(status.uuid) === true ? "known" : "new";
  }

  /** Takes over what the update says. */
  note(status: TaskStatus): void {
    const { taskId, agentId, state, uuid } = status;
    const task = this.#live.get(taskId);
    const before = task?.uuids ?? this.#ended.get(taskId) ?? NO_UUIDS;
    const uuids = uuid === undefined ? before : appended(before, uuid);
    if (isTerminal(state) || releasesResources(state) || !mayStillRun(status)) {
      this.#live.delete(taskId);
      this.#rememberEnded(taskId, uuids);
      return;
    }
    if (task === undefined) {
      this.#ended.delete(taskId);
      this.#live.set(taskId, agentId === undefined ? { uuids } : { agentId, uuids });
    } else {
      task.uuids = uuids;
      if (agentId !== undefined) task.agentId = agentId;
    }
  }

  handling(uuid: UpdateUuid, taskId: TaskId, agentId: AgentId): void {
    this.#handling.set(uuid, { taskId, agentId });
  }

  /** The agent to acknowledge to, or null when nobody waits for this. */
  handled(uuid: UpdateUuid): AgentId | null {
    const update = this.#handling.get(uuid);
    this.#handling.delete(uuid);
    return update?.agentId ?? null;
  }

  /** The update counts as never delivered. */
  unhandled(taskId: TaskId, uuid: UpdateUuid): void {
    this.#handling.delete(uuid);
    const live = this.#live.get(taskId);
    if (live !== undefined) live.uuids = live.uuids.filter((other) => other !== uuid);
    const ended = this.#ended.get(taskId);
    if (ended !== undefined)
      this.#ended.set(
        taskId,
        ended.filter((other) => other !== uuid),
      );
  }

  #rememberEnded(taskId: TaskId, uuids: readonly UpdateUuid[]): void {
    this.#ended.delete(taskId);
    if (uuids.length === 0) return;
    this.#ended.set(taskId, uuids);
    if (this.#ended.size <= ENDED_MAX) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }
}

const NO_UUIDS: readonly UpdateUuid[] = [];

/** Lists of exact size: one that grew by push keeps room for sixteen more, and there is one a task. */
function appended(uuids: readonly UpdateUuid[], uuid: UpdateUuid): readonly UpdateUuid[] {
  const [first, second] = uuids;
  if (first === undefined) return [uuid];
  if (second === undefined) return [first, uuid];
  return uuids.slice(1 - UUIDS_MAX).concat(uuid);
}

/** UNKNOWN and GONE_BY_OPERATOR are answers after which asking again tells nothing new. */
function mayStillRun(status: TaskStatus): boolean {
  return status.state !== "TASK_UNKNOWN" && status.state !== "TASK_GONE_BY_OPERATOR";
}

function refOf(taskId: TaskId, task: LiveTask): TaskRef {
  return task.agentId === undefined ? { taskId } : { taskId, agentId: task.agentId };
}
