import type { Random } from "@bourse/model/random";
import type { Network } from "./network.ts";
import type { Probes } from "./probe.ts";
import type { Simulation } from "./simulation.ts";

/** How the shells of a simulated cluster behave: what lies between a core and the world. Times in milliseconds. */
export interface ShellOptions {
  /** Effects are deep-frozen, policies are stored before their calls go out: for tests, it costs time. */
  readonly isStrict: boolean;
  /** Nodes may crash, so what they store is kept. */
  readonly hasCrashes: boolean;
  /** An append takes up to this long. */
  readonly appendMaxMs: number;
  /** Effects without a record are held back up to this long. */
  readonly holdMaxMs: number;
  /** A turn of the master's loop begins up to this long after its first input. */
  readonly turnMaxMs: number;
  /** A node that is not connected tries again after up to this long. */
  readonly connectMaxMs: number;
}

/** What every simulated node is given. */
export interface Surroundings {
  readonly simulation: Simulation;
  readonly network: Network;
  readonly probes: Probes;
  readonly shell: ShellOptions;
}

/** The delay of one append, or of effects that are only held back. */
export function drawDelayMs(shell: ShellOptions, random: Random, recordCount: number): number {
  const maxMs = recordCount > 0 ? shell.appendMaxMs : shell.holdMaxMs;
  return maxMs === 0 ? 0 : random.below(maxMs + 1);
}
