import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";
import type { Now } from "@bourse/model/now";
import type { OperatorQuery, OperatorView } from "@bourse/model/operator";
import type { Clock } from "./clock.ts";
import type { EffectQueue } from "./effect-queue.ts";
import type { Inbox, InboxItem } from "./inbox.ts";

/** The decisions, as the loop uses them: `Cluster`. */
export interface Core {
  apply(now: Now, input: ClusterInput): Effects;
  query(now: Now, query: OperatorQuery): OperatorView;
}

/** Whoever writes down what happens: the journal. */
export interface Recorder {
  /** Before the input is applied, so that an input that ends the process is in the journal. */
  recordInput(now: Now, input: ClusterInput): void;
  recordEffects(effects: Effects): void;
  /** At the end of a turn: hand the records to the disk, start a new file when this one is full. */
  endTurn(): void;
}

export interface LoopShell {
  readonly clock: Clock;
  readonly inbox: Inbox;
  readonly effects: EffectQueue;
  readonly recorder: Recorder;
  /** A bug in the core. Its state can no longer be trusted, so the process ends; state comes back from the registry. */
  onFatal(error: ClusterError): void;
  onApplied?(input: ClusterInput, elapsedMs: number): void;
}

/** After this long the loop lets sockets have a turn. */
const TURN_MS_MAX = 5;

/** A batch ends when nothing waits; under steady load it ends after this long, or nothing would be offered. */
const BATCH_MS_MAX = 50;

/** The longest `setTimeout` that does not overflow. */
const TIMER_MS_MAX = 2 ** 31 - 1;

const WAKE: ClusterInput = { principal: null, kind: "wake" };
const BATCH_END: ClusterInput = { principal: null, kind: "batch-end" };

/**
 * The whole master: take an input, decide, queue what follows. One input at a time, in turns of a few
 * milliseconds; whatever waits, waits in the inbox (where it makes its sender wait) or behind a record that is
 * not yet durable.
 */
export class MasterLoop {
  readonly #core: Core;
  readonly #shell: LoopShell;
  #isScheduled = false;
  #isEnded = false;
  /** When the batch began in which something was applied; null when it is ended. */
  #batchSinceMs: number | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;

  constructor(core: Core, shell: LoopShell) {
    this.#core = core;
    this.#shell = shell;
  }

  /** The first input is a wake: the core says from when on it has timers. */
  start(): void {
    this.#apply(WAKE);
    this.#endTurn();
  }

  /** Something waits in the inbox. Inputs that arrive in the same round of I/O share a turn. */
  readonly onReady = (): void => {
    if (this.#isScheduled || this.#isEnded) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  };

  /** Something outside failed: nothing more is applied. */
  abort(): void {
    this.#end();
  }

  /** Applies and delivers all that waits, then never applies anything again. */
  async stop(): Promise<void> {
    while (!this.#isEnded && this.#shell.inbox.length > 0) {
      await new Promise(setImmediate);
      if (this.#shell.effects.isFull) await this.#shell.effects.drained();
    }
    const isSound = !this.#isEnded;
    this.#end();
    if (!isSound) return;
    this.#shell.effects.pump();
    await this.#shell.effects.drained();
  }

  #turn(): void {
    if (this.#isEnded) return;
    const startedMs = performance.now();
    do {
      if (this.#shell.effects.isFull) break;
      const item = this.#shell.inbox.take();
      if (item === null) break;
      this.#take(item);
    } while (performance.now() - startedMs < TURN_MS_MAX);
    this.#endTurn();
  }

  #take(item: InboxItem): void {
    if (item.kind === "input") {
      this.#apply(item.input);
      return;
    }
    const view = this.#guarded(() => this.#core.query(this.#shell.clock.now(), item.query));
    if (view !== null) this.#shell.effects.pushAnswer(() => item.answer(view));
  }

  #apply(input: ClusterInput): void {
    const now = this.#shell.clock.now();
    if (input.kind !== "batch-end") this.#batchSinceMs ??= now.monoMs;
    this.#guarded(() => {
      this.#shell.recorder.recordInput(now, input);
      const startedMs = performance.now();
      const effects = this.#core.apply(now, input);
      this.#shell.onApplied?.(input, performance.now() - startedMs);
      this.#shell.recorder.recordEffects(effects);
      this.#shell.effects.push(effects);
      this.#wakeAtMs = effects.wakeAtMs;
    });
  }

  #guarded<T>(work: () => T): T | null {
    if (this.#isEnded) return null;
    try {
      return work();
    } catch (error) {
      this.#end();
      this.#shell.onFatal(ClusterError.from(error));
      return null;
    }
  }

  #endTurn(): void {
    const { clock, inbox, effects, recorder } = this.#shell;
    const batchMs = this.#batchSinceMs === null ? 0 : clock.now().monoMs - this.#batchSinceMs;
    if (this.#batchSinceMs !== null && (inbox.length === 0 || batchMs >= BATCH_MS_MAX)) {
      this.#batchSinceMs = null;
      this.#apply(BATCH_END);
    }
    if (this.#isEnded) return;
    recorder.endTurn();
    effects.pump();
    this.#armTimer();
    if (inbox.length > 0) {
      if (effects.isFull) void effects.drained().then(this.onReady);
      else this.onReady();
    }
  }

  /** One timer for the core's next wish; left alone while it would fire early enough. */
  #armTimer(): void {
    if (this.#timerAtMs <= this.#wakeAtMs) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAtMs = this.#wakeAtMs;
    if (this.#wakeAtMs === Number.POSITIVE_INFINITY || this.#isEnded) return;
    const waitMs = this.#wakeAtMs - this.#shell.clock.now().monoMs;
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(waitMs, 0), TIMER_MS_MAX));
  }

  readonly #onTimer = (): void => {
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#isEnded) return;
    const isDue = this.#shell.clock.now().monoMs >= this.#wakeAtMs;
    if (isDue) {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#apply(WAKE);
      this.#endTurn();
    } else this.#armTimer();
  };

  #end(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
  }
}
