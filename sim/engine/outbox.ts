import type { Simulation } from "./simulation.ts";

export interface OutboxPort<Record, Item> {
  /** The records are on disk from now on. */
  store(records: readonly Record[]): void;
  deliver(item: Item): void;
  /** How long the append that starts now takes; without records, how long the effects are held back. 0 = not at all. */
  drawDelayMs(recordCount: number): number;
}

/**
 * The one FIFO behind a core (DESIGN, Effects): everything behind an unwritten record waits for it, all waiting records
 * are one append. A crash loses what was not appended; an append under way may or may not have reached the disk.
 */
export class Outbox<Record, Item> {
  readonly #simulation: Simulation;
  readonly #port: OutboxPort<Record, Item>;
  #entries: { readonly records: readonly Record[]; readonly items: readonly Item[] }[] = [];
  #appending: readonly Record[] | null = null;
  #isDead = false;

  constructor(simulation: Simulation, port: OutboxPort<Record, Item>) {
    this.#simulation = simulation;
    this.#port = port;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  push(records: readonly Record[], items: readonly Item[]): void {
    if (records.length === 0 && items.length === 0) return;
    this.#entries.push({ records, items });
    this.#flush();
  }

  crash(hasLastAppendReachedDisk: boolean): void {
    this.#isDead = true;
    if (hasLastAppendReachedDisk && this.#appending !== null) this.#port.store(this.#appending);
    this.#entries = [];
  }

  #flush(): void {
    while (this.#appending === null && this.#entries.length > 0 && !this.#isDead) {
      const entries = this.#entries;
      const records =
        entries.length === 1 ? entries[0]!.records : entries.flatMap((e) => e.records);
      const entryCount = entries.length;
      const delayMs = this.#port.drawDelayMs(records.length);
      this.#appending = records;
      if (delayMs > 0) {
        this.#simulation.after(delayMs, () => {
          this.#complete(entryCount);
          this.#flush();
        });
        return;
      }
      this.#complete(entryCount);
    }
  }

  #complete(entryCount: number): void {
    if (this.#isDead) return;
    const records = this.#appending as readonly Record[];
    this.#appending = null;
    const done = this.#entries.slice(0, entryCount);
    this.#entries = this.#entries.slice(entryCount);
    if (records.length > 0) this.#port.store(records);
    for (const { items } of done) for (const item of items) this.#port.deliver(item);
  }
}
