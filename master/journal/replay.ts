import { Cluster } from "@bourse/cluster/cluster";
import type { ClusterStart } from "@bourse/cluster/inputs";
import { type ReplayProgress, type ReplayResult, replayWith } from "./replay-with.ts";

export type { ReplayProgress, ReplayResult };

/** Lives through a master's journal again, from the state that its header holds (`bourse journal replay`). */
export function replay(
  file: string,
  onProgress?: (done: ReplayProgress) => void,
): Promise<ReplayResult> {
  return replayWith(file, revive, onProgress);
}

/** The core as it was when the file was begun. */
export function revive({ start, snapshot }: { start: ClusterStart; snapshot: unknown }): Cluster {
  return snapshot === null
    ? new Cluster(start)
    : Cluster.restore(snapshot as ClusterSnapshot, start);
}

type ClusterSnapshot = Parameters<typeof Cluster.restore>[0];
