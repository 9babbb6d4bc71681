import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { ResourceValue } from "@bourse/model/resources";
import { type FilterMoment, PASSES } from "./filters.ts";
import { CHOP_ANYWHERE, CHOP_NEVER, REFINED, REVOCABLE, SHARED } from "./kinds.ts";
import { type Minimum, satisfies } from "./minimum.ts";
import type { Allocation } from "./options.ts";
import { NO_QUOTA } from "./quiet.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/**
 * Goes over the given agents and gives what is free on each to whoever comes first and may have it (FEATURES
 * M-21..M-23): roles in their order, then the frameworks of a role in theirs. An agent's free resources go whole to
 * one framework; only what that one may not have (somebody's reservation, revocable resources, more than quota
 * allows) goes on to the next. Orders are those from before the agent; quota counts every grant at once.
 *
 * While guarantees are unmet there is a first stage, for the roles that they are for: whoever is promised something
 * chooses before everybody does.
 */
export class OfferCycle {
  readonly #tables: Tables;
  #moment: FilterMoment = { monoMs: 0, runs: 0, isPeriodic: false };
  /** Free and not given away yet, by entry of the agent. */
  #left = new Float64Array(8);
  #leftValues: (ResourceValue | undefined)[] = [];
  /** What the framework at hand may have of it. */
  #fit = new Float64Array(8);
  #fitValues: (ResourceValue | undefined)[] = [];
  /** Of `#fit`, by dimension. */
  #quantities = new Float64Array(8);
  /** What quota leaves the framework at hand, by dimension. */
  #bounds = new Float64Array(8);
  /** Shared entries that were given away in this run: one copy an agent and run. */
  readonly #sharedGiven = new Set<number>();
  /** Frameworks whose budget ran out on the agent at hand: they leave the order when it is done. */
  readonly #spent: number[] = [];
  /** When the first of the refusals ends that were in the way on the agent at hand. A cell: doubles in fields are boxed. */
  readonly #quietUntilMs = new Float64Array(1);
  /** Whether somebody would have got something of it, or more, without quota. */
  #isQuotaInTheWay = false;
  /** The role that all that is left is reserved for; NONE when others may have some of it. */
  #soleHolder = NONE;
  /** Only pairs that changed after this version of the clients need be looked at; NONE = all. */
  #since = NONE;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** `order`: as many agents as `count` says. */
  run(order: Int32Array, count: number, moment: FilterMoment): readonly Allocation[] {
    const { quota } = this.#tables;
    const allocations: Allocation[] = [];
    this.#moment = moment;
    this.#makeRoom();
    this.#sharedGiven.clear();
    if (quota.isKept && quota.isAnyoneInNeed()) this.#visitAll(order, count, true, allocations);
    this.#visitAll(order, count, false, allocations);
    return allocations;
  }

