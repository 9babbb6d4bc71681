/** How a trace becomes a load; what a format does not know of is ignored by it. All times in milliseconds. */
export interface ImportOptions {
  /** Name of a format; null = told by the first line of each file. */
  readonly format: string | null;
  /** Of all jobs so many, 0 to 1; which ones is decided by `seed` and their names, so that jobs stay whole. */
  readonly sample: number;
  readonly seed: string;
  /** Only what arrives in [fromMs, untilMs) of the trace; `fromMs` becomes 0. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** What arrived before `fromMs` and still runs then arrives at 0, with the rest of its time. */
  readonly isWithRunning: boolean;
  /** All times, arrivals and runs, times this: 0.1 makes ten hours one. */
  readonly timeScale: number;
  /** Arrivals in the order of the trace, but so far apart; null = as in the trace. */
  readonly everyMs: number | null;
  /** Arrivals in an order drawn by `seed`; the times stay in their places. */
  readonly isShuffled: boolean;
  /** Everything runs until the run is over. */
  readonly isEndless: boolean;
  /** What 1.0 is in traces that give parts of a machine; null = not said. */
  readonly machineCpus: number | null;
  readonly machineMemMib: number | null;
  /** Agents get the scalar `gpus` instead of one for each device; then nothing can take a part of one. */
  readonly hasWholeGpus: boolean;
  /** Google: only collections of these tiers; null = all. */
  readonly tiers: readonly string[] | null;
  /** SWIM: what one map or reduce takes, how much it reads at most, and how much it works off in a second. */
  readonly taskCpuMilli: number;
  readonly taskMemMib: number;
  readonly blockMib: number;
  readonly taskMibPerSecond: number;
}

export const IMPORT_DEFAULTS: ImportOptions = {
  format: null,
  sample: 1,
  seed: "1",
  fromMs: 0,
  untilMs: Infinity,
  isWithRunning: false,
  timeScale: 1,
  everyMs: null,
  isShuffled: false,
  isEndless: false,
  machineCpus: null,
  machineMemMib: null,
  hasWholeGpus: false,
  tiers: null,
  taskCpuMilli: 1_000,
  taskMemMib: 1_024,
  blockMib: 64, // HDFS' block of the time, and what SWIM's own replay takes.
  taskMibPerSecond: 3, // A full block takes 21 s; the Mesos paper's median task at Facebook took 23 s.
};
