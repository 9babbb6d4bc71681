import type { Resources } from "@bourse/model/resources";
import type { PlacementConstraint } from "@bourse/session/placement";

/** What a service is: so many instances of one task. Times in milliseconds. */
export interface ServiceConfig {
  /** Task ids begin with it: what is found with that beginning belongs to the service. */
  readonly name: string;
  readonly count: number;
  /** Of one instance. */
  readonly resources: Resources;
  /** Host ports of one instance. */
  readonly ports: number;
  readonly constraints: readonly PlacementConstraint[];
  readonly maxPerAgent: number;
  readonly seed: string;
  /** For how long an offer without use is refused, give or take a tenth (FEATURES K-11). */
  readonly refuseMs: number;
  readonly reviveIntervalMs: number;
  readonly reviveBurst: number;
  /** FEATURES MA-6: the first wait after a failure, its growth for each one more, and its bound. */
  readonly backoffMs: number;
  readonly backoffFactor: number;
  readonly backoffMaxMs: number;
  /** So long without a failure, and the backoff begins anew. */
  readonly backoffResetMs: number;
  /** An instance on an agent out of reach counts as running for so long; then it is replaced (MA-7, N-04). */
  readonly replaceUnreachableAfterMs: number;
  /**
   * With fewer agents on offer than instances missing, more offers are waited for so long: agents that register one
   * after the other would otherwise give everything to the first. 0 = never.
   */
  readonly gatherMs: number;
  readonly killGraceMs?: number;
}

export const SERVICE_DEFAULTS = {
  count: 1,
  ports: 0,
  constraints: [],
  maxPerAgent: Number.POSITIVE_INFINITY,
  refuseMs: 120_000,
  reviveIntervalMs: 5_000,
  reviveBurst: 5,
  backoffMs: 1_000,
  backoffFactor: 1.15,
  backoffMaxMs: 300_000,
  backoffResetMs: 60_000,
  replaceUnreachableAfterMs: 60_000,
  gatherMs: 0,
} as const satisfies Partial<ServiceConfig>;
