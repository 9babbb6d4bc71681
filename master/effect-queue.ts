import type { Effects, Sending } from "@bourse/cluster/effects";
import { ClusterError } from "@bourse/model/errors";
import type { RegistryRecord } from "@bourse/model/registry";
import type { Registry } from "./registry/registry.ts";

export interface EffectPorts {
  readonly registry: Pick<Registry, "append">;
  /** Puts one sending on its stream; neither throws nor waits. */
  deliver(sending: Sending): void;
  /** Everything that may go has been delivered: write it out. */
  flush(): void;
  /** The registry failed: nothing behind the record may ever be seen, so the process ends. */
  onFatal(error: ClusterError): void;
  /** For the metrics: one append of so many records took so long. */
  onStored?(records: number, elapsedMs: number): void;
}

/** FEATURES M-4: a store that takes longer counts as failed. */
export const REGISTRY_STORE_TIMEOUT_MS = 20_000;

/** Effects that may wait behind a slow store before the loop stops taking inputs: some 100 MB. */
const LENGTH_MAX = 100_000;

/** A list of records waits in the queue as its ordinal; its records are in `#unwritten`. */
type Entry = { readonly ordinal: number } | Sending | { answer(): void };

/**
 * The one FIFO of effects: a record is written before anything behind it is delivered, and all records that
 * wait are one append (DESIGN, Effects). Answers to queries stand in the same line, so nobody reads a state
 * that is not durable.
 */
export class EffectQueue {
  readonly #ports: EffectPorts;
  readonly #storeTimeoutMs: number;
  #entries: Entry[] = [];
  #head = 0;
  #unwritten: RegistryRecord[] = [];
  /** Of the newest record list, and of the newest that is durable. */
  #lastOrdinal = 0;
  #durableOrdinal = 0;
  #isAppending = false;
  #isFailed = false;
  readonly #onEmpty: (() => void)[] = [];

  constructor(ports: EffectPorts, storeTimeoutMs: number = REGISTRY_STORE_TIMEOUT_MS) {
    this.#ports = ports;
    this.#storeTimeoutMs = storeTimeoutMs;
  }

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get isFull(): boolean {
    return this.length > LENGTH_MAX;
  }

  push(effects: Effects): void {
    if (this.#isFailed) return;
    if (effects.persist.length > 0) {
      for (const record of effects.persist) this.#unwritten.push(record);
      this.#entries.push({ ordinal: ++this.#lastOrdinal });
    }
    for (const sending of effects.send) this.#entries.push(sending);
  }

  /** Calls `answer` when everything pushed before is durable and delivered. */
  pushAnswer(answer: () => void): void {
    if (!this.#isFailed) this.#entries.push({ answer });
  }

  /** Delivers what may go, and starts the next append when records wait and none is under way. */
  pump(): void {
    if (this.#isFailed) return;
    this.#deliver();
    this.#ports.flush();
    if (!this.#isAppending && this.#unwritten.length > 0) void this.#append();
  }

  /** Resolves when nothing waits any more: all is delivered, or after a failed append all is dropped. */
  drained(): Promise<void> {
    if (this.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** Up to the first record list that is not durable. */
  #deliver(): void {
    for (; this.#head < this.#entries.length; this.#head++) {
      const entry = this.#entries[this.#head] as Entry;
      if ("ordinal" in entry) {
        if (entry.ordinal > this.#durableOrdinal) break;
      } else if ("answer" in entry) entry.answer();
      else this.#ports.deliver(entry);
    }
    if (this.#head > 4096 || this.#head === this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    if (this.length === 0) this.#settle();
  }

  async #append(): Promise<void> {
    const records = this.#unwritten;
    const ordinal = this.#lastOrdinal;
    this.#unwritten = [];
    this.#isAppending = true;
    try {
      const startedMs = performance.now();
      await within(this.#storeTimeoutMs, this.#ports.registry.append(records));
      this.#ports.onStored?.(records.length, performance.now() - startedMs);
    } catch (error) {
      this.#isFailed = true;
      this.#entries = [];
      this.#head = 0;
      this.#settle();
      this.#ports.onFatal(ClusterError.from(error));
      return;
    }
    this.#isAppending = false;
    this.#durableOrdinal = ordinal;
    this.pump();
  }

  #settle(): void {
    for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const message = `write to the registry: no answer within ${timeoutMs / 1000} s; check its disk`;
      reject(new ClusterError("timeout", message));
    }, timeoutMs);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
