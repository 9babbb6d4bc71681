import { present } from "@bourse/model/assert";
import type { OperatorQuery, OperatorView } from "@bourse/model/operator";
import type { RegistryEntry, RegistryRecord } from "@bourse/model/registry";
import { Cluster } from "../cluster.ts";
import { CLUSTER_DEFAULTS } from "../config.ts";
import type { Effects } from "../effects.ts";
import type { ClusterConfig, ClusterInput, ClusterStart } from "../inputs.ts";
import { checkInvariants, checkTouched } from "../invariants.ts";

/** Without the discriminated union's `principal`: tests are not authenticated. */
export type TestInput = ClusterInput extends infer Input
  ? Input extends ClusterInput
    ? Omit<Input, "principal"> & { readonly principal?: string | null }
    : never
  : never;

/**
 * A cluster with a registry and a clock, as a shell would drive it: timers fire when they are due, every input is
 * followed by the end of its batch. Everything that goes in or comes out is frozen, so that a core which changes
 * what it gave out fails; the invariants are checked after every input.
 */
export class World {
  readonly registry = new Map<string, RegistryEntry>();
  readonly config: ClusterConfig;
  cluster: Cluster;
  epoch = 1;
  monoMs = 0;
  #wakeAtMs = 0;

  constructor(config: Partial<ClusterConfig> = {}) {
    this.config = { ...CLUSTER_DEFAULTS, ...config };
    this.cluster = new Cluster(this.start);
  }

  get start(): ClusterStart {
    const { config, epoch } = this;
    return deepFreeze({ config, epoch, seed: "test", entries: Array.from(this.registry.values()) });
  }

  get now() {
    return { monoMs: this.monoMs, wallMs: WALL_ORIGIN_MS + this.monoMs };
  }

  /** One input and the end of its batch. */
  apply(input: TestInput): Effects[] {
    return [this.applyOne(input), this.applyOne({ kind: "batch-end" })];
  }

  applyOne(input: TestInput): Effects {
    const whole = deepFreeze({ principal: null, ...input }) as ClusterInput;
    const effects = deepFreeze(this.cluster.apply(this.now, whole));
    for (const record of effects.persist) this.#write(record);
    this.#wakeAtMs = effects.wakeAtMs;
    const violations = [
      ...checkTouched(this.cluster, whole, effects),
      ...checkInvariants(this.cluster),
    ];
    if (violations.length > 0) throw new Error(violations.join("\n"));
    return effects;
  }

  /** Fires every timer that is due until then. */
  advanceTo(monoMs: number): Effects[] {
    const all: Effects[] = [];
    while (this.#wakeAtMs <= monoMs) {
      this.monoMs = Math.max(this.monoMs, this.#wakeAtMs);
      all.push(this.applyOne({ kind: "wake" }));
    }
    this.monoMs = monoMs;
    return all;
  }

  query(query: OperatorQuery): OperatorView {
    const hash = this.cluster.stateHash();
    const view = deepFreeze(this.cluster.query(this.now, query));
    if (this.cluster.stateHash() !== hash) throw new Error(`query ${query.kind} changed the state`);
    return view;
  }

  /** The master dies; a new one starts from the registry with the next epoch. */
  restart(): void {
    this.epoch++;
    this.cluster = new Cluster(this.start);
    this.#wakeAtMs = this.monoMs;
  }

  /** The same master from its snapshot, as a replay would have it. */
  reload(): void {
    this.cluster = Cluster.restore(deepFreeze(this.cluster.snapshot()), this.start);
  }

  #write(record: RegistryRecord): void {
    if (record.op === "delete") this.registry.delete(record.key);
    else this.registry.set(record.key, present(record.entry, "the entry of a put"));
  }
}

/** 2026-01-01. */
export const WALL_ORIGIN_MS = 1_767_225_600_000;

/** Byte arrays cannot be frozen and are passed over. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  const parts = value instanceof Map ? [...value.keys(), ...value.values()] : Object.values(value);
  for (const part of parts) deepFreeze(part);
  return value;
}
