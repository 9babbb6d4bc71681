import { Cluster } from "@bourse/cluster/cluster";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterInput, ClusterStart } from "@bourse/cluster/inputs";
import { checkInvariants, checkTouched } from "@bourse/cluster/invariants";
import type { Now } from "@bourse/model/now";
import { changesBetween, newDecisions, takePicture } from "./changes.ts";
import type { Condition } from "./condition.ts";
import type { InputRecord } from "./incident.ts";
import type { Here, Visitor } from "./walk.ts";

/** The first input after which something holds, with what it did. */
export interface Finding {
  readonly what: string;
  readonly epoch: number;
  readonly position: number;
  readonly now: Now;
  readonly title: string;
  readonly input: ClusterInput;
  /** Null: the core cannot apply it. */
  readonly effects: Effects | null;
  /** What is different after it, one sentence each. */
  readonly changes: readonly string[];
  /** What the master noted of its decisions meanwhile, by framework. */
  readonly decisions: ReturnType<typeof newDecisions>;
  /** A few inputs before, the newest last. */
  readonly before: readonly Neighbour[];
}

export interface Neighbour {
  readonly position: number;
  readonly wallMs: number;
  readonly title: string;
}

export interface BisectTools {
  titleOf(input: ClusterInput): string;
  /** For tests of another core; absent = `Cluster.restore`. All chance of a core is in its snapshot. */
  restore?(snapshot: ReturnType<Cluster["snapshot"]>, start: ClusterStart): Cluster;
}

/** At least so many inputs between two looks at everything; more in a large cluster, for a look is a walk over it. */
const SWEEP_INPUTS_MIN = 1_000;

/** Inputs before the finding that are shown. */
const NEIGHBOURS = 5;

/** How finely a stretch is divided when somewhere in it an invariant began to be violated. */
const PARTS = 16;

/**
 * Watches a walk for the first input after which something is wrong, or the user's condition holds. Conditions, hashes
 * and what an input touched are looked at after every input; everything else only now and then: where a sweep finds a
 * violation, the stretch since the last good one is lived through again from a snapshot, in ever smaller parts, until
 * one input is left. A violation that comes and goes between two sweeps, on what no input touched, is not seen.
 */
export class Bisector implements Visitor {
  readonly #condition: Condition | null;
  #mark: Mark | null = null;
  /** Since the mark. */
  #stretch: InputRecord[] = [];
  #sweepAfter = SWEEP_INPUTS_MIN;
  finding: Finding | null = null;
  readonly #tools: BisectTools;

  /** Without a condition: a violated invariant, a difference of the hashes, an input that cannot be applied. */
  constructor(condition: Condition | null, tools: BisectTools) {
    this.#condition = condition;
    this.#tools = tools;
  }

  opened: NonNullable<Visitor["opened"]> = (here) => this.#setMark(here);

  after: NonNullable<Visitor["after"]> = (here) => {
    this.#stretch.push(here.record as InputRecord);
    const what = this.#problem(here);
    if (what !== null) this.finding = this.#tell(here, what, this.#stretch.length);
    else if (this.#stretch.length >= this.#sweepAfter) this.#sweep(here);
    return this.finding !== null;
  };

  closed: NonNullable<Visitor["closed"]> = (here) => {
    if (this.finding === null && here.failure === null) this.#sweep(here);
    // What the last input of a file did is compared at its end.
    const { difference } = here.comparison;
    if (this.finding === null && this.#condition === null && difference !== null)
      this.finding = this.#tell(here, difference, this.#stretch.length);
    return this.finding !== null;
  };

  #problem(here: Here): string | null {
    const { cluster, now, failure, effects, comparison } = here;
    if (this.#condition !== null) {
      return this.#condition.holds(cluster, now) ? this.#condition.text : null;
    }
    if (failure !== null) return `the core cannot apply ${failure}`;
    if (comparison.difference !== null) return comparison.difference;
    const { input } = here.record as InputRecord;
    const [violation] = checkTouched(cluster, input, effects as Effects);
    return violation ?? null;
  }

  #sweep(here: Here): void {
    if (this.#condition === null && checkInvariants(here.cluster).length > 0) {
      const { index, violation } = this.#narrow(this.#mark as Mark, 0, this.#stretch.length);
      this.finding = this.#tell(here, violation, index + 1);
      return;
    }
    this.#setMark(here);
  }

