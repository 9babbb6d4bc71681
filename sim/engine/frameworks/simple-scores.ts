import type { Random } from "@bourse/model/random";
import type { TaskClass } from "./batch-columns.ts";
import type { Dimensions } from "./dimensions.ts";
import type { FreeSpace } from "./free-space.ts";
import type { HeldAgent } from "./placement-round.ts";
import type { PlacementScore } from "./placement-score.ts";
import type { Residents } from "./residents.ts";

/**
 * Scores are whole points of 100 and the first of equal agents wins, as in the published comparisons (CASES section 6,
 * a kube-scheduler): without that coarseness the vector rules decide otherwise.
 */
export const POINTS = 100;

/** Wherever it fits. */
export class RandomScore implements PlacementScore {
  readonly isDrawn = true;
  readonly isStable = true;

  scoreOf(): number {
    return 0;
  }

  /** Any device with room. */
  devicesFor(space: FreeSpace, wanted: TaskClass, random: Random): number {
    if (wanted.gpuMilli === 0) return space.devicesFor(wanted);
    let chosen = 0;
    let count = 0;
    for (let device = 0; device < space.deviceCount; device++) {
      if ((space.devices[device] as number) < wanted.gpuMilli) continue;
      count += 1;
      if (random.below(count) === 0) chosen = 1 << device;
    }
    return chosen;
  }
}

/** The zone with the fewest tasks of this framework, and there the agent with the fewest. */
export class SpreadScore implements PlacementScore {
  readonly isStable = false;
  readonly #residents: Residents;

  constructor(residents: Residents) {
    this.#residents = residents;
  }

  scoreOf({ agentId, offers }: HeldAgent): number {
    const offer = offers[0];
    const inZone = offer === undefined ? 0 : this.#residents.inZoneOf(offer);
    // No agent has a million tasks of one framework.
    return -(inZone * 1_000_000 + this.#residents.on(agentId));
  }
}

/**
 * Where least is left: the shares of the largest agent that would remain, on average over the dimensions. Few agents
 * fill up one after the other.
 */
export class BestFitScore implements PlacementScore {
  readonly isStable = true;
  readonly #dimensions: Dimensions;

  constructor(dimensions: Dimensions) {
    this.#dimensions = dimensions;
  }

  scoreOf({ space }: HeldAgent, wanted: TaskClass): number {
    const { count } = this.#dimensions;
    let left = 0;
    for (let dimension = 0; dimension < count; dimension++) {
      left += this.#dimensions.free(space, dimension) - this.#dimensions.wanted(wanted, dimension);
    }
    return Math.floor((1 - left / count) * POINTS);
  }
}

/** Where the product of what is wanted and what is free, dimension by dimension, is smallest (Tetris, turned round). */
export class DotProductScore implements PlacementScore {
  readonly isStable = true;
  readonly #dimensions: Dimensions;

  constructor(dimensions: Dimensions) {
    this.#dimensions = dimensions;
  }

  scoreOf({ space }: HeldAgent, wanted: TaskClass): number {
    const { count } = this.#dimensions;
    let product = 0;
    for (let dimension = 0; dimension < count; dimension++) {
      product +=
        this.#dimensions.free(space, dimension) * this.#dimensions.wanted(wanted, dimension);
    }
    return Math.floor((1 - product / count) * POINTS);
  }
}
