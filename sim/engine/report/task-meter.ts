import type { Role } from "@bourse/model/ids";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import { Histogram } from "../histogram.ts";
import { IntervalHistograms } from "./interval-histograms.ts";
import type { RoleBooks } from "./role-books.ts";
import type { LatencySeries, RunReport } from "./run-report.ts";
import type { TimeGrid } from "./time-grid.ts";

/** Counts what frameworks say of their tasks, over the whole run and by interval. On the path of every task. */
export class TaskMeter implements LoadMeter {
  submitted = 0;
  finished = 0;
  failed = 0;
  retries = 0;
  /** Arrived, or to be tried again, and not launched. */
  pending = 0;
  readonly #grid: TimeGrid;
  readonly #roles: RoleBooks;
  /** Called with the time before anything is counted: intervals that are over are closed. */
  readonly #advance: (nowMs: number) => void;
  readonly #now: () => number;
  readonly #submitToOffered = new Histogram();
  readonly #submitToAccepted = new Histogram();
  readonly #submitToRunning = new Histogram();
  readonly #acceptToStaging = new Histogram();
  readonly #stagingToRunning = new Histogram();
  readonly #offeredBy: IntervalHistograms;
  readonly #acceptedBy: IntervalHistograms;
  readonly #runningBy: IntervalHistograms;

  constructor(
    grid: TimeGrid,
    roles: RoleBooks,
    time: { advance(nowMs: number): void; now(): number },
  ) {
    this.#grid = grid;
    this.#roles = roles;
    this.#advance = time.advance;
    this.#now = time.now;
    this.#offeredBy = grid.add(new IntervalHistograms(grid.rows));
    this.#acceptedBy = grid.add(new IntervalHistograms(grid.rows));
    this.#runningBy = grid.add(new IntervalHistograms(grid.rows));
  }

  arrived(role: Role, count: number): void {
    const nowMs = this.#now();
    if (nowMs >= this.#grid.endMs) this.#advance(nowMs);
    this.submitted += count;
    this.pending += count;
    this.#roles.arrived(role, count);
  }

  launched(
    role: Role,
    arrivedMs: number,
    offeredMs: number,
    nowMs: number,
    isRetry?: boolean,
  ): void {
    if (nowMs >= this.#grid.endMs) this.#advance(nowMs);
    this.pending -= 1;
    if (isRetry === true) return; // Its first attempt has been counted.
    const row = this.#grid.closed;
    this.#submitToOffered.add(offeredMs - arrivedMs);
    this.#offeredBy.add(row, offeredMs - arrivedMs);
    this.#submitToAccepted.add(nowMs - arrivedMs);
    this.#acceptedBy.add(row, nowMs - arrivedMs);
    this.#roles.launched(role, arrivedMs, nowMs - arrivedMs);
  }

  staged(launchedMs: number, nowMs: number): void {
    this.#acceptToStaging.add(nowMs - launchedMs);
  }

  running(arrivedMs: number, stagedMs: number, nowMs: number): void {
    if (nowMs >= this.#grid.endMs) this.#advance(nowMs);
    this.#submitToRunning.add(nowMs - arrivedMs);
    this.#runningBy.add(this.#grid.closed, nowMs - arrivedMs);
    this.#stagingToRunning.add(nowMs - stagedMs);
  }

  ended(isWell: boolean, willRetry: boolean): void {
    if (isWell) this.finished += 1;
    else if (!willRetry) this.failed += 1;
    else {
      this.retries += 1;
      this.pending += 1;
    }
  }

  latencyMs(): RunReport["latencyMs"] {
    return {
      submitToOffered: this.#submitToOffered.quantiles(),
      submitToAccepted: this.#submitToAccepted.quantiles(),
      submitToRunning: this.#submitToRunning.quantiles(),
      acceptToStaging: this.#acceptToStaging.quantiles(),
      stagingToRunning: this.#stagingToRunning.quantiles(),
    };
  }

  latencySeries(rows: number): RunReport["series"]["latencyMs"] {
    return {
      offered: seriesOf(this.#offeredBy, rows),
      accepted: seriesOf(this.#acceptedBy, rows),
      running: seriesOf(this.#runningBy, rows),
    };
  }
}

function seriesOf(histograms: IntervalHistograms, rows: number): LatencySeries {
  const column = (fraction: number): (number | null)[] =>
    Array.from({ length: rows }, (_, row) => histograms.quantile(row, fraction));
  return { p50: column(0.5), p99: column(0.99) };
}
