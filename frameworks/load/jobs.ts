import type { LoadInput, LoadStage } from "@bourse/load-policy/load-policy";
import type { LoadCommand, LoadReply } from "@bourse/model/load";
import type { Random } from "@bourse/model/random";
import { encodeTaskPayload } from "@bourse/proto/wire/task";
import { quantilesOf, type StageTimes } from "./stage-times.ts";

/** Something that a command asked for and that is under way. */
export interface Job {
  begin(): void;
  /** A task, not necessarily one of this job, got on. */
  reached(task: number, stage: LoadStage, atMs: number): void;
  /** Tell at once what there is to tell. */
  interrupt(): void;
}

export interface JobParts {
  readonly times: StageTimes;
  /** Attempts that were lost so far. */
  readonly lostCount: () => number;
  readonly runningCount: () => number;
  readonly send: (input: LoadInput) => void;
  readonly reply: (reply: LoadReply) => void;
  readonly onOver: () => void;
}

/** A task that is to run for ever sleeps for some months. */
const FOR_EVER_MS = 10_000_000_000;
/** How long measured tasks may take to run once the last was submitted; after that they count as not run. */
const STRAGGLER_MS = 30_000;

/** Submits tasks at once and waits until all run. */
export class FillJob implements Job {
  readonly #parts: JobParts;
  readonly #tasks: number;
  readonly #first: number;
  #left: number;
  #beganMs = 0;

  constructor(parts: JobParts, tasks: number) {
    this.#parts = parts;
    this.#tasks = tasks;
    this.#left = tasks;
    this.#first = parts.times.count;
  }

