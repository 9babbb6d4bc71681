import type { Role } from "@bourse/model/ids";
import { SHARED } from "./kinds.ts";
import { subtreeRow } from "./role-tree.ts";
import { grownFloats } from "./rows.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/**
 * What agents have and what is held of them (offered or in use), as columns of numbers: for meters that look at the
 * whole cluster many times a second. Reads only; never makes a list of resources. What it shows is of this instant.
 */
export class Usage {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Agents have slots below this; some may be unused. */
  get agentSlots(): number {
    return this.#tables.agents.slots.length;
  }

  /** The agent's id; null for a slot that is not used. */
  agentIdOf(slot: number): string | null {
    const { slots } = this.#tables.agents;
    return slots.isUsed(slot) ? slots.idOf(slot) : null;
  }

  /** Whether it is offered at all: connected, and not held back by an operator. */
  isActive(slot: number): boolean {
    return this.#tables.agents.isActive[slot] === 1;
  }

  /** NONE when the allocator does not know the agent. */
  slotOf(agentId: string): number {
    return this.#tables.agents.slots.slotOf(agentId);
  }

  /** Names of scalars; a number once given stays. */
  get dimensions(): number {
    return this.#tables.dimensions.count;
  }

  dimensionName(dimension: number): string {
    return this.#tables.dimensions.nameOf(dimension);
  }

  /** Of all agents, in thousandths. */
  totalOf(dimension: number): number {
    return this.#tables.dimensions.total[dimension] ?? 0;
  }

  /**
   * Thousandths at [slot * dimensions + dimension] into both columns, which are made larger where they must be. Shared
   * volumes are left out: they are held by all of their users at once.
   */
  readAgents(into: { total: Float64Array; held: Float64Array }): void {
    const { agents, kinds } = this.#tables;
    const width = this.dimensions;
    const slots = this.agentSlots;
    into.total = grownFloats(into.total, slots * width);
    into.held = grownFloats(into.held, slots * width);
    const { total, held } = into;
    total.fill(0, 0, slots * width);
    held.fill(0, 0, slots * width);
    for (let slot = 0; slot < slots; slot++) {
      if (!agents.slots.isUsed(slot)) continue;
      const base = slot * agents.width;
      const end = base + agents.count[slot]!;
      for (let at = base; at < end; at++) {
        const kind = agents.kind[at]!;
        const dimension = kinds.dimension[kind]!;
        if (dimension === NONE || (kinds.flags[kind]! & SHARED) !== 0) continue;
        total[slot * width + dimension]! += agents.total[at]!;
        held[slot * width + dimension]! += agents.allocated[at]!;
      }
    }
  }

  /** NONE when there is no such role. */
  roleSlotOf(role: Role): number {
    return this.#tables.clients.tree.slots.slotOf(role);
  }

  /** What the role and all below it hold, in thousandths. */
  heldByRole(roleSlot: number, dimension: number): number {
    return this.#tables.clients.tree.shares.heldOf(subtreeRow(roleSlot), dimension);
  }

  /** For how long the role has been entitled to more and was allocated nothing (FEATURES N-02); null = it is not. */
  unservedForMs(roleSlot: number, monoMs: number): number | null {
    return this.#tables.standings.unservedForMs(roleSlot, monoMs);
  }
}
