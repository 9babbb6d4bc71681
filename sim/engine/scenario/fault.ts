/** What can go wrong. A new kind: one entry here and its code in the table of `sim/engine/faults/`. */
export const FAULT_KINDS = [
  "link-break",
  "partition",
  "slow-network",
  "agent-crash",
  "framework-crash",
  "master-crash",
  "slow-store",
  "clock-jump",
  "container-kill",
  "docker-failure",
  "rack-loss",
  "deactivation",
  "operator-kill",
  "quota-change",
  "weight-change",
  "reservation",
  "maintenance",
  "teardown",
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

/**
 * One thing that goes wrong at one time. Plain data, and each with chance of its own, so that taking one out of a
 * scenario changes nothing about the others: that is what makes a failing scenario shrink.
 */
export interface Fault {
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Decides all that is not said here: whom it strikes, how hard. */
  readonly seed: number;
  /** How long a process stays down, a partition lasts, a store is slow. */
  readonly lastMs: number;
  /** Names of the nodes that it strikes; absent = the seed picks. */
  readonly targets?: readonly string[];
  /** Of a partition: the other side; absent = everybody else. */
  readonly others?: readonly string[];
}
