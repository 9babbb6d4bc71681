/**
 * A load by its laws instead of its rows, as plain data. `generateLoad` makes rows of it; the same spec and seed give
 * the same rows on every machine. People write it as text (`generator-text.ts`): flags of `bourse sim gen`, or a
 * `generate` section of a scenario file.
 */
export interface GeneratorSpec {
  /** Jobs arrive from 0 until then. */
  readonly durationMs: number;
  /** Independent of each other, merged by time: batch beside service. */
  readonly streams: readonly StreamSpec[];
}

export interface StreamSpec {
  /** Prefix of its jobs' names; streams have different names. */
  readonly name: string;
  readonly arrivals: Arrivals;
  /** Of each job, one after the other: the next arrives when the one before would be over had it run at once. */
  readonly stages: readonly StageSpec[];
}

/**
 * When jobs arrive; `meanGapMs` is the mean time from one to the next.
 * - poisson: independent of each other
 * - even: exactly one gap apart
 * - uniform: gaps even between 0 and twice the mean
 * - scatter: `jobs` of them, anywhere in the duration
 * - bursts: poisson, but `share` of each period's jobs come in its first `burstMs`
 * - diurnal: poisson whose rate swings by `swing` (0 to 1) above and below its mean, highest at a quarter of the period
 */
export type Arrivals =
  | { readonly kind: "poisson" | "even" | "uniform"; readonly meanGapMs: number }
  | { readonly kind: "scatter"; readonly jobs: number }
  | {
      readonly kind: "bursts";
      readonly meanGapMs: number;
      readonly periodMs: number;
      readonly burstMs: number;
      readonly share: number;
    }
  | {
      readonly kind: "diurnal";
      readonly meanGapMs: number;
      readonly periodMs: number;
      readonly swing: number;
    };

/** Tasks of a job that arrive together and are alike in size. */
export interface StageSpec {
  /** How many; rounded down, at least 1. */
  readonly tasks: Distribution;
  /** Cores of one task, rounded to thousandths. */
  readonly cpus: Distribution;
  /** MiB of one task, rounded to whole ones; `isMemPerCpu`: of each core of it. */
  readonly memMib: Distribution;
  readonly isMemPerCpu: boolean;
  readonly diskMib: Distribution;
  /** Below 1 is a part of one, in thousandths; above it is rounded to whole ones. */
  readonly gpus: Distribution;
  /** Rounded to whole milliseconds; Infinity = until the run is over. */
  readonly runMs: Distribution;
  /** Each task of a job draws its own time to run and is a row of its own; otherwise a job's tasks run equally long. */
  readonly hasOwnRuns: boolean;
}

/**
 * Where a number comes from. What a law draws above `max` counts as `max`.
 * - lognormal: `median`, and `sigma`, the standard deviation of the natural logarithm
 * - power-law: density proportional to x^-exponent between `from` and `to`
 * - geometric: 1, 2, 3, ... with this mean
 */
export type Distribution =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly from: number; readonly to: number }
  | { readonly kind: "exponential"; readonly mean: number; readonly max: number }
  | {
      readonly kind: "lognormal";
      readonly median: number;
      readonly sigma: number;
      readonly max: number;
    }
  | {
      readonly kind: "power-law";
      readonly exponent: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly kind: "geometric"; readonly mean: number; readonly max: number }
  | {
      readonly kind: "choice";
      readonly of: readonly { readonly value: number; readonly weight: number }[];
    };
