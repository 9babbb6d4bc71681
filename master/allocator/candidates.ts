import type { Random } from "@bourse/model/random";
import type { AgentTable } from "./agents.ts";
import { grownBytes, grownInts } from "./rows.ts";

/**
 * Which agents a run looks at, and in which order (FEATURES M-20, M-21): all with something free, or of these only
 * those of which something has become free since the last run. Shuffled: no agent is favoured by when it registered.
 */
export class Candidates {
  /** Agents of the run at hand, up to `collect`'s count. */
  order: Int32Array = new Int32Array(16);
  readonly #agents: AgentTable;
  #isChanged: Uint8Array = new Uint8Array(16);
  /** All that are marked; some are not any more. */
  #changed: Int32Array = new Int32Array(16);
  #changedLength = 0;
  #changedCount = 0;

  constructor(agents: AgentTable) {
    this.#agents = agents;
  }

  /** Whether something of any agent became free since the last run. */
  get hasChanged(): boolean {
    return this.#changedCount > 0;
  }

  /** Marked agents, ascending. */
  listChanged(): readonly number[] {
    const slots: number[] = [];
    for (let agent = 0; agent < this.#isChanged.length; agent++)
      if (this.#isChanged[agent] === 1) slots.push(agent);
    return slots;
  }

  mark(agent: number): void {
    if (agent < this.#isChanged.length && this.#isChanged[agent] === 1) return;
    this.#isChanged = grownBytes(this.#isChanged, agent + 1);
    this.#changed = grownInts(this.#changed, this.#changedLength + 1);
    this.#isChanged[agent] = 1;
    this.#changed[this.#changedLength++] = agent;
    this.#changedCount++;
  }

  unmark(agent: number): void {
    if (agent >= this.#isChanged.length || this.#isChanged[agent] === 0) return;
    this.#isChanged[agent] = 0;
    this.#changedCount--;
  }

  /** Puts the agents of the next run into `order` and forgets what has changed; how many they are. */
  collect(isEveryone: boolean, random: Random): number {
    const count = isEveryone ? this.#collectAll() : this.#collectChanged();
    this.#forgetChanged();
    // Fisher-Yates.
    const { order } = this;
    for (let index = count - 1; index > 0; index--) {
      const other = random.below(index + 1);
      const kept = order[index]!;
      order[index] = order[other]!;
      order[other] = kept;
    }
    return count;
  }

  /** Ascending slots, so that the order does not depend on how the free ones came about. */
  #collectAll(): number {
    const { hasFree, slots } = this.#agents;
    const { length } = slots;
    this.order = grownInts(this.order, length);
    const { order } = this;
    let count = 0;
    for (let agent = 0; agent < length; agent++) if (hasFree[agent] === 1) order[count++] = agent;
    return count;
  }

  #collectChanged(): number {
    const { hasFree } = this.#agents;
    this.order = grownInts(this.order, this.#changedLength);
    const { order } = this;
    let count = 0;
    for (let index = 0; index < this.#changedLength; index++) {
      const agent = this.#changed[index]!;
      // Marked twice when it was unmarked in between.
      if (this.#isChanged[agent] === 0) continue;
      this.#isChanged[agent] = 0;
      if (hasFree[agent] === 1) order[count++] = agent;
    }
    if (count > 1) order.subarray(0, count).sort();
    return count;
  }

  #forgetChanged(): void {
    for (let index = 0; index < this.#changedLength; index++)
      this.#isChanged[this.#changed[index]!] = 0;
    this.#changedLength = 0;
    this.#changedCount = 0;
  }
}
