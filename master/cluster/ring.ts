import { assert } from "@bourse/model/assert";

/** The newest `capacity` items; the oldest gives way. Grows only as far as it is used. */
export class Ring<T> {
  readonly #capacity: number;
  readonly #items: T[] = [];
  /** Index of the oldest item once the ring is full. */
  #oldest = 0;

  constructor(capacity: number, items: readonly T[] = []) {
    assert(Number.isInteger(capacity) && capacity >= 0, "a ring holds a whole number of items");
    this.#capacity = capacity;
    for (const item of items) this.push(item);
  }

  push(item: T): void {
    if (this.#capacity === 0) return;
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** Oldest first. */
  toArray(): T[] {
    return [...this.#items.slice(this.#oldest), ...this.#items.slice(0, this.#oldest)];
  }

  get size(): number {
    return this.#items.length;
  }
}
