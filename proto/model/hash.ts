/**
 * Rolling hash of plain data (objects, arrays, strings, numbers, booleans, null, byte arrays, Maps):
 * the same data gives the same hash on every engine. Data becomes 32-bit words, each value with its type and
 * length before it so that no two values make the same words; the words run through two lanes, FNV-1a and
 * a multiply-rotate lane, together 16 hex digits. It tells runs apart, it does not resist an adversary.
 *
 * Object keys count in insertion order: cores build their records the same way each time. A key whose value is
 * undefined counts as absent, and -0 as 0, so that data hashes the same before and after a trip through JSON.
 */
export class RollingHash {
  readonly #lanes = new Uint32Array([0x811c9dc5, 0x9e3779b9]);
  /** Words wait here, because a loop over an array mixes them several times faster than a call a word. */
  readonly #words = new Int32Array(WORDS_WAITING);
  #count = 0;

  static restore(lanes: readonly number[]): RollingHash {
    const hash = new RollingHash();
    hash.#lanes.set(lanes);
    return hash;
  }

  snapshot(): readonly number[] {
    this.#mix();
    return Array.from(this.#lanes);
  }

  /** The first of the snapshot's numbers. */
  get first(): number {
    this.#mix();
    return this.#lanes[0]!;
  }

  digest(): string {
    this.#mix();
    return Array.from(this.#lanes, (lane) => lane.toString(16).padStart(8, "0")).join("");
  }

  add(value: unknown): this {
    switch (typeof value) {
      case "string":
        this.#string(value);
        return this;
      case "number":
        this.#number(value);
        return this;
      case "boolean":
        this.#word(value ? 0x62000001 : 0x62000000);
        return this;
      case "undefined":
        this.#word(0x75000000);
        return this;
      case "object":
        this.#object(value);
        return this;
      default:
        throw new TypeError(`a ${typeof value} is not plain data and has no hash`);
    }
  }

  #object(value: object | null): void {
    if (value === null) {
      this.#word(0x6e000000);
    } else if (value instanceof Uint8Array) {
      this.#bytes(value);
    } else if (Array.isArray(value)) {
      this.#lengthWord(0x61000000, value.length);
      for (let index = 0; index < value.length; index++) this.add(value[index]);
    } else if (value instanceof Map) {
      this.#lengthWord(0x6d000000, value.size);
      for (const [key, item] of value) this.add(key).add(item);
    } else {
      for (const key in value) {
        const item = (value as Record<string, unknown>)[key];
        if (item === undefined) continue;
        this.#string(key);
        this.add(item);
      }
      this.#word(0x6f000000);
    }
  }

  #number(value: number): void {
    // What equals its own 32-bit part is an integer; 0 and -0 both do.
    if (value === (value | 0)) {
      this.#word(0x69000000);
      this.#word(value);
      return;
    }
    SCRATCH.setFloat64(0, value);
    this.#word(0x66000000);
    this.#word(SCRATCH.getInt32(0));
    this.#word(SCRATCH.getInt32(4));
  }

  /** Two UTF-16 units a word. */
  #string(text: string): void {
    const length = text.length;
    this.#lengthWord(0x73000000, length);
    let index = 0;
    for (; index + 1 < length; index += 2)
      this.#word(text.charCodeAt(index) | (text.charCodeAt(index + 1) << 16));
    if (index < length) this.#word(text.charCodeAt(index));
  }

  /** Four bytes a word. */
  #bytes(bytes: Uint8Array): void {
    const length = bytes.length;
    this.#lengthWord(0x78000000, length);
    let index = 0;
    for (; index + 3 < length; index += 4) {
      this.#word(
        bytes[index]! |
          (bytes[index + 1]! << 8) |
          (bytes[index + 2]! << 16) |
          (bytes[index + 3]! << 24),
      );
    }
    for (; index < length; index++) this.#word(bytes[index]!);
  }

  /** A type with the length beside it; a length that does not fit has a word of its own. */
  #lengthWord(type: number, length: number): void {
    if (length < LENGTH_BESIDE) {
      this.#word(type | length);
      return;
    }
    this.#word(type | LENGTH_BESIDE);
    this.#word(length);
  }

  #word(word: number): void {
    this.#words[this.#count++] = word;
    if (this.#count === WORDS_WAITING) this.#mix();
  }

  #mix(): void {
    const words = this.#words;
    const count = this.#count;
    let first = this.#lanes[0]!;
    let second = this.#lanes[1]!;
    for (let index = 0; index < count; index++) {
      const word = words[index]!;
      first = Math.imul(first ^ word, 0x01000193);
      second = Math.imul(second ^ word, 0x85ebca6b);
      second = (second << 13) | (second >>> 19);
    }
    this.#lanes[0] = first;
    this.#lanes[1] = second;
    this.#count = 0;
  }
}

const WORDS_WAITING = 256;
const LENGTH_BESIDE = 0xffffff;
const SCRATCH = new DataView(new ArrayBuffer(8));
