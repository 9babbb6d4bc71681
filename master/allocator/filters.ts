import type { Resources, ResourceValue } from "@bourse/model/resources";
import type { AgentTable } from "./agents.ts";
import { amountOf, isWithin } from "./amounts.ts";
import { NONE } from "./slots.ts";

/**
 * What a framework in a role does not want of an agent for a while (FEATURES M-25). A filter holds what was
 * refused and withholds every offer that lies within it; more of the agent passes.
 *
 * A refusal lasts until its time and at least until one periodic run has passed it by (MESOS-4302). A pause
 * lasts until the next periodic run begins: resources come back with one when the framework did not ask for a
 * filter, so that `refuse_seconds: 0` cannot loop within an instant (DESIGN, When the allocator runs).
 */
export interface FilterTerms {
  readonly kind: "refusal" | "pause";
  readonly pair: number;
  readonly resources: Resources;
  readonly expiresAtMs: number;
  /** How many periodic runs had ended when it was made. */
  readonly madeAfterRuns: number;
}

export interface Filter extends FilterTerms {
  /** A filter of an earlier generation than its pair's has been cleared. */
  readonly generation: number;
  /** `resources` by the agent's entries. */
  amounts: Float64Array;
  values: readonly (ResourceValue | undefined)[];
}

/** The moment of a run, as filters see it. */
export interface FilterMoment {
  readonly monoMs: number;
  /** Periodic runs that have ended. */
  readonly runs: number;
  /** Within a periodic run pauses are over. */
  readonly isPeriodic: boolean;
}

/** All filters, by agent and pair. Clearing those of a pair is one step; dead ones are swept out later. */
export class FilterTable {
  readonly #byAgent: (Map<number, Filter[]> | undefined)[] = [];
  /** How many lists an agent had after its last sweep. */
  readonly #sizeAfterSweep: number[] = [];
  readonly #generation: number[] = [];
  #generations = 0;

  add(agents: AgentTable, agent: number, moment: FilterMoment, terms: FilterTerms): void {
    const made = this.#make(agents, agent, terms);
    const filters = this.#open(agent);
    const others = filters.get(terms.pair) ?? [];
    const kept = others.filter((other) => this.#isAlive(other, moment) && !isReplaced(other, made));
    // A dead list gives up its place: a restored table, which has no dead ones, keeps the same order.
    if (kept.length === 0) filters.delete(terms.pair);
    filters.set(terms.pair, [...kept, made]);
    if (filters.size > 2 * this.#sizeAfterSweep[agent]! + 16) this.#sweep(agent, moment);
  }

  /** One of `listOfAgent`, in the same order. */
  restore(agents: AgentTable, agent: number, terms: FilterTerms): void {
    const filters = this.#open(agent);
    const made = this.#make(agents, agent, terms);
    filters.set(terms.pair, [...(filters.get(terms.pair) ?? []), made]);
  }

  /** Whether an offer of these amounts of the agent's entries is withheld from the pair. */
  blocks(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    moment: FilterMoment,
  ): boolean {
    const filters = this.#byAgent[agent]?.get(pair);
    if (filters === undefined) return false;
    for (let index = 0; index < filters.length; index++) {
      const filter = filters[index]!;
      if (this.#isAlive(filter, moment) && isContained(amounts, values, filter)) return true;
    }
    return false;
  }

  /** All filters that withhold such an offer from the pair; for people. */
  blocking(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
    moment: FilterMoment,
  ): readonly Filter[] {
    const filters = this.#byAgent[agent]?.get(pair) ?? [];
    return filters.filter(
      (filter) => this.#isAlive(filter, moment) && isContained(amounts, values, filter),
    );
  }

  /** The filters of an agent that are in force; when dead ones are swept out must not show. */
  listOfAgent(agent: number, moment: FilterMoment): readonly Filter[] {
    return Array.from(this.#byAgent[agent]?.values() ?? [])
      .flat()
      .filter((filter) => this.#isAlive(filter, moment));
  }

  /** Refusals in force. */
  count(moment: FilterMoment): number {
    let count = 0;
    this.#byAgent.forEach((_, agent) => {
      for (const filter of this.listOfAgent(agent, moment)) if (filter.kind === "refusal") count++;
    });
    return count;
  }

  clearPair(pair: number): void {
    this.#generations++;
    this.#generation[pair] = this.#generations;
  }

  clearAgent(agent: number): void {
    this.#byAgent[agent] = undefined;
  }

  /** The agent's entries have changed. */
  moveEntries(agents: AgentTable, agent: number): void {
    for (const filters of this.#byAgent[agent]?.values() ?? []) {
      for (const filter of filters) Object.assign(filter, byEntry(agents, agent, filter.resources));
    }
  }

  #make(agents: AgentTable, agent: number, terms: FilterTerms): Filter {
    const { kind, pair, resources, expiresAtMs, madeAfterRuns } = terms;
    const generation = this.#generationOf(pair);
    const entries = byEntry(agents, agent, resources);
    return { kind, pair, resources, expiresAtMs, madeAfterRuns, generation, ...entries };
  }

  #open(agent: number): Map<number, Filter[]> {
    const known = this.#byAgent[agent];
    if (known !== undefined) return known;
    const filters = new Map<number, Filter[]>();
    this.#byAgent[agent] = filters;
    this.#sizeAfterSweep[agent] = 0;
    return filters;
  }

  #generationOf(pair: number): number {
    return this.#generation[pair] ?? 0;
  }

  #isAlive(filter: Filter, moment: FilterMoment): boolean {
    if (filter.generation !== this.#generationOf(filter.pair)) return false;
    const isUntouched = filter.madeAfterRuns === moment.runs;
    if (filter.kind === "pause") return isUntouched && !moment.isPeriodic;
    return isUntouched || moment.monoMs < filter.expiresAtMs;
  }

  #sweep(agent: number, moment: FilterMoment): void {
    const filters = this.#byAgent[agent]!;
    for (const [pair, list] of filters) {
      const alive = list.filter((filter) => this.#isAlive(filter, moment));
      if (alive.length === 0) filters.delete(pair);
      else filters.set(pair, alive);
    }
    this.#sizeAfterSweep[agent] = filters.size;
  }
}

function isContained(
  amounts: Float64Array,
  values: readonly (ResourceValue | undefined)[],
  filter: Filter,
): boolean {
  const bounds = filter.amounts;
  for (let entry = 0; entry < bounds.length; entry++) {
    if (amounts[entry]! <= 0) continue;
    if (!isWithin(amounts[entry]!, values[entry], bounds[entry]!, filter.values[entry]))
      return false;
  }
  return true;
}

/** A newer filter that holds as much and lasts as long makes the older one idle. */
function isReplaced(older: Filter, newer: Filter): boolean {
  return (
    older.kind === newer.kind &&
    older.expiresAtMs <= newer.expiresAtMs &&
    older.madeAfterRuns <= newer.madeAfterRuns &&
    isContained(older.amounts, older.values, newer)
  );
}

function byEntry(
  agents: AgentTable,
  agent: number,
  resources: Resources,
): Pick<Filter, "amounts" | "values"> {
  const amounts = new Float64Array(agents.count[agent]!);
  const values: (ResourceValue | undefined)[] = [];
  for (let entry = 0; entry < amounts.length; entry++) values.push(undefined);
  for (const resource of resources) {
    const entry = agents.entryOfResource(agent, resource);
    if (entry === NONE) continue; // The agent has none of it any more.
    amounts[entry] = amountOf(resource.value);
    if (resource.value.type !== "scalar") values[entry] = resource.value;
  }
  return { amounts, values };
}
