/**
 * What this machine can do right now: the seconds that twenty sorts of a million random doubles take together.
 * Printed beside every figure, because a machine that others use too may be twice as slow an hour later.
 */
export function yardstickSeconds(): number {
  return sortTimesMs().reduce((sum, timeMs) => sum + timeMs, 0) / 1_000;
}

/** The median time of one of the sorts, in milliseconds. */
export function yardstickMs(): number {
  return median(sortTimesMs());
}

function sortTimesMs(): number[] {
  const times: number[] = [];
  const values = new Float64Array(VALUE_COUNT);
  for (let round = 0; round < ROUNDS; round++) {
    fill(values);
    const startMs = performance.now();
    values.sort();
    times.push(performance.now() - startMs);
  }
  return times;
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The smallest value that at least `fraction` of all are not above. */
export function quantile(values: ArrayLike<number>, fraction: number): number {
  const sorted = Float64Array.from(values).sort();
  const index = Math.max(0, Math.ceil(sorted.length * fraction) - 1);
  return sorted[index] ?? Number.NaN;
}

const VALUE_COUNT = 1_000_000;
const ROUNDS = 20;

/** The same values every time: xorshift32 from a fixed seed, as doubles in [0, 1). */
function fill(values: Float64Array): void {
  let state = 0x9e3779b9;
  for (let index = 0; index < values.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[index] = (state >>> 0) / 4_294_967_296;
  }
}
