import type { FaultDomain } from "@bourse/model/agent";
import { assert } from "@bourse/model/assert";
import {
  canonical,
  type Resource,
  type Resources,
  type ResourceValue,
  subtractValues,
} from "@bourse/model/resources";
import { amountOf } from "./amounts.ts";
import { TAKES_GPUS, TAKES_REMOTE } from "./clients.ts";
import { HoldingTable } from "./holdings.ts";
import { type DimensionTable, type KindTable, RESERVED, SHARED } from "./kinds.ts";
import type { AgentOptions } from "./options.ts";
import { QuietAgents } from "./quiet.ts";
import type { QuotaTable } from "./quota.ts";
import { joinValues } from "./ranges.ts";
import {
  grownBytes,
  grownFloats,
  grownInts,
  moveFloats,
  moveValues,
  widenedFloats,
  widenValues,
} from "./rows.ts";
import { NONE, Slots } from "./slots.ts";

export type AboutAgent = Omit<AgentOptions, "total">;

/** Room for cpus, mem, disk and ports. */
const WIDTH_START = 4;

/**
 * What every agent has, what of it is held (offered or in use) and what is free, as columns of
 * (agent, entry): an entry is one kind that the agent has, in the order of canonical lists. Amounts of scalars
 * are thousandths; of ranges and sets the number of elements, with the value itself beside.
 *
 * free = total - allocated, never below zero: an agent that came back smaller may hold more than it has. A shared
 * kind is free whoever holds it.
 */
export class AgentTable {
  readonly slots: Slots;
  readonly holdings = new HoldingTable(WIDTH_START);
  isActive: Uint8Array = new Uint8Array(16);
  /** Whether any entry has something free. */
  hasFree: Uint8Array = new Uint8Array(16);
  hasGpus: Uint8Array = new Uint8Array(16);
  /** In another region than the master (FEATURES M-37). */
  isRemote: Uint8Array = new Uint8Array(16);
  /** What a framework must take to get offers of the agent: flags of clients.ts. */
  needs: Uint8Array = new Uint8Array(16);
  count: Int32Array = new Int32Array(16);
  /** [agent * width + entry]. */
  kind: Int32Array = new Int32Array(16 * WIDTH_START);
  total: Float64Array = new Float64Array(16 * WIDTH_START);
  allocated: Float64Array = new Float64Array(16 * WIDTH_START);
  free: Float64Array = new Float64Array(16 * WIDTH_START);
  /** What one copy of a shared entry counts for while somebody holds one, 0 otherwise. */
  copy: Float64Array = new Float64Array(16 * WIDTH_START);
  width = WIDTH_START;
  readonly totalValue: (ResourceValue | undefined)[] = [];
  readonly freeValue: (ResourceValue | undefined)[] = [];
  readonly quiet = new QuietAgents(this);
  /** The list as given: an agent of which nothing is held is offered as this very object. */
  readonly totalList: Resources[] = [];
  /** What offer constraints and regions look at. */
  readonly about: AboutAgent[] = [];
  readonly #kinds: KindTable;
  readonly #dimensions: DimensionTable;
  readonly #quota: QuotaTable;

  constructor(
    kinds: KindTable,
    dimensions: DimensionTable,
    quota: QuotaTable,
    slots = new Slots(),
  ) {
    this.#kinds = kinds;
    this.#dimensions = dimensions;
    this.#quota = quota;
    this.slots = slots;
  }

  /** An active agent that has nothing yet. */
  add(agentId: string): number {
    const agent = this.slots.take(agentId);
    this.openRow(agent);
    return agent;
  }

