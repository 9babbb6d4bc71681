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
    if (bytes === 16) return this.#hex16();
    let text = "";
    while (text.length < bytes * 2) text += wordAsHex(this.uint32());
    return text.slice(0, bytes * 2);
  }

  /** The same in one piece: a text put together of others is several times as large and as slow as a key. */
  #hex16(): string {
    const a = step(this.#state);
    const b = step(this.#state);
    const c = step(this.#state);
    const d = step(this.#state);
    // biome-ignore format: two rows are a word
    return String.fromCharCode(
      digit(a >>> 28), digit(a >>> 24), digit(a >>> 20), digit(a >>> 16),
      digit(a >>> 12), digit(a >>> 8), digit(a >>> 4), digit(a),
      digit(b >>> 28), digit(b >>> 24), digit(b >>> 20), digit(b >>> 16),
      digit(b >>> 12), digit(b >>> 8), digit(b >>> 4), digit(b),
      digit(c >>> 28), digit(c >>> 24), digit(c >>> 20), digit(c >>> 16),
      digit(c >>> 12), digit(c >>> 8), digit(c >>> 4), digit(c),
      digit(d >>> 28), digit(d >>> 24), digit(d >>> 20), digit(d >>> 16),
      digit(d >>> 12), digit(d >>> 8), digit(d >>> 4), digit(d),
    );
  }
}

function wordAsHex(word: number): string {
  // biome-ignore format: a row is half a word
  return String.fromCharCode(
    digit(word >>> 28), digit(word >>> 24), digit(word >>> 20), digit(word >>> 16),
    digit(word >>> 12), digit(word >>> 8), digit(word >>> 4), digit(word),
  );
}

/** The character code of the lowest four bits. */
function digit(bits: number): number {
  const value = bits & 15;
  return value < 10 ? 48 + value : 87 + value;
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
