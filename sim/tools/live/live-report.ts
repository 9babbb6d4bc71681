import type { LoadLatencies, LoadQuantiles } from "@bourse/model/load";

/** What a live run is to do; checked by `checkLiveOptions`. */
export interface LiveOptions {
  readonly agents: number;
  readonly tasks: number;
  /** Submissions a second in the steady steps. */
  readonly ratePerSecond: number;
  /** Measured time of each step. */
  readonly stepSeconds: number;
  /** Over how many processes the agents are spread; each has a connection of its own all the same. */
  readonly agentProcesses: number;
  readonly seed: string;
  /** How `bourse` is started: a program and what comes before its own arguments. */
  readonly command: readonly [program: string, ...words: string[]];
  /** For data and logs; null = a temporary one that is removed. */
  readonly keepDirectory: string | null;
}

/** The report of `sim live`. Times in milliseconds from the intended submission on, quantiles exact. */
export interface LiveReport {
  readonly agents: number;
  readonly tasks: number;
  readonly seed: string;
  /** Agents' established connections to the master: one each. */
  readonly agentConnections: number;
  /** So many tasks fit on all agents. */
  readonly capacityTasks: number;
  /** From the first submission until all tasks ran; null when the run was ended before. */
  readonly rampSeconds: number | null;
  readonly ramp: LiveRamp | null;
  /** By running tasks, ascending. */
  readonly steady: readonly LiveStep[];
  /** The run was ended before its time: what is here was measured, more was wanted. */
  readonly isPartial: boolean;
  readonly machine: { readonly cpus: number; readonly node: string };
}

export interface LiveRamp {
  readonly tasks: number;
  readonly submitToRunningMs: LoadQuantiles;
  readonly parts: LiveParts;
  readonly cpuCores: ProcessCores;
  readonly masterGc: GarbageCollection;
  readonly masterRssMib: number;
}

export interface LiveStep {
  /** How many tasks were to run. */
  readonly runningTasks: number;
  /** On average over the step. */
  readonly runningTasksMean: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
  readonly submitToRunningMs: LoadQuantiles;
  readonly parts: LiveParts;
  readonly submitted: number;
  /** Of those submitted, those that ran; a step is good when it is all. */
  readonly ran: number;
  /** Attempts that were lost and tried again. */
  readonly lost: number;
  /** Tasks that began to run a second. */
  readonly throughputPerSecond: number;
  /** How late the generator itself was: part of submit-to-running, but not the cluster's. */
  readonly generatorLateMs: LoadQuantiles;
  readonly masterCpuCores: number;
  readonly masterRssMib: number;
  readonly masterHeapMib: number;
  readonly masterGc: GarbageCollection;
  readonly masterLoopLagP99Ms: number;
  readonly cpuCores: ProcessCores;
}

export interface LiveParts {
  readonly submitToOffer: LoadQuantiles;
  readonly acceptToStaging: LoadQuantiles;
  readonly stagingToRunning: LoadQuantiles;
}

/** Of one core, on average. */
export interface ProcessCores {
  readonly master: number;
  readonly agents: number;
  readonly load: number;
}

export interface GarbageCollection {
  readonly count: number;
  readonly seconds: number;
}

export function partsOf({
  submitToOffer,
  acceptToStaging,
  stagingToRunning,
}: LoadLatencies): LiveParts {
  return { submitToOffer, acceptToStaging, stagingToRunning };
}
