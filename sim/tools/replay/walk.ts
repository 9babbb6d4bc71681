import type { Cluster } from "@bourse/cluster/cluster";
import type { Effects } from "@bourse/cluster/effects";
import { ClusterError } from "@bourse/model/errors";
import type { Now } from "@bourse/model/now";
import type { Comparison, Incident, InputRecord, OpenIncident } from "./incident.ts";

/** Where a walk is. One object for all of it: it moves on with every input. */
export interface Here {
  readonly cluster: Cluster;
  readonly epoch: number;
  /** Inputs that the master of this epoch has applied. */
  readonly position: number;
  /** Of the newest input. */
  readonly now: Now;
  /** The newest input; null before the first of a file. */
  readonly record: InputRecord | null;
  readonly title: string;
  readonly effects: Effects | null;
  /** The newest input cannot be applied: the core says why. Nothing of its epoch follows. */
  readonly failure: string | null;
  readonly comparison: Comparison;
}

/** Looks on. Whoever answers true ends the walk. */
export interface Visitor {
  /** A file begins; the state may be that of another master. */
  opened?(here: Here, file: OpenIncident): void;
  /** The record has not been applied. */
  before?(here: Here, record: InputRecord): boolean;
  after?(here: Here): boolean;
  /** A file is over. */
  closed?(here: Here): boolean;
}

/** What came of living through one file again. */
export interface FileResult {
  readonly file: string;
  readonly build: string;
  readonly epoch: number;
  readonly seed: string;
  /** Applied from this file, and by the master before it. */
  readonly inputs: number;
  readonly inputsBefore: number;
  readonly rollingHash: string;
  readonly stateHash: string;
  /** The last record is not whole: the master was killed while it wrote. */
  readonly isTorn: boolean;
  /** Null when every hash in the file was found again; otherwise the first that was not, in words. */
  readonly difference: string | null;
  readonly failure: string | null;
}

export interface WalkResult {
  /** The last may be in part. */
  readonly files: readonly FileResult[];
  /** A visitor ended it. */
  readonly isStopped: boolean;
  readonly here: Here;
}

export interface WalkProgress {
  readonly inputs: number;
  /** Of the whole journal, 0 to 1. */
  readonly fraction: number;
}

export interface WalkOptions {
  readonly visitors: readonly Visitor[];
  progress?(progress: WalkProgress): void;
  /** Asked now and then: a person may stop it. */
  isStopWanted?(): boolean;
}

/** Inputs between two looks at the clock, the progress and the keyboard. */
const PAUSE_INPUTS = 5_000;

/** Lives through all files in order and compares the hashes: the same files give the same result on every machine. */
export async function walk(incident: Incident, options: WalkOptions): Promise<WalkResult> {
  const files: FileResult[] = [];
  const traveller = new Traveller(incident, options.visitors);
  let isStopped = false;
  for (const [index, { name, open }] of incident.files.entries()) {
    const file = await open();
    traveller.enter(name, file);
    let inputs = 0;
    for (const record of file.records) {
      if (record.kind === "end") {
        traveller.end(record);
        continue;
      }
      isStopped = traveller.apply(record);
      if (isStopped) break;
      inputs += 1;
      if (traveller.here.failure !== null) break;
      if (inputs % PAUSE_INPUTS > 0) continue;
      const fraction = (index + file.fraction) / incident.files.length;
      options.progress?.({ inputs: traveller.inputs, fraction });
      await new Promise(setImmediate);
      isStopped = options.isStopWanted?.() === true;
      if (isStopped) break;
    }
    isStopped = traveller.close() || isStopped;
    files.push(resultOf(name, file, traveller.here, inputs));
    if (isStopped) break;
  }
  return { files, isStopped, here: traveller.here };
}

function resultOf(name: string, file: OpenIncident, here: Here, inputs: number): FileResult {
  return {
    file: name,
    build: file.build,
    epoch: file.epoch,
    seed: file.seed,
    inputs,
    inputsBefore: file.inputsBefore,
    rollingHash: here.comparison.digest(),
    stateHash: here.cluster.stateHash(),
    isTorn: file.isTorn,
    difference: here.comparison.difference,
    failure: here.failure,
  };
}

type MutableHere = { -readonly [Key in keyof Here]: Here[Key] };

class Traveller {
  readonly #incident: Incident;
  readonly #visitors: readonly Visitor[];
  #here: MutableHere | null = null;
  inputs = 0;

  constructor(incident: Incident, visitors: readonly Visitor[]) {
    this.#incident = incident;
    this.#visitors = visitors;
  }

  get here(): Here {
    if (this.#here === null) throw new ClusterError("not_found", "the journal has no files");
    return this.#here;
  }

  enter(name: string, file: OpenIncident): void {
    const cluster = file.revive();
    const comparison = file.compare();
    this.#requireSameState(name, file, cluster);
    this.#here = {
      cluster,
      comparison,
      epoch: file.epoch,
      position: file.inputsBefore,
      now: this.#here?.now ?? { monoMs: 0, wallMs: 0 },
      record: null,
      title: "",
      effects: null,
      failure: null,
    };
    for (const visitor of this.#visitors) visitor.opened?.(this.#here, file);
  }

  /** A later part begins with the state that the inputs of the part before lead to. */
  #requireSameState(name: string, file: OpenIncident, revived: Cluster): void {
    const before = this.#here;
    if (before === null || before.epoch !== file.epoch) return;
    if (before.position !== file.inputsBefore || before.failure !== null) return;
    if (before.comparison.difference !== null) return;
    if (before.cluster.stateHash() === revived.stateHash()) return;
    throw new ClusterError(
      "conflict",
      `replay ${name}: it does not begin with the state in which the file before it ends`,
      { hint: "are these files of one master and one build?" },
    );
  }

  /** True = a visitor wants no more. */
  apply(record: InputRecord): boolean {
    const here = this.#here as MutableHere;
    for (const visitor of this.#visitors) if (visitor.before?.(here, record)) return true;
    here.position += 1;
    here.now = record.now;
    here.record = record;
    here.title = this.#incident.titleOf(record.input);
    this.inputs += 1;
    here.comparison.beforeInput(record, `input ${here.position} (${here.title})`);
    try {
      here.effects = here.cluster.apply(record.now, record.input);
      here.comparison.afterInput(here.effects);
    } catch (error) {
      here.effects = null;
      here.failure = `input ${here.position} (${here.title}): ${ClusterError.from(error).message}`;
    }
    let isEnough = false;
    for (const visitor of this.#visitors) if (visitor.after?.(here)) isEnough = true;
    return isEnough;
  }

  end(record: Parameters<Comparison["atEnd"]>[0]): void {
    const here = this.#here as MutableHere;
    here.comparison.atEnd(record, () => here.cluster.stateHash());
  }

  close(): boolean {
    let isEnough = false;
    for (const visitor of this.#visitors) if (visitor.closed?.(this.here)) isEnough = true;
    return isEnough;
  }
}
