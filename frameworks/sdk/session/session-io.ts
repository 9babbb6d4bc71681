import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, SessionId, TaskId, UpdateUuid } from "@bourse/model/ids";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { PolicyEvent } from "./policy.ts";

/** What can happen to a framework's session with the masters. */
export type SessionInput<Input = never> =
  /** A stream to a master is open. */
  | { readonly kind: "link-up"; readonly session: SessionId }
  | { readonly kind: "link-down"; readonly session: SessionId; readonly cause: string }
  | { readonly kind: "event"; readonly session: SessionId; readonly event: FrameworkEvent }
  | { readonly kind: "wake" }
  /** Only with `isAcknowledgedByHandler`: the handler of this update has resolved. */
  | { readonly kind: "handled"; readonly taskId: TaskId; readonly uuid: UpdateUuid }
  /** Only without a policy of its own: calls of an async driver's user. */
  | { readonly kind: "call"; readonly call: Exclude<FrameworkCall, { kind: "subscribe" }> }
  | { readonly kind: "input"; readonly input: Input };

export interface SessionEffects<Input = never, Output = never> {
  /** Write down before anything is sent: the framework id survives a restart (FEATURES N-06, K-6). */
  readonly persist: readonly SessionRecord[];
  readonly send: readonly { readonly session: SessionId; readonly call: FrameworkCall }[];
  /** Events for the async driver's handlers (empty when a policy consumed them). */
  readonly deliver: readonly PolicyEvent<Input>[];
  readonly outputs: readonly Output[];
  /** Open a stream to the next master of the list, or close this one. */
  readonly link: readonly SessionLink[];
  readonly wakeAtMs: number;
}

export type SessionRecord = {
  readonly kind: "framework";
  readonly frameworkId: FrameworkId;
  readonly epochSeen: number;
};

export type SessionLink =
  | {
      readonly kind: "connect" /** 0, 1, 2, ... modulo the number of masters. */;
      readonly attempt: number;
    }
  | { readonly kind: "close"; readonly session: SessionId; readonly cause: string }
  /** Nothing will ever come of it (framework completed, failed over): stop and tell the author. */
  | { readonly kind: "give-up"; readonly message: string };

export interface SessionConfig {
  readonly info: FrameworkInfo;
  /** From an earlier run, if any. */
  readonly record?: SessionRecord;
  readonly seed: string;
  /** 15 s x 5 silent heartbeats = reconnect (FEATURES M-14). */
  readonly heartbeatMissesMax: number;
  readonly reconnectBackoffMs: number;
  readonly reconnectBackoffMaxMs: number;
  /** Offers the policy did not answer are declined after this long (K-3). */
  readonly offerDeadlineMs: number;
  readonly refuseUnansweredMs: number;
  /** Explicit reconciliation: first after `reconcileMs`, doubling to the maximum until each task is answered (M-44). */
  readonly reconcileMs: number;
  readonly reconcileMaxMs: number;
  readonly implicitReconcileMs: number;
}
