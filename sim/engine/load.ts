import { assert } from "@bourse/model/assert";
import type { Random } from "@bourse/model/random";
import { canonical, scalar } from "@bourse/model/resources";
import type { Load, LoadSize } from "./load-policy.ts";

export interface LoadOptions {
  readonly taskCount: number;
  /** Tasks arrive together in jobs, as batch work does; the last job may be smaller. */
  readonly tasksPerJob: number;
  /** The jobs' arrivals lie in [fromMs, untilMs), at times drawn from the seed. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly tasksPerOfferMax: number;
}

/** Small containers: a tenth of a cpu and 128 MiB on average. */
const CPU_MILLI = [50, 100, 150] as const;
const MEM_MIB = [64, 128, 192] as const;

/** What one task takes on average: for sizing a cluster. */
export const LOAD_CPU_MILLI_MEAN = 100;
export const LOAD_MEM_MIB_MEAN = 128;

const SIZES: readonly LoadSize[] = CPU_MILLI.flatMap((cpuMilli) =>
  MEM_MIB.map((memMib) => ({
    cpuMilli,
    memMilli: memMib * 1_000,
    resources: canonical([scalar("cpus", cpuMilli), scalar("mem", memMib * 1_000)]),
  })),
);

/** A load whose every number comes from the random stream. */
export function makeLoad(random: Random, options: LoadOptions): Load {
  const { taskCount, tasksPerJob, fromMs, untilMs, tasksPerOfferMax } = options;
  assert(untilMs > fromMs && tasksPerJob > 0, "a load takes time and its jobs have tasks");
  const jobCount = Math.ceil(taskCount / tasksPerJob);
  const arrivals = new Float64Array(jobCount);
  const times = random.fork("arrivals");
  for (let job = 0; job < jobCount; job++) arrivals[job] = fromMs + times.below(untilMs - fromMs);
  arrivals.sort();
  const kinds = random.fork("sizes");
  const atMs = new Float64Array(taskCount);
  const sizeOf = new Uint8Array(taskCount);
  for (let index = 0; index < taskCount; index++) {
    atMs[index] = arrivals[Math.floor(index / tasksPerJob)] as number;
    sizeOf[index] = kinds.below(SIZES.length);
  }
  return { atMs, sizeOf, sizes: SIZES, tasksPerOfferMax };
}
