/**
 * Flags of Node for a process that runs one scenario. Most of what a run allocates is dead within a virtual second, and
 * what it keeps it keeps to its end: a larger young generation, and no collection of the old one before what is needed
 * anyway.
 */
export function heapFlags(heapMib: number, neededMib: number): readonly string[] {
  return [
    `--max-old-space-size=${heapMib}`,
    `--initial-old-space-size=${Math.floor(Math.min(neededMib, heapMib / 2))}`,
    "--max-semi-space-size=32",
  ];
}
