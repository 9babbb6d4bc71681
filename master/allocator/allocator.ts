import { assert } from "@bourse/model/assert";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Amount, Quota } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import type { Resources } from "@bourse/model/resources";
import { Candidates } from "./candidates.ts";
import { explainOffers, type OfferStanding } from "./explain.ts";
import type { ExplainQuestion } from "./explain-candidate.ts";
import type { FilterMoment } from "./filters.ts";
import { OfferCycle } from "./offer-cycle.ts";
import type {
  AgentOptions,
  Allocation,
  AllocatorConfig,
  AllocatorOptions,
  FrameworkOptions,
  HolderOnAgent,
  RecoverCause,
  RoleState,
  UsedResources,
} from "./options.ts";
import { NONE } from "./slots.ts";
import { type AllocatorSnapshot, restoreTables, snapshotTables } from "./snapshot.ts";
import { Tables } from "./tables.ts";
import { Usage } from "./usage.ts";

/**
 * Who gets which free resources next: dominant-resource fairness among roles, then among the frameworks of a role
 * (FEATURES M-20..M-28). It knows no offer ids, no tasks and no clock; it never sends anything.
 *
 * What `allocate` returns counts as allocated at once and stays so while an offer becomes tasks; `recover` is
 * the only way back. Ids that it does not know are bugs of the caller (assertions), but for agents in `recover`:
 * a removed agent has taken everything along.
 *
 * Roles are a tree (role-tree.ts): `eng/backend` shares with its siblings what falls to `eng`. Quota binds every role
 * and all below it (quota.ts).
 */
export class Allocator {
  readonly #config: AllocatorConfig;
  #random: Random;
  #tables: Tables;
  #cycle: OfferCycle;
  #candidates: Candidates;
  /** A client came (back): every agent with something free is to be looked at. */
  #haveClientsChanged = false;
  #runs = 0;
  /** The first periodic run is due at once. */
  #nextRunAtMs = 0;
  /** Of what kind the last run was, for whoever measures; no state. */
  lastRun: RunFacts = { number: 0, agents: 0, takers: 0 };
  /** When it was last told the time: which filters a snapshot shows depends on it. */
  #monoMs = 0;

