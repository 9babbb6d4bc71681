import { ClusterError, type Refusal } from "@bourse/model/errors";
import type { SessionId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { OpenRelay } from "@bourse/model/relay";
import type { PolicyEvent } from "@bourse/session/policy";
import type { SchedulerSession } from "@bourse/session/scheduler-session";
import type { SessionEffects, SessionInput, SessionLink } from "@bourse/session/session-io";
import type { Client } from "@grpc/grpc-js";
import type { IntentStore } from "./intent-log.ts";
import type { Log } from "./log.ts";
import { connectMaster } from "./master-channel.ts";
import { MasterStream } from "./master-stream.ts";
import type { FrameworkStore } from "./stores.ts";

export interface SessionLoopOptions<Input, Output> {
  readonly session: SchedulerSession<Input, Output>;
  /** `host:port`, tried one after the other. */
  readonly masters: readonly string[];
  readonly store: FrameworkStore;
  readonly intents: IntentStore;
  readonly log: Log;
  /** Events for handlers, in order. */
  onEvent(event: PolicyEvent<Input>): void;
  onOutput(output: Output): void;
  onRelay(client: Client, relay: OpenRelay): void;
  /** The session has ended for good: `refusal` says why, null when it was asked to. */
  onEnded(refusal: Refusal | null): void;
  /** A record could not be written: nothing may be sent any more. */
  onFatal(error: ClusterError): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** The longest that `setTimeout` can wait. */
const TIMER_MAX_MS = 2_147_483_647;

/**
 * The shell around a session: clock, timer, connection, stores. One input at a time; effects go through one FIFO in
 * which everything behind an unwritten record waits, and all records that gathered meanwhile are one append.
 */
export class SessionLoop<Input, Output> {
  readonly #options: SessionLoopOptions<Input, Output>;
  readonly #waiting: SessionEffects<Input, Output>[] = [];
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #stream: { readonly session: SessionId; readonly stream: MasterStream } | null = null;
  #sessionCount = 0;
  #isEnded = false;
  #closing: Promise<void> = Promise.resolve();

  constructor(options: SessionLoopOptions<Input, Output>) {
    this.#options = options;
  }

  begin(): void {
    this.#enqueue(this.#options.session.begin(now()));
  }

  apply(input: SessionInput<Input>): void {
    if (this.#isEnded) return;
    this.#enqueue(this.#options.session.apply(now(), input));
  }

  /** Resolves when the last calls have left. */
  get closed(): Promise<void> {
    return this.#closing;
  }

  #enqueue(effects: SessionEffects<Input, Output>): void {
    this.#waiting.push(effects);
    this.#setTimer(effects.wakeAtMs);
    if (!this.#isWriting) this.#drain();
  }

  /**
   * Performs what waits, up to the first record that must be written; then goes on when it is. What is performed may
   * itself bring effects, and with them a write: the loop that was under way then stops too.
   */
  #drain(): void {
    while (!this.#isWriting) {
      const effects = this.#waiting[0];
      if (effects === undefined) break;
      if (effects.persist.length > 0 || effects.intents.length > 0) {
        this.#isWriting = true;
        void this.#writeAndPerform(this.#waiting.splice(0));
        return;
      }
      this.#waiting.shift();
      this.#perform(effects);
    }
    if (this.#options.session.isEnded && !this.#isWriting) this.#finish(null);
  }

  async #writeAndPerform(batch: readonly SessionEffects<Input, Output>[]): Promise<void> {
    try {
      const record = batch.flatMap((effects) => effects.persist).at(-1);
      if (record !== undefined) await this.#options.store.save(record);
      const intents = batch.flatMap((effects) => effects.intents);
      if (intents.length > 0) await this.#options.intents.append(intents);
    } catch (thrown) {
      this.#end();
      this.#options.onFatal(ClusterError.from(thrown));
      return;
    }
    for (const effects of batch) this.#perform(effects);
    this.#isWriting = false;
    this.#drain();
  }

  #perform(effects: SessionEffects<Input, Output>): void {
    if (this.#isEnded) return;
    for (const { session, call } of effects.send)
      if (this.#stream?.session === session) this.#stream.stream.send(call);
    let refusal: Refusal | null = null;
    for (const link of effects.link) {
      if (link.kind === "give-up") refusal = link.refusal;
      else this.#link(link);
    }
    for (const output of effects.outputs) this.#options.onOutput(output);
    for (const event of effects.deliver) this.#options.onEvent(event);
    if (refusal !== null) this.#finish(refusal);
  }

  #link(link: Exclude<SessionLink, { kind: "give-up" }>): void {
    switch (link.kind) {
      case "connect":
        void this.#connect(link.attempt);
        return;
      case "close":
        if (this.#stream?.session !== link.session) return;
        this.#options.log.info({ session: link.session, cause: link.cause }, "closing the session");
        this.#closing = this.#stream.stream.close();
        this.#stream = null;
        return;
    }
  }

  async #connect(attempt: number): Promise<void> {
    const { masters, log } = this.#options;
    const address = masters[attempt % masters.length] ?? "";
    this.#sessionCount += 1;
    const session = this.#sessionCount;
    let client: Client;
    try {
      client = await connectMaster(address, CONNECT_TIMEOUT_MS);
    } catch (thrown) {
      const cause = ClusterError.from(thrown).message;
      // The first of a row only: a master that is down for an hour is not worth a thousand warnings.
      if (attempt < masters.length) log.warn({ master: address }, cause);
      else log.debug({ master: address, attempt }, cause);
      this.apply({ kind: "link-down", session, cause });
      return;
    }
    if (this.#isEnded || this.#stream !== null) {
      client.close();
      return;
    }
    log.info({ master: address, session }, "connected");
    const stream = new MasterStream(client, {
      onEvent: (event) => {
        if (event.kind === "open-relay") this.#options.onRelay(client, event);
        else this.apply({ kind: "event", session, event });
      },
      onDown: (cause) => {
        if (this.#stream?.session === session) this.#stream = null;
        log.warn({ master: address, session, cause }, "disconnected");
        this.apply({ kind: "link-down", session, cause });
      },
    });
    this.#stream = { session, stream };
    this.apply({ kind: "link-up", session });
  }

  #setTimer(wakeAtMs: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (wakeAtMs === Number.POSITIVE_INFINITY || this.#isEnded) return;
    const waitMs = Math.min(Math.max(Math.ceil(wakeAtMs - now().monoMs), 0), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.apply({ kind: "wake" }), waitMs);
  }

  /** All that was asked for has been done; `refusal` when the master wants no more of it. */
  #finish(refusal: Refusal | null): void {
    if (this.#isEnded) return;
    this.#end();
    this.#options.onEnded(refusal);
  }

  #end(): void {
    this.#isEnded = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#stream !== null) this.#closing = this.#stream.stream.close();
    this.#stream = null;
  }
}

export function now(): Now {
  return { monoMs: Math.floor(performance.now()), wallMs: Date.now() };
}
