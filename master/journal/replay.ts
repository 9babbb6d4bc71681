import { Cluster } from "@bourse/cluster/cluster";
import type { ClusterStart } from "@bourse/cluster/inputs";
import { type ReplayProgress, type ReplayResult, replayWith } from "./replay-with.ts";

export type { ReplayProgress, ReplayResult };

/** Lives through a master's journal again, from the state that its header holds (`bourse journal replay`). */
export function replay(
  file: string,
  onProgress?: (done: ReplayProgress) => void,
): Promise<ReplayResult> {
  const revive = ({ start, snapshot }: { start: ClusterStart; snapshot: unknown }): Cluster =>
    snapshot === null ? new Cluster(start) : Cluster.restore(snapshot as ClusterSnapshot, start);
  return replayWith(file, revive, onProgress);
}

type ClusterSnapshot = Parameters<typeof Cluster.restore>[0];