  constructor({ random, config }: AllocatorOptions) {
    assert(config.allocationIntervalMs > 0, "the allocation interval must be positive");
    this.#config = config;
    this.#random = random.fork("agent-order");
    this.#tables = new Tables(config, {
      roles: random.fork("role-order"),
      frameworks: random.fork("framework-order"),
    });
    this.#cycle = new OfferCycle(this.#tables);
    this.#candidates = new Candidates(this.#tables.agents);
  }

  /** Goes on exactly where `snapshot` was taken; the configuration may be another one. */
  static restore(snapshot: AllocatorSnapshot, config: AllocatorConfig): Allocator {
    const random = Random.restore(snapshot.random);
    const allocator = new Allocator({ random, config });
    allocator.#random = random;
    allocator.#tables = restoreTables(snapshot, config);
    allocator.#cycle = new OfferCycle(allocator.#tables);
    allocator.#candidates = new Candidates(allocator.#tables.agents);
    allocator.#runs = snapshot.runs;
    allocator.#nextRunAtMs = snapshot.nextRunAtMs;
    allocator.#monoMs = snapshot.monoMs;
    allocator.#haveClientsChanged = snapshot.haveClientsChanged;
    for (const agent of snapshot.changed) allocator.#candidates.mark(agent);
    return allocator;
  }

  /** `used`: what is held of it already, whether or not the framework is known. */
  addAgent(agentId: AgentId, options: AgentOptions, used: readonly UsedResources[]): void {
    const agent = this.#tables.addAgent(agentId, options);
    for (const { frameworkId, role, resources } of used)
      this.#hold(agent, frameworkId, role, resources);
    this.#candidates.mark(agent);
  }

  /** What the agent is and has from now on; what is held of it stays held, even if that is more. */
  updateAgent(agentId: AgentId, options: AgentOptions): void {
    const agent = this.#agentOf(agentId);
    this.#tables.describeAgent(agent, options);
    this.#candidates.mark(agent);
  }

  /**
   * An operation on resources that the pair holds: they change kind, on the agent and in its hands. `consumed` must
   * be held; shares, filters and how often it was served stay.
   */
  convertHeld(
    { frameworkId, role, agentId }: HolderOnAgent,
    consumed: Resources,
    converted: Resources,
  ): void {
    const agent = this.#agentOf(agentId);
    const pair = this.#tables.clients.pairOf(this.#knownFramework(frameworkId), role);
    if (pair === NONE) failAsHolder({ frameworkId, role });
    this.#tables.convertHeld(agent, pair, consumed, converted);
    this.#candidates.mark(agent);
  }

  /** An operator's operation on resources that nobody holds; `consumed` must be free. */
  convertFree(agentId: AgentId, consumed: Resources, converted: Resources): void {
    const agent = this.#agentOf(agentId);
    this.#tables.convertFree(agent, consumed, converted);
    this.#candidates.mark(agent);
  }

  /** Held by nobody: neither offered nor in use. */
  freeOf(agentId: AgentId): Resources {
    return this.#tables.agents.freeOf(this.#agentOf(agentId));
  }

  /** The agent is gone, with all that anybody held of it. */
  removeAgent(agentId: AgentId): void {
    const agent = this.#agentOf(agentId);
    this.#tables.giveBackAll(agent);
    this.#tables.filters.clearAgent(agent);
    this.#tables.agents.remove(agent);
    this.#candidates.unmark(agent);
  }

  activateAgent(agentId: AgentId): void {
    const agent = this.#agentOf(agentId);
    if (this.#tables.agents.isActive[agent] === 1) return;
    this.#tables.agents.setActive(agent, true);
    this.#candidates.mark(agent);
  }

  /** Nothing of it is offered until it is activated; it still counts in the cluster's total. */
  deactivateAgent(agentId: AgentId): void {
    this.#tables.agents.setActive(this.#agentOf(agentId), false);
  }

  /** More of a known agent is in use than was known: it told of a task that the master had forgotten. */
  addUsed(agentId: AgentId, used: UsedResources): void {
    this.#hold(this.#agentOf(agentId), used.frameworkId, used.role, used.resources);
  }

  /** A framework that is connected. It may be known already by what it holds. */
  addFramework(frameworkId: FrameworkId, options: FrameworkOptions): void {
    const { clients } = this.#tables;
    const framework = clients.openFramework(frameworkId);
    assert(clients.isRegistered[framework] === 0, `framework ${frameworkId} must be new`);
    clients.isRegistered[framework] = 1;
    clients.isConnected[framework] = 1;
    clients.offersLeft[framework] = Number.POSITIVE_INFINITY;
    this.#tables.configure(framework, options);
    this.#haveClientsChanged = true;
  }

  /** Roles that it no longer has keep what they hold and get nothing more. Filters stay. */
  updateFramework(frameworkId: FrameworkId, options: FrameworkOptions): void {
    this.#tables.configure(this.#frameworkOf(frameworkId), options);
    this.#haveClientsChanged = true;
  }

  /** It gets nothing more; what it still holds counts until it is recovered. */
  removeFramework(frameworkId: FrameworkId): void {
    const { clients } = this.#tables;
    const framework = this.#frameworkOf(frameworkId);
    clients.isConnected[framework] = 0;
    clients.isRegistered[framework] = 0;
    for (const pair of Array.from(clients.pairsOf(framework).values()))
      this.#tables.unsubscribe(pair);
    clients.dropFrameworkIfIdle(framework);
  }

  activateFramework(frameworkId: FrameworkId): void {
    this.#tables.connect(this.#frameworkOf(frameworkId), true);
    this.#haveClientsChanged = true;
  }

  /** Disconnected: it gets nothing, its tasks still count, its filters are forgotten. */
  deactivateFramework(frameworkId: FrameworkId): void {
    const framework = this.#frameworkOf(frameworkId);
    this.#tables.connect(framework, false);
    for (const pair of this.#tables.clients.pairsOf(framework).values())
      this.#tables.clearFilters(pair);
  }

  /** No roles = all that the framework has. Filters stay. */
  suppress(frameworkId: FrameworkId, roles: readonly Role[]): void {
    for (const pair of this.#subscribedPairs(frameworkId, roles)) {
      this.#tables.clients.isSuppressed[pair] = 1;
      this.#tables.clients.rank(pair);
    }
  }

  /** Offers again, also of what was refused (M-25). No roles = all that the framework has. */
  revive(frameworkId: FrameworkId, roles: readonly Role[]): void {
    for (const pair of this.#subscribedPairs(frameworkId, roles)) {
      this.#tables.clients.isSuppressed[pair] = 0;
      this.#tables.clearFilters(pair);
      this.#tables.clients.rank(pair);
    }
    this.#haveClientsChanged = true;
  }

  /** In force from the next run on. At least 0.001; finer parts are rounded. */
  updateWeight(role: Role, weight: number): void {
    const weightMilli = Math.round(weight * 1000);
    assert(weightMilli >= 1, `the weight of role ${role} must be at least 0.001`);
    this.#tables.clients.setWeight(role, weightMilli);
  }

  /** In force from the next run on. Neither guarantees nor limits = no quota; at any level of the tree. */
  updateQuota(quota: Quota): void {
    this.#tables.updateQuota(quota);
  }

  /** By role name. */
  quotas(): readonly Quota[] {
    return this.#tables.quotas();
  }

  /** What counts against the quota of the role: unreserved and held in the subtree, and all reserved for it. */
  consumedOf(role: Role): readonly Amount[] {
    return this.#tables.consumedOf(role);
  }

  /** At most so many allocations from now until the next call (FEATURES A-6); null = no bound. */
  limitOffers(frameworkId: FrameworkId, offersMax: number | null): void {
    this.#tables.limitOffers(this.#frameworkOf(frameworkId), offersMax);
  }

  /** All nodes of the tree of roles, by name. */
  roles(now: Now): readonly RoleState[] {
    return this.#tables.roleStates(this.#moment(now));
  }

  /**
   * Gives away what is free: `all` is the periodic run, `changed` the event-driven one, which looks only at
   * agents of which something became free since the last run (at all, when a client came).
   */
  allocate(now: Now, which: "all" | "changed"): readonly Allocation[] {
    this.#monoMs = now.monoMs;
    const isPeriodic = which === "all";
    const isEveryone = isPeriodic || this.#haveClientsChanged;
    const count = this.#candidates.collect(isEveryone, this.#random);
    this.#haveClientsChanged = false;
    const { number } = this.lastRun;
    const { rankedCount } = this.#tables.clients;
    this.lastRun = { number: number + 1, agents: count, takers: rankedCount };
    const moment = { monoMs: now.monoMs, runs: this.#runs, isPeriodic };
    const allocations = this.#cycle.run(this.#candidates.order, count, moment);
    if (isPeriodic) {
      this.#runs++;
      this.#nextRunAtMs = now.monoMs + this.#config.allocationIntervalMs;
      this.#tables.noteStandings(now.monoMs);
    }
    return allocations;
  }

  /**
   * Resources of an agent that the framework holds in the role become free. After a decline or a rescission the
   * framework waits for the next periodic run, or as long as it asked; others may have them at once.
   */
  recover(
    held: UsedResources & { readonly agentId: AgentId },
    cause: RecoverCause,
    now: Now,
  ): void {
    this.#monoMs = now.monoMs;
    const { agents, clients, filters } = this.#tables;
    const agent = agents.slots.slotOf(held.agentId);
    if (agent === NONE || held.resources.length === 0) return;
    const pair = clients.pairOf(this.#knownFramework(held.frameworkId), held.role);
    // No `assert`: its message costs more than all the rest.
    if (pair === NONE) failAsHolder(held);
    const mayWait = clients.isSubscribed[pair] === 1 && this.#isConnected(pair);
    if (cause.kind !== "terminal" && mayWait) {
      const refuseMs = cause.kind === "declined" ? cause.refuseMs : 0;
      const filter = {
        kind: refuseMs > 0 ? ("refusal" as const) : ("pause" as const),
        pair,
        resources: held.resources,
        expiresAtMs: now.monoMs + Math.max(refuseMs, this.#config.allocationIntervalMs),
        madeAfterRuns: this.#runs,
      };
      filters.add(agent, filter, this.#moment(now));
    }
    this.#tables.giveBack(agent, pair, held.resources);
    this.#candidates.mark(agent);
  }

  /** When the periodic run is due, in `monoMs`. */
  nextRunAtMs(): number {
    return this.#nextRunAtMs;
  }

  /** Whether an event-driven run would look at anything. */
  hasChanges(): boolean {
    return this.#haveClientsChanged || this.#candidates.hasChanged;
  }

  /** Refusals in force. */
  countFilters(now: Now): number {
    return this.#tables.filters.count(this.#moment(now));
  }

  /** Why somebody gets or does not get offers: the place in the order, every check on every agent, what would help. */
  explain(question: ExplainQuestion, now: Now): OfferStanding {
    return explainOffers(this.#tables, question, this.#moment(now), this.#nextRunAtMs);
  }

  /** The cluster in numbers, for meters: to be asked for anew whenever it is read. */
  get usage(): Usage {
    return new Usage(this.#tables);
  }

  /** Plain data that shares nothing with the state. */
  snapshot(): AllocatorSnapshot {
    return {
      random: this.#random.snapshot(),
      runs: this.#runs,
      nextRunAtMs: this.#nextRunAtMs,
      monoMs: this.#monoMs,
      changed: this.#candidates.listChanged(),
      haveClientsChanged: this.#haveClientsChanged,
      ...snapshotTables(this.#tables, this.#moment({ monoMs: this.#monoMs, wallMs: 0 })),
    };
  }

  #moment(now: Now): FilterMoment {
    return { monoMs: now.monoMs, runs: this.#runs, isPeriodic: false };
  }

  #hold(agent: number, frameworkId: FrameworkId, role: Role, resources: Resources): void {
    if (resources.length === 0) return;
    const framework = this.#tables.clients.openFramework(frameworkId);
    this.#tables.hold(agent, this.#tables.clients.openPair(framework, role), resources);
  }

  #isConnected(pair: number): boolean {
    const { clients } = this.#tables;
    return clients.isConnected[clients.frameworkOf[pair]!] === 1;
  }

  #subscribedPairs(frameworkId: FrameworkId, roles: readonly Role[]): readonly number[] {
    const { clients } = this.#tables;
    const pairs = Array.from(clients.pairsOf(this.#frameworkOf(frameworkId)));
    return pairs
      .filter(([role, pair]) => clients.isSubscribed[pair] === 1 && isAmong(role, roles))
      .map(([, pair]) => pair);
  }

  #agentOf(agentId: AgentId): number {
    const agent = this.#tables.agents.slots.slotOf(agentId);
    assert(agent !== NONE, `agent ${agentId} must be known to the allocator`);
    return agent;
  }

  #knownFramework(frameworkId: FrameworkId): number {
    const framework = this.#tables.clients.frameworks.slotOf(frameworkId);
    if (framework === NONE)
      assert(false, `framework ${frameworkId} must be known to the allocator`);
    return framework;
  }

  #frameworkOf(frameworkId: FrameworkId): number {
    const framework = this.#knownFramework(frameworkId);
    assert(
      this.#tables.clients.isRegistered[framework] === 1,
      `framework ${frameworkId} must be registered with the allocator`,
    );
    return framework;
  }
}

/** How large a run of the allocator was. */
export interface RunFacts {
  /** 1 for the first since the process began. */
  readonly number: number;
  /** Agents with something free that it could give away. */
  readonly agents: number;
  /** Frameworks, in a role each, that wanted offers when it began. */
  readonly takers: number;
}

function failAsHolder({ frameworkId, role }: Omit<HolderOnAgent, "agentId">): never {
  assert(false, `framework ${frameworkId} must hold something as ${role}`);
}

function isAmong(role: Role, roles: readonly Role[]): boolean {
  return roles.length === 0 || roles.includes(role);
}
