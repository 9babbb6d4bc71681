import { assert } from "@bourse/model/assert";
import type { FrameworkId, OperationUuid, SessionId, UpdateUuid } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { AgentOperation, OperationState, OperationUpdate } from "@bourse/model/operation";
import { Random } from "@bourse/model/random";
import {
  canonical,
  contains,
  formatResources,
  NO_RESOURCES,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import type { AgentCheckpoint, AgentConfig } from "./inputs.ts";
import {
  type Change,
  type CheckpointedOperation,
  decidedOn,
  OperationBook,
} from "./operation-book.ts";
import type { Outbox } from "./outbox.ts";
import { isOver, type TaskEntry } from "./task-entry.ts";
import { combineTotal, converted, dynamicPart } from "./total-resources.ts";
import { type VolumeRef, volumeKey, volumeName, volumesIn, volumesWithout } from "./volumes.ts";

export interface OperationsSnapshot {
  readonly total: Resources;
  readonly operations: readonly CheckpointedOperation[];
  readonly retries: readonly (readonly [OperationUuid, Retry])[];
  readonly dueMs: number;
  readonly session: SessionId | null;
  readonly random: readonly number[];
}

interface Retry {
  readonly atMs: number;
  readonly delayMs: number;
}

/**
 * What this agent has, and the operations that change it (FEATURES M-17, M-32, M-68). The master counts an operation's
 * result before it sends it; here it becomes durable, and only then is it answered. An answer that somebody waits for
 * is sent again, as status updates are (M-58), until it is acknowledged.
 */
export class Operations {
  readonly #config: AgentConfig;
  readonly #outbox: Outbox;
  readonly #random: Random;
  readonly #book: OperationBook;
  readonly #retries: Map<OperationUuid, Retry>;
  #total: Resources;
  /** The registered session; null = nobody to send to. */
  #session: SessionId | null;
  /** Not later than the first retry; exact after `wake`. */
  #dueMs: number;

  constructor(config: AgentConfig, outbox: Outbox, from: OperationsSnapshot) {
    this.#config = config;
    this.#outbox = outbox;
    this.#random = Random.restore(from.random);
    this.#book = new OperationBook(from.operations);
    this.#retries = new Map(from.retries);
    this.#total = from.total;
    this.#session = from.session;
    this.#dueMs = from.dueMs;
  }

  /** The state an agent starts with; what the machine has must be enough for the checkpoint (`combineTotal` says). */
  static startFrom(
    detected: Resources,
    checkpoint: AgentCheckpoint | null,
    random: Random,
  ): OperationsSnapshot {
    const combined = combineTotal(detected, checkpoint?.dynamic ?? NO_RESOURCES);
    assert("total" in combined, "a machine that has too little was refused by the shell");
    return {
      total: combined.total,
      operations: checkpoint?.operations ?? [],
      retries: [],
      dueMs: Number.POSITIVE_INFINITY,
      session: null,
      random: random.fork("operations").snapshot(),
    };
  }

  snapshot(): OperationsSnapshot {
    return {
      total: this.#total,
      operations: this.#book.all(),
      retries: Array.from(this.#retries),
      dueMs: this.#dueMs,
      session: this.#session,
      random: this.#random.snapshot(),
    };
  }

  checkpointed(): Pick<AgentCheckpoint, "dynamic" | "operations"> {
    return { dynamic: dynamicPart(this.#total), operations: this.#book.all() };
  }

  /** All that this agent has: reservations and volumes included. */
  get total(): Resources {
    return this.#total;
  }

  /** Updates that nobody has acknowledged, oldest first. */
  pending(): readonly OperationUpdate[] {
    return this.#book.all().flatMap(({ update, isPending }) => (isPending ? [update] : []));
  }

  /** Sees to it that the volumes' directories are as the checkpoint says, whatever came in between. */
  begin(): void {
    const living = volumesIn(this.#total);
    const keys = new Set(living.map(volumeKey));
    for (const { destroyed } of this.#book.all()) {
      for (const volume of destroyed) {
        if (!keys.has(volumeKey(volume))) this.#outbox.act({ kind: "destroy-volume", volume });
      }
    }
    for (const volume of living) this.#outbox.act({ kind: "create-volume", volume, isNew: false });
  }

  /** One that is known already is answered as before: nothing is done twice. */
  apply(now: Now, operation: AgentOperation, tasks: Iterable<TaskEntry>): void {
    const known = this.#book.get(operation.operationUuid);
    if (known !== undefined) {
      this.#send(now, known, this.#config.updateRetryMs);
      return;
    }
    const refusal = this.#refusal(operation, tasks);
    const { consumed, converted: made } = operation;
    const change = refusal === null ? { consumed, converted: made } : NOTHING;
    const update = this.#updateOf(operation, refusal);
    this.#outbox.persist({ kind: "operation", update, change });
    const decided = decidedOn(update, change);
    this.#book.add(decided);
    this.#convert(change);
    this.#send(now, decided, this.#config.updateRetryMs);
  }

  acknowledge(operationUuid: OperationUuid, uuid: UpdateUuid): void {
    const known = this.#book.get(operationUuid);
    if (known?.isPending === true && known.update.uuid === uuid) this.#settle(operationUuid);
  }

  /** The framework is gone for good: nobody is left who would acknowledge. What it made stays. */
  removeFramework(frameworkId: FrameworkId): void {
    for (const update of this.pending()) {
      if (update.frameworkId === frameworkId) this.#settle(update.operationUuid);
    }
  }

  /** The agent gets another id: its old operations are over for everybody else. */
  removeAll(): void {
    for (const { operationUuid } of this.pending()) this.#settle(operationUuid);
  }

  linkUp(now: Now, session: SessionId): void {
    this.#session = session;
    for (const known of this.#book.all()) {
      if (known.isPending) this.#send(now, known, this.#config.updateRetryMs);
    }
  }

  linkDown(): void {
    this.#session = null;
    this.#retries.clear();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  wake(now: Now): void {
    if (now.monoMs < this.#dueMs) return;
    for (const [operationUuid, { atMs, delayMs }] of [...this.#retries]) {
      const known = this.#book.get(operationUuid);
      if (atMs > now.monoMs || known === undefined) continue;
      this.#send(now, known, Math.min(delayMs * 2, this.#config.updateRetryMaxMs));
    }
    this.#dueMs = this.#firstRetryMs();
  }

  nextMs(): number {
    return this.#dueMs;
  }

  #firstRetryMs(): number {
    let firstMs = Number.POSITIVE_INFINITY;
    for (const { atMs } of this.#retries.values()) firstMs = Math.min(firstMs, atMs);
    return firstMs;
  }

  #settle(operationUuid: OperationUuid): void {
    this.#outbox.persist({ kind: "operation-settled", operationUuid });
    this.#book.settle(operationUuid);
    this.#retries.delete(operationUuid);
  }

  #send(now: Now, { update, isPending }: CheckpointedOperation, retryDelayMs: number): void {
    if (this.#session === null) return;
    this.#outbox.send(this.#session, { kind: "operation-update", update });
    if (!isPending) return;
    const atMs = now.monoMs + retryDelayMs;
    this.#retries.set(update.operationUuid, { atMs, delayMs: retryDelayMs });
    this.#dueMs = Math.min(this.#dueMs, atMs);
  }

  #convert(change: Change): void {
    this.#total = converted(this.#total, change);
    const [before, after] = [volumesIn(change.consumed), volumesIn(change.converted)];
    for (const volume of volumesWithout(before, after)) {
      this.#outbox.act({ kind: "destroy-volume", volume });
    }
    for (const volume of volumesWithout(after, before)) {
      this.#outbox.act({ kind: "create-volume", volume, isNew: true });
    }
  }

  /** Why it cannot be done; null when it can. */
  #refusal(operation: AgentOperation, tasks: Iterable<TaskEntry>): Refused | null {
    const { consumed } = operation;
    if (!contains(this.#total, canonical(consumed))) {
      const wanted = formatResources(consumed);
      return {
        state: "OPERATION_DROPPED",
        message: `the agent does not have ${wanted} in this form: a change before it never arrived; send the operation again on a new offer`,
      };
    }
    const problem = this.#clash(operation) ?? useOf(volumesIn(consumed), tasks);
    return problem === null ? null : { state: "OPERATION_FAILED", message: problem };
  }

  /** A volume is made or destroyed as a whole: half of one has no directory of its own. */
  #clash({ consumed, converted: made }: AgentOperation): string | null {
    const kept = new Set(volumesIn(subtract(this.#total, canonical(consumed))).map(volumeKey));
    for (const volume of volumesWithout(volumesIn(made), volumesIn(consumed))) {
      if (kept.has(volumeKey(volume)))
        return `${volumeName(volume)} exists already; choose another id`;
    }
    for (const volume of volumesWithout(volumesIn(consumed), volumesIn(made))) {
      if (kept.has(volumeKey(volume))) return `${volumeName(volume)} is larger; name all of it`;
    }
    return null;
  }

  #updateOf(
    { operationUuid, frameworkId, operationId, ...operation }: AgentOperation,
    refusal: Refused | null,
  ): OperationUpdate {
    return {
      operationUuid,
      ...(frameworkId === undefined ? {} : { frameworkId }),
      ...(operationId === undefined ? {} : { operationId }),
      ...(refusal ?? { state: "OPERATION_FINISHED" }),
      convertedResources: refusal === null ? canonical(operation.converted) : NO_RESOURCES,
      uuid: this.#random.hex(16),
    };
  }
}

const NOTHING: Change = { consumed: NO_RESOURCES, converted: NO_RESOURCES };

interface Refused {
  readonly state: OperationState;
  readonly message: string;
}

/** Which task keeps one of these volumes from being changed; null when none does. */
function useOf(volumes: readonly VolumeRef[], tasks: Iterable<TaskEntry>): string | null {
  if (volumes.length === 0) return null;
  const wanted = new Map(volumes.map((volume) => [volumeKey(volume), volume]));
  for (const entry of tasks) {
    for (const used of isOver(entry) ? [] : volumesIn(entry.task.resources)) {
      const volume = wanted.get(volumeKey(used));
      if (volume === undefined) continue;
      return `${volumeName(volume)} is used by task ${entry.task.taskId}; try again when it has ended`;
    }
  }
  return null;
}
