/**
 * Rolling hash of plain data (objects, arrays, strings, numbers, booleans, null, byte arrays, Maps):
 * the same data gives the same hash on every engine. Two 32-bit lanes, FNV-1a and a multiply-rotate
 * lane, together 16 hex digits. It tells runs apart, it does not resist an adversary.
 * Object keys count in insertion order: cores build their records the same way each time.
 */
export class RollingHash {
  readonly #lanes = new Uint32Array([0x811c9dc5, 0x9e3779b9]);

  static restore(lanes: readonly number[]): RollingHash {
    const hash = new RollingHash();
    hash.#lanes.set(lanes);
    return hash;
  }

  snapshot(): readonly number[] {
    return Array.from(this.#lanes);
  }

  digest(): string {
    return Array.from(this.#lanes, (lane) => lane.toString(16).padStart(8, "0")).join("");
  }

  add(value: unknown): this {
    switch (typeof value) {
      case "string":
        this.#word(0x73000000 ^ value.length);
        for (let index = 0; index < value.length; index++) this.#word(value.charCodeAt(index));
        return this;
      case "number":
        return this.#number(value);
      case "boolean":
        this.#word(value ? 0x62000001 : 0x62000000);
        return this;
      case "undefined":
        this.#word(0x75000000);
        return this;
      case "object":
        return this.#object(value);
      default:
        throw new TypeError(`a ${typeof value} is not plain data and has no hash`);
    }
  }

  #number(value: number): this {
    if (Number.isInteger(value) && value >= -0x80000000 && value <= 0xffffffff) {
      this.#word(0x69000000);
      this.#word(value >>> 0);
      return this;
    }
    SCRATCH.setFloat64(0, value);
    this.#word(0x66000000);
    this.#word(SCRATCH.getUint32(0));
    this.#word(SCRATCH.getUint32(4));
    return this;
  }

  #object(value: object | null): this {
    if (value === null) {
      this.#word(0x6e000000);
    } else if (value instanceof Uint8Array) {
      this.#word(0x78000000 ^ value.length);
      for (let index = 0; index < value.length; index++) this.#word(value[index]!);
    } else if (Array.isArray(value)) {
      this.#word(0x61000000 ^ value.length);
      for (const item of value) this.add(item);
    } else if (value instanceof Map) {
      this.#word(0x6d000000 ^ value.size);
      for (const [key, item] of value) this.add(key).add(item);
    } else {
      for (const key in value) {
        const item = (value as Record<string, unknown>)[key];
        if (item !== undefined) this.add(key).add(item);
      }
      this.#word(0x6f000000);
    }
    return this;
  }

  #word(word: number): void {
    const lanes = this.#lanes;
    lanes[0] = Math.imul(lanes[0]! ^ word, 0x01000193);
    const mixed = Math.imul(lanes[1]! ^ word, 0x85ebca6b);
    lanes[1] = (mixed << 13) | (mixed >>> 19);
  }
}

const SCRATCH = new DataView(new ArrayBuffer(8));
