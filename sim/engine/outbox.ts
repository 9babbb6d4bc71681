import type { Simulation } from "./simulation.ts";

export interface OutboxPort<Record, Item> {
  /** The records are on disk from now on. */
  store(records: readonly Record[]): void;
  /** Carries out what one `push` gave. */
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
  #entries: { readonly records: readonly Record[]; readonly item: Item | null }[] = [];
  #appending: readonly Record[] | null = null;
  #isDead = false;

  constructor(simulation: Simulation, port: OutboxPort<Record, Item>) {
    this.#simulation = simulation;
    this.#port = port;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Null: nothing but the records. */
  push(records: readonly Record[], item: Item | null): void {
    if (this.#isDead || (records.length === 0 && item === null)) return;
    if (this.#entries.length > 0 || this.#appending !== null) {
      this.#entries.push({ records, item });
      return;
    }
    const delayMs = this.#port.drawDelayMs(records.length);
    if (delayMs === 0) {
      if (records.length > 0) this.#port.store(records);
      if (item !== null) this.#port.deliver(item);
      return;
    }
    this.#entries.push({ records, item });
    this.#append(records, delayMs);
  }

  crash(hasLastAppendReachedDisk: boolean): void {
    this.#isDead = true;
    if (hasLastAppendReachedDisk && this.#appending !== null) this.#port.store(this.#appending);
    this.#entries = [];
  }

  /** The next append: of everything that gathered while the last was under way. */
  #flush(): void {
    while (this.#entries.length > 0 && !this.#isDead) {
      const records = this.#entries.flatMap((entry) => entry.records);
      const delayMs = this.#port.drawDelayMs(records.length);
      if (delayMs > 0) {
        this.#append(records, delayMs);
        return;
      }
      this.#complete(records, this.#entries.length);
    }
  }

  #append(records: readonly Record[], delayMs: number): void {
    this.#appending = records;
    const entryCount = this.#entries.length;
    this.#simulation.after(delayMs, () => {
      if (this.#isDead) return;
      this.#appending = null;
      this.#complete(records, entryCount);
      this.#flush();
    });
  }

  #complete(records: readonly Record[], entryCount: number): void {
    const done = this.#entries.splice(0, entryCount);
    if (records.length > 0) this.#port.store(records);
    for (const { item } of done) if (item !== null) this.#port.deliver(item);
  }
}
