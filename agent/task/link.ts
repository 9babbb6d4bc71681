import type { AgentId, SessionId } from "@bourse/model/ids";
import type { Random } from "@bourse/model/random";
import type { AgentConfig } from "./inputs.ts";

export interface LinkSnapshot {
  readonly session: SessionId | null;
  readonly phase: LinkPhase;
  readonly dueMs: number;
  readonly pingTimeoutMs: number;
  readonly attemptCount: number;
  readonly agentId: AgentId | null;
  readonly epochSeen: number;
  /** Of this life, see `register`. */
  readonly key: string;
  readonly random: readonly number[];
}

/**
 *   down --up--> waiting --backoff over--> registering --answered--> registered
 *     ^____________|__________________________|___________________________|  closed, silent too long, refused
 */
export type LinkPhase = "down" | "waiting" | "registering" | "registered";

/** What the link wants when its timer rings. */
export type LinkWish = "register" | "reconnect" | null;

/**
 * The agent's one session with a master: when to register (FEATURES M-45), whether an answer may be believed
 * (its epoch must not be lower than one already seen, DESIGN section 2), and when silence means that the session
 * is broken. It sends nothing itself.
 */
export class Link {
  readonly #config: AgentConfig;
  readonly #random: Random;
  #state: Omit<LinkSnapshot, "random" | "dueMs">;
  /** Apart from the rest, because every message of the master moves it. */
  #dueMs: number;

  constructor(config: AgentConfig, random: Random, state: Omit<LinkSnapshot, "random">) {
    this.#config = config;
    this.#random = random;
    const { dueMs, ...rest } = state;
    this.#dueMs = dueMs;
    this.#state = rest;
  }

  static startFrom(
    agentId: AgentId | null,
    epochSeen: number,
    key: string,
  ): Omit<LinkSnapshot, "random"> {
    return {
      session: null,
      phase: "down",
      dueMs: Number.POSITIVE_INFINITY,
      pingTimeoutMs: Number.POSITIVE_INFINITY,
      attemptCount: 0,
      agentId,
      epochSeen,
      key,
    };
  }

  snapshot(): LinkSnapshot {
    return { ...this.#state, dueMs: this.#dueMs, random: this.#random.snapshot() };
  }

  get agentId(): AgentId | null {
    return this.#state.agentId;
  }

  get epochSeen(): number {
    return this.#state.epochSeen;
  }

  get key(): string {
    return this.#state.key;
  }

  /** The session, whatever its phase. */
  get session(): SessionId | null {
    return this.#state.session;
  }

  /** It asked and waits for the answer. */
  get isRegistering(): boolean {
    return this.#state.phase === "registering";
  }

  isRegistered(session: SessionId): boolean {
    return this.#state.session === session && this.#state.phase === "registered";
  }

  /** Waits a random while in [0, b * 2^n] before it registers, so that a new master is not run over. */
  up(nowMs: number, session: SessionId): void {
    const { registrationBackoffMs, registrationBackoffMaxMs } = this.#config;
    const doublings = Math.min(this.#state.attemptCount, 30);
    const longestMs = Math.min(registrationBackoffMs * 2 ** doublings, registrationBackoffMaxMs);
    const waitMs = Math.floor(this.#random.fraction() * longestMs);
    this.#state = { ...this.#state, session, phase: "waiting" };
    this.#dueMs = nowMs + waitMs;
  }

  down(): void {
    this.#state = { ...this.#state, session: null, phase: "down" };
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** Something came from the master. */
  hear(nowMs: number): void {
    if (this.#state.phase === "registered") this.#dueMs = nowMs + this.#state.pingTimeoutMs;
  }

  /** Takes the master's answer; says why not when it must not be believed. */
  accept(
    nowMs: number,
    answer: { readonly agentId: AgentId; readonly epoch: number; readonly pingTimeoutMs: number },
  ): string | null {
    const { agentId, epochSeen } = this.#state;
    const { epoch, pingTimeoutMs } = answer;
    if (epoch < epochSeen) {
      return `the master has epoch ${epoch}, but ${epochSeen} was seen: it is not the leader any more`;
    }
    if (agentId !== null && agentId !== answer.agentId) {
      return `the master calls this agent ${answer.agentId}, it is ${agentId}`;
    }
    this.#state = {
      ...this.#state,
      phase: "registered",
      pingTimeoutMs,
      attemptCount: 0,
      agentId: answer.agentId,
      epochSeen: epoch,
    };
    this.#dueMs = nowMs + pingTimeoutMs;
    return null;
  }

  /** The master removed this agent: its id is never used again. */
  forgetId(): void {
    this.#state = { ...this.#state, agentId: null };
  }

  wake(nowMs: number): LinkWish {
    if (nowMs < this.#dueMs) return null;
    if (this.#state.phase !== "waiting") return "reconnect";
    // A master that does not answer at all is left for the next one of the list.
    this.#dueMs = nowMs + this.#config.registrationBackoffMaxMs;
    const attemptCount = this.#state.attemptCount + 1;
    this.#state = { ...this.#state, phase: "registering", attemptCount };
    return "register";
  }

  nextMs(): number {
    return this.#dueMs;
  }
}
