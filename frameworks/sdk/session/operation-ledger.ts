import type { AgentId, OperationId, UpdateUuid } from "@bourse/model/ids";
import type { Operation } from "@bourse/model/offer";
import {
  isFinalOperationState,
  type OperationState,
  type OperationStatus,
} from "@bourse/model/operation";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { SessionConfig } from "./session-io.ts";

export interface OperationRef {
  readonly operationId: OperationId;
  readonly agentId?: AgentId;
}

interface PendingOperation {
  readonly agentId?: AgentId;
  /** As the framework was told last; null = nothing yet. */
  readonly told: OperationState | null;
}

export interface OperationLedgerSnapshot {
  readonly pending: readonly (readonly [OperationId, PendingOperation])[];
  readonly seen: readonly UpdateUuid[];
  readonly handling: readonly (readonly [UpdateUuid, OperationRef])[];
  readonly askAtMs: number;
  readonly delayMs: number;
}

const NONE: readonly never[] = [];

type Acknowledgement = Extract<FrameworkCall, { kind: "acknowledge-operation" }>;

/** Operations in one call: keeps the message well below what a message may have. */
const RECONCILE_BATCH = 1_000;

/** Updates that have been delivered and may be repeated because an acknowledgement was lost. */
const SEEN_MAX = 4_096;

/**
 * The operations with an id whose end is not known, and which updates were already delivered (FEATURES M-17): an update
 * is delivered once and acknowledged as often as it comes. While any operation is open the master is asked about it, at once in a
 * new session, then with truncated exponential backoff: what was lost with a session shows only in an answer.
 */
export class OperationLedger {
  readonly #config: SessionConfig;
  readonly #pending = new Map<OperationId, PendingOperation>();
  readonly #seen = new Set<UpdateUuid>();
  /** Delivered to a handler that has not resolved yet. */
  readonly #handling = new Map<UpdateUuid, OperationRef>();
  #askAtMs = Number.POSITIVE_INFINITY;
  #delayMs: number;

  constructor(config: SessionConfig) {
    this.#config = config;
    this.#delayMs = config.reconcileMs;
  }

  static restore(config: SessionConfig, snapshot: OperationLedgerSnapshot): OperationLedger {
    const ledger = new OperationLedger(config);
    for (const [operationId, pending] of snapshot.pending)
      ledger.#pending.set(operationId, pending);
    for (const uuid of snapshot.seen) ledger.#seen.add(uuid);
    for (const [uuid, ref] of snapshot.handling) ledger.#handling.set(uuid, ref);
    ledger.#askAtMs = snapshot.askAtMs;
    ledger.#delayMs = snapshot.delayMs;
    return ledger;
  }

