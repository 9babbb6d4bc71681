import { Random } from "@bourse/model/random";
import type { NodeConditions } from "../node-conditions.ts";
import type { Fault } from "../scenario/fault.ts";
import type { SimAgent } from "../sim-agent.ts";
import type { SimFramework } from "../sim-framework.ts";
import type { World } from "../world.ts";
import type { Downtimes } from "./downtimes.ts";

/** A node as faults see it: of any kind. */
export interface FaultNode {
  readonly name: string;
  readonly conditions: NodeConditions;
}

/**
 * What one fault has at hand when it strikes. It draws whom it strikes and how from streams of its own, so that a
 * fault whose victims are written down does the same to them as the one that picked them.
 */
export class FaultScene {
  readonly world: World;
  readonly fault: Fault;
  /** How it strikes. */
  readonly random: Random;
  readonly #whom: Random;
  readonly #downtimes: Downtimes;
  readonly #struck: string[] = [];

  constructor(world: World, fault: Fault, downtimes: Downtimes) {
    const random = Random.fromSeed(fault.seed);
    this.world = world;
    this.fault = fault;
    this.random = random.fork("how");
    this.#whom = random.fork("whom");
    this.#downtimes = downtimes;
  }

  /** Names of those that were struck: what `targets` of this fault could have said. */
  get struck(): readonly string[] {
    return this.#struck;
  }

  get lastMs(): number {
    return this.fault.lastMs;
  }

  /** The agents that it is to strike; without targets one, whichever. Empty when none of them is there. */
  agents(): readonly SimAgent[] {
    return this.#choose(this.world.agents);
  }

  frameworks(): readonly SimFramework[] {
    return this.#choose(this.world.frameworks);
  }

  /** Of all kinds; the master comes up as often as one of the others. */
  nodes(): readonly FaultNode[] {
    const { agents, frameworks, master } = this.world;
    return this.#choose<FaultNode>([master, ...agents, ...frameworks]);
  }

  /** Those of whom it strikes more than one at once: without targets any of the sets, whichever. */
  group<T extends { readonly name: string }>(sets: readonly (readonly T[])[]): readonly T[] {
    if (this.fault.targets !== undefined) return this.#choose(sets.flat());
    const group = sets.length === 0 ? [] : this.#whom.pick(sets);
    for (const { name } of group) this.#struck.push(name);
    return group;
  }

  /** A part of them, at least one. */
  someOf<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
    if (this.fault.targets !== undefined || all.length === 0) return this.#choose(all);
    const picked = new Set([this.#whom.pick(all)]);
    for (const one of all) if (this.#whom.chance(0.4)) picked.add(one);
    const some = all.filter((one) => picked.has(one));
    for (const { name } of some) this.#struck.push(name);
    return some;
  }

  note(text: string): void {
    this.world.note(text);
  }

  /** Runs when the fault has lasted as long as it says. */
  afterwards(run: () => void): void {
    this.world.simulation.after(this.lastMs, run);
  }

  /** Down for as long as the fault lasts, and longer when another fault wants so. */
  keepDown(node: { readonly name: string; start(): void }): void {
    this.#downtimes.keepDown(node, this.lastMs);
  }

  #choose<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
    const { targets } = this.fault;
    if (targets !== undefined) return all.filter(({ name }) => targets.includes(name));
    if (all.length === 0) return [];
    const one = this.#whom.pick(all);
    this.#struck.push(one.name);
    return [one];
  }
}
