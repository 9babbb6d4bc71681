import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import { WHOLE_DEVICE } from "./free-space.ts";

/** Tasks of a load that are alike but for memory and disk. */
export interface TaskShare {
  /** Fraction of the tasks. */
  readonly weight: number;
  readonly cpus: number;
  /** Devices, and the thousandths that it wants of each. */
  readonly gpus: number;
  readonly milli: number;
  /** Null = any. */
  readonly models: readonly string[] | null;
}

/** What the typical task of a load wants of GPUs and cpus; every task counts once. */
export function mixOf(columns: BatchColumns, cpuColumn: number): readonly TaskShare[] {
  const byShape = new Map<string, TaskShare>();
  for (let row = 0; row < columns.rowCount; row++) {
    const count = (columns.first[row + 1] as number) - (columns.first[row] as number);
    const wanted = columns.classes[columns.classOfRow[row] as number] as TaskClass;
    const share = shareOf(wanted, cpuColumn, count / columns.taskCount);
    const key = JSON.stringify([share.cpus, share.gpus, share.milli, share.models]);
    const known = byShape.get(key);
    byShape.set(key, { ...share, weight: share.weight + (known?.weight ?? 0) });
  }
  return Array.from(byShape.values());
}

function shareOf(wanted: TaskClass, cpuColumn: number, weight: number): TaskShare {
  const { gpuCount, gpuMilli, gpuModels } = wanted;
  return {
    weight,
    cpus: cpuColumn < 0 ? 0 : (wanted.demand[cpuColumn] as number),
    gpus: gpuMilli > 0 ? 1 : gpuCount,
    milli: gpuMilli > 0 ? gpuMilli : WHOLE_DEVICE,
    models: gpuModels,
  };
}
