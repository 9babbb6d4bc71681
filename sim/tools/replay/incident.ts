import type { Cluster } from "@bourse/cluster/cluster";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterConfig, ClusterInput } from "@bourse/cluster/inputs";
import type { Now } from "@bourse/model/now";

/**
 * A production incident as a journal tells it: files in the order in which they were written, of one master or of
 * several, one after the other. Whoever can read journals provides it.
 */
export interface Incident {
  readonly files: readonly IncidentFile[];
  /** What an input is called: `accept`, `agent-update`, `wake`. */
  titleOf(input: ClusterInput): string;
}

export interface IncidentFile {
  readonly name: string;
  open(): Promise<OpenIncident>;
}

export interface OpenIncident {
  readonly build: string;
  /** Of the master that wrote it; each has its own. */
  readonly epoch: number;
  readonly seed: string;
  /** Inputs that this master had applied before. */
  readonly inputsBefore: number;
  readonly config: ClusterConfig;
  /** As the core was when the file was begun. */
  revive(): Cluster;
  compare(): Comparison;
  /** Once. */
  readonly records: Iterable<IncidentRecord>;
  /** Read of the file so far, 0 to 1. */
  readonly fraction: number;
  /** Once all records are read: the last one is not whole. */
  readonly isTorn: boolean;
}

export type InputRecord = {
  readonly kind: "input";
  readonly now: Now;
  readonly input: ClusterInput;
  readonly check: number;
  readonly crc: number;
};

export type IncidentRecord =
  | InputRecord
  | { readonly kind: "end"; readonly digest: string; readonly stateHash: string | null };

/** Compares what a replay does with the hashes of the file. */
export interface Comparison {
  /** The first difference, in words; null = none so far. */
  readonly difference: string | null;
  beforeInput(record: InputRecord, title: string): void;
  afterInput(effects: Effects): void;
  atEnd(record: Extract<IncidentRecord, { kind: "end" }>, stateHash: () => string): void;
  digest(): string;
}
