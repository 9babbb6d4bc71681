/** How much the heap grows. Both need `--expose-gc`. */

/** What is still there after so many repetitions and a collection. */
export function retainedBytes(run: () => void, repeats: number): number {
  for (let count = 0; count < repeats; count++) run();
  const before = collectedBytes();
  for (let count = 0; count < repeats; count++) run();
  return Math.max(0, collectedBytes() - before);
}

/** What is on the heap right after a collection; typed arrays too. */
export function collectedBytes(): number {
  collect();
  return usedBytes();
}

/**
 * Everything that so many repetitions put on the heap, garbage included; typed arrays too. Measured block by block,
 * because a collection in between hides what was there before it: such a block counts as the largest of the others.
 */
export function garbageBytes(run: () => void, repeats: number): number {
  const empty = growths(() => {}, repeats);
  const own = median(empty);
  const blocks = growths(run, repeats).map((bytes) => bytes - own);
  const largest = Math.max(0, ...blocks);
  return blocks.reduce(
    (sum, bytes) => sum + (bytes < -NOISE_BYTES ? largest : Math.max(0, bytes)),
    0,
  );
}

/** What asking for the size itself allocates differs by this much; a collection frees far more. */
const NOISE_BYTES = 4_096;
const BLOCKS = 10;

function growths(run: () => void, repeats: number): number[] {
  const perBlock = Math.ceil(repeats / BLOCKS);
  for (let count = 0; count < perBlock; count++) run();
  collect();
  const list: number[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const before = usedBytes();
    for (let count = 0; count < perBlock; count++) run();
    list.push(usedBytes() - before);
  }
  return list;
}

function usedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function collect(): void {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error("the heap is measured with --expose-gc");
  gc();
  gc();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}
