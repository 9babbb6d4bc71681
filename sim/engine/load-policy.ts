import { assert } from "@bourse/model/assert";
import type { OfferId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import { type Resources, scalarMilli } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import type { PolicyCall, PolicyCalls, PolicyEvent, TaskRef } from "@bourse/session/policy";
import { OfferWish, type OfferWishSnapshot } from "./offer-wish.ts";
import type { SimPolicy } from "./sim-framework.ts";
import { isGivenUp, isLive } from "./task-fate.ts";

/** Tasks of one size; a load has few sizes and many tasks. */
export interface LoadSize {
  readonly cpuMilli: number;
  readonly memMilli: number;
  readonly resources: Resources;
}

/** What arrives when: task `index` at `atMs[index]` (ascending, virtual) of size `sizes[sizeOf[index]]`. */
export interface Load {
  readonly atMs: Float64Array;
  readonly sizeOf: Uint8Array;
  readonly sizes: readonly LoadSize[];
  /** More than this of one offer is left to others. */
  readonly tasksPerOfferMax: number;
}

/** Told of each task's first RUNNING update and how long after its arrival that was (DESIGN section 5, Latency). */
export interface LoadMeter {
  running(latencyMs: number): void;
}

/** Where a task stands, as far as its framework knows. */
const PHASE = { absent: 0, queued: 1, launched: 2, running: 3, done: 4 } as const;

/** How long a failed attempt waits: a fault often hits the next attempt too when that comes at once. */
const RETRY_MS = 1_000;

/**
 * A batch framework as a load: tasks arrive at given times and wait in a queue; offers are filled from its head; it
 * suppresses when idle. A task that fails or is lost runs again under a new id, and the old attempt, should it come
 * back, is killed. It is done when every task runs or has finished.
 */
export class LoadPolicy implements SimPolicy {
  readonly #load: Load;
  readonly #meter: LoadMeter | null;
  readonly #phase: Uint8Array;
  readonly #attempt: Uint16Array;
  #queue: number[] = [];
  #head = 0;
  #retries: { readonly atMs: number; readonly index: number }[] = [];
  #arrived = 0;
  #running = 0;
  #done = 0;
  #wish = new OfferWish();
  #isConnected = false;
  /** Its session is a new one and knows none of the tasks of an earlier life. */
  #isRestored = false;

  constructor(load: Load, meter: LoadMeter | null = null) {
    this.#load = load;
    this.#meter = meter;
    this.#phase = new Uint8Array(load.atMs.length);
    this.#attempt = new Uint16Array(load.atMs.length);
  }

  static restore(load: Load, meter: LoadMeter | null, saved: unknown): LoadPolicy {
    const policy = new LoadPolicy(load, meter);
    const state = saved as LoadState;
    policy.#phase.set(state.phase);
    policy.#attempt.set(state.attempt);
    policy.#queue = Array.from(state.queue);
    policy.#retries = Array.from(state.retries);
    policy.#arrived = state.arrived;
    policy.#running = state.running;
    policy.#done = state.done;
    policy.#wish = OfferWish.restore(state.wish);
    policy.#isRestored = true;
    return policy;
  }

  snapshot(): LoadState {
    return {
      phase: Array.from(this.#phase),
      attempt: Array.from(this.#attempt),
      queue: this.#queue.slice(this.#head),
      retries: this.#retries.slice(),
      arrived: this.#arrived,
      running: this.#running,
      done: this.#done,
      wish: this.#wish.snapshot(),
    };
  }

  get runningCount(): number {
    return this.#running;
  }

  get placedCount(): number {
    return this.#running + this.#done;
  }

  get doneCount(): number {
    return this.#done;
  }

  lacks(): string | null {
    const total = this.#load.atMs.length;
    const placed = this.#running + this.#done;
    if (placed === total) return null;
    const waiting = this.#queue.length - this.#head + this.#retries.length;
    return `${total - placed} of ${total} tasks neither run nor have finished, ${waiting} of them wait for offers`;
  }

  apply(now: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    const calls: PolicyCall[] = [];
    let track: readonly TaskRef[] | undefined;
    this.#arrive(now);
    switch (event.kind) {
      case "subscribed":
        this.#isConnected = true;
        this.#wish.subscribed();
        if (this.#isRestored) track = this.#launchedTasks();
        this.#isRestored = false;
        break;
      case "disconnected":
        this.#isConnected = false;
        break;
      case "offers":
        this.#answer(now, event.offers, calls);
        break;
      case "update":
        this.#update(now, event.status, calls);
        break;
      case "ended":
        this.#isConnected = false;
        break;
      default:
        break;
    }
    const wakeAtMs = this.#askFor(now, calls);
    return track === undefined ? { calls, wakeAtMs } : { calls, track, wakeAtMs };
  }

  get #isIdle(): boolean {
    return this.#head === this.#queue.length;
  }

  #arrive(now: Now): void {
    const { atMs } = this.#load;
    while (this.#arrived < atMs.length && (atMs[this.#arrived] as number) <= now.monoMs) {
      this.#enqueue(this.#arrived);
      this.#arrived += 1;
    }
    while (this.#retries.length > 0 && this.#retries[0]!.atMs <= now.monoMs) {
      this.#enqueue(this.#retries.shift()!.index);
    }
  }

  #enqueue(index: number): void {
    this.#phase[index] = PHASE.queued;
    this.#queue.push(index);
    this.#wish.renewed();
  }

  #nextWakeMs(): number {
    const arrivalMs = this.#load.atMs[this.#arrived] ?? Number.POSITIVE_INFINITY;
    return Math.min(arrivalMs, this.#retries[0]?.atMs ?? Number.POSITIVE_INFINITY);
  }

  /** Asks for as many offers as the queue can fill; the time of the next wake. */
  #askFor(now: Now, calls: PolicyCall[]): number {
    const nextMs = this.#nextWakeMs();
    if (!this.#isConnected) return nextMs;
    const waiting = this.#queue.length - this.#head;
    const wanted = Math.ceil(waiting / this.#load.tasksPerOfferMax);
    const call = this.#wish.call(now.monoMs, wanted);
    if (call !== null) calls.push(call);
    return Math.min(nextMs, this.#wish.wakeAtMs(wanted));
  }

  /** An accept for each offer that holds something, one decline for all others. */
  #answer(now: Now, offers: readonly Offer[], calls: PolicyCall[]): void {
    const unused: OfferId[] = [];
    for (const offer of offers) {
      const tasks = this.#fill(offer);
      if (tasks.length === 0) unused.push(offer.offerId);
      else calls.push(accept(offer.offerId, tasks));
    }
    this.#wish.made(now.monoMs, offers.length, unused.length < offers.length);
    if (unused.length === 0) return;
    // With work left the offers were too small; without, suppressing does what a filter would.
    calls.push({ kind: "decline", offerIds: unused, filters: this.#isIdle ? AT_ONCE : {} });
  }

  /** Tasks from the head of the queue for as long as they fit. */
  #fill(offer: Offer): TaskInfo[] {
    const { sizes, sizeOf, tasksPerOfferMax } = this.#load;
    let cpuMilli = scalarMilli(offer.resources, "cpus");
    let memMilli = scalarMilli(offer.resources, "mem");
    const tasks: TaskInfo[] = [];
    while (!this.#isIdle && tasks.length < tasksPerOfferMax) {
      const index = this.#queue[this.#head] as number;
      const size = sizes[sizeOf[index] as number] as LoadSize;
      if (size.cpuMilli > cpuMilli || size.memMilli > memMilli) break;
      cpuMilli -= size.cpuMilli;
      memMilli -= size.memMilli;
      this.#head += 1;
      this.#phase[index] = PHASE.launched;
      const taskId = this.#taskId(index);
      const { agentId } = offer;
      tasks.push({ taskId, name: taskId, agentId, resources: size.resources, payload: NO_PAYLOAD });
    }
    this.#trimQueue();
    return tasks;
  }

  #trimQueue(): void {
    if (this.#head < 4_096 || this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
  }

  #update(now: Now, status: TaskStatus, calls: PolicyCall[]): void {
    const { index, attempt } = parseTaskId(status.taskId);
    const phase = this.#phase[index];
    if (attempt !== this.#attempt[index] || phase === PHASE.queued || phase === PHASE.done) {
      if (isLive(status)) calls.push(kill(status));
      return;
    }
    if (status.state === "TASK_RUNNING" && phase === PHASE.launched) {
      this.#phase[index] = PHASE.running;
      this.#running += 1;
      this.#meter?.running(now.monoMs - (this.#load.atMs[index] as number));
    } else if (status.state === "TASK_FINISHED") {
      this.#leaveRunning(index);
      this.#phase[index] = PHASE.done;
      this.#done += 1;
    } else if (isTerminal(status.state) || isGivenUp(status)) {
      this.#leaveRunning(index);
      this.#phase[index] = PHASE.queued;
      this.#attempt[index] = attempt + 1;
      this.#retries.push({ atMs: now.monoMs + RETRY_MS, index });
    }
  }

  #leaveRunning(index: number): void {
    if (this.#phase[index] === PHASE.running) this.#running -= 1;
  }

  #launchedTasks(): readonly TaskRef[] {
    const tasks: TaskRef[] = [];
    for (let index = 0; index < this.#phase.length; index++) {
      const phase = this.#phase[index];
      if (phase === PHASE.launched || phase === PHASE.running) {
        tasks.push({ taskId: this.#taskId(index) });
      }
    }
    return tasks;
  }

  #taskId(index: number): TaskId {
    const attempt = this.#attempt[index] as number;
    return attempt === 0 ? `t${index}` : `t${index}.${attempt}`;
  }
}

export interface LoadState {
  readonly phase: readonly number[];
  readonly attempt: readonly number[];
  readonly queue: readonly number[];
  readonly retries: readonly { readonly atMs: number; readonly index: number }[];
  readonly arrived: number;
  readonly running: number;
  readonly done: number;
  readonly wish: OfferWishSnapshot;
}

const AT_ONCE = { refuseMs: 0 } as const;

function accept(offerId: OfferId, tasks: readonly TaskInfo[]): PolicyCall {
  const operations = [{ kind: "launch", tasks }] as const;
  return { kind: "accept", offerIds: [offerId], operations, filters: AT_ONCE };
}

function kill({ taskId, agentId }: TaskStatus): PolicyCall {
  return agentId === undefined ? { kind: "kill", taskId } : { kind: "kill", taskId, agentId };
}

function parseTaskId(taskId: TaskId): { readonly index: number; readonly attempt: number } {
  const dot = taskId.indexOf(".");
  const index = Number(dot < 0 ? taskId.slice(1) : taskId.slice(1, dot));
  assert(Number.isInteger(index), `task ${taskId} is one of this load`);
  return { index, attempt: dot < 0 ? 0 : Number(taskId.slice(dot + 1)) };
}
