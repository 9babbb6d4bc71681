import { assert } from "./assert.ts";

/**
 * Seeded chance. One seed a process; every purpose forks its own named stream, so that drawing one
 * number more for one purpose changes nothing for another. The generator is sfc32 (public domain,
 * Chris Doty-Humphrey), state in one typed cell so that drawing allocates nothing.
 */
export class Random {
  readonly #state: Uint32Array;

  private constructor(state: Uint32Array) {
    this.#state = state;
  }

  static fromSeed(seed: number | string): Random {
    return new Random(stateFrom(String(seed)));
  }

  /** Continues exactly where `snapshot()` was taken. */
  static restore(words: readonly number[]): Random {
    assert(words.length === 4, "a random stream has four words of state");
    return new Random(Uint32Array.from(words));
  }

  snapshot(): readonly number[] {
    return Array.from(this.#state);
  }

  /** An independent stream for one purpose; depends on this stream's position and on the name. */
  fork(purpose: string): Random {
    const s = this.#state;
    return new Random(stateFrom(`${s[0]}.${s[1]}.${s[2]}.${s[3]}/${purpose}`));
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    return step(this.#state);
  }

  /** Uniform in [0, 1) with 32 bits. */
  fraction(): number {
    return this.uint32() / 4294967296;
  }

  /** Uniform integer in [0, bound); `bound` at most 2^32. Multiply-shift: the bias is below 2^-32 * bound. */
  below(bound: number): number {
    assert(bound > 0 && bound <= 4294967296, "a random bound lies in (0, 2^32]");
    return Math.floor(this.fraction() * bound);
  }

  /** Uniform integer in [from, to], both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    assert(items.length > 0, "there must be something to pick from");
    return items[this.below(items.length)] as T;
  }

  /** Fisher-Yates, in place. */
  shuffle<T>(items: T[]): T[] {
    for (let index = items.length - 1; index > 0; index--) {
      const other = this.below(index + 1);
      const kept = items[index] as T;
      items[index] = items[other] as T;
      items[other] = kept;
    }
    return items;
  }

  /** `bytes` random bytes as lower-case hex: 16 for an update's uuid. */
  hex(bytes: number): string {
    let text = "";
    while (text.length < bytes * 2) text += this.uint32().toString(16).padStart(8, "0");
    return text.slice(0, bytes * 2);
  }
}

/** xmur3: spreads a string over four words; then twelve rounds so that close seeds part. */
function stateFrom(text: string): Uint32Array {
  let h = 1779033703 ^ text.length;
  for (let index = 0; index < text.length; index++) {
    h = Math.imul(h ^ text.charCodeAt(index), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  const state = new Uint32Array(4);
  for (let word = 0; word < 4; word++) {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    h ^= h >>> 16;
    state[word] = h;
  }
  for (let round = 0; round < 12; round++) step(state);
  return state;
}

/** One step of sfc32 on four words of state. */
function step(s: Uint32Array): number {
  const result = (s[0]! + s[1]! + s[3]!) >>> 0;
  s[3] = s[3]! + 1;
  s[0] = s[1]! ^ (s[1]! >>> 9);
  s[1] = s[2]! + (s[2]! << 3);
  s[2] = ((s[2]! << 21) | (s[2]! >>> 11)) + result;
  return result;
}
