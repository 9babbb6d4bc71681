import { assert } from "@bourse/model/assert";

/** No slot: the id is not in the table. */
export const NONE = -1;

/**
 * Ids become dense table rows at the door. The newest freed slot is used first; which slots are free is state,
 * because runs look at agents in the order of their slots before they shuffle them.
 */
export class Slots {
  readonly #slotOf = new Map<string, number>();
  readonly #ids: (string | null)[] = [];
  readonly #free: number[] = [];

  static restore(ids: readonly (string | null)[], free: readonly number[]): Slots {
    const slots = new Slots();
    slots.#ids.push(...ids);
    slots.#free.push(...free);
    ids.forEach((id, slot) => {
      if (id !== null) slots.#slotOf.set(id, slot);
    });
    return slots;
  }

  /** Rows in use and free ones: slots are below this. */
  get length(): number {
    return this.#ids.length;
  }

  get size(): number {
    return this.#slotOf.size;
  }

  get free(): readonly number[] {
    return this.#free;
  }

  take(id: string): number {
    assert(!this.#slotOf.has(id), `${id} must be new to the table`);
    const slot = this.#free.pop() ?? this.#ids.length;
    this.#ids[slot] = id;
    this.#slotOf.set(id, slot);
    return slot;
  }

  release(slot: number): void {
    this.#slotOf.delete(this.idOf(slot));
    this.#ids[slot] = null;
    this.#free.push(slot);
  }

  slotOf(id: string): number {
    return this.#slotOf.get(id) ?? NONE;
  }

  idOf(slot: number): string {
    const id = this.#ids[slot];
    assert(typeof id === "string", `slot ${slot} must be in use`);
    return id;
  }

  /** `idOf` of a slot that is known to be in use, without a look at the id. */
  idAt(slot: number): string {
    return this.#ids[slot] as string;
  }

  /** Slots in the order in which their ids came. */
  list(): readonly number[] {
    return Array.from(this.#slotOf.values());
  }

  ascending(): readonly number[] {
    return this.list().toSorted((a, b) => a - b);
  }

  isUsed(slot: number): boolean {
    return typeof this.#ids[slot] === "string";
  }
}
