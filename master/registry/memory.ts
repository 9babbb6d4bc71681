import { ClusterError } from "@bourse/model/errors";
import type { RegistryEntry, RegistryRecord } from "@bourse/model/registry";
import type { Registry } from "./registry.ts";

/** What memory registries of one "place" share, so that a test can open it again. */
export interface MemoryStore {
  epoch: number;
  readonly entries: Map<string, RegistryEntry>;
}

export function memoryStore(): MemoryStore {
  return { epoch: 0, entries: new Map() };
}

/** Forgets all when the process ends: `--store memory`, for trials and tests (FEATURES M-4, in_memory). */
export class MemoryRegistry implements Registry {
  readonly epoch: number;
  readonly #store: MemoryStore;

  constructor(store: MemoryStore = memoryStore()) {
    this.#store = store;
    this.epoch = ++store.epoch;
  }

  async load(): Promise<readonly RegistryEntry[]> {
    const keys = [...this.#store.entries.keys()].sort();
    return keys.map((key) => this.#store.entries.get(key) as RegistryEntry);
  }

  async append(records: readonly RegistryRecord[]): Promise<void> {
    if (this.#store.epoch !== this.epoch) {
      throw new ClusterError(
        "stale_epoch",
        "write to the registry: another master has taken it over",
      );
    }
    for (const record of records) {
      if (record.op === "put") this.#store.entries.set(record.key, record.entry);
      else this.#store.entries.delete(record.key);
    }
  }

  async close(): Promise<void> {}
}
