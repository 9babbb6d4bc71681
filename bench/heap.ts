/**
 * How much the heap grows; needs `--expose-gc`. All is measured a few times and the least counts: what the compiler
 * leaves behind while it still works on a loop is not the loop's, and what the loop leaves behind shows every time.
 */

/** What is still there after so many repetitions and a collection. */
export function retainedBytes(run: () => void, repeats: number): number {
  return least(RETAINED_MEASUREMENTS, () => {
    const before = collectedBytes();
    for (let count = 0; count < repeats; count++) run();
    return collectedBytes() - before;
  });
}

/** Everything that so many repetitions put on the heap, garbage included; typed arrays too. */
export function garbageBytes(run: () => void, repeats: number): number {
  return least(GARBAGE_MEASUREMENTS, () => {
    const own = growths(() => {}, BLOCKS).reduce((sum, bytes) => sum + bytes, 0);
    const blocks = growths(run, repeats);
    // A collection in between hides what was there before it: such a block counts as the largest of the others.
    const largest = Math.max(0, ...blocks);
    const all = blocks.reduce((sum, bytes) => sum + (bytes < 0 ? largest : bytes), 0);
    return all - own;
  });
}

/** What is on the heap right after a collection; typed arrays too. */
export function collectedBytes(): number {
  collect();
  return usedBytes();
}

const BLOCKS = 10;
/** Loops that make offers take long, those that make none do not. */
const RETAINED_MEASUREMENTS = 3;
const GARBAGE_MEASUREMENTS = 7;

function least(measurements: number, measure: () => number): number {
  return Math.max(0, Math.min(...Array.from({ length: measurements }, measure)));
}

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
