import type { OfferConstraints } from "@bourse/model/constraints";
import type { Refusal } from "@bourse/model/errors";
import type { FrameworkInfo } from "@bourse/model/framework";
import type { FrameworkId, Role, SessionId, TaskId, UpdateUuid } from "@bourse/model/ids";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { PolicyEvent } from "./policy.ts";

/** What can happen to a framework's session with the masters. */
export type SessionInput<Input = never> =
  /** A stream to a master is open. */
  | { readonly kind: "link-up"; readonly session: SessionId }
  | { readonly kind: "link-down"; readonly session: SessionId; readonly cause: string }
  | { readonly kind: "event"; readonly session: SessionId; readonly event: FrameworkEvent }
  | { readonly kind: "wake" }
  /** Only without a policy: the handler of this update has resolved; now it is acknowledged. */
  | { readonly kind: "handled"; readonly taskId: TaskId; readonly uuid: UpdateUuid }
  /** Only without a policy: the handler failed; the update is delivered again when the master resends it. */
  | { readonly kind: "unhandled"; readonly taskId: TaskId; readonly uuid: UpdateUuid }
  | {
      readonly kind: "operation-handled" | "operation-unhandled";
      readonly uuid: UpdateUuid;
    }
  /** Only without a policy of its own: calls of an async driver's user. */
  | { readonly kind: "call"; readonly call: Exclude<FrameworkCall, { kind: "subscribe" }> }
  | { readonly kind: "input"; readonly input: Input }
  /** Close the session and open no other; tasks go on. `teardown` is a call. */
  | { readonly kind: "stop" };

/**
 * What the shell must now do, in this order: write `persist` and `intents`, then send, then links (a link that is
 * closed still carries what was sent before), then hand out `outputs` and `deliver`, then sleep.
 */
export interface SessionEffects<Input = never, Output = never> {
  /** Write down before anything is sent: the framework id survives a restart (FEATURES N-06, K-6). */
  readonly persist: readonly SessionRecord[];
  /** The policy's own records; the shell keeps them in its intent store (K-6). */
  readonly intents: readonly unknown[];
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
      readonly kind: "connect";
      /** 0, 1, 2, ...: the shell takes it modulo the number of masters. It answers `link-up` or `link-down`. */
      readonly attempt: number;
    }
  | { readonly kind: "close"; readonly session: SessionId; readonly cause: string }
  /** Nothing will ever come of it (framework completed, failed over): stop and tell the author. */
  | { readonly kind: "give-up"; readonly message: string; readonly refusal: Refusal };

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
  /**
   * Explicit reconciliation: at once after subscribing, again after `reconcileMs`, doubling to the maximum until each
   * task is answered (M-44).
   */
  readonly reconcileMs: number;
  readonly reconcileMaxMs: number;
  readonly implicitReconcileMs: number;
  /** Roles for which the framework starts without wanting offers. */
  readonly suppressedRoles?: readonly Role[];
  /** Agents whose offers it wants at all (M-38); `update-framework` changes them. */
  readonly offerConstraints?: OfferConstraints;
  /** How long a connection or the answer to `subscribe` may take; default 15 s. */
  readonly subscribeTimeoutMs?: number;
}

/** The times that suit a live cluster; a simulation may choose others. */
export const SESSION_DEFAULTS = {
  heartbeatMissesMax: 5,
  reconnectBackoffMs: 500,
  reconnectBackoffMaxMs: 15_000,
  offerDeadlineMs: 30_000,
  refuseUnansweredMs: 5_000,
  reconcileMs: 5_000,
  reconcileMaxMs: 300_000,
  implicitReconcileMs: 900_000,
  subscribeTimeoutMs: 15_000,
} as const satisfies Partial<SessionConfig>;
