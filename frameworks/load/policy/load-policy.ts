import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import type { Resources } from "@bourse/model/resources";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import { fit } from "@bourse/session/placement";
import type { Policy, PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";

export interface LoadConfig {
  /** In front of the number of each task; tells one run's tasks from another's. */
  readonly prefix: string;
  /** Of each task. */
  readonly resources: Resources;
  readonly seed: string;
}

/** What the load wants. Tasks are numbered 0, 1, 2, ... in the order of their submission. */
export type LoadInput =
  /** So many tasks that run what `payload` says (proto/wire/task). */
  | { readonly kind: "submit"; readonly count: number; readonly payload: Uint8Array }
  /** Kill so many of those that run, chosen by chance. */
  | { readonly kind: "kill"; readonly count: number };

/** A task has reached a stage; the shell knows what time it is. `lost`: it begins anew. */
export interface LoadOutput {
  readonly task: number;
  readonly stage: LoadStage;
}

/**
 * `accepted`: an accept that launches it leaves, at once with the offer; `staged`: the first update of the attempt;
 * `running`: the first RUNNING; `ended`: as it should.
 */
export type LoadStage = "accepted" | "staged" | "running" | "ended" | "lost";

export interface LoadPolicySnapshot {
  readonly phases: readonly number[];
  readonly attempts: readonly (readonly [number, number])[];
  readonly payloads: readonly Uint8Array[];
  readonly payloadOf: readonly number[];
  readonly waiting: readonly number[];
  readonly running: readonly number[];
  readonly asked: number;
  readonly retryAtMs: number;
  readonly random: readonly number[];
}

/**
 * Offers to have at a time, and tasks to launch on those of one event: what gathers for a master may not exceed 8 MiB, or
 * it counts as one that does not read. The next are asked for behind the accepts, so the master itself sets the pace.
 */
const OFFERS_MAX = 64;
const LAUNCHES_MAX = 8_000;
/** An offer in which nothing fits is not looked at again before. */
const REFUSE_MS = 5_000;
/** After such an offer others are asked for, but not at once: the same agent may be all there is. */
const ASK_AGAIN_MS = 1_000;

const WAITING = 0;
const LAUNCHED = 1;
const STAGED = 2;
const RUNNING = 3;
const ENDED = 4;

/**
 * Places equal tasks on the first offers that come, as many on each as fit, and says when each gets on. It holds no
 * offers: when tasks wait it asks for as many offers as there are tasks, so that one task costs one offer however many
 * agents are free, and when none waits it has asked for none (FEATURES K-11).
 */
export class LoadPolicy implements Policy<LoadInput, LoadOutput> {
  readonly #config: LoadConfig;
  readonly #random: Random;
  /** By task. */
  #phases = new Uint8Array(1024);
  #payloadOf = new Uint16Array(1024);
  #count = 0;
  readonly #payloads: Uint8Array[] = [];
  /** Of tasks that were lost at least once. */
  readonly #attempts = new Map<number, number>();
  #waiting: number[] = [];
  #next = 0;
  /** In no order; `#placeOf` finds a task in it. */
  readonly #running: number[] = [];
  readonly #placeOf = new Map<number, number>();
  /** Offers that were asked for and did not come yet. */
  #asked = 0;
  /** Of the offers event at hand. */
  #launched = 0;
  #retryAtMs = Number.POSITIVE_INFINITY;
  #isSubscribed = false;
  #answer: Answer = emptyAnswer();

  constructor(config: LoadConfig) {
    this.#config = config;
    this.#random = Random.fromSeed(config.seed).fork("load");
  }

  /** Tasks that no accept has left for. */
  get waitingCount(): number {
    return this.#waiting.length - this.#next;
  }

  get runningCount(): number {
    return this.#running.length;
  }

  apply(now: Now, event: PolicyEvent<LoadInput>): PolicyCalls<LoadOutput> {
    switch (event.kind) {
      case "subscribed":
        this.#isSubscribed = true;
        // A session begins without a bound: what comes before ours is heard is refused, once.
        this.#asked = this.waitingCount === 0 ? OFFERS_MAX : 0;
        break;
      case "disconnected":
        this.#isSubscribed = false;
        break;
      case "offers":
        this.#asked = Math.max(0, this.#asked - event.offers.length);
        this.#launched = 0;
        for (const offer of event.offers) this.#offer(now, offer);
        break;
      case "rescind":
        break; // Nothing is held: it is used already, and its tasks come back as lost.
      case "update":
        this.#update(event.status);
        break;
      case "wake":
        if (now.monoMs >= this.#retryAtMs) {
          this.#retryAtMs = Number.POSITIVE_INFINITY;
          this.#asked = 0;
        }
        break;
      case "input":
        if (event.input.kind === "submit") this.#submit(event.input.count, event.input.payload);
        else this.#kill(event.input.count);
        break;
      default:
        break;
    }
    return this.#finish();
  }

  snapshot(): LoadPolicySnapshot {
    return {
      phases: Array.from(this.#phases.subarray(0, this.#count)),
      attempts: Array.from(this.#attempts),
      payloads: [...this.#payloads],
      payloadOf: Array.from(this.#payloadOf.subarray(0, this.#count)),
      waiting: this.#waiting.slice(this.#next),
      running: [...this.#running],
      asked: this.#asked,
      retryAtMs: this.#retryAtMs,
      random: this.#random.snapshot(),
    };
  }

  #submit(count: number, payload: Uint8Array): void {
    let spec = this.#payloads.indexOf(payload);
    if (spec < 0) spec = this.#payloads.push(payload) - 1;
    this.#makeRoom(this.#count + count);
    for (let task = this.#count; task < this.#count + count; task++) {
      this.#phases[task] = WAITING;
      this.#payloadOf[task] = spec;
      this.#waiting.push(task);
    }
    this.#count += count;
  }

  #kill(count: number): void {
    const victims = Math.min(count, this.#running.length);
    for (let chosen = 0; chosen < victims; chosen++) {
      // A partial shuffle: the victims end up in front, each once.
      const other = chosen + this.#random.below(this.#running.length - chosen);
      this.#swap(chosen, other);
      const task = this.#running[chosen];
      if (task !== undefined) this.#answer.calls.push({ kind: "kill", taskId: this.#idOf(task) });
    }
  }

  #offer(now: Now, offer: Offer): void {
    let rest = offer.resources;
    const tasks: TaskInfo[] = [];
    while (this.waitingCount > 0 && this.#launched < LAUNCHES_MAX) {
      const found = fit(rest, this.#config);
      if (!found.isFit) break;
      rest = found.rest;
      tasks.push(this.#launch(offer, found.taken));
    }
    const offerIds = [offer.offerId];
    if (tasks.length > 0) {
      const operations = [{ kind: "launch", tasks }] as const;
      this.#answer.calls.push({ kind: "accept", offerIds, operations, filters: { refuseMs: 0 } });
      return;
    }
    if (this.waitingCount > 0 && this.#launched < LAUNCHES_MAX)
      this.#retryAtMs = Math.min(this.#retryAtMs, now.monoMs + ASK_AGAIN_MS);
    this.#answer.calls.push({ kind: "decline", offerIds, filters: { refuseMs: REFUSE_MS } });
  }

  #launch(offer: Offer, resources: Resources): TaskInfo {
    const task = this.#waiting[this.#next++] as number;
    if (this.#next >= 4096) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.#phases[task] = LAUNCHED;
    this.#launched++;
    this.#answer.outputs.push({ task, stage: "accepted" });
    const taskId = this.#idOf(task);
    const payload = this.#payloads[this.#payloadOf[task] as number] as Uint8Array;
    return { taskId, name: this.#config.prefix, agentId: offer.agentId, resources, payload };
  }

  #update({ taskId, state }: TaskStatus): void {
    const task = this.#taskOf(taskId);
    if (task === null) return;
    const phase = this.#phases[task] as number;
    if (phase === WAITING || phase === ENDED) return;
    if (isTerminal(state) || state === "TASK_LOST") {
      this.#over(task, state === "TASK_FINISHED" || state === "TASK_KILLED");
      return;
    }
    if (phase === LAUNCHED) this.#reach(task, STAGED, "staged");
    if (state !== "TASK_RUNNING" || phase === RUNNING) return;
    this.#placeOf.set(task, this.#running.push(task) - 1);
    this.#reach(task, RUNNING, "running");
  }

  #over(task: number, isWell: boolean): void {
    const place = this.#placeOf.get(task);
    if (place !== undefined) {
      this.#swap(place, this.#running.length - 1);
      this.#running.pop();
      this.#placeOf.delete(task);
    }
    if (isWell) {
      this.#reach(task, ENDED, "ended");
      return;
    }
    this.#attempts.set(task, (this.#attempts.get(task) ?? 0) + 1);
    this.#waiting.push(task);
    this.#reach(task, WAITING, "lost");
  }

  #reach(task: number, phase: number, stage: LoadStage): void {
    this.#phases[task] = phase;
    this.#answer.outputs.push({ task, stage });
  }

  #swap(a: number, b: number): void {
    const left = this.#running[a] as number;
    const right = this.#running[b] as number;
    this.#running[a] = right;
    this.#running[b] = left;
    this.#placeOf.set(right, a);
    this.#placeOf.set(left, b);
  }

  #idOf(task: number): string {
    const attempt = this.#attempts.get(task);
    const { prefix } = this.#config;
    return attempt === undefined ? `${prefix}-${task}` : `${prefix}-${task}-${attempt}`;
  }

  /** Null for an attempt that was given up, and for tasks of others. */
  #taskOf(taskId: string): number | null {
    const { prefix } = this.#config;
    if (!taskId.startsWith(prefix)) return null;
    const task = Number.parseInt(taskId.slice(prefix.length + 1), 10);
    return task >= 0 && task < this.#count && this.#idOf(task) === taskId ? task : null;
  }

  #makeRoom(count: number): void {
    let length = this.#phases.length;
    if (count <= length) return;
    while (length < count) length *= 2;
    const phases = new Uint8Array(length);
    phases.set(this.#phases);
    this.#phases = phases;
    const payloadOf = new Uint16Array(length);
    payloadOf.set(this.#payloadOf);
    this.#payloadOf = payloadOf;
  }

  #ask(): void {
    if (!this.#isSubscribed) return;
    const wanted = Math.min(this.waitingCount, OFFERS_MAX);
    if (wanted === 0 && this.#asked > 0) {
      this.#asked = 0;
      this.#answer.calls.push({ kind: "suppress", roles: [] });
    } else if (wanted > this.#asked && this.#retryAtMs === Number.POSITIVE_INFINITY) {
      this.#asked = wanted;
      this.#answer.calls.push({ kind: "revive", roles: [], offersMax: wanted });
    }
  }

  #finish(): PolicyCalls<LoadOutput> {
    this.#ask();
    const answer = this.#answer;
    this.#answer = emptyAnswer();
    return { ...answer, wakeAtMs: this.#retryAtMs };
  }
}

interface Answer {
  readonly calls: PolicyCall[];
  readonly outputs: LoadOutput[];
}

function emptyAnswer(): Answer {
  return { calls: [], outputs: [] };
}
