import { present } from "@bourse/model/assert";
import type { Now } from "@bourse/model/now";
import type { Amount, Quota } from "@bourse/model/quota";
import type { Random } from "@bourse/model/random";
import { add, kindOf, type Resource, type Resources, subtract } from "@bourse/model/resources";
import type {
  AgentOptions,
  Allocation,
  AllocatorConfig,
  AllocatorOptions,
  FrameworkOptions,
  RecoverCause,
  UsedResources,
} from "./options.ts";
import {
  freeOf,
  isWorthAnOffer,
  mayBeOffered,
  mayHave,
  type ReferenceAgent,
  type Refusal,
  withholds,
} from "./reference-checks.ts";
import { ReferenceOrder } from "./reference-order.ts";
import { isQuotaBound, ReferenceQuota } from "./reference-quota.ts";

/**
 * The same decisions, as plainly as they can be written: lists of objects, fractions of whole numbers, everything
 * computed anew each time. Only tests use it: the fast allocator must equal it. The rules:
 *
 * - A run shuffles its candidates once; each of its two stages walks over them in that order.
 * - An agent is offered to roles in the order of the tree and within a role to frameworks in theirs, both as they
 *   are before the agent; what is consumed, still needed and left changes with every grant.
 * - A grant is all that is left of the agent and may go to the role (`mayHave`), its unreserved scalars chopped to
 *   what the quotas allow (`ReferenceQuota.boundOf`).
 * - The first stage makes only grants that bring a guarantee of the role or of an ancestor nearer.
 * - A shared resource is free whoever holds it, is given once per agent and run, and counts once per client.
 * - Whoever neither subscribes to a role nor holds anything in it is forgotten, with its count of allocations.
 */
export class ReferenceAllocator {
  readonly #config: AllocatorConfig;
  readonly #random: Random;
  /** By slot; a removed agent leaves a hole that the next one fills. */
  readonly #agents: (ReferenceAgent | null)[] = [];
  readonly #holes: number[] = [];
  readonly #frameworks = new Map<string, Framework>();
  readonly #quotas = new Map<string, Quota>();
  readonly #order: ReferenceOrder;
  #refusals: Refusal[] = [];
  #changed = new Set<string>();
  #haveClientsChanged = false;
  #runs = 0;

  constructor({ random, config }: AllocatorOptions) {
    this.#random = random.fork("agent-order");
    this.#config = config;
    this.#order = new ReferenceOrder(config.fairnessExcluded);
  }

  addAgent(agentId: string, options: AgentOptions, used: readonly UsedResources[]): void {
    const agent: ReferenceAgent = { agentId, options, isActive: true, held: [] };
    const slot = this.#holes.pop() ?? this.#agents.length;
    this.#agents[slot] = agent;
    for (const held of used) this.#hold(agent, held);
    this.#changed.add(agentId);
  }

  updateAgent(agentId: string, options: AgentOptions): void {
    this.#agent(agentId).options = options;
    this.#changed.add(agentId);
  }

  removeAgent(agentId: string): void {
    const slot = this.#agents.findIndex((agent) => agent?.agentId === agentId);
    this.#agents[slot] = null;
    this.#holes.push(slot);
    this.#changed.delete(agentId);
    this.#refusals = this.#refusals.filter((refusal) => refusal.agentId !== agentId);
    this.#forgetIdle();
  }

