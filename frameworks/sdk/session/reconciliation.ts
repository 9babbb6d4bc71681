import type { TaskId } from "@bourse/model/ids";
import type { FrameworkCall } from "@bourse/model/scheduler";
import type { TaskRef } from "./policy.ts";
import type { SessionConfig } from "./session-io.ts";

export interface ReconciliationSnapshot {
  readonly unanswered: readonly TaskId[];
  readonly delayMs: number;
  readonly askAtMs: number;
  readonly implicitAtMs: number;
}

/** The tasks that may still run, as far as the framework knows. */
export interface LiveTasks {
  refs(): Iterable<TaskRef>;
  ref(taskId: TaskId): TaskRef | null;
}

/** What to ask now: a list of tasks, or the implicit question about all. */
export type Question = { readonly kind: "explicit" | "implicit"; readonly tasks: TaskRef[] };

/**
 * When to ask the master for the state of tasks (FEATURES M-44): explicitly after every subscription, again with
 * truncated exponential backoff for those that are unanswered (a master that has just started stays silent while an
 * agent may still return); implicitly now and then. One run at a time: the implicit question waits for the other. A
 * task that the implicit answers do not name is unknown to the master, and is then asked about explicitly: it may have
 * been answered as unreachable by a master that has restarted since, which will never speak of it by itself.
 */
export class Reconciliation {
  readonly #config: SessionConfig;
  readonly #unanswered = new Set<TaskId>();
  #delayMs = 0;
  #askAtMs = Number.POSITIVE_INFINITY;
  #implicitAtMs = Number.POSITIVE_INFINITY;

  constructor(config: SessionConfig) {
    this.#config = config;
  }

  static restore(config: SessionConfig, snapshot: ReconciliationSnapshot): Reconciliation {
    const run = new Reconciliation(config);
    for (const taskId of snapshot.unanswered) run.#unanswered.add(taskId);
    run.#delayMs = snapshot.delayMs;
    run.#askAtMs = snapshot.askAtMs;
    run.#implicitAtMs = snapshot.implicitAtMs;
    return run;
  }

  snapshot(): ReconciliationSnapshot {
    return {
      unanswered: Array.from(this.#unanswered),
      delayMs: this.#delayMs,
      askAtMs: this.#askAtMs,
      implicitAtMs: this.#implicitAtMs,
    };
  }

  get dueAtMs(): number {
    return this.#unanswered.size > 0 ? this.#askAtMs : this.#implicitAtMs;
  }

  /** A new session: asks at once about all these. `isImplicitNow`: an earlier process may have left tasks nobody here knows. */
  start(nowMs: number, tasks: Iterable<TaskRef>, isImplicitNow: boolean): void {
    this.stop();
    for (const { taskId } of tasks) this.#unanswered.add(taskId);
    this.#delayMs = this.#config.reconcileMs;
    this.#askAtMs = nowMs;
    this.#implicitAtMs = isImplicitNow ? nowMs : nowMs + this.#config.implicitReconcileMs;
  }

  /** Adds a task to the run under way, or begins one. */
  include(nowMs: number, taskId: TaskId): void {
    if (this.#unanswered.size === 0) {
      this.#delayMs = this.#config.reconcileMs;
      this.#askAtMs = nowMs;
    }
    this.#unanswered.add(taskId);
  }

  stop(): void {
    this.#unanswered.clear();
    this.#askAtMs = Number.POSITIVE_INFINITY;
    this.#implicitAtMs = Number.POSITIVE_INFINITY;
  }

  answered(taskId: TaskId): void {
    if (this.#unanswered.size > 0) this.#unanswered.delete(taskId);
  }

  /** The question that is due, if any; sets the time of the next. */
  take(nowMs: number, live: LiveTasks): Question | null {
    if (nowMs < this.dueAtMs) return null;
    if (this.#unanswered.size === 0) {
      this.#implicitAtMs = nowMs + this.#config.implicitReconcileMs;
      for (const { taskId } of live.refs()) this.#unanswered.add(taskId);
      this.#delayMs = this.#config.reconcileMs;
      this.#askAtMs = nowMs + this.#delayMs;
      return { kind: "implicit", tasks: [] };
    }
    const tasks: TaskRef[] = [];
    for (const taskId of this.#unanswered) {
      const ref = live.ref(taskId);
      if (ref === null) this.#unanswered.delete(taskId);
      else tasks.push(ref);
    }
    this.#askAtMs = nowMs + this.#delayMs;
    this.#delayMs = Math.min(this.#delayMs * 2, this.#config.reconcileMaxMs);
    return { kind: "explicit", tasks };
  }
}

/** Tasks in one call: keeps the message well below the 4 MiB that a gRPC message may have. */
const RECONCILE_BATCH = 1_000;

/** A question in the words of the protocol. */
export function callsOf({ kind, tasks }: Question): readonly FrameworkCall[] {
  const calls: FrameworkCall[] = kind === "implicit" ? [{ kind: "reconcile", tasks: [] }] : [];
  for (let from = 0; from < tasks.length; from += RECONCILE_BATCH)
    calls.push({ kind: "reconcile", tasks: tasks.slice(from, from + RECONCILE_BATCH) });
  return calls;
}
