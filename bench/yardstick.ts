/**
 * What this machine can do right now: the median time, in milliseconds, to sort a million random doubles, of twenty.
 * Printed beside every figure, because a machine that others use too may be twice as slow an hour later.
 */
export function yardstickMs(): number {
  const times: number[] = [];
  const values = new Float64Array(VALUE_COUNT);
  for (let round = 0; round < ROUNDS; round++) {
    fill(values);
    const startMs = performance.now();
    values.sort();
    times.push(performance.now() - startMs);
  }
  return median(times);
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
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
