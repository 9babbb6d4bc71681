import { ClusterError } from "@bourse/model/errors";

/** `EventType` of the trace's `clusterdata_trace_format_v3.proto`, by number. */
export const EVENT_TYPES = [
  ...["SUBMIT", "QUEUE", "ENABLE", "SCHEDULE", "EVICT", "FAIL", "FINISH", "KILL", "LOST"],
  ...["UPDATE_PENDING", "UPDATE_RUNNING"],
] as const;

export const SUBMIT = 0;
const SCHEDULE = 3;
const FIRST_END = 4;
const LAST_END = 8;
const UPDATE_PENDING = 9;

export function isEnd(type: number): boolean {
  return type >= FIRST_END && type <= LAST_END;
}

/** One stay of an instance: it arrives, runs for a while, is over. Times in milliseconds; resources in parts. */
export interface GoogleStay {
  readonly instance: number;
  readonly atMs: number;
  readonly beganMs: number;
  /** Infinity = not in this trace. */
  readonly endedMs: number;
  readonly cpus: number;
  readonly memory: number;
}

/** How stays end that are no stays. */
export interface GoogleLosses {
  endedBeforeTheyRan: number;
  neverRan: number;
}

/**
 * Events of all instances as columns, in any order: exports in shards are not in order of time. `stays` then puts
 * those of each instance in order and follows it through its life. 29 bytes an event.
 */
export class GoogleEvents {
  #size = 0;
  #instances = 0;
  #instance = new Uint32Array(1_024);
  #type = new Uint8Array(1_024);
  #timeMs = new Float64Array(1_024);
  #cpus = new Float64Array(1_024);
  #memory = new Float64Array(1_024);

  /** Events that change nothing here are dropped. */
  add(instance: number, type: number, timeMs: number, cpus: number, memory: number): void {
    if (type !== SUBMIT && type !== SCHEDULE && type !== UPDATE_PENDING && !isEnd(type)) return;
    if (this.#size === this.#type.length) this.#grow();
    const row = this.#size++;
    this.#instance[row] = instance;
    this.#type[row] = type;
    this.#timeMs[row] = timeMs;
    this.#cpus[row] = cpus;
    this.#memory[row] = memory;
    this.#instances = Math.max(this.#instances, instance + 1);
  }

  *stays(losses: GoogleLosses): Generator<GoogleStay> {
    const { first, order } = this.#byInstance();
    for (let instance = 0; instance < this.#instances; instance++) {
      const rows = order.subarray(first[instance], first[instance + 1]);
      rows.sort((a, b) => (this.#timeMs[a] ?? 0) - (this.#timeMs[b] ?? 0) || a - b);
      yield* this.#life(instance, rows, losses);
    }
  }

  *#life(instance: number, rows: Uint32Array, losses: GoogleLosses): Generator<GoogleStay> {
    let state: "none" | "pending" | "running" = "none";
    let atMs = 0;
    let beganMs = 0;
    let cpus = 0;
    let memory = 0;
    for (let index = 0; index < rows.length; index++) {
      this.#bringForward(rows, index, state);
      const row = rows[index] ?? 0;
      const type = this.#type[row] ?? 0;
      const timeMs = this.#timeMs[row] ?? 0;
      const isKnown = (this.#cpus[row] ?? 0) > 0 || (this.#memory[row] ?? 0) > 0;
      if (isKnown && state !== "running") {
        cpus = this.#cpus[row] ?? 0;
        memory = this.#memory[row] ?? 0;
      }
      if (type === SUBMIT && state === "none") {
        state = "pending";
        atMs = timeMs;
      } else if (type === SCHEDULE && state !== "running") {
        if (state === "none") atMs = timeMs; // Its submission is missing.
        state = "running";
        beganMs = timeMs;
      } else if (isEnd(type)) {
        if (state === "running") yield { instance, atMs, beganMs, endedMs: timeMs, cpus, memory };
        else if (state === "pending") losses.endedBeforeTheyRan++;
        state = "none";
      }
    }
    if (state === "running") yield { instance, atMs, beganMs, endedMs: Infinity, cpus, memory };
    else if (state === "pending") losses.neverRan++;
  }

  /** Of events at the same time, the one that can be next: an eviction before the submission that follows it. */
  #bringForward(rows: Uint32Array, index: number, state: "none" | "pending" | "running"): void {
    const timeMs = this.#timeMs[rows[index] ?? 0];
    for (let other = index; other < rows.length; other++) {
      const row = rows[other] ?? 0;
      if (this.#timeMs[row] !== timeMs) return;
      const type = this.#type[row] ?? 0;
      const fits =
        state === "none" ? type === SUBMIT : state === "pending" ? type === SCHEDULE : isEnd(type);
      if (!fits) continue;
      rows.copyWithin(index + 1, index, other);
      rows[index] = row;
      return;
    }
  }

  /** A counting sort: rows of an instance stand together, in the order in which they came. */
  #byInstance(): { readonly first: Uint32Array; readonly order: Uint32Array } {
    const first = new Uint32Array(this.#instances + 1);
    for (let row = 0; row < this.#size; row++) {
      const behind = (this.#instance[row] ?? 0) + 1;
      first[behind] = (first[behind] ?? 0) + 1;
    }
    for (let index = 1; index <= this.#instances; index++)
      first[index] = (first[index] ?? 0) + (first[index - 1] ?? 0);
    const next = first.slice();
    const order = new Uint32Array(this.#size);
    for (let row = 0; row < this.#size; row++) {
      const instance = this.#instance[row] ?? 0;
      const place = next[instance] ?? 0;
      order[place] = row;
      next[instance] = place + 1;
    }
    return { first, order };
  }

  #grow(): void {
    const length = this.#size * 2;
    if (length > EVENTS_MAX) {
      throw new ClusterError("invalid_call", `there are more than ${EVENTS_MAX / 2} events`, {
        hint: "take a part of the collections: --sample 0.01",
      });
    }
    this.#instance = grown(this.#instance, new Uint32Array(length));
    this.#type = grown(this.#type, new Uint8Array(length));
    this.#timeMs = grown(this.#timeMs, new Float64Array(length));
    this.#cpus = grown(this.#cpus, new Float64Array(length));
    this.#memory = grown(this.#memory, new Float64Array(length));
  }
}

/** About 2 GB of columns. */
const EVENTS_MAX = 2 ** 26;

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from as never);
  return to;
}