  #visitAll(order: Int32Array, count: number, isFirstStage: boolean, into: Allocation[]): void {
    const { clients, hasChance } = this.#tables;
    for (let index = 0; index < count; index++) {
      // All have as many offers as they want: in a large cluster that is soon. (Random orders draw for every agent.)
      if (clients.rankedCount === 0 && !hasChance) return;
      this.#visit(order[index]!, isFirstStage, into);
    }
  }

  #visit(agent: number, isFirstStage: boolean, allocations: Allocation[]): void {
    const { agents, clients, filters, hasChance, quota } = this.#tables;
    if (agents.isActive[agent] === 0 || agents.hasFree[agent] === 0) return;
    // A random order draws from its stream for every agent that is looked at: none may be passed over.
    this.#since = hasChance ? NONE : agents.quiet.since(agent, this.#moment.monoMs, quota.version);
    if (this.#since === clients.version) return;
    const { version } = clients;
    const before = allocations.length;
    const untilMs = this.#since === NONE ? Number.POSITIVE_INFINITY : agents.quiet.untilMs(agent);
    this.#quietUntilMs[0] = untilMs;
    this.#isQuotaInTheWay = this.#since !== NONE && agents.quiet.isByQuota(agent);
    filters.startAgent(agent);
    if (agents.isPlain(agent) && !quota.isKept) this.#offerWhole(agent, allocations);
    else this.#offerParts(agent, isFirstStage, allocations);
    if (hasChance || isFirstStage || allocations.length > before || this.#sharedGiven.size > 0)
      return;
    const quotaVersion = this.#isQuotaInTheWay ? quota.version : NO_QUOTA;
    agents.quiet.begin(agent, version, this.#quietUntilMs[0]!, quotaVersion);
  }

  #makeRoom(): void {
    const { agents, dimensions } = this.#tables;
    if (this.#left.length < agents.width) {
      this.#left = new Float64Array(agents.width);
      this.#fit = new Float64Array(agents.width);
    }
    if (this.#quantities.length < dimensions.count) {
      this.#quantities = new Float64Array(dimensions.total.length);
      this.#bounds = new Float64Array(dimensions.total.length);
    }
  }

  /** The common agent: everything that is free goes to the first framework that may have it. */
  #offerWhole(agent: number, allocations: Allocation[]): void {
    const { agents, clients, exclusions, minimum } = this.#tables;
    this.#loadFree(agent);
    this.#sumQuantities(agent, this.#left);
    const isWorthIt = this.#satisfies(minimum);
    const needs = agents.needs[agent]!;
    const since = this.#since;
    const { changedAt } = clients;
    clients.startRoles();
    for (let role = clients.nextRole(); role !== NONE; role = clients.nextRole()) {
      const order = clients.orderIn[role]!;
      order.refresh();
      const pairs = order.size;
      for (let index = 0; index < pairs; index++) {
        const pair = order.at(index);
        if (changedAt[pair]! <= since) continue;
        if (needs !== 0 && (needs & ~clients.takes[clients.frameworkOf[pair]!]!) !== 0) continue;
        const own = clients.minimumOf[pair];
        if (!(own === undefined ? isWorthIt : this.#satisfies(own))) continue;
        if (exclusions.isExcluded(pair, agent)) continue;
        if (this.#isWithheld(agent, pair, this.#left, this.#leftValues)) continue;
        allocations.push(this.#give(agent, pair, this.#left, this.#leftValues));
        this.#dropSpent();
        return;
      }
    }
  }

  /**
   * An agent with reserved, revocable or shared resources, or within quotas: several frameworks may get a part each.
   * In the first stage only grants that bring a guarantee nearer are made.
   */
  #offerParts(agent: number, isFirstStage: boolean, allocations: Allocation[]): void {
    const { clients } = this.#tables;
    const since = this.#since;
    const { changedAt } = clients;
    let hasLeft = this.#loadFree(agent);
    clients.startRoles();
    for (
      let role = clients.nextRole();
      role !== NONE && hasLeft;
      role = hasLeft ? clients.nextRole() : NONE
    ) {
      if (this.#soleHolder !== NONE && !this.#isWithinSoleHolder(role)) continue;
      const order = clients.orderIn[role]!;
      order.refresh();
      for (let index = 0; index < order.size && hasLeft; index++) {
        const pair = order.at(index);
        if (changedAt[pair]! <= since) continue;
        if (!this.#mayHaveFit(agent, pair, isFirstStage)) continue;
        allocations.push(this.#give(agent, pair, this.#fit, this.#fitValues));
        hasLeft = this.#takeFit(agent);
      }
    }
    this.#dropSpent();
  }

  /** Loads what is free and was not given away in this run; false when that is nothing. */
  #loadFree(agent: number): boolean {
    const { agents } = this.#tables;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    let hasLeft = false;
    for (let entry = 0; entry < count; entry++) {
      const isGiven = this.#sharedGiven.size > 0 && this.#sharedGiven.has(base + entry);
      this.#left[entry] = isGiven ? 0 : agents.free[base + entry]!;
      this.#leftValues[entry] = agents.freeValue[base + entry];
      if (this.#left[entry]! > 0) hasLeft = true;
    }
    this.#findSoleHolder(agent);
    return hasLeft;
  }

  /** Works out what the pair may have of what is left, and whether it gets that: the checks of M-23. */
  #mayHaveFit(agent: number, pair: number, isFirstStage: boolean): boolean {
    const { agents, clients, exclusions, minimum, quota } = this.#tables;
    const framework = clients.frameworkOf[pair]!;
    if (clients.offersLeft[framework]! <= 0) return false;
    const takes = clients.takes[framework]!;
    if ((agents.needs[agent]! & ~takes) !== 0) return false;
    if (exclusions.isExcluded(pair, agent)) return false;
    const role = clients.roleOf[pair]!;
    if (!this.#fitTo(agent, role, takes)) return false;
    const needed = clients.minimumOf[pair] ?? minimum;
    // Without quota, or before: what is too little or refused as a whole is so in part.
    if (!this.#isWanted(agent, pair, needed)) return false;
    if (!quota.isKept) return true;
    const isWhole = this.#chopFit(agent, role);
    if (!isWhole) {
      this.#isQuotaInTheWay = true;
      if (!this.#hasFit(agent) || !this.#isWanted(agent, pair, needed)) return false;
    }
    return !isFirstStage || this.#bringsGuaranteeNearer(agent, role);
  }

  /** Whether the fit is worth an offer and was not refused. */
  #isWanted(agent: number, pair: number, minimum: Minimum): boolean {
    this.#sumQuantities(agent, this.#fit);
    return this.#satisfies(minimum) && !this.#isWithheld(agent, pair, this.#fit, this.#fitValues);
  }

  #isWithheld(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
  ): boolean {
    const { filters } = this.#tables;
    let untilMs = filters.notedUntilMs(pair, this.#moment.monoMs);
    if (untilMs === PASSES)
      untilMs = filters.withheldUntilMs(agent, pair, amounts, values, this.#moment);
    if (untilMs === PASSES) return false;
    if (untilMs < this.#quietUntilMs[0]!) this.#quietUntilMs[0] = untilMs;
    return true;
  }

  /** False when nothing of what is left may go to that role and framework. */
  #fitTo(agent: number, role: number, takes: number): boolean {
    const { agents, clients, kinds } = this.#tables;
    const name = clients.roles.idAt(role) as Role;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    let isAny = false;
    for (let entry = 0; entry < count; entry++) {
      const kind = agents.kind[base + entry]!;
      const mayHave =
        this.#left[entry]! > 0 &&
        mayTake(kinds.flags[kind]!, takes) &&
        mayUse(kinds.reservedFor[kind]!, name);
      this.#fit[entry] = mayHave ? this.#left[entry]! : 0;
      this.#fitValues[entry] = mayHave ? this.#leftValues[entry] : undefined;
      if (mayHave) isAny = true;
    }
    return isAny;
  }

  /** Cuts what counts against quota down to what limits and the guarantees of others leave; true: that is all. */
  #chopFit(agent: number, role: number): boolean {
    const { agents, dimensions, kinds, quota } = this.#tables;
    for (let dimension = 0; dimension < dimensions.count; dimension++)
      this.#bounds[dimension] = quota.boundOf(role, dimension);
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    let isWhole = true;
    for (let entry = 0; entry < count; entry++) {
      const amount = this.#fit[entry]!;
      const kind = agents.kind[base + entry]!;
      if (amount <= 0 || !kinds.countsWhenHeld(kind)) continue;
      const dimension = kinds.dimension[kind]!;
      const part = chopped(amount, this.#bounds[dimension]!, kinds.chopping[kind]!);
      this.#bounds[dimension]! -= part;
      this.#fit[entry] = part;
      if (part < amount) isWhole = false;
    }
    return isWhole;
  }

  #hasFit(agent: number): boolean {
    const count = this.#tables.agents.count[agent]!;
    for (let entry = 0; entry < count; entry++) if (this.#fit[entry]! > 0) return true;
    return false;
  }

  #bringsGuaranteeNearer(agent: number, role: number): boolean {
    const { agents, kinds, quota } = this.#tables;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    for (let entry = 0; entry < count; entry++) {
      const kind = agents.kind[base + entry]!;
      if (
        this.#fit[entry]! > 0 &&
        kinds.countsWhenHeld(kind) &&
        quota.promisedTo(role, kinds.dimension[kind]!) > 0
      )
        return true;
    }
    return false;
  }

  /** What was given is left no more; false when nothing is. */
  #takeFit(agent: number): boolean {
    const { agents, kinds } = this.#tables;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    let hasLeft = false;
    for (let entry = 0; entry < count; entry++) {
      const given = this.#fit[entry]!;
      if (given > 0) {
        this.#left[entry]! -= given;
        if ((kinds.flags[agents.kind[base + entry]!]! & SHARED) !== 0)
          this.#sharedGiven.add(base + entry);
      }
      if (this.#left[entry]! > 0) hasLeft = true;
    }
    this.#findSoleHolder(agent);
    return hasLeft;
  }

  #findSoleHolder(agent: number): void {
    const { agents, kinds } = this.#tables;
    const base = agent * agents.width;
    const count = agents.count[agent]!;
    this.#soleHolder = NONE;
    for (let entry = 0; entry < count; entry++) {
      if (this.#left[entry]! <= 0) continue;
      const holder = kinds.holder[agents.kind[base + entry]!]!;
      const isAnother = this.#soleHolder !== NONE && this.#soleHolder !== holder;
      this.#soleHolder = isAnother ? NONE : holder;
      if (this.#soleHolder === NONE) return;
    }
  }

  #isWithinSoleHolder(role: number): boolean {
    const { parentOf } = this.#tables.clients;
    for (let node = role; node !== NONE; node = parentOf[node]!)
      if (node === this.#soleHolder) return true;
    return false;
  }

  #give(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
  ): Allocation {
    const { agents, clients } = this.#tables;
    const framework = clients.frameworkOf[pair]!;
    const resources = agents.listOf(agent, amounts, values);
    this.#tables.holdEntries(agent, pair, amounts, values);
    clients.offersLeft[framework]! -= 1;
    if (clients.offersLeft[framework] === 0) this.#spent.push(framework);
    return {
      agentId: agents.slots.idAt(agent) as AgentId,
      frameworkId: clients.frameworks.idAt(framework) as FrameworkId,
      role: clients.roles.idAt(clients.roleOf[pair]!) as Role,
      resources,
    };
  }

  /** Orders must not move while they are walked, so this waits for the end of the agent. */
  #dropSpent(): void {
    const { clients } = this.#tables;
    for (let framework = this.#spent.pop(); framework !== undefined; framework = this.#spent.pop())
      for (const pair of clients.pairsOf(framework).values()) clients.rank(pair);
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

const TAKEN_FLAGS = REVOCABLE | SHARED | REFINED;

/** Whether a framework that can take these flags can take a kind with those. */
export function mayTake(kindFlags: number, takes: number): boolean {
  return (kindFlags & TAKEN_FLAGS & ~takes) === 0;
}

/** Whether a role may use what is reserved for `holder` ("" = for nobody): its own or an ancestor's (CASES A40). */
export function mayUse(holder: Role, role: Role): boolean {
  if (holder === "" || holder === role) return true;
  return role.charCodeAt(holder.length) === SLASH && role.startsWith(holder);
}

const SLASH = 47;

/** How much of the amount may go when at most so much is allowed. */
export function chopped(amount: number, bound: number, chopping: number): number {
  if (amount <= bound) return amount;
  if (chopping === CHOP_NEVER) return 0;
  return chopping === CHOP_ANYWHERE ? bound : Math.floor(bound / MILLI) * MILLI;
}

const MILLI = 1000;
