import type { FaultDomain } from "@bourse/model/agent";
import { assert } from "@bourse/model/assert";
import type { AgentId, Role } from "@bourse/model/ids";
import type { Amount, Quota } from "@bourse/model/quota";
import {
  add,
  contains,
  formatResources,
  type Resources,
  type ResourceValue,
  subtract,
} from "@bourse/model/resources";
import { AgentTable } from "./agents.ts";
import { amountOf } from "./amounts.ts";
import { ClientTable, type SortingChance } from "./clients.ts";
import { Exclusions } from "./exclusions.ts";
import { type FilterMoment, FilterTable } from "./filters.ts";
import { DimensionTable, KindTable, SHARED } from "./kinds.ts";
import { type Minimum, minimumFrom } from "./minimum.ts";
import type { AgentOptions, AllocatorConfig, FrameworkOptions, RoleState } from "./options.ts";
import { QuotaTable } from "./quota.ts";
import { chargeCopy, countCopies } from "./shared.ts";
import { NONE, type Slots } from "./slots.ts";
import { roleStates, Standings } from "./standings.ts";

/**
 * All the state of the allocator but its timers, and the moves that keep agents and clients in step: what an
 * agent gives is what a pair holds and what counts in its shares.
 */
export class Tables {
  readonly dimensions: DimensionTable;
  readonly kinds: KindTable;
  readonly agents: AgentTable;
  readonly clients: ClientTable;
  readonly quota: QuotaTable;
  readonly filters: FilterTable;
  readonly exclusions: Exclusions;
  readonly minimum: Minimum;
  readonly standings: Standings;

  /** Whether an order is drawn by chance. */
  readonly hasChance: boolean;
  readonly #domain: FaultDomain | null;

  constructor(config: AllocatorConfig, chance: SortingChance, agentSlots?: Slots) {
    this.dimensions = new DimensionTable(config.fairnessExcluded);
    this.clients = new ClientTable(this.dimensions, {
      roleSorter: config.roleSorter,
      frameworkSorter: config.frameworkSorter,
      chance,
    });
    this.quota = new QuotaTable(this.clients.tree, this.dimensions);
    this.kinds = new KindTable(this.dimensions, this.clients);
    this.agents = new AgentTable(this.kinds, this.dimensions, this.quota, agentSlots);
    this.filters = new FilterTable(this.agents);
    this.exclusions = new Exclusions(this.agents);
    this.#domain = config.domain;
    this.hasChance = config.roleSorter === "random" || config.frameworkSorter === "random";
    this.standings = new Standings(this.clients.tree);
    this.minimum = minimumFrom(config.minAllocatable);
  }

  addAgent(agentId: AgentId, options: AgentOptions): number {
    const agent = this.agents.add(agentId);
    this.describeAgent(agent, options);
    return agent;
  }

  /** What the agent is and has; what is held of it stays held, even if that is more. */
  describeAgent(agent: number, { total, ...about }: AgentOptions): void {
    this.agents.describe(agent, about, this.#domain);
    this.exclusions.forgetAgent(agent);
    this.#setTotal(agent, total);
  }

  #setTotal(agent: number, total: Resources): void {
    this.agents.setTotal(agent, total);
    this.filters.moveEntries(agent);
  }

  convertHeld(agent: number, pair: number, consumed: Resources, converted: Resources): void {
    const { totalList } = this.agents;
    this.#setTotal(agent, add(totalList[agent]!, converted));
    this.hold(agent, pair, converted, false);
    this.giveBack(agent, pair, consumed);
    this.#setTotal(agent, subtract(totalList[agent]!, consumed));
  }

  convertFree(agent: number, consumed: Resources, converted: Resources): void {
    const { agents } = this;
    const free = agents.freeOf(agent);
    assert(contains(free, consumed), `${formatResources(consumed)} of the agent must be free`);
    this.#setTotal(agent, add(subtract(agents.totalList[agent]!, consumed), converted));
  }

  updateQuota(quota: Quota): void {
    this.quota.set(quota);
    if (this.quota.hasAny && !this.quota.isKept) this.countQuota();
    else if (!this.quota.hasAny) this.quota.stop();
  }

  quotas(): readonly Quota[] {
    return this.quota.list();
  }