  #setMark({ cluster, epoch, position, now }: Here): void {
    this.#mark = markOf(cluster, now, { epoch, position });
    this.#stretch = [];
    const { tasks, agents } = countsOf(cluster);
    this.#sweepAfter = Math.max(SWEEP_INPUTS_MIN, tasks + agents);
  }

  /** The first record in [from, to) of the stretch after which a walk over everything finds a violation. */
  #narrow(mark: Mark, from: number, to: number): { index: number; violation: string } {
    const step = Math.max(1, Math.ceil((to - from) / PARTS));
    const cluster = this.#revive(mark);
    let good = mark;
    for (let begin = from; begin < to; begin += step) {
      const end = Math.min(to, begin + step);
      for (let index = begin; index < end; index++) applyTo(cluster, this.#at(index));
      const [violation] = checkInvariants(cluster);
      if (violation !== undefined) {
        return step === 1 ? { index: begin, violation } : this.#narrow(good, begin, end);
      }
      good = { ...mark, snapshot: cluster.snapshot() };
    }
    throw new Error("a violation that was found is found again");
  }

  /** Lives through the stretch again up to its `count`th input, to see it before and after. */
  #tell(here: Here, what: string, count: number): Finding {
    const mark = this.#mark as Mark;
    const record = this.#at(count - 1);
    const cluster = this.#revive(mark);
    for (let index = 0; index < count - 1; index++) applyTo(cluster, this.#at(index));
    const before = takePicture(cluster, record.now);
    let effects: Effects | null = null;
    try {
      effects = cluster.apply(record.now, record.input);
    } catch {
      // The finding says so.
    }
    const after = takePicture(cluster, record.now);
    const neighbours = this.#stretch.slice(Math.max(0, count - 1 - NEIGHBOURS), count - 1);
    const position = mark.position + count;
    return {
      what,
      epoch: here.epoch,
      position,
      now: record.now,
      title: this.#tools.titleOf(record.input),
      input: record.input,
      effects,
      changes: changesBetween(before, after),
      decisions: newDecisions(before, after),
      before: neighbours.map(({ now, input }, index) => ({
        position: position - neighbours.length + index,
        wallMs: now.wallMs,
        title: this.#tools.titleOf(input),
      })),
    };
  }

  #revive({ snapshot, start }: Mark): Cluster {
    return this.#tools.restore?.(snapshot, start) ?? Cluster.restore(snapshot, start);
  }

  #at(index: number): InputRecord {
    return this.#stretch[index] as InputRecord;
  }
}

/** A moment to go back to. */
interface Mark {
  readonly snapshot: ReturnType<Cluster["snapshot"]>;
  readonly start: ClusterStart;
  readonly epoch: number;
  readonly position: number;
  readonly now: Now;
}

function markOf(
  cluster: Cluster,
  now: Now,
  at: { readonly epoch: number; readonly position: number },
): Mark {
  const start = { config: cluster.state.config, epoch: at.epoch, seed: "", entries: [] };
  return { snapshot: cluster.snapshot(), start, now, ...at };
}

function applyTo(cluster: Cluster, { now, input }: InputRecord): void {
  cluster.apply(now, input);
}

function countsOf(cluster: Cluster): { readonly tasks: number; readonly agents: number } {
  let tasks = 0;
  for (const framework of cluster.state.frameworks.values()) tasks += framework.tasks.size;
  return { tasks, agents: cluster.state.agents.size };
}
