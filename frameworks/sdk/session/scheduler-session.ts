import { assert } from "@bourse/model/assert";
import type { Refusal } from "@bourse/model/errors";
import type { AgentId, FrameworkId, SessionId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import { launchedTasks } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import type { TaskStatus } from "@bourse/model/task";
import { type Collected, emptyEffects } from "./collected-effects.ts";
import { boundedReasons } from "./decline-reasons.ts";
import { MasterLink, type MasterLinkSnapshot } from "./master-link.ts";
import { OfferLedger, type OfferLedgerSnapshot } from "./offer-ledger.ts";
import type { Policy, PolicyCall, PolicyCalls, PolicyEvent } from "./policy.ts";
import { Reconciliation, type ReconciliationSnapshot } from "./reconciliation.ts";
import { RoleWishes, type RoleWishesSnapshot } from "./role-wishes.ts";
import type { SessionConfig, SessionEffects, SessionInput } from "./session-io.ts";
import { droppedUpdate } from "./stale-offer.ts";
import { TaskLedger, type TaskLedgerSnapshot } from "./task-ledger.ts";

/** Tasks in one reconcile call: keeps the message well below the 4 MiB that a gRPC message may have. */
const RECONCILE_BATCH = 1_000;

export interface SchedulerSessionSnapshot {
  readonly link: MasterLinkSnapshot;
  readonly offers: OfferLedgerSnapshot;
  readonly tasks: TaskLedgerSnapshot;
  readonly reconciliation: ReconciliationSnapshot;
  readonly frameworkId: FrameworkId | null;
  readonly epochSeen: number;
  readonly wasKnown: boolean;
  readonly hasSubscribed: boolean;
  readonly roles: RoleWishesSnapshot;
  readonly isTeardownOwed: boolean;
  readonly policyWakeAtMs: number;
  /** Of the policy; whoever restores builds the policy from it first. */
  readonly policy: unknown;
}

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
  #frameworkId: FrameworkId | null;
  #epochSeen: number;
  /** The framework id is older than this process: others may have launched tasks that nobody here knows. */
  #wasKnown: boolean;
  #hasSubscribed = false;
  #roles: RoleWishes;
  #isTeardownOwed = false;
  #policyWakeAtMs = Number.POSITIVE_INFINITY;
  #out: Collected<Input, Output> = emptyEffects();
  readonly #queue: PolicyEvent<Input>[] = [];

  constructor(config: SessionConfig, policy: Policy<Input, Output> | null) {
    this.#config = config;
    this.#policy = policy;
    this.#link = new MasterLink(config, Random.fromSeed(config.seed).fork("reconnect"));
    this.#reconciliation = new Reconciliation(config);
    this.#frameworkId = config.record?.frameworkId ?? null;
    this.#epochSeen = config.record?.epochSeen ?? 0;
    this.#wasKnown = config.record !== undefined;
    this.#roles = new RoleWishes(config.info.roles, config.suppressedRoles ?? []);
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
    session.#frameworkId = snapshot.frameworkId;
    session.#epochSeen = snapshot.epochSeen;
    session.#wasKnown = snapshot.wasKnown;
    session.#hasSubscribed = snapshot.hasSubscribed;
    const { suppressed, owed } = snapshot.roles;
    session.#roles = new RoleWishes(config.info.roles, suppressed, owed);
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
      frameworkId: this.#frameworkId,
      epochSeen: this.#epochSeen,
      wasKnown: this.#wasKnown,
      hasSubscribed: this.#hasSubscribed,
      roles: this.#roles.snapshot(),
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
    this.#out.send.push({
      session,
      call: {
        kind: "subscribe",
        ...(this.#frameworkId === null ? {} : { frameworkId: this.#frameworkId }),
        info: this.#config.info,
        suppressedRoles: this.#roles.suppressed,
        epochSeen: this.#epochSeen,
      },
    });
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
    if (wasSubscribed) this.#tell(now, { kind: "disconnected" });
  }

  #stop(cause: string): void {
    const session = this.#link.openSession;
    if (session !== null) this.#out.link.push({ kind: "close", session, cause });
    this.#link.ended();
    this.#offers.clear();
    this.#reconciliation.stop();
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
      case "message":
      case "failure":
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
    this.#sendOwed();
    this.#tell(now, { kind: "subscribed", frameworkId: event.frameworkId, isAgain });
  }

  /** What was asked for while there was no master, or may have been lost with the link. */
  #sendOwed(): void {
    const roles = this.#roles.takeOwed();
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
    const kill = this.#tasks.killOf(status.taskId);
    if (kill === undefined || status.state === "TASK_KILLING") return;
    if (status.reason === "REASON_RECONCILIATION" || status.reason === "REASON_AGENT_REREGISTERED")
      this.#send({ kind: "kill", taskId: status.taskId, ...kill });
  }

  #acknowledge(agentId: AgentId | undefined, { taskId, uuid }: TaskStatus): void {
    if (uuid !== undefined && agentId !== undefined)
      this.#send({ kind: "acknowledge", agentId, taskId, uuid });
  }

  #handled(taskId: TaskId, uuid: string): void {
    const agentId = this.#tasks.handled(uuid);
    if (agentId !== null) this.#send({ kind: "acknowledge", agentId, taskId, uuid });
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
    for (const record of answer.persist ?? []) this.#out.intents.push(record);
    for (const output of answer.outputs ?? []) this.#out.outputs.push(output);
    for (const { taskId, agentId } of answer.track ?? []) {
      if (this.#tasks.ref(taskId) !== null) continue;
      this.#tasks.track(taskId, agentId);
      if (this.isSubscribed) this.#reconciliation.include(now.monoMs, taskId);
    }
    for (const call of answer.calls) this.#call(now, call);
    for (const taskId of answer.forget ?? []) {
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
        this.#roles.revive(call.roles, this.isSubscribed);
        this.#send(call);
        return;
      case "suppress":
        this.#roles.suppress(call.roles);
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
      case "acknowledge":
      case "reconcile":
      case "message":
      case "update-framework":
      case "acknowledge-operation":
      case "reconcile-operations":
      case "accept-inverse":
      case "decline-inverse":
        this.#send(call);
        return;
    }
  }

  #accept(now: Now, call: Extract<FrameworkCall, { kind: "accept" }>): void {
    const isWhole = call.offerIds.every((offerId) => this.#offers.has(offerId));
    const held = call.offerIds.filter((offerId) => this.#offers.remove(offerId));
    if (isWhole && this.isSubscribed) {
      for (const { taskId, agentId } of launchedTasks(call.operations))
        this.#tasks.track(taskId, agentId);
      this.#send(call);
      return;
    }
    if (held.length > 0) this.#send({ kind: "decline", offerIds: held, filters: call.filters });
    for (const task of launchedTasks(call.operations))
      this.#tell(now, droppedUpdate(now, task, this.#config.info));
  }

  /** Without a session the call is dropped: what must not be lost is remembered elsewhere. */
  #send(call: FrameworkCall): void {
    const session = this.#link.subscribedSession;
    if (session !== null) this.#out.send.push({ session, call });
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
    const question = this.#reconciliation.take(now.monoMs, this.#tasks);
    if (question === null) return;
    if (question.kind === "implicit") this.#send({ kind: "reconcile", tasks: [] });
    for (let from = 0; from < question.tasks.length; from += RECONCILE_BATCH)
      this.#send({ kind: "reconcile", tasks: question.tasks.slice(from, from + RECONCILE_BATCH) });
  }

  #finish(): SessionEffects<Input, Output> {
    const out = this.#out;
    this.#out = emptyEffects();
    return {
      ...out,
      wakeAtMs: this.isEnded
        ? Number.POSITIVE_INFINITY
        : Math.min(
            this.#link.dueAtMs,
            this.#offers.dueAtMs,
            this.#reconciliation.dueAtMs,
            this.#policyWakeAtMs,
          ),
    };
  }
}
