/**
 * What `sim live` and its load framework tell each other: one JSON object a line, commands in, replies out. Times are
 * milliseconds of the load framework's own monotonic clock, so both ends of every latency are read from one clock.
 */
export type LoadCommand =
  /** Submit so many tasks at once that never end; answered by `filled` once all run. */
  | { readonly kind: "fill"; readonly tasks: number }
  /** Kill so many of those that run; answered by `drained` once they have ended. */
  | { readonly kind: "drain"; readonly tasks: number }
  /**
   * Submissions at random times, on average so many a second, each of a task that ends after `runMs`: for `warmUpMs`
   * unmeasured, then measured for `durationMs`. Answered by `measuring`, then by `measured` once all measured tasks
   * run, or have not run after a while.
   */
  | {
      readonly kind: "steady";
      readonly ratePerSecond: number;
      readonly runMs: number;
      readonly warmUpMs: number;
      readonly durationMs: number;
    }
  /** End the step under way with what it has measured so far. */
  | { readonly kind: "interrupt" }
  /** End the framework, with all its tasks. */
  | { readonly kind: "stop" };

export type LoadReply =
  | { readonly kind: "ready"; readonly frameworkId: string }
  /** A few times a second while something is under way. */
  | { readonly kind: "progress"; readonly running: number; readonly waiting: number }
  | {
      readonly kind: "filled";
      /** That run, and that were to run: fewer run only after an interruption. */
      readonly tasks: number;
      readonly wanted: number;
      readonly seconds: number;
      readonly latencies: LoadLatencies;
    }
  | { readonly kind: "drained"; readonly tasks: number; readonly seconds: number }
  /** The warm-up is over. */
  | { readonly kind: "measuring" }
  | ({ readonly kind: "measured" } & LoadMeasured)
  | { readonly kind: "refused"; readonly message: string };

export interface LoadMeasured {
  /** Measured tasks: submitted, and of those that reached RUNNING. */
  readonly submitted: number;
  readonly ran: number;
  /** Attempts that were lost and tried again, measured or not. */
  readonly lost: number;
  readonly seconds: number;
  /** On average over the measured time. */
  readonly runningTasks: number;
  /** RUNNING updates a second in the measured time. */
  readonly throughputPerSecond: number;
  readonly latencies: LoadLatencies;
  /** How late the generator itself was; part of `submitToRunning` all the same. */
  readonly generatorLateMs: LoadQuantiles;
}

/** From the intended time of the submission on (DESIGN section 5). */
export interface LoadLatencies {
  readonly submitToRunning: LoadQuantiles;
  readonly submitToOffer: LoadQuantiles;
  /** From the accept's leaving to the first update of the task. */
  readonly acceptToStaging: LoadQuantiles;
  readonly stagingToRunning: LoadQuantiles;
}

/** Exact, in milliseconds; all zero when nothing was measured. */
export interface LoadQuantiles {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}
