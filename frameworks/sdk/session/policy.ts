import type { AgentId, FrameworkId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import type { OperationRef } from "./operation-ledger.ts";

/**
 * The pure layer of a framework: one event in, calls out. The same object runs live (the driver feeds it) and in
 * the simulator (virtual time). Acknowledgement, reconciliation, offer deadlines, reconnecting and epochs are the
 * session's work, not the policy's (FEATURES K-1, N-07). `Input` is what the framework's own users send it.
 */
export interface Policy<Input = never, Output = never> {
  apply(now: Now, event: PolicyEvent<Input>): PolicyCalls<Output>;
  /** Plain data from which `restore` of the policy's class continues. */
  snapshot(): unknown;
}

export type PolicyEvent<Input = never> =
  /** `isAgain`: the framework id was known before, from this process or an earlier one. */
  | { readonly kind: "subscribed"; readonly frameworkId: FrameworkId; readonly isAgain: boolean }
  /** No master for now; offers held are gone. */
  | { readonly kind: "disconnected" }
  | Extract<FrameworkEvent, { kind: "offers" | "rescind" | "message" | "failure" }>
  /** Of operations with an id, also answers of reconciliation. Acknowledged after the policy has returned (M-17). */
  | Extract<FrameworkEvent, { kind: "operation-update" }>
  /**
   * The master asks to leave an agent before its maintenance (M-71). An answer is advice to the operator and may be
   * left out; the session never gives one by itself: to accept would be a promise, to decline would only be noise.
   */
  | Extract<FrameworkEvent, { kind: "inverse-offers" | "rescind-inverse" }>
  /** Also answers of reconciliation. Acknowledged by the session after the policy has returned. */
  | { readonly kind: "update"; readonly status: TaskStatus }
  /** The time the policy asked for has come. */
  | { readonly kind: "wake" }
  /** This framework id can never subscribe again (FEATURES N-06); the session ends. */
  | { readonly kind: "ended"; readonly message: string }
  | { readonly kind: "input"; readonly input: Input };

export interface PolicyCalls<Output = never> {
  /** Intents: plain data written down before any call or output of this answer leaves (FEATURES K-6). */
  readonly persist?: readonly unknown[];
  /** Anything but subscribing, acknowledging and reconciling, which the session does by itself. */
  readonly calls: readonly PolicyCall[];
  /** Replies to the framework's own users. */
  readonly outputs?: readonly Output[];
  /** When to send `wake`, in `monoMs`; absent or Infinity = never. Replaces the one before. */
  readonly wakeAtMs?: number;
  /** Tasks that the session must know of although it saw no launch: those of an earlier process. Reconciled at once. */
  readonly track?: readonly TaskRef[];
  /** Tasks that the session need not reconcile any more (by default it keeps all that are neither ended nor lost). */
  readonly forget?: readonly TaskId[];
  /** Operations of an earlier process whose end is not known. Asked about at once. */
  readonly trackOperations?: readonly OperationRef[];
}

export interface TaskRef {
  readonly taskId: TaskId;
  readonly agentId?: AgentId;
}

export type PolicyCall = Exclude<
  FrameworkCall,
  {
    kind:
      | "subscribe"
      | "acknowledge"
      | "acknowledge-operation"
      | "reconcile"
      | "reconcile-operations";
  }
>;
