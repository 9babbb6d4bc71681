import type { TaskClass } from "./batch-columns.ts";
import { gpuKind } from "./batch-columns.ts";
import { type FreeSpace, WHOLE_DEVICE } from "./free-space.ts";
import type { HeldAgent } from "./placement-round.ts";
import type { PlacementScore } from "./placement-score.ts";
import type { Residents } from "./residents.ts";
import { POINTS } from "./simple-scores.ts";

/**
 * GPUs that are in use before free ones of an agent in use, and those before agents that are all free. Tasks without
 * GPUs go anywhere. After the rule of that name in CASES section 6; the bounds between the three are its thirds.
 */
export class GpuPackingScore implements PlacementScore {
  readonly isStable = true;

  scoreOf({ space }: HeldAgent, wanted: TaskClass): number {
    if (gpuKind(wanted) === 0) return 0;
    const whole = space.wholeDevices();
    if (whole === space.deviceCount) return Math.max(Math.floor(POINTS / 3) - whole, whole);
    if (wanted.gpuMilli === 0) return Math.max(POINTS / 2 - wanted.gpuCount, POINTS / 3);
    const left = leftOfFullest(space, wanted.gpuMilli);
    if (left === WHOLE_DEVICE) return POINTS / 2 - 1;
    const percentLeft = Math.floor((left * 100) / WHOLE_DEVICE);
    return Math.max(POINTS - Math.floor(percentLeft / 10), POINTS / 2);
  }
}

/** What is left of the fullest device that has room. */
function leftOfFullest(space: FreeSpace, gpuMilli: number): number {
  let least = WHOLE_DEVICE;
  for (let device = 0; device < space.deviceCount; device++) {
    const left = space.devices[device] as number;
    if (left >= gpuMilli && left < least) least = left;
  }
  return least;
}

/** The most GPUs of one agent that the published rule reckons with. */
const LARGEST_GPU_MILLI = 8_000;

/**
 * Tasks that want the same of GPUs together: agents that have only such tasks, then those that have such tasks among
 * others, then empty ones, then the rest; among equals the fuller one. After the rule of that name in CASES section 6.
 */
export class GpuClusteringScore implements PlacementScore {
  readonly isStable = false;
  readonly #residents: Residents;

  constructor(residents: Residents) {
    this.#residents = residents;
  }

  scoreOf({ agentId, space }: HeldAgent, wanted: TaskClass): number {
    const kind = gpuKind(wanted);
    if (kind === 0) return 0;
    const kinds = this.#residents.kindsOn(agentId);
    const quarter = POINTS / 4;
    const used = LARGEST_GPU_MILLI - space.gpuMilli;
    const fullness = Math.floor((quarter * used) / LARGEST_GPU_MILLI);
    if (kinds.has(kind)) return fullness + quarter * (kinds.size === 1 ? 3 : 2);
    return fullness + (kinds.size === 0 ? quarter : 0);
  }
}
