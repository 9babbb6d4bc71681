import { CLUSTER_DEFAULTS } from "@bourse/cluster/config";
import type { ClusterConfig } from "@bourse/cluster/inputs";
import { ClusterError } from "@bourse/model/errors";

/** A hundred years: beyond it a time is a mistake, and sums of times stay exact. */
const MS_MAX = 100 * 365 * 86_400_000;

/** What each number may be, both ends included; `null` = it may also be null. */
const BOUNDS: Readonly<Record<Exclude<keyof ClusterConfig, NotNumeric>, Bound>> = {
  allocationIntervalMs: { from: 10, to: MS_MAX },
  offerTimeoutMs: { from: 1, to: MS_MAX, mayBeNull: true },
  agentPingIntervalMs: { from: 10, to: MS_MAX },
  agentPingMissesMax: { from: 1, to: 1_000 },
  agentReregisterTimeoutMs: { from: 1, to: MS_MAX },
  frameworkHeartbeatMs: { from: 10, to: MS_MAX },
  failoverTimeoutDefaultMs: { from: 0, to: MS_MAX },
  refuseDefaultMs: { from: 0, to: MS_MAX },
  completedTasksMax: { from: 0, to: 1_000_000 },
  completedFrameworksMax: { from: 0, to: 1_000_000 },
  decisionsMax: { from: 0, to: 1_000_000 },
};

/** Checked where they are read from text. */
type NotNumeric =
  | "whitelist"
  | "minAllocatable"
  | "fairnessExcluded"
  | "roleSorter"
  | "frameworkSorter"
  | "domain";

interface Bound {
  readonly from: number;
  readonly to: number;
  readonly mayBeNull?: true;
}

/** The defaults with what differs, checked; a refusal names the field. */
export function configOf(differing: Partial<ClusterConfig>): ClusterConfig {
  const config = { ...CLUSTER_DEFAULTS, ...differing };
  for (const [name, { from, to, mayBeNull }] of Object.entries(BOUNDS)) {
    const value = config[name as keyof typeof BOUNDS];
    if (value === null && mayBeNull) continue;
    if (!Number.isInteger(value) || (value as number) < from || (value as number) > to) {
      throw new ClusterError(
        "invalid_call",
        `configure the master: ${name} is ${value}; take a whole number from ${from} to ${to}`,
      );
    }
  }
  return config;
}
