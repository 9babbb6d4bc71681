import { assert } from "@bourse/model/assert";
import {
  addValues,
  canonical,
  type Resource,
  type Resources,
  type ResourceValue,
  subtractValues,
} from "@bourse/model/resources";
import { amountOf } from "./amounts.ts";
import { HoldingTable } from "./holdings.ts";
import type { DimensionTable, KindTable } from "./kinds.ts";
import type { AgentOptions } from "./options.ts";
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

const WIDTH_START = 8;

/**
 * What every agent has, what of it is held (offered or in use) and what is free, as columns of
 * (agent, entry): an entry is one kind that the agent has, in the order of canonical lists. Amounts of scalars
 * are thousandths; of ranges and sets the number of elements, with the value itself beside.
 *
 * free = total - allocated, never below zero: an agent that came back smaller may hold more than it has.
 */
export class AgentTable {
  readonly slots: Slots;
  readonly holdings = new HoldingTable(WIDTH_START);
  isActive: Uint8Array = new Uint8Array(16);
  /** Whether any entry has something free. */
  hasFree: Uint8Array = new Uint8Array(16);
  hasGpus: Uint8Array = new Uint8Array(16);
  count: Int32Array = new Int32Array(16);
  /** [agent * width + entry]. */
  kind: Int32Array = new Int32Array(16 * WIDTH_START);
  total: Float64Array = new Float64Array(16 * WIDTH_START);
  allocated: Float64Array = new Float64Array(16 * WIDTH_START);
  free: Float64Array = new Float64Array(16 * WIDTH_START);
  width = WIDTH_START;
  readonly totalValue: (ResourceValue | undefined)[] = [];
  readonly allocatedValue: (ResourceValue | undefined)[] = [];
  readonly freeValue: (ResourceValue | undefined)[] = [];
  /** The list as given: an agent of which nothing is held is offered as this very object. */
  readonly totalList: Resources[] = [];
  /** What offer constraints and regions look at. */
  readonly about: AboutAgent[] = [];
  readonly #kinds: KindTable;
  readonly #dimensions: DimensionTable;

  constructor(kinds: KindTable, dimensions: DimensionTable, slots = new Slots()) {
    this.#kinds = kinds;
    this.#dimensions = dimensions;
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
    this.count = grownInts(this.count, rows);
    this.kind = grownInts(this.kind, rows * this.width);
    this.total = grownFloats(this.total, rows * this.width);
    this.allocated = grownFloats(this.allocated, rows * this.width);
    this.free = grownFloats(this.free, rows * this.width);
    for (const values of [this.totalValue, this.allocatedValue, this.freeValue])
      while (values.length < rows * this.width) values.push(undefined);
    this.holdings.openAgent(agent);
    this.isActive[agent] = 1;
    this.hasFree[agent] = 0;
    this.hasGpus[agent] = 0;
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
    for (let entry = 0; entry < this.count[agent]!; entry++) this.#settle(base + entry);
    this.noteFree(agent);
    this.totalList[agent] = resources;
    this.hasGpus[agent] = resources.some(({ name }) => name === "gpus") ? 1 : 0;
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

  /** Gives `amount` of one entry to a holding; for ranges and sets `value` says which. */
  hold(agent: number, holding: number, entry: number, amount: number, value?: ResourceValue): void {
    const at = agent * this.width + entry;
    this.allocated[at]! += amount;
    if (value !== undefined) {
      const before = this.allocatedValue[at];
      this.allocatedValue[at] = before === undefined ? value : addValues(before, value);
      this.allocated[at] = amountOf(this.allocatedValue[at]!);
    }
    this.holdings.add(holding, entry, amount, value);
    this.#settle(at);
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
    this.holdings.subtract(holding, entry, amount, value);
    this.allocated[at]! -= amount;
    if (value !== undefined) {
      const rest = subtractValues(this.allocatedValue[at]!, value);
      this.allocatedValue[at] = amountOf(rest) === 0 ? undefined : rest;
      this.allocated[at] = amountOf(rest);
    }
    this.#settle(at);
  }

  /** To be called after `hold` and `release`: whether anything is free now. */
  noteFree(agent: number): void {
    const base = agent * this.width;
    const count = this.count[agent]!;
    let hasFree = 0;
    for (let entry = 0; entry < count; entry++) if (this.free[base + entry]! > 0) hasFree = 1;
    this.hasFree[agent] = hasFree;
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
    const list: Resource[] = [];
    let isWhole = true;
    for (let entry = 0; entry < count; entry++) {
      const amount = amounts[from + entry]!;
      const value = values[from + entry];
      if (amount !== this.total[base + entry] || value !== this.totalValue[base + entry])
        isWhole = false;
      if (amount <= 0) continue;
      list.push(
        this.#kinds.resourceOf(
          this.kind[base + entry]!,
          value ?? { type: "scalar", milli: amount },
        ),
      );
    }
    return isWhole ? this.totalList[agent]! : list;
  }

  freeOf(agent: number): Resources {
    return this.listOf(agent, this.free, this.freeValue, agent * this.width);
  }

  heldBy(agent: number, holding: number): Resources {
    const { amount, value, width } = this.holdings;
    return this.listOf(agent, amount, value, holding * width);
  }

  #settle(at: number): void {
    const total = this.totalValue[at];
    const allocated = this.allocatedValue[at];
    if (total === undefined) {
      const free = this.total[at]! - this.allocated[at]!;
      this.free[at] = free > 0 && allocated === undefined ? free : 0;
      this.freeValue[at] = undefined;
      return;
    }
    const free = allocated === undefined ? total : subtractValues(total, allocated);
    this.free[at] = amountOf(free);
    this.freeValue[at] = this.free[at] === 0 ? undefined : free;
  }

  #countTotal(at: number, milli: number): void {
    const dimension = this.#kinds.dimension[this.kind[at]!]!;
    if (dimension !== NONE) this.#dimensions.addTotal(dimension, milli);
  }

  /**
   * Gives the agent entries for these retained kinds and for those of its old ones of which something is held,
   * and moves the rows of the agent and of its holdings accordingly.
   */
  #layOut(agent: number, retained: readonly number[]): void {
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
    moveValues(this.totalValue, base, from, old.length);
    moveValues(this.allocatedValue, base, from, old.length);
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
    const kind = new Int32Array((this.kind.length / this.width) * width);
    for (let row = 0; row < this.kind.length / this.width; row++)
      kind.set(this.kind.subarray(row * this.width, (row + 1) * this.width), row * width);
    this.kind = kind;
    for (const values of [this.totalValue, this.allocatedValue, this.freeValue])
      widenValues(values, this.width, width);
    this.holdings.widen(width);
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
