import type { Effects } from "@bourse/cluster/effects";
import { RollingHash } from "@bourse/model/hash";
import type { JournalHeader, JournalRecord } from "./format.ts";
import { addEffects, checkOf } from "./journal.ts";

type InputRecord = Extract<JournalRecord, { kind: "input" }>;
type EndRecord = Extract<JournalRecord, { kind: "end" }>;

/**
 * Follows the rolling hash of a journal's inputs and of the effects that a replay has of them, and compares it with what
 * the file says at every record. `difference` is the first that was not found again, in words: everything after it
 * follows from it.
 */
export class HashComparison {
  readonly #hash: RollingHash;
  difference: string | null;
  #latest: string;

  private constructor(hash: RollingHash, latest: string, difference: string | null) {
    this.#hash = hash;
    this.#latest = latest;
    this.difference = difference;
  }

  static begin(header: Pick<JournalHeader, "hash">): HashComparison {
    return new HashComparison(RollingHash.restore(header.hash), "the state it starts from", null);
  }

  /** To go on from here once more. */
  copy(): HashComparison {
    const hash = RollingHash.restore(this.#hash.snapshot());
    return new HashComparison(hash, this.#latest, this.difference);
  }

  /** Before the input is applied. `title`: what a difference in its effects is to be told of, `input 7 (accept)`. */
  beforeInput(record: InputRecord, title: string): void {
    this.#compare(checkOf(this.#hash) === record.check, "effects");
    this.#latest = title;
    this.#hash.add(record.crc);
  }

  afterInput(effects: Effects): void {
    addEffects(this.#hash, effects);
  }

  /** At the end of a file; `stateHash` costs a walk over everything and is asked only when the file has one. */
  atEnd(record: EndRecord, stateHash: () => string): void {
    this.#compare(this.digest() === record.digest, "effects");
    if (record.stateHash === null) return;
    this.#latest = "the last input";
    this.#compare(stateHash() === record.stateHash, "state");
  }

  digest(): string {
    return this.#hash.digest();
  }

  #compare(isEqual: boolean, what: "effects" | "state"): void {
    if (!isEqual) this.difference ??= `other ${what} after ${this.#latest} than the master had`;
  }
}
