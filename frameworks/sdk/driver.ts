import { randomBytes } from "node:crypto";
import type { OfferConstraints } from "@bourse/model/constraints";
import { ClusterError, type Refusal } from "@bourse/model/errors";
import type { AgentId, FrameworkId, InverseOfferId, Role, TaskId } from "@bourse/model/ids";
import type { DeclineReason } from "@bourse/model/offer";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { Policy, PolicyEvent } from "@bourse/session/policy";
import { SchedulerSession } from "@bourse/session/scheduler-session";
import { SESSION_DEFAULTS, type SessionConfig } from "@bourse/session/session-io";
import type { DriverEvent, DriverHandler } from "./driver-events.ts";
import { EventDispatch } from "./event-dispatch.ts";
import { describeFramework, type FrameworkDescription } from "./framework-info.ts";
import { type IntentStore, memoryIntents } from "./intent-log.ts";
import { LiveOffer } from "./live-offer.ts";
import { type Log, SILENT } from "./log.ts";
import { type ServiceHandler, serveRelay } from "./relay-call.ts";
import { SessionLoop } from "./session-loop.ts";
import { type FrameworkStore, memoryStore } from "./stores.ts";

export interface DriverOptions {
  /** `host:port` of every master there may be; the driver finds the leader. */
  readonly masters: readonly string[];
  readonly framework: FrameworkDescription;
  /** Agents whose offers it wants at all, by role (FEATURES M-38); `update` changes them. */
  readonly offerConstraints?: OfferConstraints;
  /** Where the framework id is kept; without one a restart is a new framework (FEATURES N-06). */
  readonly store?: FrameworkStore;
  readonly log?: Log;
  /** Times that differ from SESSION_DEFAULTS. */
  readonly session?: Partial<Omit<SessionConfig, "info" | "record" | "seed">>;
  /** Leave offers open when the handler returns; they are then declined at `session.offerDeadlineMs`. */
  readonly keepsOffers?: boolean;
  /** Told of what a handler threw; the update is delivered again. Default: to the log. */
  readonly onHandlerError?: (error: ClusterError, event: DriverEvent) => void;
}

/** For which roles and agents a framework wants offers. */
export interface OfferWishes {
  readonly suppressedRoles?: readonly Role[];
  readonly offerConstraints?: OfferConstraints;
}

export interface PolicyOptions<Output> {
  /** Where the policy's intents are written before they are acted upon (K-6). */
  readonly intents?: IntentStore;
  readonly onOutput?: (output: Output) => void;
}

export interface StopOptions {
  /** Also end the framework: all its tasks are killed, and its id can never return. */
  readonly teardown?: boolean;
}

/** A framework's connection to the cluster: handlers or a policy on one side, masters on the other (FEATURES K-1). */
export function createDriver(options: DriverOptions): Driver {
  return new Driver(options);
}

export class Driver {
  readonly #options: DriverOptions;
  readonly #store: FrameworkStore;
  readonly #log: Log;
  readonly #dispatch = new EventDispatch();
  readonly #ended: Promise<void>;
  #settleEnded: { resolve: () => void; reject: (error: ClusterError) => void };
  #loop: AnyLoop | null = null;
  #session: { readonly frameworkId: FrameworkId | null; readonly isSubscribed: boolean } | null =
    null;
  #onCall: ServiceHandler | null = null;
  #isStarted = false;
  #isTornDown = false;

