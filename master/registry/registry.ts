import type { RegistryEntry, RegistryRecord } from "@bourse/model/registry";

/** Version of what a store holds; a store with another one is refused. */
export const STORE_VERSION = 1;

/**
 * What a master must never forget (FEATURES M-3): agents and frameworks it admitted, by key. An adapter writes
 * them down; it never looks inside. One master at a time owns a store: a later `raiseEpoch` on the same store
 * makes every append of an earlier owner fail.
 */
export interface Registry {
  /** Of this owner: higher than every one before, durable before anyone hears of it. */
  readonly epoch: number;
  /** All entries, ordered by key (UTF-16 code units). */
  load(): Promise<readonly RegistryEntry[]>;
  /** All or nothing; resolves when durable, rejects with one line that says why. Calls do not overlap. */
  append(records: readonly RegistryRecord[]): Promise<void>;
  close(): Promise<void>;
}
