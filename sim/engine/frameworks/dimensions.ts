import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import { type FreeSpace, WHOLE_DEVICE } from "./free-space.ts";

/**
 * Tasks and agents as vectors, each dimension as a share of the largest agent that was ever offered: cpus and GPUs
 * where the load wants GPUs, as the published comparisons have it (CASES section 6); all scalars otherwise.
 */
export class Dimensions {
  readonly count: number;
  readonly #columns: readonly number[];
  /** At least 1, so that nothing is divided by 0. */
  readonly #largest: Float64Array;

  constructor({ scalarNames, hasGpus }: BatchColumns) {
    this.#columns = scalarNames.flatMap((name, column) =>
      hasGpus && name !== "cpus" ? [] : [column],
    );
    this.count = this.#columns.length + (hasGpus ? 1 : 0);
    this.#largest = new Float64Array(this.count).fill(1);
  }

  snapshot(): readonly number[] {
    return Array.from(this.#largest);
  }

  restore(largest: readonly number[]): void {
    this.#largest.set(largest);
  }

  saw(space: FreeSpace): void {
    for (let dimension = 0; dimension < this.count; dimension++) {
      const milli = this.#milliFree(space, dimension);
      if (milli > (this.#largest[dimension] as number)) this.#largest[dimension] = milli;
    }
  }

  free(space: FreeSpace, dimension: number): number {
    return this.#milliFree(space, dimension) / (this.#largest[dimension] as number);
  }

  wanted(wanted: TaskClass, dimension: number): number {
    const column = this.#columns[dimension];
    const milli =
      column === undefined
        ? wanted.gpuCount * WHOLE_DEVICE + wanted.gpuMilli
        : (wanted.demand[column] as number);
    return milli / (this.#largest[dimension] as number);
  }

  #milliFree(space: FreeSpace, dimension: number): number {
    const column = this.#columns[dimension];
    return column === undefined ? space.gpuMilli : (space.scalars[column] as number);
  }
}
