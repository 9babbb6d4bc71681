import type { ClusterConfig } from "@bourse/cluster/inputs";
import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { Capability } from "@bourse/model/framework";
import type { Role } from "@bourse/model/ids";
import type { OperatorCall } from "@bourse/model/operator";
import type { Amount } from "@bourse/model/quota";
import type { Resources } from "@bourse/model/resources";
import type { ServiceConfig } from "@bourse/service-policy/service-config";
import type { SessionConfig } from "@bourse/session/session-io";
import type { AgentConfig } from "@bourse/task/inputs";
import type { Latency } from "../network.ts";
import type { ShellOptions } from "../shell.ts";
import type { Fault } from "./fault.ts";
import type { LoadRow } from "./load-row.ts";

/**
 * Everything about one simulated run as plain data: what a scenario file, the flags of `bourse sim run`, the fuzzer,
 * a trace and a what-if question all come to. The same scenario with the same seed gives the same hash. All times are
 * virtual milliseconds from the beginning of the run.
 */
export interface Scenario {
  readonly name: string;
  readonly seed: string;
  readonly end: ScenarioEnd;
  /** What differs from the defaults of a live master. */
  readonly master: Partial<ClusterConfig>;
  readonly agentConfig: Partial<AgentConfig>;
  readonly sessionConfig: Partial<Omit<SessionConfig, "info" | "record" | "seed">>;
  readonly shell: ShellOptions;
  readonly latency: Latency;
  readonly agents: readonly AgentGroup[];
  readonly roles: readonly RoleSetting[];
  readonly frameworks: readonly FrameworkSpec[];
  /** What operators do, and when. */
  readonly operations: readonly TimedOperation[];
  readonly faults: readonly Fault[];
  readonly checks: CheckOptions;
}

/** When a run is over. */
export interface ScenarioEnd {
  /** At the latest then. Faults and operations lie before it. */
  readonly atMs: number;
  /** Also as soon as every task of every load runs or has ended, and every update is acknowledged. */
  readonly isWhenDone: boolean;
  /**
   * The liveness phase: at the end all is repaired, must come to rest `withinMs`, and stay so for `stillMs` (DESIGN
   * section 6). Null = the run just ends.
   */
  readonly liveness: { readonly withinMs: number; readonly stillMs: number } | null;
}

export interface CheckOptions {
  /** A full sweep after so many inputs of the master; Infinity = only at the end. */
  readonly sweepEvery: number;
  /** Cores are replaced by copies restored from their snapshots, at random: the run must stay the same. */
  readonly hasReloads: boolean;
  /** Checks watch the run. Off only to measure what they cost. */
  readonly areOn: boolean;
}

/** Machines of one shape: `name-1`, `name-2`, ..., or just `name` when there is one; their host names too. */
export interface AgentGroup {
  readonly name: string;
  readonly count: number;
  readonly resources: Resources;
  readonly attributes: readonly Attribute[];
  /** The fault domain; with more than one zone the machines go round them. Empty = none. */
  readonly domains: readonly FaultDomain[];
  /** They start within so long, evenly. */
  readonly startWithinMs: number;
  readonly containers: ContainerSpec;
}

/** How containers of an agent behave where their load does not say. Ranges are drawn evenly, ends included. */
export interface ContainerSpec {
  readonly startMs: readonly [min: number, max: number];
  /** From a stop until it has ended. */
  readonly stopMs: readonly [min: number, max: number];
  /** Of launches, the fraction that never runs: the image cannot be pulled, the engine refuses. */
  readonly launchFailures: number;
}

export interface RoleSetting {
  readonly role: Role;
  readonly weightMilli?: number;
  readonly guarantees?: readonly Amount[];
  readonly limits?: readonly Amount[];
}