  constructor(options: DriverOptions) {
    if (options.masters.length === 0) {
      throw new ClusterError("invalid_call", "a driver needs the address of at least one master", {
        hint: 'createDriver({ masters: ["127.0.0.1:5050"], ... })',
      });
    }
    this.#options = options;
    this.#store = options.store ?? memoryStore();
    this.#log = options.log ?? SILENT;
    const settle: { resolve?: () => void; reject?: (error: ClusterError) => void } = {};
    this.#ended = new Promise<void>((resolve, reject) => {
      settle.resolve = resolve;
      settle.reject = reject;
    });
    this.#ended.catch(() => {}); // Whoever does not look at `ended` hears of it from `events()`.
    this.#settleEnded = settle as Required<typeof settle>;
  }

  /** Null until the first subscription. */
  get frameworkId(): FrameworkId | null {
    return this.#session?.frameworkId ?? null;
  }

  get isSubscribed(): boolean {
    return this.#session?.isSubscribed ?? false;
  }

  /** Resolves when the driver was stopped; rejects when it can never subscribe again or cannot write its records. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  // ---- handlers ----

  /** Several handlers of one kind run one after the other. Register before `start`. */
  on<Kind extends DriverEvent["kind"]>(kind: Kind, handler: DriverHandler<Kind>): this {
    this.#dispatch.on(kind, handler);
    return this;
  }

  /** All events; an event counts as dealt with when the loop asks for the next. One loop at a time. */
  events(): AsyncGenerator<DriverEvent, void, undefined> {
    return this.#dispatch.events();
  }

  /** Answers calls of operators to this framework (`callFramework`). */
  onCall(handler: ServiceHandler): this {
    this.#onCall = handler;
    return this;
  }

  /** Connects, and keeps connected until `stop`. Resolves when it has read its framework id. */
  async start(): Promise<void> {
    const session = new SchedulerSession<never, never>(await this.#config(), null);
    this.#run(session, memoryIntents(), () => {});
  }

  /** Lets a policy decide instead of handlers. The policy is ready: recovered from its intents, if it has any. */
  async runPolicy<Input, Output>(
    policy: Policy<Input, Output>,
    options: PolicyOptions<Output> = {},
  ): Promise<{ input(input: Input): void }> {
    const session = new SchedulerSession<Input, Output>(await this.#config(), policy);
    const { intents = memoryIntents(), onOutput = () => {} } = options;
    const loop = this.#run(session, intents, onOutput);
    return { input: (input) => loop.apply({ kind: "input", input }) };
  }

  /** Ends the session in order; with `teardown` the framework too. Resolves when the last calls have left. */
  async stop(options: StopOptions = {}): Promise<void> {
    const loop = this.#loop;
    if (loop === null) return;
    if (options.teardown === true) await this.#tearDown(loop);
    loop.apply({ kind: "stop" });
    await this.#ended.catch(() => {});
    await loop.closed;
  }

  /** Without a master it waits for one, but not for ever. */
  async #tearDown(loop: AnyLoop): Promise<void> {
    this.#isTornDown = true;
    loop.apply({ kind: "call", call: { kind: "teardown" } });
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), TEARDOWN_MS);
    });
    const ended = this.#ended.then(
      () => false,
      () => false,
    );
    if (await Promise.race([ended, isLate])) this.#isTornDown = false;
    clearTimeout(timer);
  }

  // ---- calls ----

  kill(taskId: TaskId, options: { agentId?: AgentId; graceMs?: number } = {}): void {
    const { agentId, graceMs } = options;
    this.#call({
      kind: "kill",
      taskId,
      ...(agentId === undefined ? {} : { agentId }),
      ...(graceMs === undefined ? {} : { killPolicy: { gracePeriodMs: graceMs } }),
    });
  }

  /**
   * Wants offers again, and forgets earlier refusals. No roles = all. `offersMax`: no more than so many until the next
   * time; who has one task to place need not hear of every agent.
   */
  revive(roles: readonly Role[] = [], { offersMax }: { offersMax?: number } = {}): void {
    this.#call({ kind: "revive", roles, ...(offersMax === undefined ? {} : { offersMax }) });
  }

  /** Wants no offers until revived; updates still come. A good citizen does so when idle (FEATURES K-11). */
  suppress(roles: readonly Role[] = []): void {
    this.#call({ kind: "suppress", roles });
  }

  /** Asks for the state of all tasks, also of those this process never heard of; the answers are updates. */
  reconcile(): void {
    this.#call({ kind: "reconcile", tasks: [] });
  }

  /**
   * Changes what the framework is and wants: its roles, the roles without offers, the agents whose offers it wants at all
   * (M-38; absent = all agents). Principal, user and checkpointing stay as they are. Also after a reconnection.
   */
  update(framework: FrameworkDescription, wishes: OfferWishes = {}): void {
    const { suppressedRoles = [], offerConstraints } = wishes;
    this.#call({
      kind: "update-framework",
      info: describeFramework(framework),
      suppressedRoles,
      ...(offerConstraints === undefined ? {} : { offerConstraints }),
    });
  }

  /** Promises to leave the agents of these inverse offers before their maintenance; advice to the operator (M-71). */
  acceptInverse(inverseOfferIds: readonly InverseOfferId[]): void {
    this.#call({ kind: "accept-inverse", inverseOfferIds, filters: {} });
  }

  /** Says that it will not leave in time, and why. */
  declineInverse(
    inverseOfferIds: readonly InverseOfferId[],
    options: { refuseMs?: number; reasons?: readonly DeclineReason[] } = {},
  ): void {
    const { refuseMs, reasons } = options;
    this.#call({
      kind: "decline-inverse",
      inverseOfferIds,
      filters: refuseMs === undefined ? {} : { refuseMs },
      ...(reasons === undefined ? {} : { reasons }),
    });
  }

  message(message: Omit<Extract<FrameworkCall, { kind: "message" }>, "kind">): void {
    this.#call({ kind: "message", ...message });
  }

  #call(call: Exclude<FrameworkCall, { kind: "subscribe" }>): void {
    if (this.#loop === null) {
      throw new ClusterError(
        "not_subscribed",
        `cannot ${call.kind} before the driver has started`,
        {
          hint: "await driver.start() first",
        },
      );
    }
    this.#loop.apply({ kind: "call", call });
  }

  // ---- the session ----

  async #config(): Promise<SessionConfig> {
    if (this.#isStarted) throw new ClusterError("conflict", "a driver starts once");
    this.#isStarted = true;
    const record = await this.#store.load();
    const { offerConstraints } = this.#options;
    return {
      ...SESSION_DEFAULTS,
      ...(offerConstraints === undefined ? {} : { offerConstraints }),
      ...this.#options.session,
      info: describeFramework(this.#options.framework),
      seed: randomBytes(16).toString("hex"),
      ...(record === undefined ? {} : { record }),
    };
  }

  #run<Input, Output>(
    session: SchedulerSession<Input, Output>,
    intents: IntentStore,
    onOutput: (output: Output) => void,
  ): SessionLoop<Input, Output> {
    const loop = new SessionLoop<Input, Output>({
      session,
      masters: this.#options.masters,
      store: this.#store,
      intents,
      log: this.#log,
      onEvent: (event) => this.#deliver(event),
      onOutput,
      onRelay: (client, relay) => serveRelay(client, relay, this.#onCall),
      onEnded: (refusal) => void this.#finish(refusal, intents),
      onFatal: (error) => this.#fail(error),
    });
    this.#session = session;
    this.#loop = loop as AnyLoop;
    loop.begin();
    return loop;
  }

  #deliver(event: PolicyEvent<unknown>): void {
    switch (event.kind) {
      case "wake":
      case "input":
        return;
      case "offers": {
        const offers = event.offers.map(
          (offer) => new LiveOffer(offer, (call) => this.#loop?.apply({ kind: "call", call })),
        );
        const told = { kind: "offers", offers } as const;
        this.#dispatch.push(told, (error) => {
          if (error !== null) this.#handlerFailed(error, told);
          if (this.#options.keepsOffers !== true) this.#declineUnanswered(offers);
        });
        return;
      }
      case "operation-update": {
        const { uuid } = event.status;
        this.#dispatch.push(event, (error) => {
          if (error !== null) this.#handlerFailed(error, event);
          if (uuid === undefined) return;
          const kind = error === null ? "operation-handled" : "operation-unhandled";
          this.#loop?.apply({ kind, uuid });
        });
        return;
      }
      case "update": {
        const { taskId, uuid } = event.status;
        this.#dispatch.push(event, (error) => {
          if (error !== null) this.#handlerFailed(error, event);
          if (uuid === undefined) return;
          const kind = error === null ? "handled" : "unhandled";
          this.#loop?.apply({ kind, taskId, uuid });
        });
        return;
      }
      default:
        this.#dispatch.push(event, (error) => {
          if (error !== null) this.#handlerFailed(error, event);
        });
    }
  }

  #declineUnanswered(offers: readonly LiveOffer[]): void {
    const refuseMs = this.#options.session?.refuseUnansweredMs;
    for (const offer of offers) {
      if (offer.isAnswered) continue;
      offer.decline({
        refuseMs: refuseMs ?? SESSION_DEFAULTS.refuseUnansweredMs,
        reasons: [{ code: "unanswered", detail: "no handler accepted or declined the offer" }],
      });
    }
  }

  #handlerFailed(thrown: unknown, event: DriverEvent): void {
    const error = ClusterError.from(thrown);
    if (this.#options.onHandlerError !== undefined) this.#options.onHandlerError(error, event);
    else this.#log.error({ err: error, event: event.kind }, `a handler failed: ${error.message}`);
  }

  async #finish(refusal: Refusal | null, intents: IntentStore): Promise<void> {
    try {
      await intents.close();
      // An id that can never return must not be tried again by the next start (FEATURES N-06).
      if (this.#isTornDown || refusal?.code === "framework_completed") await this.#store.clear();
    } catch (thrown) {
      this.#fail(ClusterError.from(thrown));
      return;
    }
    if (refusal?.code === "framework_completed")
      this.#fail(ClusterError.of({ hint: "the next start is a new framework", ...refusal }));
    else if (refusal !== null) this.#fail(ClusterError.of(refusal));
    else {
      this.#dispatch.end(null);
      this.#settleEnded.resolve();
    }
  }

  #fail(error: ClusterError): void {
    this.#log.error({ err: error, code: error.code }, error.message);
    this.#dispatch.end(error);
    this.#settleEnded.reject(error);
  }
}

/** How long `stop` waits for a master that takes the teardown; after that the failover timeout has to do. */
const TEARDOWN_MS = 10_000;

/** The loop without its types: the driver itself sends only what every session understands. */
type AnyLoop = SessionLoop<unknown, unknown>;
