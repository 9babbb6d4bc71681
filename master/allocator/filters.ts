import type { Resources, ResourceValue } from "@bourse/model/resources";
import type { AgentTable } from "./agents.ts";
import { amountOf, isWithin } from "./amounts.ts";
import { RefusalRows } from "./refusal-rows.ts";
import { grownFloats, grownInts, widenedFloats, widenValues } from "./rows.ts";
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
/** Ranges or sets are among the refused. */
const HAS_VALUES = 4;

/**
 * Agent and pair lead to their newest filter through a hash table of heads with open addressing: these four numbers
 * each. A head stays until the table is made anew.
 */
const HEAD = 4;
const OF_AGENT = 0;
const OF_PAIR = 1;
const NEWEST = 2;
/** The next head of the same agent; what hangs together is what an agent has. */
const NEXT_OF_AGENT = 3;
/** As `NEXT_OF_AGENT`: the head does not hang on its agent, which was removed. */
const LOOSE = -2;
const HEADS_START = 64;
/** Fewer are asked as they are; more get a row of notes (refusal-rows.ts). */
const SEVERAL = 4;

/** What `withheldUntilMs` answers for an offer that no filter is in the way of. */
export const PASSES = 0;
/** And for one that only the next periodic run makes. */
export const PAUSED = -1;

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
  #heads = new Int32Array(HEADS_START * HEAD).fill(NONE);
  #mask = HEADS_START - 1;
  #headCount = 0;
  /** By agent: its first head, or NONE. */
  #firstOf: Int32Array = new Int32Array(0);
  /** By pair. */
  #generation: Float64Array = new Float64Array(16);
  #generations = 0;
  readonly #rows: RefusalRows;
  /** Those of the agent at hand. */
  #notes: Float64Array = new Float64Array(0);

  constructor(agents: AgentTable) {
    this.#agents = agents;
    this.#rows = new RefusalRows(agents);
    this.#width = agents.width;
    this.#records = new Float64Array(16 * (AMOUNTS + this.#width));
  }

  add(agent: number, filter: Filter, moment: FilterMoment): void {
    if (2 * this.#headCount > this.#mask) this.#sweep(moment);
    const head = this.#open(agent, filter.pair);
    const made = this.#make(agent, filter);
    const stride = AMOUNTS + this.#width;
    // Those that are dead or idle now are dropped on the way.
    let last = made;
    for (let older = this.#heads[head + NEWEST]!; older !== NONE; ) {
      const next = this.#field(older, NEXT);
      if (this.#isAlive(older, filter.pair, moment) && !this.#isReplaced(agent, older, made)) {
        this.#records[last * stride + NEXT] = older;
        last = older;
      } else this.#release(older);
      older = next;
    }
    this.#records[last * stride + NEXT] = NONE;
    this.#heads[head + NEWEST] = made;
    if (filter.kind === "refusal") this.#noteMade(agent, filter.pair, made);
  }

  /** One of `listOfAgent`; those of one pair in the same order. */
  restore(agent: number, filter: Filter): void {
    if (2 * this.#headCount > this.#mask) this.#sweep(null);
    const head = this.#open(agent, filter.pair);
    const made = this.#make(agent, filter);
    this.#records[made * (AMOUNTS + this.#width) + NEXT] = this.#heads[head + NEWEST]!;
    this.#heads[head + NEWEST] = made;
  }

  /** Offers of the agent are asked about that lie within what is free of it now. */
  startAgent(agent: number): void {
    this.#notes = this.#rows.notesOf(agent);
  }

  /** After `startAgent`: as `withheldUntilMs`, which this saves most of the time; `PASSES` says to ask that. */
  notedUntilMs(pair: number, monoMs: number): number {
    if (pair >= this.#notes.length) return PASSES;
    const untilMs = this.#notes[pair]!;
    return monoMs < untilMs ? untilMs : PASSES;
  }

  /**
   * Whether an offer of these amounts of the agent's entries is withheld from the pair: until when, in `monoMs`, at
   * least; `PASSES` or `PAUSED`.
   */
  withheldUntilMs(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    moment: FilterMoment,
  ): number {
    if (agent >= this.#firstOf.length || this.#firstOf[agent] === NONE) return PASSES;
    const count = this.#agents.count[agent]!;
    let filter = this.#newest(agent, pair);
    while (filter !== NONE) {
      if (this.#isAlive(filter, pair, moment) && this.#holds(filter, count, amounts, values)) {
        if (this.#isPause(filter)) return PAUSED;
        this.#noteFound(agent, pair, filter);
        return this.#field(filter, EXPIRES_AT_MS);
      }
      filter = this.#field(filter, NEXT);
    }
    return PASSES;
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
    return this.#chain(this.#newest(agent, pair))
      .filter((filter) => this.#isAlive(filter, pair, moment))
      .filter((filter) => this.#holds(filter, count, amounts, values))
      .map((filter) => this.#read(filter, pair));
  }

  /**
   * The filters of an agent that are in force, those of one pair oldest first; pairs in no order that means
   * anything. Which dead ones have been swept out does not show.
   */
  listOfAgent(agent: number, moment: FilterMoment): readonly Filter[] {
    const filters: Filter[] = [];
    for (let head = this.#first(agent); head !== NONE; head = this.#heads[head + NEXT_OF_AGENT]!) {
      const pair = this.#heads[head + OF_PAIR]!;
      for (const filter of this.#chain(this.#heads[head + NEWEST]!))
        if (this.#isAlive(filter, pair, moment)) filters.push(this.#read(filter, pair));
    }
    return filters;
  }

  /** Refusals in force. */
  count(moment: FilterMoment): number {
    let count = 0;
    for (let agent = 0; agent < this.#firstOf.length; agent++)
      for (const filter of this.listOfAgent(agent, moment)) if (filter.kind === "refusal") count++;
    return count;
  }

  /** The same by pair; an entry that is not there is a 0. Slow. */
  countByPair(moment: FilterMoment): readonly (number | undefined)[] {
    const counts: number[] = [];
    for (let head = 0; head < this.#heads.length; head += HEAD) {
      if (this.#heads[head + OF_AGENT] === NONE) continue;
      if (this.#heads[head + NEXT_OF_AGENT] === LOOSE) continue;
      const pair = this.#heads[head + OF_PAIR]!;
      let filter = this.#heads[head + NEWEST]!;
      for (; filter !== NONE; filter = this.#field(filter, NEXT))
        if (!this.#isPause(filter) && this.#isAlive(filter, pair, moment))
          counts[pair] = (counts[pair] ?? 0) + 1;
    }
    return counts;
  }

  clearPair(pair: number): void {
    this.#generations++;
    this.#generation = grownFloats(this.#generation, pair + 1);
    this.#generation[pair] = this.#generations;
    this.#rows.forgetPair(pair);
  }

  clearAgent(agent: number): void {
    for (let head = this.#first(agent); head !== NONE; ) {
      const next = this.#heads[head + NEXT_OF_AGENT]!;
      for (const filter of this.#chain(this.#heads[head + NEWEST]!)) this.#release(filter);
      this.#heads[head + NEWEST] = NONE;
      this.#heads[head + NEXT_OF_AGENT] = LOOSE;
      head = next;
    }
    if (agent < this.#firstOf.length) this.#firstOf[agent] = NONE;
    this.#rows.close(agent);
  }

  /** The agent's entries or totals have changed. */
  moveEntries(agent: number): void {
    this.#rows.forget(agent);
    for (let head = this.#first(agent); head !== NONE; head = this.#heads[head + NEXT_OF_AGENT]!)
      for (const filter of this.#chain(this.#heads[head + NEWEST]!)) this.#layOut(agent, filter);
  }

  /** What is refused is still held when that is said: the first refusal that is noted covers itself. */
  #noteMade(agent: number, pair: number, made: number): void {
    const rows = this.#rows;
    if (!rows.has(agent)) {
      if (!this.#hasSeveral(agent)) return;
      rows.open(agent);
      if (!rows.has(agent)) return;
    }
    if (rows.coveredOf(agent) === undefined) {
      const amountsFrom = made * (AMOUNTS + this.#width) + AMOUNTS;
      rows.cover(agent, this.#records, amountsFrom, this.#values, made * this.#width);
    }
    if (this.#holdsCovered(agent, made)) this.#note(agent, pair, made);
  }

  /** A refusal of all that is free and that was not noted: more or less was free before. */
  #noteFound(agent: number, pair: number, found: number): void {
    const { count, free, freeValue, width } = this.#agents;
    if (!this.#rows.has(agent)) return;
    if (!this.#holds(found, count[agent]!, free, freeValue, agent * width)) return;
    if (!this.#rows.isFreeCovered(agent) || !this.#holdsCovered(agent, found))
      this.#rows.coverFree(agent);
    this.#note(agent, pair, found);
  }

  #note(agent: number, pair: number, filter: number): void {
    const untilMs = this.#field(filter, EXPIRES_AT_MS);
    this.#rows.note(agent, pair, untilMs);
  }

  #holdsCovered(agent: number, filter: number): boolean {
    const { covered, coveredValue } = this.#rows.coveredOf(agent)!;
    return this.#holds(filter, this.#agents.count[agent]!, covered, coveredValue);
  }

  #hasSeveral(agent: number): boolean {
    let head = this.#first(agent);
    for (let count = 1; count < SEVERAL && head !== NONE; count++)
      head = this.#heads[head + NEXT_OF_AGENT]!;
    return head !== NONE;
  }

  #first(agent: number): number {
    return agent < this.#firstOf.length ? this.#firstOf[agent]! : NONE;
  }

  #newest(agent: number, pair: number): number {
    const heads = this.#heads;
    for (let slot = slotOf(agent, pair) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const head = slot * HEAD;
      if (heads[head + OF_PAIR] === pair && heads[head + OF_AGENT] === agent)
        return heads[head + NEWEST]!;
      if (heads[head + OF_AGENT] === NONE) return NONE;
    }
  }

  /** The head of an agent and a pair, which it may have had before. */
  #open(agent: number, pair: number): number {
    const heads = this.#heads;
    let head = (slotOf(agent, pair) & this.#mask) * HEAD;
    while (heads[head + OF_AGENT] !== NONE) {
      if (heads[head + OF_AGENT] === agent && heads[head + OF_PAIR] === pair) {
        if (heads[head + NEXT_OF_AGENT] === LOOSE) this.#hang(agent, head);
        return head;
      }
      head = (head + HEAD) & ((this.#mask << 2) | 3);
    }
    heads[head + OF_AGENT] = agent;
    heads[head + OF_PAIR] = pair;
    heads[head + NEWEST] = NONE;
    this.#headCount++;
    this.#hang(agent, head);
    return head;
  }

  #hang(agent: number, head: number): void {
    const known = this.#firstOf.length;
    if (agent >= known) {
      this.#firstOf = grownInts(this.#firstOf, agent + 1);
      this.#firstOf.fill(NONE, known);
    }
    this.#heads[head + NEXT_OF_AGENT] = this.#firstOf[agent]!;
    this.#firstOf[agent] = head;
  }

  #field(filter: number, field: number): number {
    return this.#records[filter * (AMOUNTS + this.#width) + field]!;
  }

  #isPause(filter: number): boolean {
    return (this.#field(filter, FLAGS) & IS_PAUSE) !== 0;
  }

  #generationOf(pair: number): number {
    return pair < this.#generation.length ? this.#generation[pair]! : 0;
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
      if (amount > refused) return false;
      const value = values[from + entry];
      if (value === undefined) continue;
      if (!isWithin(amount, value, refused, this.#values[filter * this.#width + entry]))
        return false;
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
    this.#clearAmounts(filter);
    this.#records[at + FLAGS]! &= ~IS_WHOLE;
    const resources = this.#resources[filter]!;
    for (let index = 0; index < resources.length; index++) {
      const resource = resources[index]!;
      const entry = this.#agents.entryOfResource(agent, resource);
      if (entry === NONE) continue; // The agent has none of it any more.
      this.#records[at + AMOUNTS + entry] = amountOf(resource.value);
      if (resource.value.type === "scalar") continue;
      this.#values[filter * this.#width + entry] = resource.value;
      this.#records[at + FLAGS]! |= HAS_VALUES;
    }
    if (this.#holds(filter, count[agent]!, total, totalValue, agent * width))
      this.#records[at + FLAGS]! |= IS_WHOLE;
  }

  #clearAmounts(filter: number): void {
    const at = filter * (AMOUNTS + this.#width);
    const valueAt = filter * this.#width;
    this.#records.fill(0, at + AMOUNTS, at + AMOUNTS + this.#width);
    if ((this.#records[at + FLAGS]! & HAS_VALUES) === 0) return;
    this.#records[at + FLAGS]! &= ~HAS_VALUES;
    this.#values.fill(undefined, valueAt, valueAt + this.#width);
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

  #release(filter: number): void {
    this.#clearAmounts(filter);
    this.#resources[filter] = [];
    this.#free.push(filter);
  }

  /** Makes the table of heads anew, with those of which a filter is in force (all without a moment). */
  #sweep(moment: FilterMoment | null): void {
    const old = this.#heads;
    const kept: number[] = [];
    for (let head = 0; head < old.length; head += HEAD) {
      if (old[head + OF_AGENT] === NONE || old[head + NEXT_OF_AGENT] === LOOSE) continue;
      const chain = this.#chain(old[head + NEWEST]!);
      const pair = old[head + OF_PAIR]!;
      if (moment === null || chain.some((filter) => this.#isAlive(filter, pair, moment)))
        kept.push(head);
      else for (const filter of chain) this.#release(filter);
    }
    let size = HEADS_START;
    while (size < kept.length * 4) size *= 2;
    this.#heads = new Int32Array(size * HEAD).fill(NONE);
    this.#mask = size - 1;
    this.#headCount = 0;
    this.#firstOf.fill(NONE);
    for (const head of kept) {
      const opened = this.#open(old[head + OF_AGENT]!, old[head + OF_PAIR]!);
      this.#heads[opened + NEWEST] = old[head + NEWEST]!;
    }
  }

  #widen(width: number): void {
    this.#records = widenedFloats(this.#records, AMOUNTS + this.#width, AMOUNTS + width);
    widenValues(this.#values, this.#width, width);
    this.#width = width;
  }
}

/** Where to look first. Eight pairs of an agent lie side by side: a run asks for one after the other. */
function slotOf(agent: number, pair: number): number {
  let hash = Math.imul(agent, 0x9e3779b1) ^ Math.imul(pair >>> 3, 0x85ebca6b);
  hash ^= hash >>> 15;
  return (hash << 3) | (pair & 7);
}