  consumedOf(name: Role): readonly Amount[] {
    const role = this.clients.roles.slotOf(name);
    return role === NONE ? [] : this.whileCounted(() => this.quota.consumedOf(role));
  }

  /** Consumption is counted only while somebody has a quota: who asks without it waits for a count. */
  whileCounted<T>(read: () => T): T {
    if (this.quota.isKept) return read();
    this.countQuota();
    const answer = read();
    this.quota.stop();
    return answer;
  }

  /** Counts from nothing what is free, reserved and held; kept in step from then on. */
  countQuota(): void {
    const { agents, clients, kinds, quota } = this;
    quota.start();
    agents.recount();
    for (let agent = 0; agent < agents.slots.length; agent++) {
      if (!agents.slots.isUsed(agent)) continue;
      const base = agent * agents.width;
      for (let entry = 0; entry < agents.count[agent]!; entry++) {
        const kind = agents.kind[base + entry]!;
        if (!kinds.countsWhenHeld(kind)) continue;
        if ((kinds.flags[kind]! & SHARED) !== 0) {
          countCopies(this, agent, entry);
          continue;
        }
        const { holdings } = agents;
        for (let of = holdings.firstOf(agent); of !== NONE; of = holdings.nextOf(of)) {
          const milli = holdings.amount[of * holdings.width + entry]!;
          const role = clients.roleOf[holdings.pairOf(of)]!;
          if (milli > 0) quota.charge(role, kinds.dimension[kind]!, milli);
        }
      }
    }
  }

  limitOffers(framework: number, offersMax: number | null): void {
    const { clients } = this;
    clients.offersLeft[framework] = offersMax ?? Number.POSITIVE_INFINITY;
    for (const pair of clients.pairsOf(framework).values()) clients.rank(pair);
  }

  roleStates(moment: FilterMoment): readonly RoleState[] {
    return roleStates(this, moment);
  }

  /** At the end of a periodic run. */
  noteStandings(monoMs: number): void {
    this.standings.note(
      monoMs,
      (role) => this.#isShortOfGuarantee(role),
      (role) => this.quota.isKept && this.quota.isFull(role),
    );
  }

