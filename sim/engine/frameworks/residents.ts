import { formatDomain } from "@bourse/model/domain-text";
import type { AgentId } from "@bourse/model/ids";
import type { Offer } from "@bourse/model/offer";

export type ResidentsMemory = readonly {
  readonly index: number;
  readonly agentId: AgentId;
  readonly zone: string;
  readonly kind: number;
}[];

interface Home {
  readonly agentId: AgentId;
  readonly zone: string;
  /** What the tasks of one agent may have in common. */
  readonly kind: number;
}

/** How many tasks of the framework each agent and each zone has, as far as it knows. */
export class Residents {
  readonly #homes = new Map<number, Home>();
  readonly #byAgent = new Map<AgentId, number>();
  readonly #byZone = new Map<string, number>();
  readonly #kinds = new Map<AgentId, Map<number, number>>();

  snapshot(): ResidentsMemory {
    return Array.from(this.#homes, ([index, home]) => ({ index, ...home }));
  }

  restore(memory: ResidentsMemory): void {
    for (const { index, ...home } of memory) this.#add(index, home);
  }

  inZoneOf(offer: Offer): number {
    return this.#byZone.get(zoneOf(offer)) ?? 0;
  }

  on(agentId: AgentId): number {
    return this.#byAgent.get(agentId) ?? 0;
  }

  /** Which kinds of tasks the agent has, other than kind 0. */
  kindsOn(agentId: AgentId): ReadonlyMap<number, number> {
    return this.#kinds.get(agentId) ?? NO_KINDS;
  }

  launched(index: number, offer: Offer, kind: number): void {
    this.#add(index, { agentId: offer.agentId, zone: zoneOf(offer), kind });
  }

  ended(index: number): void {
    const home = this.#homes.get(index);
    if (home === undefined) return;
    this.#homes.delete(index);
    this.#count(home, -1);
  }

  #add(index: number, home: Home): void {
    this.#homes.set(index, home);
    this.#count(home, 1);
  }

  #count({ agentId, zone, kind }: Home, change: 1 | -1): void {
    this.#byAgent.set(agentId, (this.#byAgent.get(agentId) ?? 0) + change);
    this.#byZone.set(zone, (this.#byZone.get(zone) ?? 0) + change);
    if (kind === 0) return;
    const kinds = this.#kinds.get(agentId) ?? new Map<number, number>();
    const count = (kinds.get(kind) ?? 0) + change;
    if (count === 0) kinds.delete(kind);
    else kinds.set(kind, count);
    this.#kinds.set(agentId, kinds);
  }
}

const NO_KINDS: ReadonlyMap<number, number> = new Map();

/** Agents without a fault domain are all in one zone. */
function zoneOf({ domain }: Offer): string {
  return domain === undefined ? "" : formatDomain(domain);
}
