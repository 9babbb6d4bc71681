/**
 * Buckets of histograms that grow with the value: `2 ** bits` of one value each, then as many for each power of two, so
 * that the end of a bucket is at most 1 / 2 ** bits too high. Values are whole, from 0 to 2^32 - 1.
 */
export function bucketOf(value: number, bits: number): number {
  const steps = 1 << bits;
  if (value < steps) return value;
  const shift = 31 - bits - Math.clz32(value); // So that value >>> shift lies in [steps, 2 * steps).
  return (shift + 1) * steps + ((value >>> shift) - steps);
}

/** The largest value of a bucket. */
export function endOf(bucket: number, bits: number): number {
  const steps = 1 << bits;
  if (bucket < steps) return bucket;
  const shift = Math.floor(bucket / steps) - 1;
  const low = ((bucket % steps) + steps) * 2 ** shift;
  return low + 2 ** shift - 1;
}