  #isShortOfGuarantee(role: number): boolean {
    return this.quota.isKept && this.quota.lacksGuarantee(role);
  }

  /** Counts resources of the agent as held by the pair, whether they are free or not. */
  hold(agent: number, pair: number, resources: Resources, isServed = true): void {
    const entries = this.agents.entriesFor(agent, resources);
    this.filters.moveEntries(agent);
    const holding = this.#openHolding(agent, pair);
    resources.forEach(({ value }, index) => {
      this.#holdEntry(agent, pair, holding, entries[index]!, amountOf(value), asElements(value));
    });
    if (isServed) this.clients.countServed(pair);
    this.clients.noteChange(pair);
    this.agents.noteFree(agent);
  }

  /** The same for amounts by entry; the offer cycle's way. */
  holdEntries(
    agent: number,
    pair: number,
    amounts: Float64Array,
    values: readonly (ResourceValue | undefined)[],
  ): void {
    const holding = this.#openHolding(agent, pair);
    const count = this.agents.count[agent]!;
    for (let entry = 0; entry < count; entry++) {
      if (amounts[entry]! > 0)
        this.#holdEntry(agent, pair, holding, entry, amounts[entry]!, values[entry]);
    }
    this.clients.countServed(pair);
    this.clients.noteChange(pair);
    this.agents.noteFree(agent);
  }

  /** Resources of the agent that the pair holds become free. */
  giveBack(agent: number, pair: number, resources: Resources): void {
    const { agents, clients } = this;
    const holding = agents.holdings.find(agent, pair);
    if (holding === NONE) failToGiveBack(resources);
    for (let index = 0; index < resources.length; index++) {
      const resource = resources[index]!;
      const entry = agents.entryOfResource(agent, resource);
      if (entry === NONE) failToGiveBack([resource]);
      const amount = agents.holdings.amountOf(holding, entry, resource.value);
      agents.release(agent, holding, entry, amount, asElements(resource.value));
      this.#charge(agent, pair, holding, entry, -amount);
    }
    clients.noteChange(pair);
    if (agents.noteFree(agent)) this.#setTotal(agent, agents.totalList[agent]!);
    if (agents.holdings.isEmpty(holding)) this.#closeHolding(agent, holding);
  }

  /** Everything that is held of the agent is held no more. */
  giveBackAll(agent: number): void {
    const { holdings } = this.agents;
    for (let holding = holdings.firstOf(agent); holding !== NONE; ) {
      const next = holdings.nextOf(holding);
      this.giveBack(agent, holdings.pairOf(holding), this.agents.heldBy(agent, holding));
      holding = next;
    }
  }

  /** Forgets a pair that is neither subscribed nor holds anything, and what hangs on it. */
  dropPairIfIdle(pair: number): void {
    const framework = this.clients.frameworkOf[pair]!;
    if (!this.clients.dropIfIdle(pair)) return;
    this.exclusions.set(pair, undefined);
    this.clearFilters(pair);
    this.clients.dropFrameworkIfIdle(framework);
  }

  /** Roles that it no longer has keep what they hold and get nothing more. */
  configure(framework: number, options: FrameworkOptions): void {
    const { clients } = this;
    clients.setCapabilities(framework, options.capabilities);
    for (const [role, pair] of Array.from(clients.pairsOf(framework)))
      if (!options.roles.includes(role)) this.unsubscribe(pair);
    for (const role of options.roles) {
      const pair = clients.openPair(framework, role);
      const own = options.minAllocatable?.get(role);
      clients.isSubscribed[pair] = 1;
      clients.isSuppressed[pair] = options.suppressedRoles.includes(role) ? 1 : 0;
      clients.minimumOf[pair] = own === undefined ? undefined : minimumFrom(own);
      this.exclusions.set(pair, options.offerConstraints?.get(role));
      clients.noteEasier(pair);
      clients.rank(pair);
    }
  }

  /** Forgets what the pair has refused. */
  clearFilters(pair: number): void {
    this.filters.clearPair(pair);
    this.clients.noteEasier(pair);
  }

  unsubscribe(pair: number): void {
    const { clients } = this;
    clients.isSubscribed[pair] = 0;
    clients.rank(pair);
    this.clearFilters(pair);
    this.dropPairIfIdle(pair);
  }

  connect(framework: number, isConnected: boolean): void {
    const { clients } = this;
    clients.isConnected[framework] = isConnected ? 1 : 0;
    for (const pair of clients.pairsOf(framework).values()) clients.rank(pair);
  }

  #holdEntry(
    agent: number,
    pair: number,
    holding: number,
    entry: number,
    amount: number,
    value: ResourceValue | undefined,
  ): void {
    this.agents.hold(agent, holding, entry, amount, value);
    this.#charge(agent, pair, holding, entry, amount);
  }

  /** After the holding has changed by so much. */
  #charge(agent: number, pair: number, holding: number, entry: number, milli: number): void {
    const { agents, clients, kinds, quota } = this;
    const kind = agents.kind[agent * agents.width + entry]!;
    const dimension = kinds.dimension[kind]!;
    if (dimension === NONE) return;
    if ((kinds.flags[kind]! & SHARED) !== 0) {
      const held = agents.holdings.amount[holding * agents.holdings.width + entry]!;
      if (held === 0) chargeCopy(this, agent, pair, entry, -1);
      else if (held === milli) chargeCopy(this, agent, pair, entry, 1);
      return;
    }
    clients.charge(pair, dimension, milli);
    if (quota.isKept && kinds.countsWhenHeld(kind))
      quota.charge(clients.roleOf[pair]!, dimension, milli);
  }

  #openHolding(agent: number, pair: number): number {
    const known = this.agents.holdings.find(agent, pair);
    if (known !== NONE) return known;
    this.clients.countHolding(pair, 1);
    return this.agents.holdings.open(agent, pair);
  }

  #closeHolding(agent: number, holding: number): void {
    const pair = this.agents.holdings.pairOf(holding);
    this.agents.holdings.close(agent, holding);
    this.clients.countHolding(pair, -1);
    this.dropPairIfIdle(pair);
  }
}

function failToGiveBack(resources: Resources): never {
  assert(false, `${formatResources(resources)} given back must be held`);
}

/** What is kept beside the amount: nothing for a scalar. */
function asElements(value: ResourceValue): ResourceValue | undefined {
  return value.type === "scalar" ? undefined : value;
}
