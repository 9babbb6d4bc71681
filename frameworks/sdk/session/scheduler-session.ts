import { assert } from "@bourse/model/assert";
import type { Refusal } from "@bourse/model/errors";
import type { AgentId, FrameworkId, SessionId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import { launchedTasks } from "@bourse/model/offer";
import type { OperationStatus } from "@bourse/model/operation";
import { Random } from "@bourse/model/random";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import { Collected } from "./collected-effects.ts";
import { boundedReasons } from "./decline-reasons.ts";
import { MasterLink } from "./master-link.ts";
import { OfferLedger } from "./offer-ledger.ts";
import { OperationLedger } from "./operation-ledger.ts";
import type { Policy, PolicyCall, PolicyCalls, PolicyEvent } from "./policy.ts";
import { callsOf, Reconciliation } from "./reconciliation.ts";
import type { SessionConfig, SessionEffects, SessionInput } from "./session-io.ts";
import type { SchedulerSessionSnapshot } from "./session-snapshot.ts";
import { droppedEvents } from "./stale-offer.ts";
import { Subscription } from "./subscription.ts";
import { TaskLedger } from "./task-ledger.ts";

/**
 * A framework's session with the masters, without sockets or clock. Does what every author would otherwise write again
 * (FEATURES K-1, N-07): finds the leader, keeps the framework id, refuses deposed leaders, notices silence, answers
 * forgotten offers, acknowledges, reconciles, repeats kills. What to run is up to the policy, or with `null` to whoever
 * takes `deliver` and sends `call`.
 */
export class SchedulerSession<Input = never, Output = never> {
  readonly #config: SessionConfig;
  readonly #policy: Policy<Input, Output> | null;
  #link: MasterLink;
  #offers = new OfferLedger();
  #tasks = new TaskLedger();
  #reconciliation: Reconciliation;
  #operations: OperationLedger;
  #frameworkId: FrameworkId | null;
  #epochSeen: number;
  /** The framework id is older than this process: others may have launched tasks that nobody here knows. */
  #wasKnown: boolean;
  #hasSubscribed = false;
  #subscription: Subscription;
  #isTeardownOwed = false;
  #policyWakeAtMs = Number.POSITIVE_INFINITY;
  readonly #out = new Collected<Input, Output>();
  readonly #queue: PolicyEvent<Input>[] = [];

  constructor(config: SessionConfig, policy: Policy<Input, Output> | null) {
    this.#config = config;
    this.#policy = policy;
    this.#link = new MasterLink(config, Random.fromSeed(config.seed).fork("reconnect"));
    this.#reconciliation = new Reconciliation(config);
    this.#operations = new OperationLedger(config);
    this.#frameworkId = config.record?.frameworkId ?? null;
    this.#epochSeen = config.record?.epochSeen ?? 0;
    this.#wasKnown = config.record !== undefined;
    this.#subscription = new Subscription(config);
  }

  /** Continues a session; `policy` has been restored from `snapshot.policy` by the caller. */
  static restore<Input = never, Output = never>(
    config: SessionConfig,
    policy: Policy<Input, Output> | null,
    snapshot: SchedulerSessionSnapshot,
  ): SchedulerSession<Input, Output> {
    const session = new SchedulerSession<Input, Output>(config, policy);
    session.#link = MasterLink.restore(config, snapshot.link);
    session.#offers = OfferLedger.restore(snapshot.offers);
    session.#tasks = TaskLedger.restore(snapshot.tasks);
    session.#reconciliation = Reconciliation.restore(config, snapshot.reconciliation);
    session.#operations = OperationLedger.restore(config, snapshot.operations);
    session.#frameworkId = snapshot.frameworkId;
    session.#epochSeen = snapshot.epochSeen;
    session.#wasKnown = snapshot.wasKnown;
    session.#hasSubscribed = snapshot.hasSubscribed;
    session.#subscription = Subscription.restore(config, snapshot.subscription);
    session.#isTeardownOwed = snapshot.isTeardownOwed;
    session.#policyWakeAtMs = snapshot.policyWakeAtMs;
    return session;
  }

  snapshot(): SchedulerSessionSnapshot {
    return {
      link: this.#link.snapshot(),
      offers: this.#offers.snapshot(),
      tasks: this.#tasks.snapshot(),
      reconciliation: this.#reconciliation.snapshot(),
      operations: this.#operations.snapshot(),
      frameworkId: this.#frameworkId,
      epochSeen: this.#epochSeen,
      wasKnown: this.#wasKnown,
      hasSubscribed: this.#hasSubscribed,
      subscription: this.#subscription.snapshot(),
      isTeardownOwed: this.#isTeardownOwed,
      policyWakeAtMs: this.#policyWakeAtMs,
      policy: this.#policy?.snapshot() ?? null,
    };
  }

  get frameworkId(): FrameworkId | null {
    return this.#frameworkId;
  }

  get isSubscribed(): boolean {
    return this.#link.subscribedSession !== null;
  }

  get isEnded(): boolean {
    return this.#link.phase.kind === "ended";
  }

  /** The first effects: asks for a link to the first master. */
  begin(now: Now): SessionEffects<Input, Output> {
    assert(this.#link.phase.kind === "idle", "a session begins once");
    this.#connect(now);
    return this.#finish();
  }

  apply(now: Now, input: SessionInput<Input>): SessionEffects<Input, Output> {
    switch (input.kind) {
      case "link-up":
        this.#linkUp(now, input.session);
        break;
      case "link-down":
        if (this.#link.concerns(input.session)) this.#disconnect(now, null);
        break;
      case "event":
        if (this.#link.openSession === input.session) this.#event(now, input.session, input.event);
        break;
      case "wake":
        this.#wake(now);
        break;
      case "handled":
        this.#handled(input.taskId, input.uuid);
        break;
      case "unhandled":
        this.#tasks.unhandled(input.taskId, input.uuid);
        break;
      case "operation-handled":
        this.#sendIf(this.#operations.handled(input.uuid));
        break;
      case "operation-unhandled":
        this.#operations.unhandled(input.uuid);
        break;
      case "call":
        this.#call(now, input.call);
        break;
      case "input":
        this.#tell(now, { kind: "input", input: input.input });
        break;
      case "stop":
        this.#stop("stopped by the framework");
        break;
    }
    this.#reconcile(now);
    return this.#finish();
  }

  // ---- the link ----

  #connect(now: Now): void {
    this.#link.connecting(now.monoMs);
    this.#out.link.push({ kind: "connect", attempt: this.#link.attempt });
  }

  #linkUp(now: Now, session: SessionId): void {
    if (!this.#link.up(now.monoMs, session)) {
      this.#out.link.push({ kind: "close", session, cause: "another link is in use" });
      return;
    }
    const call = this.#subscription.call(this.#frameworkId, this.#epochSeen);
    this.#out.send(session, call);
  }

  /** Leaves the link, tells the policy, and sets the time of the next try. `cause`: close it from here. */
  #disconnect(now: Now, cause: string | null, leavesMaster = false): void {
    const wasSubscribed = this.#link.subscribedSession !== null;
    const session = this.#link.openSession;
    if (session !== null && cause !== null) this.#out.link.push({ kind: "close", session, cause });
    if (leavesMaster) this.#link.refused(now.monoMs);
    else this.#link.lost(now.monoMs);
    this.#offers.clear();
    this.#reconciliation.stop();
    this.#operations.stop();
    if (wasSubscribed) this.#tell(now, { kind: "disconnected" });
  }

  #stop(cause: string): void {
    const session = this.#link.openSession;
    if (session !== null) this.#out.link.push({ kind: "close", session, cause });
    this.#link.ended();
    this.#offers.clear();
    this.#reconciliation.stop();
    this.#operations.stop();
  }

  #giveUp(now: Now, refusal: Refusal): void {
    this.#stop(refusal.message);
    this.#out.link.push({ kind: "give-up", message: refusal.message, refusal });
    this.#tell(now, { kind: "ended", message: refusal.message });
  }

  // ---- events of the master ----

  #event(now: Now, session: SessionId, event: FrameworkEvent): void {
    this.#link.heard(now.monoMs);
    if (event.kind === "subscribed") {
      this.#subscribed(now, session, event);
      return;
    }
    if (event.kind === "error") {
      if (this.#link.isHopeless(event.refusal.code)) this.#giveUp(now, event.refusal);
      else this.#disconnect(now, event.refusal.message, true);
      return;
    }
    if (this.#link.subscribedSession === null) return; // Nothing counts before `subscribed`.
    switch (event.kind) {
      case "offers":
        for (const offer of event.offers)
          this.#offers.add(now.monoMs, offer, this.#config.offerDeadlineMs);
        this.#tell(now, event);
        return;
      case "rescind":
        // One that is used already needs no word: the master answers its tasks with REASON_INVALID_OFFERS (N-16).
        if (this.#offers.remove(event.offerId)) this.#tell(now, event);
        return;
      case "update":
        this.#update(now, event.status);
        return;
      case "operation-update":
        this.#operationUpdate(now, event.status);
        return;
      case "message":
      case "failure":
      case "inverse-offers":
      case "rescind-inverse":
        this.#tell(now, event);
        return;
      case "heartbeat":
        return;
    }
  }

  #subscribed(
    now: Now,
    session: SessionId,
    event: Extract<FrameworkEvent, { kind: "subscribed" }>,
  ): void {
    if (event.epoch < this.#epochSeen) {
      const cause = `deposed leader: epoch ${event.epoch} is below ${this.#epochSeen}`;
      this.#disconnect(now, cause, true);
      return;
    }
    if (event.frameworkId !== this.#frameworkId || event.epoch > this.#epochSeen) {
      this.#frameworkId = event.frameworkId;
      this.#epochSeen = event.epoch;
      this.#out.persist.push({
        kind: "framework",
        frameworkId: event.frameworkId,
        epochSeen: event.epoch,
      });
    }
    this.#link.subscribed(now.monoMs, session, event.heartbeatIntervalMs);
    const isAgain = this.#wasKnown || this.#hasSubscribed;
    const isFirstOfProcess = !this.#hasSubscribed;
    this.#hasSubscribed = true;
    if (this.#isTeardownOwed) {
      this.#call(now, { kind: "teardown" });
      return;
    }
    this.#reconciliation.start(now.monoMs, this.#tasks.refs(), this.#wasKnown && isFirstOfProcess);
    this.#operations.start(now.monoMs);
    this.#sendOwed();
    this.#tell(now, { kind: "subscribed", frameworkId: event.frameworkId, isAgain });
  }

  /** What was asked for while there was no master, or may have been lost with the link. */
  #sendOwed(): void {
    this.#sendIf(this.#subscription.takeUntold());
    const roles = this.#subscription.roles.takeOwed();
    if (roles.length > 0) this.#send({ kind: "revive", roles });
    for (const [taskId, kill] of this.#tasks.kills()) this.#send({ kind: "kill", taskId, ...kill });
  }

  #update(now: Now, status: TaskStatus): void {
    this.#reconciliation.answered(status.taskId);
    const seen = this.#tasks.seen(status);
    if (seen === "being-handled") return;
    const agentId = status.agentId ?? this.#tasks.ref(status.taskId)?.agentId;
    if (seen === "new") {
      this.#tasks.note(status);
      if (this.#policy === null && status.uuid !== undefined && agentId !== undefined)
        this.#tasks.handling(status.uuid, status.taskId, agentId);
      this.#tell(now, { kind: "update", status });
      this.#repeatKill(status);
      if (this.#policy === null) return;
    }
    this.#acknowledge(agentId, status);
  }

  /** An answer that the task runs although it should be killed: the kill was lost with some link. */
  #repeatKill(status: TaskStatus): void {
    const { taskId, state, reason } = status;
    if (reason !== "REASON_RECONCILIATION" && reason !== "REASON_AGENT_REREGISTERED") return;
    const kill = state === "TASK_KILLING" ? undefined : this.#tasks.killOf(taskId);
    if (kill !== undefined) this.#send({ kind: "kill", taskId, ...kill });
  }

  #acknowledge(agentId: AgentId | undefined, { taskId, uuid }: TaskStatus): void {
    if (uuid !== undefined && agentId !== undefined)
      this.#send({ kind: "acknowledge", agentId, taskId, uuid });
  }

  #handled(taskId: TaskId, uuid: string): void {
    const agentId = this.#tasks.handled(uuid);
    if (agentId !== null) this.#send({ kind: "acknowledge", agentId, taskId, uuid });
  }

  #operationUpdate(now: Now, status: OperationStatus): void {
    const { isNew, acknowledgement } = this.#operations.hear(status, this.#policy === null);
    if (isNew) this.#tell(now, { kind: "operation-update", status });
    this.#sendIf(acknowledgement);
  }

  // ---- the policy ----

  /** Hands an event to the policy, and what follows from its calls, until there is nothing more to tell. */
  #tell(now: Now, event: PolicyEvent<Input>): void {
    if (this.#policy === null) {
      this.#out.deliver.push(event);
      return;
    }
    this.#queue.push(event);
    if (this.#queue.length > 1) return; // The loop below is running.
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      this.#take(now, this.#policy.apply(now, next));
      this.#queue.shift();
    }
  }

  #take(now: Now, answer: PolicyCalls<Output>): void {
    this.#policyWakeAtMs = answer.wakeAtMs ?? Number.POSITIVE_INFINITY;
    const { persist, outputs, track, trackOperations, forget } = answer;
    if (persist !== undefined) this.#out.intents.push(...persist);
    if (outputs !== undefined) this.#out.outputs.push(...outputs);
    for (const { taskId, agentId } of track ?? NONE) {
      if (this.#tasks.ref(taskId) !== null) continue;
      this.#tasks.track(taskId, agentId);
      if (this.isSubscribed) this.#reconciliation.include(now.monoMs, taskId);
    }
    if (trackOperations !== undefined)
      this.#operations.include(now.monoMs, trackOperations, this.isSubscribed);
    for (const call of answer.calls) this.#call(now, call);
    for (const taskId of forget ?? NONE) {
      this.#tasks.forget(taskId);
      this.#reconciliation.answered(taskId);
    }
  }

  // ---- calls ----

  #call(now: Now, call: PolicyCall | Exclude<FrameworkCall, { kind: "subscribe" }>): void {
    switch (call.kind) {
      case "accept":
        this.#accept(now, call);
        return;
      case "decline": {
        const offerIds = call.offerIds.filter((offerId) => this.#offers.remove(offerId));
        if (offerIds.length > 0) this.#send({ ...call, offerIds, ...boundedReasons(call.reasons) });
        return;
      }
      case "revive":
        this.#subscription.roles.revive(call.roles, this.isSubscribed);
        this.#send(call);
        return;
      case "suppress":
        this.#subscription.suppress(call.roles);
        this.#send(call);
        return;
      case "kill": {
        const { kind: _, taskId, ...kill } = call;
        this.#tasks.kill(taskId, kill);
        this.#send(call);
        return;
      }
      case "teardown":
        this.#isTeardownOwed = true;
        if (!this.isSubscribed) return;
        this.#send(call);
        this.#stop("torn down by the framework");
        return;
      case "update-framework":
        this.#subscription.update(call);
        this.#send(call);
        return;
      case "acknowledge":
      case "reconcile":
      case "message":
      case "acknowledge-operation":
      case "reconcile-operations":
      case "accept-inverse":
      case "decline-inverse":
        this.#send(call);
        return;
    }
  }

  #accept(now: Now, call: Extract<FrameworkCall, { kind: "accept" }>): void {
    const [agentId] = call.offerIds.map((offerId) => this.#offers.agentOf(offerId));
    const isWhole = call.offerIds.every((offerId) => this.#offers.has(offerId));
    const held = call.offerIds.filter((offerId) => this.#offers.remove(offerId));
    if (isWhole && this.isSubscribed) {
      for (const { taskId, agentId } of launchedTasks(call.operations))
        this.#tasks.track(taskId, agentId);
      this.#operations.sent(now.monoMs, call.operations, agentId);
      this.#send(call);
      return;
    }
    if (held.length > 0) this.#send({ kind: "decline", offerIds: held, filters: call.filters });
    for (const event of droppedEvents(now, call.operations, this.#subscription.info))
      this.#tell(now, event);
  }

  /** Without a session the call is dropped: what must not be lost is remembered elsewhere. */
  #send(call: FrameworkCall): void {
    const session = this.#link.subscribedSession;
    if (session !== null) this.#out.send(session, call);
  }

  #sendIf(call: FrameworkCall | null): void {
    if (call !== null) this.#send(call);
  }

  // ---- timers ----

  #wake(now: Now): void {
    if (this.#link.phase.kind === "idle") this.#connect(now);
    if (now.monoMs >= this.#link.dueAtMs) this.#linkDue(now);
    if (now.monoMs >= this.#offers.dueAtMs) this.#expireOffers(now);
    if (now.monoMs >= this.#policyWakeAtMs) {
      this.#policyWakeAtMs = Number.POSITIVE_INFINITY;
      this.#tell(now, { kind: "wake" });
    }
  }

  #linkDue(now: Now): void {
    switch (this.#link.phase.kind) {
      case "waiting":
        this.#connect(now);
        return;
      case "connecting":
        this.#disconnect(now, null);
        return;
      case "subscribing":
        this.#disconnect(now, "no answer to subscribe");
        return;
      case "subscribed":
        this.#disconnect(now, "no heartbeat");
        return;
    }
  }

  #expireOffers(now: Now): void {
    const offerIds = this.#offers.takeExpired(now.monoMs);
    if (offerIds.length === 0) return;
    this.#send({
      kind: "decline",
      offerIds,
      filters: { refuseMs: this.#config.refuseUnansweredMs },
      reasons: [{ code: "unanswered", detail: "the framework did not answer in time" }],
    });
    for (const offerId of offerIds) this.#tell(now, { kind: "rescind", offerId });
  }

  #reconcile(now: Now): void {
    if (!this.isSubscribed) return;
    for (const question of this.#operations.takeDue(now.monoMs)) this.#send(question);
    const question = this.#reconciliation.take(now.monoMs, this.#tasks);
    if (question === null) return;
    for (const call of callsOf(question)) this.#send(call);
  }

  #finish(): SessionEffects<Input, Output> {
    if (this.isEnded) return this.#out.take(Number.POSITIVE_INFINITY);
    return this.#out.take(
      Math.min(
        this.#link.dueAtMs,
        this.#offers.dueAtMs,
        this.#reconciliation.dueAtMs,
        this.#operations.dueAtMs,
        this.#policyWakeAtMs,
      ),
    );
  }
}

const NONE: readonly never[] = [];