  snapshot(): OperationLedgerSnapshot {
    return {
      pending: Array.from(this.#pending),
      seen: Array.from(this.#seen),
      handling: Array.from(this.#handling),
      askAtMs: this.#askAtMs,
      delayMs: this.#delayMs,
    };
  }

  get dueAtMs(): number {
    return this.#askAtMs;
  }

  /** They are on their way to the master; all offers of an accept are of one agent. */
  sent(nowMs: number, operations: readonly Operation[], agentId: AgentId | undefined): void {
    for (const operationId of operationIds(operations)) this.#track(nowMs, operationId, agentId);
  }

  /** An earlier process sent them. */
  include(nowMs: number, refs: readonly OperationRef[], isSubscribed: boolean): void {
    if (refs.length === 0) return;
    for (const { operationId, agentId } of refs) this.#track(nowMs, operationId, agentId);
    if (isSubscribed) this.start(nowMs);
    else this.stop();
  }

  /** A new session: asks at once about all that are open. */
  start(nowMs: number): void {
    this.#delayMs = this.#config.reconcileMs;
    this.#askAtMs = this.#pending.size === 0 ? Number.POSITIVE_INFINITY : nowMs;
  }

  stop(): void {
    this.#askAtMs = Number.POSITIVE_INFINITY;
  }

  /** The questions that are due, if any; sets the time of the next. */
  takeDue(nowMs: number): readonly FrameworkCall[] {
    if (nowMs < this.#askAtMs) return NONE;
    this.#askAtMs = nowMs + this.#delayMs;
    this.#delayMs = Math.min(this.#delayMs * 2, this.#config.reconcileMaxMs);
    const open = Array.from(this.#pending, ([operationId, { agentId }]) =>
      refOf(operationId, agentId),
    );
    const calls: FrameworkCall[] = [];
    for (let from = 0; from < open.length; from += RECONCILE_BATCH) {
      const operations = open.slice(from, from + RECONCILE_BATCH);
      calls.push({ kind: "reconcile-operations", operations });
    }
    return calls;
  }

  /**
   * Whether a status that has come must be told, and what to answer. With `isHandledLater` an update is acknowledged when
   * it was `handled`. An answer to a question (it has no uuid) is told when it says something new of an open operation.
   */
  hear(
    status: OperationStatus,
    isHandledLater: boolean,
  ): { readonly isNew: boolean; readonly acknowledgement: Acknowledgement | null } {
    const { operationId, uuid, state } = status;
    const open = this.#pending.get(operationId);
    const ref = refOf(operationId, status.agentId ?? open?.agentId);
    if (uuid === undefined) {
      const isNew = open !== undefined && open.told !== state;
      if (isNew) this.#note(status);
      return { isNew, acknowledgement: null };
    }
    if (this.#handling.has(uuid)) return { isNew: false, acknowledgement: null };
    const isNew = !this.#seen.has(uuid);
    if (isNew) {
      this.#remember(uuid);
      this.#note(status);
      if (isHandledLater) this.#handling.set(uuid, ref);
    }
    const isOwed = !isNew || !isHandledLater;
    return { isNew, acknowledgement: isOwed ? acknowledgementOf(ref, uuid) : null };
  }

  /** What to send now that the handler has resolved; null when nobody waits for it. */
  handled(uuid: UpdateUuid): Acknowledgement | null {
    const ref = this.#handling.get(uuid);
    this.#handling.delete(uuid);
    return ref === undefined ? null : acknowledgementOf(ref, uuid);
  }

  /** The update counts as never delivered. */
  unhandled(uuid: UpdateUuid): void {
    this.#handling.delete(uuid);
    this.#seen.delete(uuid);
  }

  #track(nowMs: number, operationId: OperationId, agentId: AgentId | undefined): void {
    if (this.#pending.size === 0) this.#delayMs = this.#config.reconcileMs;
    const told = this.#pending.get(operationId)?.told ?? null;
    this.#pending.set(operationId, { told, ...(agentId === undefined ? {} : { agentId }) });
    this.#askAtMs = Math.min(this.#askAtMs, nowMs + this.#delayMs);
  }

  #note({ operationId, agentId, state }: OperationStatus): void {
    const open = this.#pending.get(operationId);
    // UNKNOWN ends it too: asking again tells nothing new.
    if (isFinalOperationState(state) || state === "OPERATION_UNKNOWN") {
      this.#pending.delete(operationId);
      if (this.#pending.size === 0) this.stop();
    } else if (open !== undefined) {
      const known = agentId ?? open.agentId;
      const agent = known === undefined ? {} : { agentId: known };
      this.#pending.set(operationId, { told: state, ...agent });
    }
  }

  #remember(uuid: UpdateUuid): void {
    this.#seen.add(uuid);
    if (this.#seen.size <= SEEN_MAX) return;
    for (const oldest of this.#seen) {
      this.#seen.delete(oldest);
      return;
    }
  }
}

function refOf(operationId: OperationId, agentId: AgentId | undefined): OperationRef {
  return agentId === undefined ? { operationId } : { operationId, agentId };
}

function acknowledgementOf(ref: OperationRef, uuid: UpdateUuid): Acknowledgement {
  return { kind: "acknowledge-operation", ...ref, uuid };
}

/** The operations that their framework wants to hear of. */
export function operationIds(operations: readonly Operation[]): readonly OperationId[] {
  return operations.flatMap((operation) => {
    const id = operation.kind === "launch" ? undefined : operation.operationId;
    return id === undefined ? [] : [id];
  });
}
