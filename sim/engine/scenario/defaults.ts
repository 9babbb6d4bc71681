import { PLAIN_SHELL } from "../world.ts";
import type {
  AgentGroup,
  BatchSpec,
  ContainerSpec,
  FrameworkSpec,
  Placement,
  PolicySpec,
  Scenario,
  ServiceSpec,
  VolumesSpec,
} from "./scenario.ts";

/** What a scenario is when nothing is said: a healthy, well-connected cluster without agents, for at most an hour. */
export const SCENARIO_DEFAULTS = {
  name: "scenario",
  seed: "1",
  end: { atMs: 3_600_000, isWhenDone: true, liveness: null },
  master: {},
  agentConfig: {},
  sessionConfig: {},
  shell: PLAIN_SHELL,
  latency: { minMs: 1, maxMs: 1 }, // One rack row away; a constant keeps runs easy to follow.
  agents: [],
  roles: [],
  frameworks: [],
  operations: [],
  faults: [],
  // A sweep walks over everything: at 100,000 tasks every 200,000 inputs keep it below a tenth of the run.
  checks: { sweepEvery: 200_000, hasReloads: false, areOn: true },
} as const satisfies Scenario;

/** Images are there: a container needs a few hundred milliseconds to start, and heeds SIGTERM. */
export const CONTAINER_DEFAULTS: ContainerSpec = {
  startMs: [200, 800],
  stopMs: [50, 500],
  launchFailures: 0,
};

export const AGENT_GROUP_DEFAULTS = {
  count: 1,
  attributes: [],
  domains: [],
  startWithinMs: 0,
  containers: CONTAINER_DEFAULTS,
} as const satisfies Partial<AgentGroup>;

export const FRAMEWORK_DEFAULTS = {
  count: 1,
  capabilities: ["PARTITION_AWARE"],
  failoverTimeoutMs: 3_600_000,
  startAtMs: 0,
  flapping: null,
} as const satisfies Partial<FrameworkSpec>;

export const PLACEMENT_DEFAULTS: Placement = { rule: "first", constraints: [] };

export const BATCH_DEFAULTS = {
  kind: "batch",
  placement: PLACEMENT_DEFAULTS,
  tasksPerOfferMax: 10, // So that jobs of several frameworks share a cluster that one could fill.
  attemptsMax: Number.POSITIVE_INFINITY,
  failures: 0,
  replaceUnreachableAfterMs: 60_000, // As the service that is shipped.
  isClosedLoop: false,
} as const satisfies Partial<BatchSpec>;

export const SERVICE_SPEC_DEFAULTS = {
  kind: "service",
  count: 1,
  ports: 0,
  maxPerAgent: Number.POSITIVE_INFINITY,
  replaceUnreachableAfterMs: 60_000,
  scales: [],
  runMs: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
} as const satisfies Partial<ServiceSpec>;

export const VOLUMES_DEFAULTS = {
  kind: "volumes",
  untilMs: Number.POSITIVE_INFINITY,
  volumesMax: 3,
  tasksMax: 10,
  hasSharedVolumes: false,
} as const satisfies Partial<VolumesSpec>;

export const GREEDY_DEFAULTS = {
  kind: "greedy",
  size: [
    { name: "cpus", milli: 1_000 },
    { name: "mem", milli: 1_024_000 },
  ],
  runMs: Number.POSITIVE_INFINITY,
} as const satisfies PolicySpec;

export const IDLE_DEFAULTS = {
  kind: "idle",
  refuseMs: 5_000,
  isSuppressed: false,
} as const satisfies PolicySpec;

export const HOARDER_DEFAULTS = {
  kind: "hoarder",
  holdMs: Number.POSITIVE_INFINITY,
} as const satisfies PolicySpec;
