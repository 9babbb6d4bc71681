import type { LoadStage } from "@bourse/load-policy/load-policy";
import type { LoadLatencies, LoadQuantiles } from "@bourse/model/load";

/** When each task was to be submitted and reached each stage, in milliseconds of one clock; NaN = not yet. */
export class StageTimes {
  #intended = new Float64Array(4096);
  #accepted = new Float64Array(4096);
  #staged = new Float64Array(4096);
  #running = new Float64Array(4096);
  #count = 0;

  /** Tasks so far: the number of the next one. */
  get count(): number {
    return this.#count;
  }

  submitted(intendedMs: number): void {
    if (this.#count === this.#intended.length) this.#grow();
    const task = this.#count++;
    this.#intended[task] = intendedMs;
    this.#accepted[task] = Number.NaN;
    this.#staged[task] = Number.NaN;
    this.#running[task] = Number.NaN;
  }

  /** False for a task that has run before: it was lost since, and what its next attempt takes is not its latency. */
  reached(task: number, stage: LoadStage, atMs: number): boolean {
    if (!Number.isNaN(this.#running[task] as number)) return false;
    if (stage === "accepted") this.#accepted[task] = atMs;
    else if (stage === "staged") this.#staged[task] = atMs;
    else if (stage === "running") this.#running[task] = atMs;
    return true;
  }

  /** Of the tasks from `first` to before `end` that run or ran. */
  latencies(first: number, end: number): LoadLatencies {
    const total: number[] = [];
    const offer: number[] = [];
    const staging: number[] = [];
    const running: number[] = [];
    for (let task = first; task < end; task++) {
      const ranMs = this.#running[task] as number;
      if (Number.isNaN(ranMs)) continue;
      const [intendedMs, acceptedMs, stagedMs] = this.#rowOf(task);
      total.push(ranMs - intendedMs);
      offer.push(acceptedMs - intendedMs);
      staging.push(stagedMs - acceptedMs);
      running.push(ranMs - stagedMs);
    }
    return {
      submitToRunning: quantilesOf(total),
      submitToOffer: quantilesOf(offer),
      acceptToStaging: quantilesOf(staging),
      stagingToRunning: quantilesOf(running),
    };
  }

  #rowOf(task: number): [intendedMs: number, acceptedMs: number, stagedMs: number] {
    return [
      this.#intended[task] as number,
      this.#accepted[task] as number,
      this.#staged[task] as number,
    ];
  }

  #grow(): void {
    this.#intended = doubled(this.#intended);
    this.#accepted = doubled(this.#accepted);
    this.#staged = doubled(this.#staged);
    this.#running = doubled(this.#running);
  }
}

function doubled(column: Float64Array): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(column.length * 2);
  longer.set(column);
  return longer;
}

/** The reading that so large a part of all do not exceed. */
export function quantilesOf(readings: readonly number[]): LoadQuantiles {
  const sorted = Float64Array.from(readings).sort();
  const at = (fraction: number): number =>
    thousandths(sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

function thousandths(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