  /** Makes the row of a slot that is taken. */
  openRow(agent: number): void {
    const rows = agent + 1;
    this.isActive = grownBytes(this.isActive, rows);
    this.hasFree = grownBytes(this.hasFree, rows);
    this.hasGpus = grownBytes(this.hasGpus, rows);
    this.isRemote = grownBytes(this.isRemote, rows);
    this.needs = grownBytes(this.needs, rows);
    this.quiet.open(agent);
    this.count = grownInts(this.count, rows);
    this.kind = grownInts(this.kind, rows * this.width);
    this.total = grownFloats(this.total, rows * this.width);
    this.allocated = grownFloats(this.allocated, rows * this.width);
    this.free = grownFloats(this.free, rows * this.width);
    this.copy = grownFloats(this.copy, rows * this.width);
    for (const values of [this.totalValue, this.freeValue])
      while (values.length < rows * this.width) values.push(undefined);
    this.holdings.openAgent(agent);
    this.isActive[agent] = 1;
    this.hasFree[agent] = 0;
    this.hasGpus[agent] = 0;
    this.isRemote[agent] = 0;
    this.needs[agent] = 0;
    this.count[agent] = 0;
    this.totalList[agent] = [];
  }

  /** Nothing of the agent may be held any more. */
  remove(agent: number): void {
    assert(this.holdings.firstOf(agent) === NONE, "a removed agent holds nothing");
    this.setTotal(agent, []);
    this.slots.release(agent);
    this.isActive[agent] = 0;
  }

  setTotal(agent: number, given: Resources): void {
    this.#countHeadroom(agent, -1);
    const resources = canonical(given);
    const entries = resources.map((resource) => this.#kinds.retain(resource));
    this.#layOut(agent, entries);
    const base = agent * this.width;
    for (let entry = 0; entry < this.count[agent]!; entry++) {
      this.#countTotal(base + entry, -this.total[base + entry]!);
      this.total[base + entry] = 0;
      this.totalValue[base + entry] = undefined;
    }
    resources.forEach((resource, index) => {
      const at = base + this.entryOf(agent, entries[index]!);
      this.total[at] = amountOf(resource.value);
      this.#countTotal(at, this.total[at]!);
      if (resource.value.type !== "scalar") this.totalValue[at] = resource.value;
    });
    for (let entry = 0; entry < this.count[agent]!; entry++) this.#settle(agent, entry);
    this.noteFree(agent);
    this.#countHeadroom(agent, 1);
    this.totalList[agent] = resources;
    this.hasGpus[agent] = resources.some(({ name }) => name === "gpus") ? 1 : 0;
    this.#noteNeeds(agent);
  }

  describe(agent: number, about: AboutAgent, domain: FaultDomain | null): void {
    this.about[agent] = about;
    const isRemote =
      about.domain !== undefined && domain !== null && about.domain.region !== domain.region;
    this.isRemote[agent] = isRemote ? 1 : 0;
    this.#noteNeeds(agent);
  }

  #noteNeeds(agent: number): void {
    this.needs[agent] =
      (this.hasGpus[agent] === 1 ? TAKES_GPUS : 0) |
      (this.isRemote[agent] === 1 ? TAKES_REMOTE : 0);
  }

  /** Entry of the agent with this kind, or NONE. */
  entryOf(agent: number, kind: number): number {
    const base = agent * this.width;
    const count = this.count[agent]!;
    for (let entry = 0; entry < count; entry++) if (this.kind[base + entry] === kind) return entry;
    return NONE;
  }

  entryOfResource(agent: number, resource: Resource): number {
    const kind = this.#kinds.find(resource);
    return kind === NONE ? NONE : this.entryOf(agent, kind);
  }

  /** An active one counts in what guarantees can be kept from. */
  setActive(agent: number, isActive: boolean): void {
    this.#countHeadroom(agent, -1);
    this.isActive[agent] = isActive ? 1 : 0;
    this.#countHeadroom(agent, 1);
  }

