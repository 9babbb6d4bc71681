import { assert } from "@bourse/model/assert";
import type { ResourceValue } from "@bourse/model/resources";
import { subtractValues } from "@bourse/model/resources";
import { amountOf } from "./amounts.ts";
import { hasValue, joinValues } from "./ranges.ts";
import {
  grownFloats,
  grownInts,
  moveFloats,
  moveValues,
  widenedFloats,
  widenValues,
} from "./rows.ts";
import { NONE } from "./slots.ts";

/**
 * What each pair (framework, role) holds of each agent, offered or in use: a chain of rows per agent, newest
 * first. A row has the same entries as its agent and exists while it holds something.
 */
export class HoldingTable {
  width: number;
  /** [holding * width + entry]. */
  amount: Float64Array;
  readonly value: (ResourceValue | undefined)[] = [];
  #pair: Int32Array = new Int32Array(16);
  #next: Int32Array = new Int32Array(16);
  #first: Int32Array = new Int32Array(16);
  #length = 0;
  readonly #free: number[] = [];

  constructor(width: number) {
    this.width = width;
    this.amount = new Float64Array(16 * width);
  }

  openAgent(agent: number): void {
    this.#first = grownInts(this.#first, agent + 1);
    this.#first[agent] = NONE;
  }

  firstOf(agent: number): number {
    return this.#first[agent]!;
  }

  nextOf(holding: number): number {
    return this.#next[holding]!;
  }

  pairOf(holding: number): number {
    return this.#pair[holding]!;
  }

  find(agent: number, pair: number): number {
    let holding = this.#first[agent]!;
    while (holding !== NONE && this.#pair[holding] !== pair) holding = this.#next[holding]!;
    return holding;
  }

  open(agent: number, pair: number): number {
    const holding = this.#free.pop() ?? this.#length++;
    this.#pair = grownInts(this.#pair, holding + 1);
    this.#next = grownInts(this.#next, holding + 1);
    this.amount = grownFloats(this.amount, (holding + 1) * this.width);
    while (this.value.length < (holding + 1) * this.width) this.value.push(undefined);
    this.#pair[holding] = pair;
    this.#next[holding] = this.#first[agent]!;
    this.#first[agent] = holding;
    return holding;
  }

  isEmpty(holding: number): boolean {
    const base = holding * this.width;
    for (let entry = 0; entry < this.width; entry++)
      if (this.amount[base + entry]! > 0) return false;
    return true;
  }

  close(agent: number, holding: number): void {
    if (this.#first[agent] === holding) {
      this.#first[agent] = this.#next[holding]!;
    } else {
      let before = this.#first[agent]!;
      while (this.#next[before] !== holding) before = this.#next[before]!;
      this.#next[before] = this.#next[holding]!;
    }
    this.#free.push(holding);
  }

  /** The amount of a value; known without a count when it is all that is held. */
  amountOf(holding: number, entry: number, value: ResourceValue): number {
    if (value.type === "scalar") return value.milli;
    const at = holding * this.width + entry;
    return this.value[at] === value ? this.amount[at]! : amountOf(value);
  }

  has(holding: number, entry: number, amount: number, value?: ResourceValue): boolean {
    const at = holding * this.width + entry;
    if (this.amount[at]! < amount) return false;
    const held = this.value[at];
    return value === undefined || (held !== undefined && hasValue(held, value));
  }

  add(holding: number, entry: number, amount: number, value?: ResourceValue): void {
    const at = holding * this.width + entry;
    this.amount[at]! += amount;
    if (value === undefined) return;
    const before = this.value[at];
    const after = before === undefined ? value : joinValues(before, value);
    this.value[at] = after;
    this.amount[at] = amountOf(after);
  }

  subtract(holding: number, entry: number, amount: number, value?: ResourceValue): void {
    assert(this.has(holding, entry, amount, value), "what is given back must be held");
    const at = holding * this.width + entry;
    this.amount[at]! -= amount;
    if (value === undefined) return;
    if (value === this.value[at]) {
      this.amount[at] = 0;
      this.value[at] = undefined;
      return;
    }
    const after = subtractValues(this.value[at]!, value);
    this.amount[at] = amountOf(after);
    this.value[at] = this.amount[at] === 0 ? undefined : after;
  }

  /** The agent's entries have moved: entry i was `from[i]`. */
  move(agent: number, from: readonly number[], oldCount: number): void {
    for (let holding = this.#first[agent]!; holding !== NONE; holding = this.#next[holding]!) {
      moveFloats(this.amount, holding * this.width, from, oldCount);
      moveValues(this.value, holding * this.width, from, oldCount);
    }
  }

  widen(width: number): void {
    this.amount = widenedFloats(this.amount, this.width, width);
    widenValues(this.value, this.width, width);
    this.width = width;
  }
}
