import type { Role, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import type { Random } from "@bourse/model/random";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import type { PolicyCall, PolicyCalls, PolicyEvent, TaskRef } from "@bourse/session/policy";
import type { BatchSpec } from "../scenario/scenario.ts";
import type { SimPolicy } from "../sim-framework.ts";
import { isGivenUp, isLive } from "../task-fate.ts";
import { AT_ONCE, accept, kill, SUPPRESS } from "./batch-calls.ts";
import { BatchColumns, parseTaskId, type TaskClass, taskIdOf } from "./batch-columns.ts";
import { BatchLaunches } from "./batch-launches.ts";
import { BatchTasks, PHASE, type TaskPage } from "./batch-tasks.ts";
import { FirstFit } from "./first-fit.ts";
import type { LoadMeter } from "./load-meter.ts";
import { OfferBound } from "./offer-bound.ts";
import { OutOfReach, type OutOfReachState } from "./out-of-reach.ts";
import { PlacementRound, type RoundMemory } from "./placement-round.ts";
import { UnmetDemand } from "./unmet-demand.ts";
import { WaitingTasks } from "./waiting-tasks.ts";

export interface BatchOptions {
  readonly spec: BatchSpec;
  readonly role: Role;
  readonly random: Random;
  readonly meter: LoadMeter | null;
  /** Of an earlier life, so that they are not made again; they say the same as `spec`. */
  readonly columns?: BatchColumns;
}

/** How long a failed attempt waits: a fault often hits the next attempt too when that comes at once. */
const RETRY_MS = 1_000;

/**
 * A batch framework: tasks arrive as the rows of its load say and wait; offers are filled; it suppresses when idle. A
 * task that fails, is lost or stays out of reach runs again under a new id, and the old attempt, should it come back, is
 * killed. It is done when every task runs or has ended.
 *
 * Who goes first: the earliest arrival that fits. Tasks of one size are strictly in order; a size that does not fit an
 * offer is passed over for that offer and keeps its place, so that a large task does not hold up the small ones behind
 * it. The price: small ones may keep an agent so full that the large one waits for as long as they come.
 */
export class BatchPolicy implements SimPolicy {
  readonly columns: BatchColumns;
  readonly #spec: BatchSpec;
  readonly #role: Role;
  readonly #meter: LoadMeter | null;
  #tasks: BatchTasks;
  readonly #waiting: WaitingTasks;
  readonly #unmet: UnmetDemand;
  readonly #launches = new BatchLaunches();
  readonly #firstFit: FirstFit;
  readonly #round: PlacementRound | null;
  readonly #outOfReach: OutOfReach;
  #pausing: { readonly atMs: number; readonly index: number }[] = [];
  #rowsArrived = 0;
  /** Of a closed loop: tasks of the last row that have not ended, when it arrived, when the next one does. */
  #leftInRow = 0;
  #rowArrivedMs = 0;
  #nextRowMs: number;
  #running = 0;
  #finished = 0;
  #failed = 0;
  #isSuppressed = false;
  readonly #bound = new OfferBound();
  #isConnected = false;
  /** Its session is a new one and knows none of the tasks of an earlier life. */
  #isRestored = false;

  constructor({ spec, role, random, meter, columns }: BatchOptions) {
    this.#spec = spec;
    this.#role = role;
    this.#meter = meter;
    this.columns = columns ?? new BatchColumns(spec, random.fork("failures"));
    this.#tasks = new BatchTasks(this.columns.taskCount);
    this.#waiting = new WaitingTasks(this.columns.classes.length);
    this.#unmet = new UnmetDemand(this.columns);
    this.#firstFit = new FirstFit(this.columns, spec.placement, this.#waiting, this.#launches);
    this.#round =
      spec.placement.rule === "first"
        ? null
        : new PlacementRound(this.columns, spec, random.fork("placement"));
    this.#outOfReach = new OutOfReach(spec.replaceUnreachableAfterMs);
    this.#nextRowMs = this.columns.atMs[0] ?? Number.POSITIVE_INFINITY;
  }

  static restore(options: BatchOptions, saved: unknown): BatchPolicy {
    const policy = new BatchPolicy(options);
    const state = saved as BatchState;
    policy.#tasks = BatchTasks.restore(policy.columns.taskCount, state.tasks);
    policy.#pausing = Array.from(state.pausing);
    policy.#outOfReach.restore(state.outOfReach);
    policy.#rowsArrived = state.rowsArrived;
    policy.#leftInRow = state.leftInRow;
    policy.#rowArrivedMs = state.rowArrivedMs;
    policy.#nextRowMs = state.nextRowMs ?? Number.POSITIVE_INFINITY;
    policy.#running = state.running;
    policy.#finished = state.finished;
    policy.#failed = state.failed;
    policy.#isSuppressed = state.isSuppressed;
    policy.#bound.restore(state.bound);
    policy.#isConnected = state.isConnected;
    policy.#unmet.restore(state.unmet);
    if (state.round !== null) policy.#round?.restore(state.round);
    policy.#queueWhatWaits();
    policy.#isRestored = true;
    return policy;
  }

  snapshot(): BatchState {
    return {
      tasks: this.#tasks.snapshot(),
      pausing: this.#pausing.slice(),
      outOfReach: this.#outOfReach.snapshot(),
      rowsArrived: this.#rowsArrived,
      leftInRow: this.#leftInRow,
      rowArrivedMs: this.#rowArrivedMs,
      nextRowMs: Number.isFinite(this.#nextRowMs) ? this.#nextRowMs : null,
      running: this.#running,
      finished: this.#finished,
      failed: this.#failed,
      isSuppressed: this.#isSuppressed,
      bound: this.#bound.snapshot(),
      isConnected: this.#isConnected,
      unmet: this.#unmet.snapshot(),
      round: this.#round?.snapshot() ?? null,
    };
  }

  get taskCount(): number {
    return this.columns.taskCount;
  }

  /** Tasks that run or have ended. */
  get placedCount(): number {
    return this.#running + this.#finished + this.#failed;
  }

  get runningCount(): number {
    return this.#running;
  }

  get finishedCount(): number {
    return this.#finished;
  }

  /** Tasks whose last attempt failed. */
  get failedCount(): number {
    return this.#failed;
  }

  /** Tasks that wait for offers or for the time of their next attempt. */
  get waitingCount(): number {
    return this.#waiting.count + this.#pausing.length;
  }

  /** Whether the task runs or has run to its end. */
  isPlaced(index: number): boolean {
    const phase = this.#tasks.phaseOf(index);
    return phase === PHASE.running || phase === PHASE.finished;
  }

  lacks(): string | null {
    const total = this.columns.taskCount;
    if (this.placedCount === total) return null;
    return `${total - this.placedCount} of ${total} tasks neither run nor have ended, ${this.waitingCount} of them wait for offers`;
  }

  planOf(taskId: TaskId): { readonly runMs: number; readonly exitCode: number } {
    return this.columns.planOf(taskId);
  }

  apply(now: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    const calls: PolicyCall[] = [];
    this.#arrive(now.monoMs, calls);
    let track: readonly TaskRef[] | undefined;
    switch (event.kind) {
      case "subscribed":
        this.#isConnected = true;
        this.#isSuppressed = this.#waiting.count > 0; // Said anew: the master may be another one.
        if (this.#isRestored) track = this.#launchedTasks();
        this.#isRestored = false;
        break;
      case "disconnected":
      case "ended":
        this.#isConnected = false;
        break;
      case "offers":
        if (this.#round === null) this.#answerEach(now.monoMs, event.offers, calls);
        else this.#answerAll(this.#round, now.monoMs, event.offers, calls);
        break;
      case "update":
        this.#update(now.monoMs, event.status, calls);
        break;
      default:
        break;
    }
    this.#giveUp(now.monoMs);
    this.#askFor(calls);
    const wakeAtMs = this.#nextWakeMs();
    return track === undefined ? { calls, wakeAtMs } : { calls, track, wakeAtMs };
  }

  // ---- arrivals ----

  #arrive(nowMs: number, calls: PolicyCall[]): void {
    while (this.#nextRowMs <= nowMs) this.#arriveRow(nowMs, calls);
    let due = 0;
    for (; (this.#pausing[due]?.atMs ?? Number.POSITIVE_INFINITY) <= nowMs; due++) {
      const { index } = this.#pausing[due] as { readonly index: number };
      const line = this.columns.classOf(index);
      this.#tasks.queue(index);
      this.#wants(nowMs, line, calls);
      this.#waiting.putBack(line, index);
    }
    if (due > 0) this.#pausing = this.#pausing.slice(due);
  }

  #arriveRow(nowMs: number, calls: PolicyCall[]): void {
    const { columns } = this;
    const row = this.#rowsArrived;
    const from = columns.first[row] as number;
    const until = columns.first[row + 1] as number;
    const line = columns.classOfRow[row] as number;
    this.#tasks.arrive(from, until);
    this.#wants(nowMs, line, calls);
    this.#waiting.push(line, from, until);
    this.#rowsArrived = row + 1;
    this.#leftInRow = until - from;
    this.#rowArrivedMs = this.#nextRowMs;
    this.#nextRowMs = this.#spec.isClosedLoop
      ? Number.POSITIVE_INFINITY
      : (columns.atMs[row + 1] ?? Number.POSITIVE_INFINITY);
    this.#meter?.arrived(this.#role, until - from);
  }

  /** Work for which offers were refused just now: they are asked for again, and their filters with them. */
  #wants(nowMs: number, line: number, calls: PolicyCall[]): void {
    if (this.#isSuppressed || !this.#isConnected || this.#waiting.isOpen(line)) return;
    if (!this.#unmet.wasRefusedFor(nowMs, this.columns.classes[line] as TaskClass)) return;
    this.#unmet.clear();
    calls.push(this.#bound.askForAll());
  }

  #arrivedMs(index: number): number {
    return this.#spec.isClosedLoop
      ? this.#rowArrivedMs
      : (this.columns.atMs[this.columns.rowOf[index] as number] as number);
  }

  #nextWakeMs(): number {
    const retryMs = this.#pausing[0]?.atMs ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#nextRowMs, retryMs, this.#outOfReach.dueMs);
  }

  /** Suppresses when nothing waits, revives when something does. */
  #askFor(calls: PolicyCall[]): void {
    const isIdle = this.#waiting.count === 0;
    if (!this.#isConnected) return;
    const wanted = Math.ceil(this.#waiting.count / this.#spec.tasksPerOfferMax);
    const isMore = !this.#isSuppressed && !isIdle && this.#bound.isTooFew(wanted);
    if (this.#isSuppressed === isIdle && !isMore) return;
    this.#isSuppressed = isIdle;
    this.#unmet.clear();
    if (isIdle) calls.push(SUPPRESS);
    else calls.push(this.#takesAny ? this.#bound.askFor(wanted) : this.#bound.askForAll());
  }

  /** Whether one offer is as good as another. */
  get #takesAny(): boolean {
    return this.#round === null && this.#spec.placement.constraints.length === 0;
  }

  // ---- offers ----

  /** Each offer as it comes. */
  #answerEach(nowMs: number, offers: readonly Offer[], calls: PolicyCall[]): void {
    const refused: Offer[] = [];
    const waiting = this.#waiting.count;
    for (let place = 0; place < offers.length; place++) {
      const offer = offers[place] as Offer;
      const tasks = this.#fill(nowMs, offer);
      if (tasks.length === 0) refused.push(offer);
      else calls.push(accept([offer], tasks));
    }
    const tasksMax = Math.min(waiting, offers.length * this.#spec.tasksPerOfferMax);
    this.#bound.made(offers.length, waiting - this.#waiting.count, tasksMax);
    this.#refuse(nowMs, refused, calls);
  }

  /** All of them together: each task goes to the best of them. */
  #answerAll(
    round: PlacementRound,
    nowMs: number,
    offers: readonly Offer[],
    calls: PolicyCall[],
  ): void {
    round.begin(offers);
    for (let line = round.next(this.#waiting); line >= 0; line = round.next(this.#waiting)) {
      const index = this.#waiting.take(line);
      const { agentId, resources } = round.place(line);
      const taskId = this.#launch(nowMs, index);
      round.launched(index, this.#launches.taskOf(taskId, agentId, resources));
    }
    for (const { offers: used, tasks } of round.used()) calls.push(accept(used, tasks));
    this.#refuse(nowMs, round.unused(), calls);
  }

  /** With work left the offers were too small; without, suppressing does what a filter would. */
  #refuse(nowMs: number, offers: readonly Offer[], calls: PolicyCall[]): void {
    if (offers.length === 0) return;
    const isIdle = this.#waiting.count === 0;
    if (!isIdle) this.#unmet.refused(nowMs, offers);
    const offerIds = offers.map(({ offerId }) => offerId);
    calls.push({ kind: "decline", offerIds, filters: isIdle ? AT_ONCE : {} });
  }

  /** The tasks that go first of those that fit, for as long as one does. */
  #fill(nowMs: number, offer: Offer): TaskInfo[] {
    const tasks: TaskInfo[] = [];
    if (this.#waiting.count === 0) return tasks;
    const fit = this.#firstFit;
    fit.begin(offer);
    while (tasks.length < this.#spec.tasksPerOfferMax) {
      const line = fit.next();
      const resources = line < 0 ? null : fit.take(line);
      if (resources === null) break;
      const taskId = this.#launch(nowMs, this.#waiting.take(line));
      tasks.push(this.#launches.taskOf(taskId, offer.agentId, resources));
    }
    return tasks;
  }

  #launch(nowMs: number, index: number): TaskId {
    this.#tasks.launch(index, nowMs);
    // Offers are answered the moment they come, so this is when the offer came, too.
    const attempt = this.#tasks.attemptOf(index);
    this.#meter?.launched(this.#role, this.#arrivedMs(index), nowMs, nowMs, attempt > 0);
    return taskIdOf(index, attempt);
  }

  // ---- updates ----

  #update(nowMs: number, status: TaskStatus, calls: PolicyCall[]): void {
    const { index, attempt } = parseTaskId(status.taskId);
    const tasks = this.#tasks;
    const phase = tasks.phaseOf(index);
    const isAlive = phase === PHASE.launched || phase === PHASE.staged || phase === PHASE.running;
    if (attempt !== tasks.attemptOf(index) || !isAlive) {
      if (isLive(status)) calls.push(kill(status));
      return;
    }
    if (phase === PHASE.launched) {
      this.#meter?.staged(tasks.sinceMsOf(index), nowMs);
      tasks.stage(index, nowMs);
    }
    if (status.state === "TASK_UNREACHABLE") {
      this.#outOfReach.add(index, nowMs);
      return;
    }
    this.#outOfReach.remove(index);
    if (status.state === "TASK_RUNNING") {
      if (phase !== PHASE.running) this.#run(nowMs, index);
    } else if (isTerminal(status.state) || isGivenUp(status)) {
      this.#end(nowMs, index, status.state === "TASK_FINISHED");
    }
  }

  /** What is back by now was told before: an agent that returns in the last moment keeps its tasks. */
  #giveUp(nowMs: number): void {
    const outOfReach = this.#outOfReach;
    for (let index = outOfReach.take(nowMs); index >= 0; index = outOfReach.take(nowMs)) {
      this.#end(nowMs, index, false);
    }
  }

  #run(nowMs: number, index: number): void {
    const tasks = this.#tasks;
    if (!tasks.hasRun(index)) {
      this.#meter?.running(this.#arrivedMs(index), tasks.sinceMsOf(index), nowMs);
    }
    tasks.run(index);
    this.#running += 1;
  }

  #end(nowMs: number, index: number, isWell: boolean): void {
    const tasks = this.#tasks;
    if (tasks.phaseOf(index) === PHASE.running) this.#running -= 1;
    this.#round?.ended(index);
    const willRetry = !isWell && tasks.attemptOf(index) + 1 < this.#spec.attemptsMax;
    this.#meter?.ended(isWell, willRetry);
    if (willRetry) {
      tasks.pause(index);
      this.#pausing.push({ atMs: nowMs + RETRY_MS, index });
      return;
    }
    if (isWell) {
      tasks.finish(index);
      this.#finished += 1;
    } else {
      tasks.fail(index);
      this.#failed += 1;
    }
    this.#leftInRow -= 1;
    if (!this.#spec.isClosedLoop || this.#leftInRow > 0) return;
    const pauseMs = this.columns.atMs[this.#rowsArrived];
    this.#nextRowMs = pauseMs === undefined ? Number.POSITIVE_INFINITY : nowMs + pauseMs;
  }

  // ---- lives ----

  #queueWhatWaits(): void {
    const until = this.columns.first[this.#rowsArrived] as number;
    for (let index = 0; index < until; index++) {
      if (this.#tasks.phaseOf(index) !== PHASE.queued) continue;
      this.#waiting.push(this.columns.classOf(index), index, index + 1);
    }
  }

  #launchedTasks(): readonly TaskRef[] {
    const tasks: TaskRef[] = [];
    for (let index = 0; index < this.columns.taskCount; index++) {
      const phase = this.#tasks.phaseOf(index);
      if (phase !== PHASE.launched && phase !== PHASE.staged && phase !== PHASE.running) continue;
      tasks.push({ taskId: taskIdOf(index, this.#tasks.attemptOf(index)) });
    }
    return tasks;
  }
}

export interface BatchState {
  readonly tasks: readonly TaskPage[];
  readonly pausing: readonly { readonly atMs: number; readonly index: number }[];
  readonly outOfReach: OutOfReachState;
  readonly rowsArrived: number;
  readonly leftInRow: number;
  readonly rowArrivedMs: number;
  /** Null = no row is known to come. */
  readonly nextRowMs: number | null;
  readonly running: number;
  readonly finished: number;
  readonly failed: number;
  readonly isSuppressed: boolean;
  readonly bound: ReturnType<OfferBound["snapshot"]>;
  readonly isConnected: boolean;
  readonly unmet: ReturnType<UnmetDemand["snapshot"]>;
  readonly round: RoundMemory | null;
}