/** Frameworks of one kind: `name-1`, `name-2`, ..., or just `name` when there is one. Each has the whole load. */
export interface FrameworkSpec {
  readonly name: string;
  readonly count: number;
  readonly roles: readonly Role[];
  readonly capabilities: readonly Capability[];
  readonly failoverTimeoutMs: number;
  readonly startAtMs: number;
  readonly policy: PolicySpec;
  /** Its scheduler's process dies and comes back ("flapping"): so long up, so long down, each give or take a half. */
  readonly flapping: { readonly upMs: number; readonly downMs: number } | null;
}

export type PolicySpec =
  | BatchSpec
  | ServiceSpec
  | VolumesSpec
  /** Takes every offer whole, in tasks of `size`, whether it needs them or not; each runs for `runMs`. */
  | { readonly kind: "greedy"; readonly size: readonly Amount[]; readonly runMs: number }
  /** Subscribed and never interested: declines everything for `refuseMs`, or suppresses. */
  | { readonly kind: "idle"; readonly refuseMs: number; readonly isSuppressed: boolean }
  /** Holds every offer for as long as it may and launches nothing (FEATURES N-02). */
  | { readonly kind: "hoarder"; readonly holdMs: number };

/** A queue of tasks that arrive as the rows say; what fails or is lost is tried again under a new id. */
export interface BatchSpec {
  readonly kind: "batch";
  readonly load: readonly LoadRow[];
  readonly placement: Placement;
  readonly tasksPerOfferMax: number;
  /** Attempts of one task, the first included; Infinity = until it has ended well. */
  readonly attemptsMax: number;
  /** Of attempts, the fraction that ends in failure after a random part of its time ("crash-prone"). */
  readonly failures: number;
  /** A task out of reach for so long is given up as if it were lost; should it come back then, it is killed (MA-7). */
  readonly replaceUnreachableAfterMs: number;
  /** Jobs wait for each other: the next row arrives when the one before has ended, `atMs` after it. */
  readonly isClosedLoop: boolean;
}

/** The service that is shipped: keeps `count` instances. */
export interface ServiceSpec {
  readonly kind: "service";
  readonly count: number;
  readonly size: readonly Amount[];
  readonly ports: number;
  readonly maxPerAgent: number;
  readonly replaceUnreachableAfterMs: number;
  readonly scales: readonly { readonly atMs: number; readonly count: number }[];
  /** One instance lives so long, evenly drawn; [Infinity, Infinity] = until it is stopped. */
  readonly runMs: readonly [min: number, max: number];
  /** Of its own times, what differs from the service that is shipped. */
  readonly config?: Partial<
    Pick<ServiceConfig, "refuseMs" | "reviveIntervalMs" | "backoffMs" | "backoffMaxMs">
  >;
}

/** A framework with state: reserves, makes volumes, launches on them, takes all of it back in the end. */
export interface VolumesSpec {
  readonly kind: "volumes";
  readonly untilMs: number;
  readonly volumesMax: number;
  readonly tasksMax: number;
  readonly hasSharedVolumes: boolean;
}

/**
 * Which of the offers in hand a task goes to.
 * - first: the first that fits, each offer as it comes
 * - random: whichever fits
 * - spread: the agent with the fewest tasks of this framework, by fault domain first
 * - best-fit: where least is left, as a share of the cluster's largest agent, summed over resources
 * - dot-product, gpu-packing, gpu-clustering, fragmentation: the GPU policies of CASES section 6
 */
export type PlacementRule =
  | "first"
  | "random"
  | "spread"
  | "best-fit"
  | "dot-product"
  | "gpu-packing"
  | "gpu-clustering"
  | "fragmentation";

export interface Placement {
  readonly rule: PlacementRule;
  /** Only agents with these attributes, as text: `rack=r1`. All must hold. */
  readonly constraints: readonly {
    readonly attribute: string;
    readonly oneOf: readonly string[];
  }[];
}

/**
 * In `call` agents and frameworks are named as in the scenario where a live call has their ids, machines by host name,
 * and times of maintenance count from the beginning of the run.
 */
export interface TimedOperation {
  readonly atMs: number;
  readonly call: OperatorCall;
}
