import type { Random } from "@bourse/model/random";
import type { PlacementRule } from "../scenario/scenario.ts";
import type { BatchColumns, TaskClass } from "./batch-columns.ts";
import type { Dimensions } from "./dimensions.ts";
import { FragmentationScore } from "./fragmentation-score.ts";
import type { FreeSpace } from "./free-space.ts";
import { GpuClusteringScore, GpuPackingScore } from "./gpu-scores.ts";
import type { GpuStock } from "./gpu-stock.ts";
import type { HeldAgent } from "./placement-round.ts";
import type { Residents } from "./residents.ts";
import { BestFitScore, DotProductScore, RandomScore, SpreadScore } from "./simple-scores.ts";

/** How well a task goes with an agent. */
export interface PlacementScore {
  /** Scores do not count, every agent where it fits is as good. */
  readonly isDrawn?: boolean;
  /** It depends on what is left of the agent alone, and so holds until that changes. */
  readonly isStable: boolean;
  /** Of one task of the class, which fits; the highest wins. */
  scoreOf(held: HeldAgent, wanted: TaskClass): number;
  /** On which GPUs, as bits; absent = the fullest with room, and of whole ones the first. */
  devicesFor?(space: FreeSpace, wanted: TaskClass, random: Random): number;
}

/** What a framework has learned of the cluster and of its own tasks; it grows as offers come. */
export interface PlacementKnowledge {
  readonly dimensions: Dimensions;
  readonly stock: GpuStock;
  /** Null for rules that need no memory of where tasks are. */
  readonly residents: Residents | null;
}

export function needsResidents(rule: PlacementRule): boolean {
  return rule === "spread" || rule === "gpu-clustering";
}

export function placementScore(
  rule: PlacementRule,
  columns: BatchColumns,
  { dimensions, stock, residents }: PlacementKnowledge,
): PlacementScore {
  switch (rule) {
    case "first":
    case "random":
      return new RandomScore();
    case "spread":
      return new SpreadScore(residents as Residents);
    case "best-fit":
      return new BestFitScore(dimensions);
    case "dot-product":
      return new DotProductScore(dimensions);
    case "gpu-packing":
      return new GpuPackingScore();
    case "gpu-clustering":
      return new GpuClusteringScore(residents as Residents);
    case "fragmentation":
      return new FragmentationScore(columns, stock);
  }
}