  activateAgent(agentId: string): void {
    if (!this.#agent(agentId).isActive) this.#changed.add(agentId);
    this.#agent(agentId).isActive = true;
  }

  deactivateAgent(agentId: string): void {
    this.#agent(agentId).isActive = false;
  }

  addUsed(agentId: string, used: UsedResources): void {
    this.#hold(this.#agent(agentId), used);
  }

  addFramework(frameworkId: string, options: FrameworkOptions): void {
    this.#frameworks.set(frameworkId, {
      isConnected: true,
      suppressed: new Set(),
      options: { ...options, roles: [] },
      offersLeft: null,
    });
    this.updateFramework(frameworkId, options);
  }

  updateFramework(frameworkId: string, options: FrameworkOptions): void {
    const framework = this.#framework(frameworkId);
    const kept = framework.options.roles.filter((role) => options.roles.includes(role));
    framework.options = { ...options, roles: kept };
    this.#forgetRefusals(frameworkId, (role) => !options.roles.includes(role));
    this.#forgetIdle();
    framework.options = options;
    framework.suppressed = new Set(options.suppressedRoles);
    this.#haveClientsChanged = true;
    this.#forgetIdle();
  }

  removeFramework(frameworkId: string): void {
    this.#frameworks.delete(frameworkId);
    this.#forgetRefusals(frameworkId, () => true);
    this.#forgetIdle();
  }

  activateFramework(frameworkId: string): void {
    this.#framework(frameworkId).isConnected = true;
    this.#haveClientsChanged = true;
  }

  deactivateFramework(frameworkId: string): void {
    this.#framework(frameworkId).isConnected = false;
    this.#forgetRefusals(frameworkId, () => true);
  }

  suppress(frameworkId: string, roles: readonly string[]): void {
    const { suppressed, options } = this.#framework(frameworkId);
    for (const role of roles.length === 0 ? options.roles : roles) suppressed.add(role);
  }

  revive(frameworkId: string, roles: readonly string[]): void {
    const { suppressed, options } = this.#framework(frameworkId);
    const revived = roles.length === 0 ? options.roles : roles;
    for (const role of revived) suppressed.delete(role);
    this.#forgetRefusals(frameworkId, (role) => revived.includes(role));
    this.#haveClientsChanged = true;
  }

  limitOffers(frameworkId: string, offersMax: number | null): void {
    this.#framework(frameworkId).offersLeft = offersMax;
  }

  updateWeight(role: string, weight: number): void {
    this.#order.setWeight(role, Math.round(weight * 1000));
  }

  updateQuota(quota: Quota): void {
    const isNone = quota.guarantees.length === 0 && quota.limits.length === 0;
    if (isNone) this.#quotas.delete(quota.role);
    else this.#quotas.set(quota.role, quota);
  }

  recover(held: UsedResources & { agentId: string }, cause: RecoverCause, now: Now): void {
    const { agentId, frameworkId, role, resources } = held;
    const agent = this.#agents.find((known) => known?.agentId === agentId);
    if (!agent || resources.length === 0) return;
    const framework = this.#frameworks.get(frameworkId);
    if (
      cause.kind !== "terminal" &&
      framework?.isConnected &&
      framework.options.roles.includes(role)
    ) {
      const refuseMs = cause.kind === "declined" ? cause.refuseMs : 0;
      this.#refusals.push({
        agentId,
        frameworkId,
        role,
        resources,
        isPause: refuseMs === 0,
        expiresAtMs: now.monoMs + Math.max(refuseMs, this.#config.allocationIntervalMs),
        madeAfterRuns: this.#runs,
      });
    }
    this.#giveBack(agent, held);
    this.#changed.add(agentId);
    this.#forgetIdle();
  }

  /** What a pair holds changes kind; the agent has it as the new kind from now on. */
  convertHeld(
    who: { agentId: string; frameworkId: string; role: string },
    consumed: Resources,
    converted: Resources,
  ): void {
    const agent = this.#agent(who.agentId);
    this.#take(agent, { ...who, resources: converted });
    this.#giveBack(agent, { ...who, resources: consumed });
    this.#convertTotal(agent, consumed, converted);
    this.#changed.add(who.agentId);
  }

  convertFree(agentId: string, consumed: Resources, converted: Resources): void {
    this.#convertTotal(this.#agent(agentId), consumed, converted);
    this.#changed.add(agentId);
  }

  allocate(now: Now, which: "all" | "changed"): readonly Allocation[] {
    const isPeriodic = which === "all";
    const candidates = this.#known()
      .filter(({ agentId }) => isPeriodic || this.#haveClientsChanged || this.#changed.has(agentId))
      .filter((agent) => freeOf(agent).length > 0);
    this.#changed = new Set();
    this.#haveClientsChanged = false;
    const active = this.#random.shuffle(candidates).filter(({ isActive }) => isActive);
    const run: Run = { now, isPeriodic, sharedGiven: new Set(), allocations: [] };
    const hasGuarantees = Array.from(this.#quotas.values()).some(
      ({ guarantees }) => guarantees.length > 0,
    );
    if (hasGuarantees) for (const agent of active) this.#serve(agent, run, "guaranteed");
    for (const agent of active) this.#serve(agent, run, "everybody");
    if (isPeriodic) this.#runs++;
    return run.allocations;
  }

  freeOf(agentId: string): Resources {
    return freeOf(this.#agent(agentId));
  }

  /** What quota counts of the role and everything below it. */
  consumedOf(role: string): readonly Amount[] {
    return new ReferenceQuota([], this.#known()).amountsConsumedBy(role);
  }

  quotas(): readonly Quota[] {
    return Array.from(this.#quotas.values());
  }

  /** For properties: the quotas as they stand. */
  get quota(): ReferenceQuota {
    return new ReferenceQuota(this.quotas(), this.#known());
  }

  #serve(agent: ReferenceAgent, run: Run, stage: "guaranteed" | "everybody"): void {
    const servable = new Map<string, string[]>();
    for (const [frameworkId, { isConnected, options, suppressed }] of this.#frameworks)
      for (const role of isConnected ? options.roles : [])
        if (!suppressed.has(role)) servable.set(role, [...(servable.get(role) ?? []), frameworkId]);
    const clients = this.#order.clientsInOrder(servable, this.#known());
    for (const { role, frameworkId } of clients) {
      const grant = this.#grant(agent, role, frameworkId, run, stage);
      if (grant.length === 0) continue;
      const allocation = { agentId: agent.agentId, frameworkId, role, resources: grant };
      for (const resource of grant)
        if (resource.isShared) run.sharedGiven.add(`${agent.agentId} ${kindOf(resource)}`);
      const framework = this.#framework(frameworkId);
      if (framework.offersLeft !== null) framework.offersLeft--;
      this.#hold(agent, allocation);
      run.allocations.push(allocation);
    }
  }

  /** What the framework is offered of the agent now; nothing when any check fails. */
  #grant(
    agent: ReferenceAgent,
    role: string,
    frameworkId: string,
    run: Run,
    stage: "guaranteed" | "everybody",
  ): Resources {
    const { options, offersLeft } = this.#framework(frameworkId);
    if (offersLeft === 0) return [];
    if (!mayBeOffered(agent.options, role, options, this.#config.domain)) return [];
    const left = freeOf(agent)
      .filter((resource) => !run.sharedGiven.has(`${agent.agentId} ${kindOf(resource)}`))
      .filter((resource) => mayHave(resource, role, options));
    const quota = new ReferenceQuota(this.quotas(), this.#known());
    const grant = quota.chop(left, role);
    const hasProgress = grant.some(
      (resource) => isQuotaBound(resource) && quota.promisedTo(role, resource.name) > 0,
    );
    if (stage === "guaranteed" && !hasProgress) return [];
    const minimum = options.minAllocatable?.get(role) ?? this.#config.minAllocatable;
    if (!isWorthAnOffer(grant, minimum)) return [];
    const offer = { agentId: agent.agentId, frameworkId, role, resources: grant };
    const moment = { monoMs: run.now.monoMs, runs: this.#runs, isPeriodic: run.isPeriodic };
    return this.#refusals.some((refusal) => withholds(refusal, offer, moment)) ? [] : grant;
  }

  #hold(agent: ReferenceAgent, used: UsedResources): void {
    if (used.resources.length === 0) return;
    this.#take(agent, used);
    this.#forgetIdle();
    this.#order.countServed(used.role, used.frameworkId);
  }

  #take(agent: ReferenceAgent, { frameworkId, role, resources }: UsedResources): void {
    let holding = agent.held.find((held) => held.frameworkId === frameworkId && held.role === role);
    if (holding === undefined) {
      holding = { frameworkId, role, own: [], copies: [] };
      agent.held.push(holding);
    }
    holding.own = add(holding.own, resources.filter(isOwn));
    holding.copies.push(...resources.filter((resource) => !isOwn(resource)));
  }

  #giveBack(agent: ReferenceAgent, { frameworkId, role, resources }: UsedResources): void {
    const holding = present(
      agent.held.find((held) => held.frameworkId === frameworkId && held.role === role),
      "a holding",
    );
    holding.own = subtract(holding.own, resources.filter(isOwn));
    for (const resource of resources.filter((one) => !isOwn(one))) {
      const copy = holding.copies.findIndex((one) => kindOf(one) === kindOf(resource));
      holding.copies.splice(copy, 1);
    }
    agent.held = agent.held.filter(({ own, copies }) => own.length + copies.length > 0);
  }

  #convertTotal(agent: ReferenceAgent, consumed: Resources, converted: Resources): void {
    const total = add(subtract(agent.options.total, consumed), converted);
    agent.options = { ...agent.options, total };
  }

  /** Who neither subscribes to a role nor holds anything in it begins anew the next time. */
  #forgetIdle(): void {
    const subscribed = Array.from(this.#frameworks).flatMap(([frameworkId, { options }]) =>
      options.roles.map((role) => ({ frameworkId, role })),
    );
    this.#order.keepOnly([...subscribed, ...this.#known().flatMap(({ held }) => held)]);
  }

  #forgetRefusals(frameworkId: string, isMeant: (role: string) => boolean): void {
    this.#refusals = this.#refusals.filter(
      (refusal) => refusal.frameworkId !== frameworkId || !isMeant(refusal.role),
    );
  }

  #known(): readonly ReferenceAgent[] {
    return this.#agents.filter((agent): agent is ReferenceAgent => agent !== null);
  }

  #agent(agentId: string): ReferenceAgent {
    const agent = this.#agents.find((known) => known?.agentId === agentId);
    return present(agent, agentId);
  }

  #framework(frameworkId: string): Framework {
    return present(this.#frameworks.get(frameworkId), frameworkId);
  }
}

interface Framework {
  isConnected: boolean;
  suppressed: Set<string>;
  options: FrameworkOptions;
  /** null = no bound. */
  offersLeft: number | null;
}

interface Run {
  readonly now: Now;
  readonly isPeriodic: boolean;
  readonly sharedGiven: Set<string>;
  readonly allocations: Allocation[];
}

function isOwn(resource: Resource): boolean {
  return resource.isShared !== true;
}