  begin(): void {
    const { times, send } = this.#parts;
    this.#beganMs = performance.now();
    for (let task = 0; task < this.#tasks; task++) times.submitted(this.#beganMs);
    if (this.#tasks === 0) this.#tell();
    else send({ kind: "submit", count: this.#tasks, payload: payloadFor(FOR_EVER_MS) });
  }

  reached(task: number, stage: LoadStage): void {
    if (stage !== "running" || task < this.#first) return;
    this.#left--;
    if (this.#left === 0) this.#tell();
  }

  interrupt(): void {
    this.#tell();
  }

  #tell(): void {
    const { times, reply, onOver } = this.#parts;
    const wanted = this.#tasks;
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const latencies = times.latencies(this.#first, this.#first + wanted);
    onOver();
    reply({ kind: "filled", tasks: wanted - this.#left, wanted, seconds, latencies });
  }
}

/** Killed at a time: the calls of all together would be more than may wait for a master. */
const KILLS_MAX = 4_000;

/** Kills tasks, some after others, and waits until they have ended. */
export class DrainJob implements Job {
  readonly #parts: JobParts;
  readonly #tasks: number;
  #left: number;
  /** Of those that were killed last. */
  #dying = 0;
  #beganMs = 0;
  #isOver = false;

  constructor(parts: JobParts, tasks: number) {
    this.#parts = parts;
    this.#tasks = Math.min(tasks, parts.runningCount());
    this.#left = this.#tasks;
  }

  #next(): void {
    if (this.#isOver) return;
    this.#dying = Math.min(this.#left, KILLS_MAX);
    if (this.#dying <= 0) this.#tell();
    else this.#parts.send({ kind: "kill", count: this.#dying });
  }

  begin(): void {
    this.#beganMs = performance.now();
    this.#next();
  }

  reached(_task: number, stage: LoadStage): void {
    if (stage !== "ended") return;
    this.#left--;
    this.#dying--;
    // Not from within the policy's turn, which tells of more ends than this one.
    if (this.#dying === 0) setImmediate(() => this.#next());
  }

  interrupt(): void {
    this.#tell();
  }

  #tell(): void {
    this.#isOver = true;
    const seconds = (performance.now() - this.#beganMs) / 1000;
    this.#parts.onOver();
    this.#parts.reply({ kind: "drained", tasks: this.#tasks - this.#left, seconds });
  }
}

/**
 * Submits tasks at times that were drawn before: they do not depend on how the cluster fares (open loop), and what the
 * generator itself is late counts, too.
 */
export class SteadyJob implements Job {
  readonly #parts: JobParts;
  readonly #command: Extract<LoadCommand, { kind: "steady" }>;
  /** Milliseconds from the beginning, ascending. */
  readonly #arrivals: Float64Array;
  /** Null during the warm-up. */
  #firstMeasured: number | null = null;
  #next = 0;
  #beganMs = 0;
  #left = 0;
  #lostBefore = 0;
  #ranInWindow = 0;
  #lateMs: number[] = [];
  #runningSum = 0;
  #runningSamples = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: JobParts, command: Extract<LoadCommand, { kind: "steady" }>, random: Random) {
    this.#parts = parts;
    this.#command = command;
    this.#lostBefore = parts.lostCount();
    const { warmUpMs, durationMs, ratePerSecond } = command;
    const warmUp = arrivals(random, { fromMs: 0, lengthMs: warmUpMs, ratePerSecond });
    const measured = arrivals(random, { fromMs: warmUpMs, lengthMs: durationMs, ratePerSecond });
    this.#arrivals = Float64Array.from([...warmUp, ...measured]);
    this.#left = measured.length;
  }

  begin(): void {
    this.#beganMs = performance.now();
    this.#tick();
  }

  reached(task: number, stage: LoadStage, atMs: number): void {
    if (stage !== "running" || this.#firstMeasured === null) return;
    const windowMs = atMs - this.#beganMs - this.#command.warmUpMs;
    if (windowMs >= 0 && windowMs < this.#command.durationMs) this.#ranInWindow++;
    if (task < this.#firstMeasured) return;
    this.#left--;
    if (this.#left === 0 && this.#next === this.#arrivals.length) this.#afterWindow();
  }

  interrupt(): void {
    this.#tell();
  }

  readonly #tick = (): void => {
    const nowMs = performance.now() - this.#beganMs;
    this.#beginMeasuring(nowMs);
    this.#submitDue(nowMs);
    const nextMs = this.#arrivals[this.#next];
    const { warmUpMs, durationMs } = this.#command;
    const isUnmeasured = this.#firstMeasured === null;
    const boundaryMs = isUnmeasured ? warmUpMs : warmUpMs + durationMs;
    if (nextMs === undefined && !isUnmeasured) {
      const lastMs = boundaryMs + (this.#left === 0 ? 0 : STRAGGLER_MS);
      this.#timer = setTimeout(() => this.#tell(), Math.max(0, lastMs - nowMs));
      return;
    }
    const dueMs = Math.min(nextMs ?? boundaryMs, boundaryMs);
    // Rounded down: Node waits at least as long as it is told, and being early costs one look at the clock.
    this.#timer = setTimeout(this.#tick, Math.max(0, Math.floor(dueMs - nowMs)));
  };

  #beginMeasuring(nowMs: number): void {
    if (this.#firstMeasured !== null || nowMs < this.#command.warmUpMs) return;
    this.#submitDue(this.#command.warmUpMs);
    this.#firstMeasured = this.#parts.times.count;
    this.#parts.reply({ kind: "measuring" });
  }

  #submitDue(nowMs: number): void {
    const { times, send, runningCount } = this.#parts;
    let count = 0;
    for (; this.#next < this.#arrivals.length; this.#next++) {
      const dueMs = this.#arrivals[this.#next] as number;
      if (dueMs > nowMs) break;
      times.submitted(this.#beganMs + dueMs);
      if (this.#firstMeasured !== null) this.#lateMs.push(nowMs - dueMs);
      count++;
    }
    if (count === 0) return;
    if (this.#firstMeasured !== null) {
      this.#runningSum += runningCount();
      this.#runningSamples++;
    }
    send({ kind: "submit", count, payload: payloadFor(this.#command.runMs) });
  }

  /** The last measured task runs; the window itself may still be open. */
  #afterWindow(): void {
    const { warmUpMs, durationMs } = this.#command;
    const leftMs = warmUpMs + durationMs - (performance.now() - this.#beganMs);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), Math.max(0, leftMs));
  }

  #tell(): void {
    const { times, reply, onOver, lostCount } = this.#parts;
    if (this.#timer !== null) clearTimeout(this.#timer);
    onOver();
    const first = this.#firstMeasured ?? times.count;
    const nowMs = performance.now() - this.#beganMs - this.#command.warmUpMs;
    const seconds = Math.max(0, Math.min(nowMs, this.#command.durationMs)) / 1000;
    const latencies = times.latencies(first, times.count);
    reply({
      kind: "measured",
      submitted: times.count - first,
      ran: latencies.submitToRunning.count,
      lost: lostCount() - this.#lostBefore,
      seconds,
      runningTasks: Math.round(this.#runningSum / Math.max(1, this.#runningSamples)),
      throughputPerSecond: seconds === 0 ? 0 : this.#ranInWindow / seconds,
      latencies,
      generatorLateMs: quantilesOf(this.#lateMs),
    });
  }
}

/** Exactly `rate x length` times, each anywhere: a Poisson process of which the number of events is known. */
function arrivals(
  random: Random,
  span: { readonly fromMs: number; readonly lengthMs: number; readonly ratePerSecond: number },
): Float64Array {
  const { fromMs, lengthMs, ratePerSecond } = span;
  const times = new Float64Array(Math.round((ratePerSecond * lengthMs) / 1000));
  for (let index = 0; index < times.length; index++)
    times[index] = fromMs + random.fraction() * lengthMs;
  return times.sort();
}

const payloads = new Map<number, Uint8Array>();

/** Tasks of the same length share their payload. */
function payloadFor(runMs: number): Uint8Array {
  const known = payloads.get(runMs);
  if (known !== undefined) return known;
  const payload = encodeTaskPayload({ command: `sleep ${runMs / 1000}` });
  payloads.set(runMs, payload);
  return payload;
}
