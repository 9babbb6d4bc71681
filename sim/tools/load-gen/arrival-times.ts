import type { Random } from "@bourse/model/random";
import { exponential } from "./draw.ts";
import { exactWave } from "./exact-math.ts";
import type { Arrivals } from "./generator-spec.ts";

/** Times of arrival from 0 to `durationMs`, ascending, not rounded. */
export function* arrivalTimes(
  arrivals: Arrivals,
  durationMs: number,
  random: Random,
): Generator<number> {
  if (arrivals.kind === "scatter") {
    yield* scattered(arrivals.jobs, durationMs, random);
    return;
  }
  if (arrivals.kind === "even") {
    // Multiplied, not added up: the last of millions is still in its place.
    for (let index = 0; index * arrivals.meanGapMs < durationMs; index++)
      yield index * arrivals.meanGapMs;
    return;
  }
  if (arrivals.kind === "diurnal") {
    yield* diurnal(arrivals, durationMs, random);
    return;
  }
  const { meanGapMs } = arrivals;
  const gap =
    arrivals.kind === "uniform"
      ? () => 2 * meanGapMs * random.fraction()
      : () => meanGapMs * exponential(random);
  for (let atMs = gap(); atMs < durationMs; atMs += gap()) {
    const realMs = arrivals.kind === "bursts" ? inBursts(atMs, arrivals) : atMs;
    if (realMs >= durationMs) return; // A period that is cut off in its burst has more than its share.
    yield realMs;
  }
}

/** The times of a poisson process, given how many there are. */
function scattered(jobs: number, durationMs: number, random: Random): Float64Array {
  const times = new Float64Array(jobs);
  for (let index = 0; index < jobs; index++) times[index] = durationMs * random.fraction();
  return times.sort();
}

/** Bends time: what happens in the first `share` of a period happens in its burst. */
function inBursts(
  atMs: number,
  { periodMs, burstMs, share }: Extract<Arrivals, { kind: "bursts" }>,
): number {
  const begin = Math.floor(atMs / periodMs) * periodMs;
  const inside = atMs - begin;
  const shareMs = share * periodMs;
  if (inside < shareMs) return begin + (inside / shareMs) * burstMs;
  return begin + burstMs + ((inside - shareMs) / (periodMs - shareMs)) * (periodMs - burstMs);
}

/** Thins a poisson process of the highest rate. */
function* diurnal(
  { meanGapMs, periodMs, swing }: Extract<Arrivals, { kind: "diurnal" }>,
  durationMs: number,
  random: Random,
): Generator<number> {
  const highest = 1 + swing;
  const step = (): number => (meanGapMs / highest) * exponential(random);
  for (let atMs = step(); atMs < durationMs; atMs += step()) {
    const rate = 1 + swing * exactWave(atMs / periodMs);
    if (random.fraction() * highest < rate) yield atMs;
  }
}
