import type { SessionId, UpdateUuid } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Random } from "@bourse/model/random";
import type { StatusUpdate, TaskStatus } from "@bourse/model/task";
import type { StatusFacts } from "./ending.ts";
import type { AgentConfig } from "./inputs.ts";
import type { Outbox } from "./outbox.ts";
import type { TaskEntry } from "./task-entry.ts";
import type { Timers } from "./timers.ts";

/**
 * Brings every status update to the master (FEATURES M-58): checkpointed first, one outstanding per task and in
 * order, sent again from 10 s on, each wait twice the last up to 10 min, until it is acknowledged. A session
 * that comes back gets them anew.
 */
export class UpdateStream {
  readonly #config: AgentConfig;
  readonly #outbox: Outbox;
  readonly #timers: Timers<TaskEntry>;
  readonly #random: Random;
  /** The registered session; null = nobody to send to. */
  #session: SessionId | null;

  constructor(parts: {
    config: AgentConfig;
    outbox: Outbox;
    timers: Timers<TaskEntry>;
    random: Random;
    session: SessionId | null;
  }) {
    this.#config = parts.config;
    this.#outbox = parts.outbox;
    this.#timers = parts.timers;
    this.#random = parts.random;
    this.#session = parts.session;
  }

  snapshot(): { readonly session: SessionId | null; readonly random: readonly number[] } {
    return { session: this.#session, random: this.#random.snapshot() };
  }

  /** Makes a status of the facts and sees to it that it arrives. */
  enqueue(now: Now, entry: TaskEntry, facts: StatusFacts): void {
    const status = statusOf(now, entry, facts, this.#random.hex(16));
    const { frameworkId } = entry;
    const update: StatusUpdate = { frameworkId, status, latestState: status.state };
    const replaced = replaceable(entry, status);
    entry.latest = status;
    if (replaced === undefined) {
      this.#outbox.persist({ kind: "update", update });
      entry.pending = entry.pending.length === 0 ? [update] : [...entry.pending, update];
    } else {
      this.#outbox.persist({ kind: "update", update, replaces: replaced });
      const others = entry.pending.filter((other) => other.status.uuid !== replaced);
      entry.pending = [...others, update];
    }
    if (entry.pending.length === 1) this.#sendFirst(now, entry, this.#config.updateRetryMs);
  }

  /** True when the acknowledged update was the outstanding one; anything else is an old echo. */
  acknowledge(now: Now, entry: TaskEntry, uuid: UpdateUuid): boolean {
    if (entry.pending[0]?.status.uuid !== uuid) return false;
    const { frameworkId, task } = entry;
    this.#outbox.persist({ kind: "acknowledged", frameworkId, taskId: task.taskId, uuid });
    entry.pending = entry.pending.length === 1 ? NONE : entry.pending.slice(1);
    entry.retryAtMs = Number.POSITIVE_INFINITY;
    this.#sendFirst(now, entry, this.#config.updateRetryMs);
    return true;
  }

  retry(now: Now, entry: TaskEntry): void {
    this.#sendFirst(now, entry, Math.min(entry.retryDelayMs * 2, this.#config.updateRetryMaxMs));
  }

  linkUp(now: Now, session: SessionId, entries: Iterable<TaskEntry>): void {
    this.#session = session;
    for (const entry of entries) this.#sendFirst(now, entry, this.#config.updateRetryMs);
  }

  linkDown(): void {
    this.#session = null;
  }

  #sendFirst(now: Now, entry: TaskEntry, retryDelayMs: number): void {
    const first = entry.pending[0];
    entry.retryAtMs = Number.POSITIVE_INFINITY;
    if (first === undefined || this.#session === null) return;
    const latestState = entry.latest.state;
    const update = first.latestState === latestState ? first : { ...first, latestState };
    this.#outbox.send(this.#session, { kind: "update", update });
    entry.retryDelayMs = retryDelayMs;
    entry.retryAtMs = now.monoMs + retryDelayMs;
    this.#timers.add(entry.retryAtMs, "retry", entry);
  }
}

const NONE: readonly StatusUpdate[] = [];

/** The common status is a literal: a copy of members that may be absent costs several times as much. */
function statusOf(now: Now, entry: TaskEntry, facts: StatusFacts, uuid: UpdateUuid): TaskStatus {
  const { taskId, agentId } = entry.task;
  const { state, source, reason, message, isHealthy } = facts;
  const payload = facts.payload ?? entry.latest.payload;
  const timestampMs = now.wallMs;
  if (reason === undefined && message === undefined && isHealthy === undefined) {
    return payload === undefined
      ? { taskId, state, source, agentId, uuid, timestampMs }
      : { taskId, state, source, agentId, uuid, timestampMs, payload };
  }
  return {
    taskId,
    ...facts,
    ...(message === undefined ? {} : { message: shorten(message) }),
    agentId,
    uuid,
    timestampMs,
    ...(payload === undefined ? {} : { payload }),
  };
}

/**
 * The last waiting update, when both it and the new one are opinions of the health check and it has not gone
 * out: without this, a check that fails for days while no framework acknowledges would fill the disk.
 */
function replaceable(entry: TaskEntry, status: TaskStatus): UpdateUuid | undefined {
  const last = entry.pending.at(-1)?.status;
  if (entry.pending.length < 2 || last === undefined) return undefined;
  const areOpinions = [last, status].every(
    ({ reason, state }) =>
      state === "TASK_RUNNING" && reason === "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
  );
  return areOpinions ? last.uuid : undefined;
}

/**
 * A screen of text. Engines and checks say more when they fail, and masters refuse a whole frame for one message that
 * is too long: the update would be sent again for ever and never arrive.
 */
const MESSAGE_LENGTH_MAX = 1_024;

function shorten(message: string): string {
  if (message.length <= MESSAGE_LENGTH_MAX) return message;
  return `${message.slice(0, MESSAGE_LENGTH_MAX - 3)}...`;
}
