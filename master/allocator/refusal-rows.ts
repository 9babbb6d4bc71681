import type { ResourceValue } from "@bourse/model/resources";
import type { AgentTable } from "./agents.ts";
import { isWithin } from "./amounts.ts";
import { grownBytes } from "./rows.ts";

/** Of all agents together: 32 MiB, four million refusals. Agents that find no room do without. */
const NOTES_MAX = 1 << 22;
const PAIRS_START = 16;
const NO_NOTES = new Float64Array(0);

/** By entry of the agent: what each refusal that is noted holds at least. */
export interface Covered {
  readonly covered: Float64Array;
  readonly coveredValue: readonly (ResourceValue | undefined)[];
}

interface Row {
  /** By pair, until when in `monoMs`; 0 is nothing noted. */
  notes: Float64Array;
  covered: Float64Array;
  readonly coveredValue: (ResourceValue | undefined)[];
  isBegun: boolean;
}

/**
 * Which pairs have refused at least what was free of an agent, and until when: a copy of what the filters say, in the
 * order in which a run asks for it. The refusals themselves lie all over the memory; where everything is refused,
 * fetching them would take most of a run (FEATURES M-25).
 *
 * This is no state: what is not noted here is asked of the filters, with the same answer. A note is right until its
 * time, unless it is forgotten: a refusal is only ever replaced by one that holds as much and lasts as long. Pauses are
 * not noted, and that a refusal may outlive its time (CASES A10) is for the filters to say.
 */
export class RefusalRows {
  readonly #agents: AgentTable;
  readonly #rows: (Row | undefined)[] = [];
  #notes = 0;
  /** By pair: whether it may be noted anywhere. */
  #isNoted: Uint8Array = new Uint8Array(PAIRS_START);

  constructor(agents: AgentTable) {
    this.#agents = agents;
  }

  /** By pair, until when it has refused all that is free of the agent, at least; 0, or no entry: ask the filters. */
  notesOf(agent: number): Float64Array {
    const row = this.#rows[agent];
    return row !== undefined && this.isFreeCovered(agent) ? row.notes : NO_NOTES;
  }

  has(agent: number): boolean {
    return this.#rows[agent] !== undefined;
  }

  /** Makes room for notes about the agent, if there is some. */
  open(agent: number): void {
    if (this.#rows[agent] !== undefined || !this.#takeRoom(PAIRS_START)) return;
    while (this.#rows.length <= agent) this.#rows.push(undefined);
    this.#rows[agent] = {
      notes: new Float64Array(PAIRS_START),
      covered: new Float64Array(0),
      coveredValue: [],
      isBegun: false,
    };
  }

  /** What a refusal must hold to be noted; undefined while that is open. */
  coveredOf(agent: number): Covered | undefined {
    const row = this.#rows[agent];
    return row?.isBegun === true ? row : undefined;
  }

  /** Whether notes have begun and cover all that is free of the agent. */
  isFreeCovered(agent: number): boolean {
    const { free, freeValue, width } = this.#agents;
    const row = this.#rows[agent]!;
    return row.isBegun && this.#isCovered(agent, row, free, freeValue, agent * width);
  }

  /** Notes from here on cover what is free of the agent; those from before stay if they cover more. */
  coverFree(agent: number): void {
    const { free, freeValue, width } = this.#agents;
    if (!this.isFreeCovered(agent)) this.forget(agent);
    this.cover(agent, free, agent * width, freeValue, agent * width);
  }

  /** Notes of the agent, of which there are none or which cover more, cover these amounts. */
  cover(
    agent: number,
    amounts: Float64Array,
    amountsFrom: number,
    values: readonly (ResourceValue | undefined)[],
    valuesFrom: number,
  ): void {
    const row = this.#rows[agent]!;
    const count = this.#agents.count[agent]!;
    if (row.covered.length < count) row.covered = new Float64Array(count);
    for (let entry = 0; entry < count; entry++) {
      row.covered[entry] = amounts[amountsFrom + entry]!;
      row.coveredValue[entry] = values[valuesFrom + entry];
    }
    row.isBegun = true;
  }

  /** The pair has refused what notes cover. */
  note(agent: number, pair: number, untilMs: number): void {
    const row = this.#rows[agent]!;
    if (pair >= row.notes.length && !this.#grow(row, pair + 1)) return;
    this.#isNoted = grownBytes(this.#isNoted, pair + 1);
    this.#isNoted[pair] = 1;
    row.notes[pair] = untilMs;
  }

  /** The pair's refusals are over, or the pair is another. */
  forgetPair(pair: number): void {
    if (pair >= this.#isNoted.length || this.#isNoted[pair] === 0) return;
    this.#isNoted[pair] = 0;
    for (let agent = 0; agent < this.#rows.length; agent++) {
      const row = this.#rows[agent];
      if (row !== undefined && pair < row.notes.length) row.notes[pair] = 0;
    }
  }

  /** The agent's entries have changed. */
  forget(agent: number): void {
    const row = this.#rows[agent];
    if (row === undefined || !row.isBegun) return;
    row.notes.fill(0);
    row.isBegun = false;
  }

  close(agent: number): void {
    const row = this.#rows[agent];
    if (row === undefined) return;
    this.#notes -= row.notes.length;
    this.#rows[agent] = undefined;
  }

  #isCovered(
    agent: number,
    { covered, coveredValue }: Row,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    from: number,
  ): boolean {
    const count = this.#agents.count[agent]!;
    for (let entry = 0; entry < count; entry++) {
      const amount = amounts[from + entry]!;
      if (amount <= 0) continue;
      const value = values[from + entry];
      if (!isWithin(amount, value, covered[entry]!, coveredValue[entry])) return false;
    }
    return true;
  }

  #grow(row: Row, wanted: number): boolean {
    let length = row.notes.length;
    while (length < wanted) length *= 2;
    if (!this.#takeRoom(length - row.notes.length)) return false;
    const grown = new Float64Array(length);
    grown.set(row.notes);
    row.notes = grown;
    return true;
  }

  #takeRoom(notes: number): boolean {
    if (this.#notes + notes > NOTES_MAX) return false;
    this.#notes += notes;
    return true;
  }
}
