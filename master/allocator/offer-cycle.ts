import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { ResourceValue } from "@bourse/model/resources";
import { TAKES_GPUS, TAKES_REVOCABLE, TAKES_SHARED } from "./clients.ts";
import type { FilterMoment } from "./filters.ts";
import { REVOCABLE, SHARED } from "./kinds.ts";
import { type Minimum, satisfies } from "./minimum.ts";
import type { Allocation } from "./options.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/**
 * Goes once over the given agents and gives what is free on each to whoever comes first and may have it
 * (FEATURES M-21..M-23): roles in their order, then the frameworks of a role in theirs. An agent's free resources
 * go whole to one framework; only what that one may not have (somebody's reservation, revocable resources)
 * goes on to the next. Orders are those from before the agent: shares change when it is done.
 */
export class OfferCycle {
  readonly #tables: Tables;
  /** Free and not given away yet, by entry of the agent. */
  #left = new Float64Array(8);
  #leftValues: (ResourceValue | undefined)[] = [];
  /** What the framework at hand may have of it. */
  #fit = new Float64Array(8);
  #fitValues: (ResourceValue | undefined)[] = [];
  /** Of `#fit`, by dimension. */
  #quantities = new Float64Array(8);
  readonly #grants: Grant[] = [];

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  run(order: Int32Array, moment: FilterMoment): readonly Allocation[] {
    const { agents, dimensions } = this.#tables;
    if (this.#left.length < agents.width) {
      this.#left = new Float64Array(agents.width);
      this.#fit = new Float64Array(agents.width);
    }
    if (this.#quantities.length < dimensions.count)
      this.#quantities = new Float64Array(dimensions.total.length);
    const allocations: Allocation[] = [];
    for (let index = 0; index < order.length; index++) {
      const agent = order[index]!;
      if (agents.isActive[agent] === 0 || agents.hasFree[agent] === 0) continue;
      if (this.#loadFree(agent)) this.#offerWhole(agent, moment, allocations);
      else this.#offerParts(agent, moment, allocations);
    }
    return allocations;
  }

  /** Loads what is free; true when all of it may go to anybody. */
  #loadFree(agent: number): boolean {
    const { agents, kinds } = this.#tables;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    let flags = 0;
    for (let entry = 0; entry < count; entry++) {
      const amount = agents.free[base + entry]!;
      this.#left[entry] = amount;
      this.#leftValues[entry] = agents.freeValue[base + entry];
      if (amount > 0) flags |= kinds.flags[agents.kind[base + entry]!]!;
    }
    return flags === 0;
  }

  /** The common agent: everything that is free goes to the first framework that may have it. */
  #offerWhole(agent: number, moment: FilterMoment, allocations: Allocation[]): void {
    const { agents, clients, filters, minimum } = this.#tables;
    this.#sumQuantities(agent, this.#left);
    const isWorthIt = this.#satisfies(minimum);
    const hasGpus = agents.hasGpus[agent] === 1;
    clients.startRoles();
    for (let role = clients.nextRole(); role !== NONE; role = clients.nextRole()) {
      const order = clients.orderIn[role]!;
      order.refresh();
      const pairs = order.size;
      for (let pairIndex = 0; pairIndex < pairs; pairIndex++) {
        const pair = order.at(pairIndex);
        if (hasGpus && (clients.takes[clients.frameworkOf[pair]!]! & TAKES_GPUS) === 0) continue;
        const own = clients.minimumOf[pair];
        if (!(own === undefined ? isWorthIt : this.#satisfies(own))) continue;
        if (filters.blocks(agent, pair, this.#left, this.#leftValues, moment)) continue;
        allocations.push(this.#give(agent, pair, this.#left, this.#leftValues));
        return;
      }
    }
  }

  /** An agent with reserved, revocable or shared resources: several frameworks may get a part each. */
  #offerParts(agent: number, moment: FilterMoment, allocations: Allocation[]): void {
    const { clients } = this.#tables;
    clients.startRoles();
    for (let role = clients.nextRole(); role !== NONE; role = clients.nextRole()) {
      const order = clients.orderIn[role]!;
      order.refresh();
      for (let pairIndex = 0; pairIndex < order.size; pairIndex++) {
        const pair = order.at(pairIndex);
        if (this.#mayHaveFit(agent, pair, moment)) this.#keepGrant(agent, pair);
      }
    }
    for (const { pair, amounts, values } of this.#grants)
      allocations.push(this.#give(agent, pair, amounts, values));
    this.#grants.length = 0;
  }

  /** Works out what the pair may have of what is left, and whether it gets that. */
  #mayHaveFit(agent: number, pair: number, moment: FilterMoment): boolean {
    const { agents, clients, filters, minimum } = this.#tables;
    const takes = clients.takes[clients.frameworkOf[pair]!]!;
    if (agents.hasGpus[agent] === 1 && (takes & TAKES_GPUS) === 0) return false;
    const role = clients.roles.idOf(clients.roleOf[pair]!);
    if (!this.#fitTo(agent, role, takes)) return false;
    this.#sumQuantities(agent, this.#fit);
    if (!this.#satisfies(clients.minimumOf[pair] ?? minimum)) return false;
    return !filters.blocks(agent, pair, this.#fit, this.#fitValues, moment);
  }

  /** False when nothing of what is left may go to that role and framework. */
  #fitTo(agent: number, role: Role, takes: number): boolean {
    const { agents, kinds } = this.#tables;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    let isAny = false;
    for (let entry = 0; entry < count; entry++) {
      const kind = agents.kind[base + entry]!;
      const mayHave =
        this.#left[entry]! > 0 &&
        mayTake(kinds.flags[kind]!, takes) &&
        mayUse(kinds.reservedFor[kind]!, role);
      this.#fit[entry] = mayHave ? this.#left[entry]! : 0;
      this.#fitValues[entry] = mayHave ? this.#leftValues[entry] : undefined;
      if (mayHave) isAny = true;
    }
    return isAny;
  }

  /** Orders must not move while they are walked, so grants wait for the end of the agent. */
  #keepGrant(agent: number, pair: number): void {
    const count = this.#tables.agents.count[agent]!;
    this.#grants.push({
      pair,
      amounts: this.#fit.slice(),
      values: this.#fitValues.slice(0, count),
    });
    for (let entry = 0; entry < count; entry++) {
      if (this.#fit[entry]! <= 0) continue;
      this.#left[entry] = 0;
      this.#leftValues[entry] = undefined;
    }
  }

  #give(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
  ): Allocation {
    const { agents, clients } = this.#tables;
    const resources = agents.listOf(agent, amounts, values);
    this.#tables.holdEntries(agent, pair, amounts, values);
    return {
      agentId: agents.slots.idOf(agent) as AgentId,
      frameworkId: clients.frameworks.idOf(clients.frameworkOf[pair]!) as FrameworkId,
      role: clients.roles.idOf(clients.roleOf[pair]!) as Role,
      resources,
    };
  }

  #sumQuantities(agent: number, amounts: Float64Array): void {
    const { agents, kinds } = this.#tables;
    this.#quantities.fill(0);
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    for (let entry = 0; entry < count; entry++) {
      const dimension = kinds.dimension[agents.kind[base + entry]!]!;
      if (dimension !== NONE) this.#quantities[dimension]! += amounts[entry]!;
    }
  }

  #satisfies(minimum: Minimum): boolean {
    return satisfies(minimum, this.#quantities, this.#tables.dimensions);
  }
}

interface Grant {
  readonly pair: number;
  readonly amounts: Float64Array;
  readonly values: readonly (ResourceValue | undefined)[];
}

/** Whether a framework that can take these flags can take a kind with those. */
export function mayTake(kindFlags: number, takes: number): boolean {
  if ((kindFlags & REVOCABLE) !== 0 && (takes & TAKES_REVOCABLE) === 0) return false;
  return (kindFlags & SHARED) === 0 || (takes & TAKES_SHARED) !== 0;
}

/** Whether a role may use what is reserved for `holder` ("" = for nobody). */
export function mayUse(holder: Role, role: Role): boolean {
  return holder === "" || holder === role;
}
