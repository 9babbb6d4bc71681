import { ALLOCATOR_DEFAULTS } from "@bourse/allocator/options";
import type { ClusterConfig } from "./inputs.ts";

/**
 * Defaults of the master, with where they come from. Where Mesos' default is dangerous (FEATURES T-5) ours is the
 * safe one, and the Mesos value is a flag away.
 */
export const CLUSTER_DEFAULTS: ClusterConfig = {
  ...ALLOCATOR_DEFAULTS, // M-20, M-23, M-24, M-37.
  offerTimeoutMs: 60_000, // N-02: Mesos has none, so one silent framework holds the cluster for ever.
  agentPingIntervalMs: 15_000, // M-46.
  agentPingMissesMax: 5, // M-46: 75 s of silence.
  agentReregisterTimeoutMs: 600_000, // M-7.
  frameworkHeartbeatMs: 15_000, // M-14.
  failoverTimeoutDefaultMs: 604_800_000, // N-06: a week; Mesos' 0 kills everything at the first broken connection.
  refuseDefaultMs: 5_000, // M-25.
  completedTasksMax: 1_000, // M-81.
  completedFrameworksMax: 50, // M-81.
  decisionsMax: 200, // A page of history; one decision is about 200 bytes.
  whitelist: null, // M-51.
};

/** M-5: after this long an agent out of reach is forgotten, and its tasks are unknown. */
export const UNREACHABLE_AGENT_KEPT_MS = 1_209_600_000;
/**
 * Ids of removed frameworks that the master refuses (N-06); a record is about 100 bytes. What there was to see of
 * them goes earlier, see `completedFrameworksMax`.
 */
export const COMPLETED_IDS_MAX = 10_000;
/** Statuses kept per task for views: the usual life is STARTING, RUNNING, KILLING and an end. */
export const STATUSES_PER_TASK_MAX = 5;
/**
 * A framework whose failover timeout ran out while there was no master could not have come back: it gets five
 * heartbeats (M-14) after a start before it is removed.
 */
export const RETURN_GRACE_HEARTBEATS = 5;

/** M-8: of the known agents, how many must be back before a master with quota makes offers. */
export const AGENTS_BACK_PERCENT = 80;

/** Bounds on what a peer can inflate; exceeding one is a refusal that names it. */
export const CLUSTER_LIMITS = {
  frameworksMax: 10_000,
  agentsMax: 100_000,
  rolesPerFrameworkMax: 1_000,
  idLengthMax: 255,
  /** A larger batch goes in two calls. */
  tasksPerAcceptMax: 10_000,
  /** With an id, and not acknowledged. */
  operationsPerFrameworkMax: 1_000,
  /** Not answered or not acknowledged. One that fails costs a walk over all of them. */
  operationsPerAgentMax: 1_000,
  /** Page size of a query. */
  pageMax: 1_000,
} as const;
