import type { Resources, ResourceValue } from "@bourse/model/resources";
import type { AgentTable } from "./agents.ts";
import { amountOf, isWithin } from "./amounts.ts";
import { grownFloats, widenedFloats, widenValues } from "./rows.ts";
import { NONE } from "./slots.ts";

/**
 * What a framework in a role does not want of an agent for a while (FEATURES M-25). A filter holds what was
 * refused and withholds every offer that lies within it; more of the agent passes.
 *
 * A refusal lasts until its time and at least until one periodic run has passed it by (MESOS-4302). A pause
 * lasts until the next periodic run begins: resources come back with one when the framework did not ask for a
 * filter, so that `refuse_seconds: 0` cannot loop within an instant (DESIGN, When the allocator runs).
 */
export interface Filter {
  readonly kind: "refusal" | "pause";
  readonly pair: number;
  readonly resources: Resources;
  readonly expiresAtMs: number;
  /** How many periodic runs had ended when it was made. */
  readonly madeAfterRuns: number;
}

/** The moment of a run, as filters see it. */
export interface FilterMoment {
  readonly monoMs: number;
  /** Periodic runs that have ended. */
  readonly runs: number;
  /** Within a periodic run pauses are over. */
  readonly isPeriodic: boolean;
}

/**
 * A filter is one record of numbers: these fields, then what was refused by the agent's entries. A cluster in
 * which everything is refused reads one of them for every framework and agent, so a record is what a processor
 * fetches at once.
 */
const EXPIRES_AT_MS = 0;
const MADE_AFTER_RUNS = 1;
/** A filter of an earlier generation than its pair's has been cleared. */
const GENERATION = 2;
/** Of the same agent and pair, made before. */
const NEXT = 3;
const FLAGS = 4;
const AMOUNTS = 5;

const IS_PAUSE = 1;
/** The refused resources are all that the agent has: every offer of it lies within. */
const IS_WHOLE = 2;

/** All filters, by agent and pair. Clearing those of a pair is one step; dead ones are swept out later. */
export class FilterTable {
  readonly #agents: AgentTable;
  #width: number;
  #records: Float64Array;
  /** Beside the amounts, for ranges and sets. */
  readonly #values: (ResourceValue | undefined)[] = [];
  readonly #resources: Resources[] = [];
  #length = 0;
  readonly #free: number[] = [];
  /** By agent: pair -> its newest filter. */
  readonly #newest: (Map<number, number> | undefined)[] = [];
  /** How many pairs an agent had after its last sweep. */
  readonly #sizeAfterSweep: number[] = [];
  readonly #generation: number[] = [];
  #generations = 0;

  constructor(agents: AgentTable) {
    this.#agents = agents;
    this.#width = agents.width;
    this.#records = new Float64Array(16 * (AMOUNTS + this.#width));
  }

