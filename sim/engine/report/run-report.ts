import type { Violation } from "../checks/violations.ts";
import type { Quantiles } from "../histogram.ts";

/**
 * What one run says of itself: `bourse sim run -o json` prints it, `bourse sim report` draws it, `compare` sets two
 * side by side. Everything is virtual time and so the same for the same seed, but for what is named `wall` or lies in
 * `decisions`: that is of the machine it ran on.
 */
export interface RunReport {
  readonly format: "bourse-sim-report";
  readonly version: 1;
  /** The command line that runs it again; whoever knows it adds it. */
  readonly command?: string;
  readonly scenario: ScenarioSummary;
  /** False: the run was stopped before its end, by a person or by its end time. */
  readonly isComplete: boolean;
  readonly hash: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly wallSeconds: number;
  /** Of all `apply` calls of the master's core. */
  readonly masterCoreSeconds: number;
  readonly peakRssMib: number;
  readonly violations: readonly Violation[];
  readonly tasks: TaskTotals;
  /** Over the whole run, in virtual milliseconds, from the intended arrival (DESIGN section 5). */
  readonly latencyMs: {
    readonly submitToOffered: Quantiles;
    readonly submitToAccepted: Quantiles;
    readonly submitToRunning: Quantiles;
    readonly acceptToStaging: Quantiles;
    readonly stagingToRunning: Quantiles;
  };
  /** Wall time of one decision of the master's core, in microseconds. */
  readonly decisions: Readonly<Record<DecisionKind, DecisionTimesReport>>;
  readonly offers: OfferTotals;
  readonly series: RunSeries;
  readonly roles: readonly RoleReport[];
  /** Faults, operations, violations, in order. At most 10,000; `timelineLeftOut` says how many more there were. */
  readonly timeline: readonly TimelineEntry[];
  readonly timelineLeftOut: number;
  readonly heat: HeatMap;
}

export interface ScenarioSummary {
  readonly name: string;
  readonly seed: string;
  readonly agents: number;
  readonly frameworks: number;
  readonly tasks: number;
  readonly faults: number;
  /** Stands for all that it says but name and seed. */
  readonly digest: string;
  /** What all agents have, by scalar, in thousandths. */
  readonly capacity: Readonly<Record<string, number>>;
}

/** `placed` = runs or has ended; the others of `submitted` wait. Attempts count once for each task. */
export interface TaskTotals {
  readonly submitted: number;
  readonly placed: number;
  readonly running: number;
  readonly finished: number;
  readonly failed: number;
  /** Attempts beyond the first. */
  readonly retries: number;
}

export type DecisionKind = "accept" | "update" | "allocateOne" | "allocateAll";

export interface DecisionTimesReport extends Quantiles {
  /** Counts in buckets that double from 1 us: [<1, <2, <4, ...]. */
  readonly buckets: readonly number[];
}

export interface OfferTotals {
  readonly made: number;
  readonly accepted: number;
  readonly declined: number;
  readonly rescinded: number;
  /** Not answered in time. */
  readonly expired: number;
}

/**
 * Columns over virtual time: index i is the interval that ends at `atMs[i]`. At most 1,000 intervals. Latencies are
 * of the tasks that reached the state in the interval; null = none did.
 */
export interface RunSeries {
  readonly stepMs: number;
  readonly atMs: readonly number[];
  readonly pending: readonly number[];
  readonly running: readonly number[];
  readonly launched: readonly number[];
  readonly latencyMs: Readonly<Record<"offered" | "accepted" | "running", LatencySeries>>;
  /** By scalar: the fraction of the cluster that tasks hold. */
  readonly used: Readonly<Record<string, readonly number[]>>;
  /** By scalar: the fraction of what is free that the typical waiting or arriving task cannot use, 0 to 1. */
  readonly fragmentation: Readonly<Record<string, readonly number[]>>;
  /** By role: the dominant share, 0 to 1. At most 20 roles, those with the largest shares. */
  readonly shares: Readonly<Record<string, readonly number[]>>;
  readonly offers: Readonly<Record<keyof OfferTotals, readonly number[]>>;
}

export interface LatencySeries {
  readonly p50: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
}

export interface RoleReport {
  readonly role: string;
  /** For how long in all it was below its share or its guarantee and got nothing. */
  readonly unservedMs: number;
  readonly longestUnservedMs: number;
  /** The longest that one of its tasks waited for an accept; those that still wait included. */
  readonly longestWaitMs: number;
  readonly meanShare: number;
}

export interface TimelineEntry {
  readonly atMs: number;
  readonly kind: "fault" | "operation" | "violation";
  readonly text: string;
}

/** How full agents were, at most 200 rows (agents, or equal groups of neighbours) by 200 columns. */
export interface HeatMap {
  readonly agents: readonly string[];
  readonly atMs: readonly number[];
  /** Row by row, percent of the scarcest scalar, 0 to 100; -1 = not connected. */
  readonly percent: readonly (readonly number[])[];
}
