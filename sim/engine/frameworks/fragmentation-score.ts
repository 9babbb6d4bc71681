import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import { type FreeSpace, WHOLE_DEVICE } from "./free-space.ts";
import type { HeldAgent } from "./placement-round.ts";
import type { PlacementScore } from "./placement-score.ts";

/**
 * Where the GPUs that the typical task could not use grow least (fragmentation gradient descent, CASES section 6). The
 * mix of tasks is that of the whole load, each task counted once.
 */
export class FragmentationScore implements PlacementScore {
  readonly isStable = true;
  readonly #mix: readonly Share[];
  readonly #cpuColumn: number;
  /** Of one space: what is left of its GPUs, and what is left of its cpus. */
  readonly #after: { devices: Int32Array; cpus: number; count: number; gpuModel: string };

  constructor(columns: BatchColumns) {
    this.#cpuColumn = columns.scalarNames.indexOf("cpus");
    this.#mix = mixOf(columns, this.#cpuColumn);
    this.#after = { devices: new Int32Array(32), cpus: 0, count: 0, gpuModel: "" };
  }

  scoreOf({ space }: HeldAgent, wanted: TaskClass): number {
    return this.#best(space, wanted).score;
  }

  devicesFor(space: FreeSpace, wanted: TaskClass): number {
    return this.#best(space, wanted).devices;
  }

  #best(space: FreeSpace, wanted: TaskClass): { score: number; devices: number } {
    const before = this.#lost(space, null, 0, 0);
    if (wanted.gpuMilli === 0) {
      const devices = space.devicesFor(wanted);
      return { score: before - this.#lost(space, wanted, devices, WHOLE_DEVICE), devices };
    }
    let best = { score: Number.NEGATIVE_INFINITY, devices: 0 };
    for (let device = 0; device < space.deviceCount; device++) {
      if ((space.devices[device] as number) < wanted.gpuMilli) continue;
      const devices = 1 << device;
      const score = before - this.#lost(space, wanted, devices, wanted.gpuMilli);
      if (score > best.score) best = { score, devices };
    }
    return best;
  }

  /** Expected thousandths of GPU that a task of the mix could not use, after `taken` were taken. */
  #lost(space: FreeSpace, taken: TaskClass | null, devices: number, milli: number): number {
    const after = this.#after;
    after.count = space.deviceCount;
    after.gpuModel = space.gpuModel;
    after.cpus = this.#cpuColumn < 0 ? 0 : (space.scalars[this.#cpuColumn] as number);
    if (taken !== null && this.#cpuColumn >= 0) {
      after.cpus -= taken.demand[this.#cpuColumn] as number;
    }
    let total = 0;
    for (let device = 0; device < after.count; device++) {
      const isTaken = (devices & (1 << device)) !== 0;
      const left = (space.devices[device] as number) - (isTaken ? milli : 0);
      after.devices[device] = left;
      total += left;
    }
    if (total === 0) return 0;
    let lost = 0;
    for (const share of this.#mix) lost += share.weight * this.#lostFor(share, total);
    return lost;
  }

  #lostFor({ cpus, gpuCount, milli, models }: Share, total: number): number {
    const { devices, count, gpuModel } = this.#after;
    if (gpuCount === 0 || cpus > this.#after.cpus) return total;
    if (models !== null && !models.includes(gpuModel)) return total;
    let fitting = 0;
    let lost = 0;
    for (let device = 0; device < count; device++) {
      const left = devices[device] as number;
      if (left >= milli) fitting += 1;
      else lost += left;
    }
    return fitting >= gpuCount ? lost : total;
  }
}

interface Share {
  /** Fraction of the tasks of the load. */
  weight: number;
  readonly cpus: number;
  readonly gpuCount: number;
  /** Of each of them. */
  readonly milli: number;
  readonly models: readonly string[] | null;
}

/** Tasks alike but for memory and disk are one. */
function mixOf(columns: BatchColumns, cpuColumn: number): readonly Share[] {
  const byShape = new Map<string, Share>();
  for (let row = 0; row < columns.rowCount; row++) {
    const count = (columns.first[row + 1] as number) - (columns.first[row] as number);
    const wanted = columns.classes[columns.classOfRow[row] as number] as TaskClass;
    const { gpuCount, gpuMilli, gpuModels } = wanted;
    const cpus = cpuColumn < 0 ? 0 : (wanted.demand[cpuColumn] as number);
    const key = JSON.stringify([cpus, gpuCount, gpuMilli, gpuModels]);
    const known = byShape.get(key);
    const weight = count / columns.taskCount;
    if (known !== undefined) known.weight += weight;
    else {
      byShape.set(key, {
        weight,
        cpus,
        gpuCount: gpuMilli > 0 ? 1 : gpuCount,
        milli: gpuMilli > 0 ? gpuMilli : WHOLE_DEVICE,
        models: gpuModels,
      });
    }
  }
  return Array.from(byShape.values());
}