  add(agent: number, filter: Filter, moment: FilterMoment): void {
    const newest = this.#open(agent);
    const made = this.#make(agent, filter);
    this.#prune(newest, filter.pair, (older) => {
      return this.#isAlive(older, filter.pair, moment) && !this.#isReplaced(agent, older, made);
    });
    this.#link(newest, filter.pair, made);
    if (newest.size > 2 * this.#sizeAfterSweep[agent]! + 16) this.#sweep(agent, moment);
  }

  /** One of `listOfAgent`; those of one pair in the same order. */
  restore(agent: number, filter: Filter): void {
    this.#link(this.#open(agent), filter.pair, this.#make(agent, filter));
  }

  /** Whether an offer of these amounts of the agent's entries is withheld from the pair. */
  blocks(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    moment: FilterMoment,
  ): boolean {
    const newest = this.#newest[agent];
    if (newest === undefined) return false;
    let filter = newest.get(pair) ?? NONE;
    while (filter !== NONE) {
      if (
        this.#isAlive(filter, pair, moment) &&
        this.#holds(filter, this.#agents.count[agent]!, amounts, values)
      )
        return true;
      filter = this.#field(filter, NEXT);
    }
    return false;
  }

  /** All filters that withhold such an offer from the pair, oldest first; for people. */
  blocking(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    moment: FilterMoment,
  ): readonly Filter[] {
    const count = this.#agents.count[agent]!;
    return this.#chain(this.#newest[agent]?.get(pair) ?? NONE)
      .filter((filter) => this.#isAlive(filter, pair, moment))
      .filter((filter) => this.#holds(filter, count, amounts, values))
      .map((filter) => this.#read(filter, pair));
  }

  /**
   * The filters of an agent that are in force, those of one pair oldest first; pairs in no order that means
   * anything. Which dead ones have been swept out does not show.
   */
  listOfAgent(agent: number, moment: FilterMoment): readonly Filter[] {
    return Array.from(this.#newest[agent] ?? []).flatMap(([pair, newest]) =>
      this.#chain(newest)
        .filter((filter) => this.#isAlive(filter, pair, moment))
        .map((filter) => this.#read(filter, pair)),
    );
  }

  /** Refusals in force. */
  count(moment: FilterMoment): number {
    let count = 0;
    this.#newest.forEach((_, agent) => {
      for (const filter of this.listOfAgent(agent, moment)) if (filter.kind === "refusal") count++;
    });
    return count;
  }

  clearPair(pair: number): void {
    this.#generations++;
    this.#generation[pair] = this.#generations;
  }

  clearAgent(agent: number): void {
    for (const newest of this.#newest[agent]?.values() ?? [])
      for (const filter of this.#chain(newest)) this.#release(filter);
    this.#newest[agent] = undefined;
  }

  /** The agent's entries or totals have changed. */
  moveEntries(agent: number): void {
    for (const newest of this.#newest[agent]?.values() ?? [])
      for (const filter of this.#chain(newest)) this.#layOut(agent, filter);
  }

  #field(filter: number, field: number): number {
    return this.#records[filter * (AMOUNTS + this.#width) + field]!;
  }

  #isPause(filter: number): boolean {
    return (this.#field(filter, FLAGS) & IS_PAUSE) !== 0;
  }

  #generationOf(pair: number): number {
    return this.#generation[pair] ?? 0;
  }

  #isAlive(filter: number, pair: number, moment: FilterMoment): boolean {
    const at = filter * (AMOUNTS + this.#width);
    const records = this.#records;
    if (records[at + GENERATION] !== this.#generationOf(pair)) return false;
    const isUntouched = records[at + MADE_AFTER_RUNS] === moment.runs;
    if ((records[at + FLAGS]! & IS_PAUSE) !== 0) return isUntouched && !moment.isPeriodic;
    return isUntouched || moment.monoMs < records[at + EXPIRES_AT_MS]!;
  }

  /** Whether these amounts of the agent's entries lie within what was refused. */
  #holds(
    filter: number,
    count: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    from = 0,
  ): boolean {
    const at = filter * (AMOUNTS + this.#width);
    const records = this.#records;
    if ((records[at + FLAGS]! & IS_WHOLE) !== 0) return true;
    for (let entry = 0; entry < count; entry++) {
      const amount = amounts[from + entry]!;
      if (amount <= 0) continue;
      const refused = records[at + AMOUNTS + entry]!;
      const refusedValue = this.#values[filter * this.#width + entry];
      if (!isWithin(amount, values[from + entry], refused, refusedValue)) return false;
    }
    return true;
  }

  /** A newer filter that holds as much and lasts as long makes the older one idle. */
  #isReplaced(agent: number, older: number, newer: number): boolean {
    if (this.#isPause(older) !== this.#isPause(newer)) return false;
    if (this.#field(older, EXPIRES_AT_MS) > this.#field(newer, EXPIRES_AT_MS)) return false;
    const stride = AMOUNTS + this.#width;
    const amounts = this.#records.subarray(older * stride + AMOUNTS, (older + 1) * stride);
    const values = this.#values.slice(older * this.#width, (older + 1) * this.#width);
    return this.#holds(newer, this.#agents.count[agent]!, amounts, values);
  }

  #make(agent: number, filter: Filter): number {
    const made = this.#free.pop() ?? this.#length++;
    const stride = AMOUNTS + this.#width;
    this.#records = grownFloats(this.#records, (made + 1) * stride);
    while (this.#values.length < (made + 1) * this.#width) this.#values.push(undefined);
    const at = made * stride;
    this.#records[at + EXPIRES_AT_MS] = filter.expiresAtMs;
    this.#records[at + MADE_AFTER_RUNS] = filter.madeAfterRuns;
    this.#records[at + GENERATION] = this.#generationOf(filter.pair);
    this.#records[at + NEXT] = NONE;
    this.#records[at + FLAGS] = filter.kind === "pause" ? IS_PAUSE : 0;
    this.#resources[made] = filter.resources;
    this.#layOut(agent, made);
    return made;
  }

  #layOut(agent: number, filter: number): void {
    const { count, width, total, totalValue } = this.#agents;
    if (width > this.#width) this.#widen(width);
    const at = filter * (AMOUNTS + this.#width);
    const valueAt = filter * this.#width;
    this.#records.fill(0, at + AMOUNTS, at + AMOUNTS + this.#width);
    this.#values.fill(undefined, valueAt, valueAt + this.#width);
    this.#records[at + FLAGS]! &= ~IS_WHOLE;
    for (const resource of this.#resources[filter]!) {
      const entry = this.#agents.entryOfResource(agent, resource);
      if (entry === NONE) continue; // The agent has none of it any more.
      this.#records[at + AMOUNTS + entry] = amountOf(resource.value);
      if (resource.value.type !== "scalar") this.#values[valueAt + entry] = resource.value;
    }
    if (this.#holds(filter, count[agent]!, total, totalValue, agent * width))
      this.#records[at + FLAGS]! |= IS_WHOLE;
  }

  #read(filter: number, pair: number): Filter {
    return {
      kind: this.#isPause(filter) ? "pause" : "refusal",
      pair,
      resources: this.#resources[filter]!,
      expiresAtMs: this.#field(filter, EXPIRES_AT_MS),
      madeAfterRuns: this.#field(filter, MADE_AFTER_RUNS),
    };
  }

  /** Oldest first. */
  #chain(newest: number): readonly number[] {
    const filters: number[] = [];
    for (let filter = newest; filter !== NONE; filter = this.#field(filter, NEXT))
      filters.push(filter);
    return filters.reverse();
  }

  #open(agent: number): Map<number, number> {
    const known = this.#newest[agent];
    if (known !== undefined) return known;
    const newest = new Map<number, number>();
    this.#newest[agent] = newest;
    this.#sizeAfterSweep[agent] = 0;
    return newest;
  }

  #link(newest: Map<number, number>, pair: number, filter: number): void {
    this.#records[filter * (AMOUNTS + this.#width) + NEXT] = newest.get(pair) ?? NONE;
    newest.set(pair, filter);
  }

  #prune(newest: Map<number, number>, pair: number, isKept: (filter: number) => boolean): void {
    const first = newest.get(pair);
    if (first === undefined) return;
    newest.delete(pair);
    for (const filter of this.#chain(first)) {
      if (isKept(filter)) this.#link(newest, pair, filter);
      else this.#release(filter);
    }
  }

  #release(filter: number): void {
    this.#resources[filter] = [];
    this.#free.push(filter);
  }

  #sweep(agent: number, moment: FilterMoment): void {
    const newest = this.#newest[agent]!;
    for (const pair of Array.from(newest.keys()))
      this.#prune(newest, pair, (filter) => this.#isAlive(filter, pair, moment));
    this.#sizeAfterSweep[agent] = newest.size;
  }

  #widen(width: number): void {
    this.#records = widenedFloats(this.#records, AMOUNTS + this.#width, AMOUNTS + width);
    widenValues(this.#values, this.#width, width);
    this.#width = width;
  }
}