  /** Gives `amount` of one entry to a holding; for ranges and sets `value` says which. */
  hold(agent: number, holding: number, entry: number, amount: number, value?: ResourceValue): void {
    const at = agent * this.width + entry;
    const kind = this.kind[at]!;
    const isShared = (this.#kinds.flags[kind]! & SHARED) !== 0;
    if (isShared && this.copy[at] === 0) {
      const total = this.total[at]!;
      this.copy[at] = total > 0 && total < amount ? total : amount;
    }
    this.holdings.add(holding, entry, amount, value);
    this.allocated[at]! += amount;
    if (isShared) return;
    const before = this.free[at]!;
    if (value === undefined) this.#settleScalar(at);
    else if (value === this.freeValue[at]) {
      this.free[at] = 0;
      this.freeValue[at] = undefined;
    } else this.#takeFree(at, value);
    if (this.#quota.isKept) this.#noteHeadroom(agent, kind, this.free[at]! - before);
  }

  /** Whether all that is free of the agent may go to anybody. */
  isPlain(agent: number): boolean {
    const base = agent * this.width;
    const end = base + this.count[agent]!;
    const { flags } = this.#kinds;
    for (let at = base; at < end; at++)
      if (this.free[at]! > 0 && flags[this.kind[at]!] !== 0) return false;
    return true;
  }

  /** The reverse of `hold`; what is given back must be held. */
  release(
    agent: number,
    holding: number,
    entry: number,
    amount: number,
    value?: ResourceValue,
  ): void {
    const at = agent * this.width + entry;
    const kind = this.kind[at]!;
    this.holdings.subtract(holding, entry, amount, value);
    const before = this.free[at]!;
    // Nobody holds what another holds, or what the agent has lost: what comes back is free.
    const isExact = before + this.allocated[at]! === this.total[at];
    this.allocated[at]! -= amount;
    if ((this.#kinds.flags[kind]! & SHARED) !== 0) return;
    if (value === undefined) this.#settleScalar(at);
    else if (isExact) this.#returnFree(at, amount, value);
    else this.#settle(agent, entry);
    if (this.#quota.isKept) this.#noteHeadroom(agent, kind, this.free[at]! - before);
  }

  /**
   * To be called after `hold` and `release`: whether anything is free now. True when the agent has an entry that
   * nothing is of any more, neither there nor held: `setTotal` drops it.
   */
  noteFree(agent: number): boolean {
    const base = agent * this.width;
    const end = base + this.count[agent]!;
    let hasFree = 0;
    let hasNothing = false;
    for (let at = base; at < end; at++) {
      if (this.free[at]! > 0) hasFree = 1;
      else if (this.allocated[at] === 0 && this.total[at] === 0) hasNothing = true;
    }
    this.hasFree[agent] = hasFree;
    return hasNothing;
  }

  /** Entries of the agent for a list that may name kinds which the agent does not have (yet). */
  entriesFor(agent: number, resources: Resources): readonly number[] {
    const known = resources.map((resource) => this.entryOfResource(agent, resource));
    if (!known.includes(NONE)) return known;
    const kinds = Array.from(
      this.kind.subarray(agent * this.width, agent * this.width + this.count[agent]!),
    ).map((kind) => this.#kinds.retain(this.#kinds.templateOf(kind)));
    const wanted = resources.map((resource) => this.#kinds.retain(resource));
    this.#layOut(agent, [...kinds, ...wanted]);
    return resources.map((resource) => this.entryOfResource(agent, resource));
  }

  /** A canonical list of `amounts` of the entries; the very list of the agent when it is everything. */
  listOf(
    agent: number,
    amounts: ArrayLike<number>,
    values: readonly (ResourceValue | undefined)[],
    from = 0,
  ): Resources {
    const base = agent * this.width;
    const count = this.count[agent]!;
    let isWhole = true;
    let length = 0;
    for (let entry = 0; entry < count; entry++) {
      const amount = amounts[from + entry]!;
      if (amount > 0) length++;
      if (amount !== this.total[base + entry]) isWhole = false;
    }
    if (isWhole && this.#isTotal(agent, values, from)) return this.totalList[agent]!;
    const list = new Array<Resource>(length);
    let index = 0;
    for (let entry = 0; entry < count; entry++) {
      const amount = amounts[from + entry]!;
      if (amount <= 0) continue;
      const kind = this.kind[base + entry]!;
      list[index++] = this.#kinds.resourceOf(kind, amount, values[from + entry]);
    }
    return list;
  }

  #isTotal(agent: number, values: readonly (ResourceValue | undefined)[], from: number): boolean {
    const base = agent * this.width;
    for (let entry = 0; entry < this.count[agent]!; entry++)
      if (values[from + entry] !== this.totalValue[base + entry]) return false;
    return true;
  }

  freeOf(agent: number): Resources {
    return this.listOf(agent, this.free, this.freeValue, agent * this.width);
  }

  heldBy(agent: number, holding: number): Resources {
    const { amount, value, width } = this.holdings;
    return this.listOf(agent, amount, value, holding * width);
  }

  /** One of each shared resource that somebody holds, for snapshots. */
  copiesOf(agent: number): Resources {
    const base = agent * this.width;
    const entries = Array.from({ length: this.count[agent]! }, (_, entry) => base + entry);
    return entries
      .filter((at) => this.copy[at]! > 0 && this.#kinds.dimension[this.kind[at]!] !== NONE)
      .map((at) => this.#kinds.resourceOf(this.kind[at]!, this.copy[at]!, undefined));
  }

  /** What `copiesOf` told: it will be held. */
  expectCopies(agent: number, copies: Resources): void {
    const entries = this.entriesFor(agent, copies);
    copies.forEach(({ value }, index) => {
      this.copy[agent * this.width + entries[index]!] = amountOf(value);
    });
  }

  /** What is free of an entry, from its total and what is held of it. */
  #settle(agent: number, entry: number): void {
    const at = agent * this.width + entry;
    const isShared = (this.#kinds.flags[this.kind[at]!]! & SHARED) !== 0;
    let free = this.totalValue[at];
    if (isShared) {
      this.free[at] = this.total[at]!;
      this.freeValue[at] = free;
    } else if (free === undefined) {
      this.#settleScalar(at);
    } else {
      const { holdings } = this;
      for (let of = holdings.firstOf(agent); of !== NONE; of = holdings.nextOf(of)) {
        const held = holdings.value[of * this.width + entry];
        if (held !== undefined) free = subtractValues(free, held);
      }
      this.#setFree(at, free);
    }
  }

  /** An entry of ranges that the agent has no more has nothing free either. */
  #settleScalar(at: number): void {
    const free = this.total[at]! - this.allocated[at]!;
    this.free[at] = free > 0 ? free : 0;
    this.freeValue[at] = undefined;
  }

  #takeFree(at: number, value: ResourceValue): void {
    const free = this.freeValue[at];
    if (free !== undefined) this.#setFree(at, subtractValues(free, value));
  }

  #returnFree(at: number, amount: number, value: ResourceValue): void {
    const free = this.freeValue[at];
    this.free[at]! += amount;
    const isWhole = this.free[at] === this.total[at];
    if (isWhole) this.freeValue[at] = this.totalValue[at];
    else this.freeValue[at] = free === undefined ? value : joinValues(free, value);
  }

  #setFree(at: number, value: ResourceValue): void {
    this.free[at] = amountOf(value);
    this.freeValue[at] = this.free[at] === 0 ? undefined : value;
  }

  /** Counts the agent's free resources in or out of what guarantees can be kept from. */
  #countHeadroom(agent: number, sign: 1 | -1): void {
    if (!this.#quota.isKept) return;
    const base = agent * this.width;
    for (let entry = 0; entry < this.count[agent]!; entry++)
      this.#noteHeadroom(agent, this.kind[base + entry]!, sign * this.free[base + entry]!);
  }

  #noteHeadroom(agent: number, kind: number, milli: number): void {
    const dimension = this.#kinds.dimension[kind]!;
    if (dimension === NONE || this.#kinds.flags[kind] !== 0 || this.isActive[agent] === 0) return;
    this.#quota.noteFree(dimension, milli);
  }

  /** Tells the quota of all that there is: reservations and what is free. */
  recount(): void {
    for (let agent = 0; agent < this.slots.length; agent++) {
      if (!this.slots.isUsed(agent)) continue;
      this.#countHeadroom(agent, 1);
      const base = agent * this.width;
      for (let at = base; at < base + this.count[agent]!; at++)
        this.#countReserved(this.kind[at]!, this.total[at]!);
    }
  }

  #countTotal(at: number, milli: number): void {
    const kind = this.kind[at]!;
    const dimension = this.#kinds.dimension[kind]!;
    if (dimension === NONE) return;
    this.#dimensions.addTotal(dimension, milli);
    if (this.#quota.isKept) this.#countReserved(kind, milli);
  }

  /** All that is reserved for a role counts against its quota, held or not (FEATURES M-31). */
  #countReserved(kind: number, milli: number): void {
    const dimension = this.#kinds.dimension[kind]!;
    if (dimension === NONE || (this.#kinds.flags[kind]! & RESERVED) === 0) return;
    this.#quota.charge(this.#kinds.holder[kind]!, dimension, milli);
  }

  /**
   * Gives the agent entries for these retained kinds and for those of its old ones of which something is held,
   * and moves the rows of the agent and of its holdings accordingly.
   */
  #layOut(agent: number, retained: readonly number[]): void {
    this.quiet.end(agent);
    const oldBase = agent * this.width;
    const old = Array.from(this.kind.subarray(oldBase, oldBase + this.count[agent]!));
    const stillHeld = old.filter((_, entry) => this.allocated[oldBase + entry]! > 0);
    for (const kind of stillHeld) this.#kinds.retain(this.#kinds.templateOf(kind));
    const kinds = distinct([...retained, ...stillHeld], (kind) => this.#kinds.release(kind)).sort(
      (a, b) => (this.#kinds.keyOf(a) < this.#kinds.keyOf(b) ? -1 : 1),
    );
    if (kinds.length > this.width) this.#widen(kinds.length);
    const base = agent * this.width;
    const from = kinds.map((kind) => old.indexOf(kind));
    for (let entry = 0; entry < old.length; entry++) {
      const at = base + entry;
      if (!kinds.includes(old[entry]!)) this.#countTotal(at, -this.total[at]!);
    }
    moveFloats(this.total, base, from, old.length);
    moveFloats(this.allocated, base, from, old.length);
    moveFloats(this.free, base, from, old.length);
    moveFloats(this.copy, base, from, old.length);
    moveValues(this.totalValue, base, from, old.length);
    moveValues(this.freeValue, base, from, old.length);
    this.holdings.move(agent, from, old.length);
    this.kind.set(kinds, base);
    this.count[agent] = kinds.length;
    for (const kind of old) this.#kinds.release(kind);
  }

  #widen(wanted: number): void {
    const width = Math.max(wanted, this.width * 2);
    this.total = widenedFloats(this.total, this.width, width);
    this.allocated = widenedFloats(this.allocated, this.width, width);
    this.free = widenedFloats(this.free, this.width, width);
    this.copy = widenedFloats(this.copy, this.width, width);
    const kind = new Int32Array((this.kind.length / this.width) * width);
    for (let row = 0; row < this.kind.length / this.width; row++)
      kind.set(this.kind.subarray(row * this.width, (row + 1) * this.width), row * width);
    this.kind = kind;
    for (const values of [this.totalValue, this.freeValue]) widenValues(values, this.width, width);
    this.holdings.widen(width);
    this.quiet.endAll();
    this.width = width;
  }
}

function distinct(kinds: readonly number[], onDouble: (kind: number) => void): number[] {
  const seen = new Set<number>();
  for (const kind of kinds) {
    if (seen.has(kind)) onDouble(kind);
    seen.add(kind);
  }
  return Array.from(seen);
}
