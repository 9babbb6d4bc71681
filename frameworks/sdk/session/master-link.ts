import type { ErrorCode } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import { Random } from "@bourse/model/random";
import { SESSION_DEFAULTS, type SessionConfig } from "./session-io.ts";

/**
 * Where the connection to a master stands, and when to try the next (FEATURES M-14):
 *
 *   idle -> connecting -> subscribing -> subscribed
 *             ^   |            |             |
 *             |   v            v             v
 *            waiting <-----------------------+        any -> ended
 *
 * Knows when, never what is said on the link.
 */
export type LinkPhase =
  | { readonly kind: "idle" }
  | { readonly kind: "connecting"; readonly untilMs: number }
  | { readonly kind: "subscribing"; readonly session: SessionId; readonly untilMs: number }
  | { readonly kind: "subscribed"; readonly session: SessionId; readonly sinceMs: number }
  | { readonly kind: "waiting"; readonly retryAtMs: number }
  | { readonly kind: "ended" };

export interface MasterLinkSnapshot {
  readonly phase: LinkPhase;
  readonly attempt: number;
  readonly failures: number;
  readonly heardAtMs: number;
  readonly silenceMaxMs: number;
  readonly lastSession: SessionId;
  readonly random: readonly number[];
}

/** Codes after which asking any master again can only fail again. */
const HOPELESS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "framework_completed",
  "framework_failed_over",
]);

/** Codes that are hopeless as the answer to `subscribe`; later they were about one call, and a new session may help. */
const HOPELESS_TO_SUBSCRIBE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "invalid_call",
  "unauthenticated",
  "forbidden",
  "unsupported",
]);

export class MasterLink {
  readonly #config: SessionConfig;
  readonly #random: Random;
  #phase: LinkPhase = { kind: "idle" };
  /** Which master of the list; only counts up. */
  #attempt = 0;
  /** Failures in a row: the exponent of the backoff. */
  #failures = 0;
  #heardAtMs = 0;
  #silenceMaxMs = Number.POSITIVE_INFINITY;
  #lastSession: SessionId = -1;

  constructor(config: SessionConfig, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  static restore(config: SessionConfig, snapshot: MasterLinkSnapshot): MasterLink {
    const link = new MasterLink(config, Random.restore(snapshot.random));
    link.#phase = snapshot.phase;
    link.#attempt = snapshot.attempt;
    link.#failures = snapshot.failures;
    link.#heardAtMs = snapshot.heardAtMs;
    link.#silenceMaxMs = snapshot.silenceMaxMs;
    link.#lastSession = snapshot.lastSession;
    return link;
  }

  snapshot(): MasterLinkSnapshot {
    return {
      phase: this.#phase,
      attempt: this.#attempt,
      failures: this.#failures,
      heardAtMs: this.#heardAtMs,
      silenceMaxMs: this.#silenceMaxMs,
      lastSession: this.#lastSession,
      random: this.#random.snapshot(),
    };
  }

  get phase(): LinkPhase {
    return this.#phase;
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** The session on which calls may be sent, or null. */
  get subscribedSession(): SessionId | null {
    return this.#phase.kind === "subscribed" ? this.#phase.session : null;
  }

  /** The session on which events may come, or null. */
  get openSession(): SessionId | null {
    return this.#phase.kind === "subscribed" || this.#phase.kind === "subscribing"
      ? this.#phase.session
      : null;
  }

  get dueAtMs(): number {
    switch (this.#phase.kind) {
      case "connecting":
      case "subscribing":
        return this.#phase.untilMs;
      case "subscribed":
        return this.#heardAtMs + this.#silenceMaxMs;
      case "waiting":
        return this.#phase.retryAtMs;
      default:
        return Number.POSITIVE_INFINITY;
    }
  }

  connecting(nowMs: number): void {
    this.#phase = { kind: "connecting", untilMs: nowMs + this.#subscribeTimeoutMs };
  }

  /** Whether this is the link that was asked for; another must be closed. */
  up(nowMs: number, session: SessionId): boolean {
    if (session > this.#lastSession) this.#lastSession = session;
    if (this.#phase.kind !== "connecting") return false;
    this.#phase = { kind: "subscribing", session, untilMs: nowMs + this.#subscribeTimeoutMs };
    return true;
  }

  /** Whether the news is about the link in use or the one being opened, not about an older one. */
  concerns(session: SessionId): boolean {
    if (this.openSession !== null) return this.openSession === session;
    return this.#phase.kind === "connecting" && session > this.#lastSession;
  }

  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
  }

  subscribed(nowMs: number, session: SessionId, heartbeatIntervalMs: number): void {
    this.#phase = { kind: "subscribed", session, sinceMs: nowMs };
    this.#heardAtMs = nowMs;
    this.#silenceMaxMs = heartbeatIntervalMs * this.#config.heartbeatMissesMax;
  }

  /**
   * The link is gone: waits a random part of the exponential backoff. After a session that had lasted, the same master
   * is tried first and at once; otherwise the next one.
   */
  lost(nowMs: number): void {
    if (this.#phase.kind === "ended") return;
    const { reconnectBackoffMs, reconnectBackoffMaxMs } = this.#config;
    const hasLasted =
      this.#phase.kind === "subscribed" && nowMs - this.#phase.sinceMs >= reconnectBackoffMaxMs;
    if (this.#phase.kind !== "subscribed") this.#attempt += 1;
    if (hasLasted) this.#failures = 0;
    let ceilingMs = reconnectBackoffMs;
    for (let n = 0; n < this.#failures && ceilingMs < reconnectBackoffMaxMs; n++) ceilingMs *= 2;
    ceilingMs = Math.min(ceilingMs, reconnectBackoffMaxMs);
    this.#failures += 1;
    const waitMs = Math.floor(this.#random.fraction() * ceilingMs);
    this.#phase = { kind: "waiting", retryAtMs: nowMs + waitMs };
  }

  /** Leave this master for the next of the list, whatever the session had reached. */
  refused(nowMs: number): void {
    if (this.#phase.kind === "subscribed") this.#attempt += 1;
    this.lost(nowMs);
  }

  ended(): void {
    this.#phase = { kind: "ended" };
  }

  isHopeless(code: ErrorCode): boolean {
    return (
      HOPELESS.has(code) || (this.#phase.kind === "subscribing" && HOPELESS_TO_SUBSCRIBE.has(code))
    );
  }

  get #subscribeTimeoutMs(): number {
    return this.#config.subscribeTimeoutMs ?? SESSION_DEFAULTS.subscribeTimeoutMs;
  }
}
