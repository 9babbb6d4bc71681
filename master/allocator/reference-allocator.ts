import { present } from "@bourse/model/assert";
import type { Now } from "@bourse/model/now";
import type { Random } from "@bourse/model/random";
import {
  add,
  addAll,
  canonical,
  contains,
  kindOf,
  type Resource,
  type Resources,
  scalarMilli,
  subtract,
  subtractValues,
} from "@bourse/model/resources";
import type {
  Allocation,
  AllocatorConfig,
  AllocatorOptions,
  FrameworkOptions,
  RecoverCause,
  UsedResources,
} from "./options.ts";

/**
 * The same decisions, as plainly as they can be written: lists of objects, fractions of whole numbers, everything
 * computed anew each time. Only tests use it: the fast allocator must equal it.
 */
export class ReferenceAllocator {
  readonly #config: AllocatorConfig;
  readonly #random: Random;
  /** By slot; a removed agent leaves a hole that the next one fills. */
  readonly #agents: (Agent | null)[] = [];
  readonly #holes: number[] = [];
  readonly #frameworks = new Map<string, Framework>();
  /** Allocations ever made to `role` and to `framework@role`. */
  readonly #served = new Map<string, number>();
  readonly #weights = new Map<string, number>();
  #refusals: Refusal[] = [];
  #changed = new Set<string>();
  #haveClientsChanged = false;
  #runs = 0;

  constructor({ random, config }: AllocatorOptions) {
    this.#random = random.fork("agent-order");
    this.#config = config;
  }

  addAgent(agentId: string, total: Resources, used: readonly UsedResources[]): void {
    const agent: Agent = { agentId, total, isActive: true, held: [] };
    const slot = this.#holes.pop() ?? this.#agents.length;
    this.#agents[slot] = agent;
    for (const held of used) this.#hold(agent, held);
    this.#changed.add(agentId);
  }

  updateAgentTotal(agentId: string, total: Resources): void {
    this.#agent(agentId).total = total;
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

  addFramework(frameworkId: string, options: FrameworkOptions): void {
    const framework = { isConnected: true, suppressed: new Set<string>(), options };
    this.#frameworks.set(frameworkId, framework);
    this.updateFramework(frameworkId, options);
  }

  updateFramework(frameworkId: string, options: FrameworkOptions): void {
    const framework = present(this.#frameworks.get(frameworkId), frameworkId);
    framework.options = options;
    framework.suppressed = new Set(options.suppressedRoles);
    this.#forgetRefusals(frameworkId, (role) => !options.roles.includes(role));
    this.#haveClientsChanged = true;
    this.#forgetIdle();
  }

  removeFramework(frameworkId: string): void {
    this.#frameworks.delete(frameworkId);
    this.#forgetRefusals(frameworkId, () => true);
    this.#forgetIdle();
  }

  activateFramework(frameworkId: string): void {
    present(this.#frameworks.get(frameworkId), frameworkId).isConnected = true;
    this.#haveClientsChanged = true;
  }

  deactivateFramework(frameworkId: string): void {
    present(this.#frameworks.get(frameworkId), frameworkId).isConnected = false;
    this.#forgetRefusals(frameworkId, () => true);
  }

  suppress(frameworkId: string, roles: readonly string[]): void {
    const { suppressed, options } = present(this.#frameworks.get(frameworkId), frameworkId);
    for (const role of roles.length === 0 ? options.roles : roles) suppressed.add(role);
  }

  revive(frameworkId: string, roles: readonly string[]): void {
    const { suppressed, options } = present(this.#frameworks.get(frameworkId), frameworkId);
    const revived = roles.length === 0 ? options.roles : roles;
    for (const role of revived) suppressed.delete(role);
    this.#forgetRefusals(frameworkId, (role) => revived.includes(role));
    this.#haveClientsChanged = true;
  }

  updateWeight(role: string, weight: number): void {
    this.#weights.set(role, Math.round(weight * 1000));
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
    const holding = present(
      agent.held.find((other) => other.frameworkId === frameworkId && other.role === role),
      "a holding",
    );
    holding.resources = subtract(holding.resources, resources);
    agent.held = agent.held.filter((other) => other.resources.length > 0);
    this.#changed.add(agentId);
    this.#forgetIdle();
  }

  allocate(now: Now, which: "all" | "changed"): readonly Allocation[] {
    const isPeriodic = which === "all";
    const candidates = this.#agents
      .filter((agent): agent is Agent => agent !== null)
      .filter(({ agentId }) => isPeriodic || this.#haveClientsChanged || this.#changed.has(agentId))
      .filter((agent) => freeOf(agent).length > 0);
    this.#changed = new Set();
    this.#haveClientsChanged = false;
    const allocations = this.#random
      .shuffle(candidates)
      .filter(({ isActive }) => isActive)
      .flatMap((agent) => this.#allocateAgent(agent, now, isPeriodic));
    if (isPeriodic) this.#runs++;
    return allocations;
  }

  freeOf(agentId: string): Resources {
    return freeOf(this.#agent(agentId));
  }

  #allocateAgent(agent: Agent, now: Now, isPeriodic: boolean): readonly Allocation[] {
    const grants: Allocation[] = [];
    let left = freeOf(agent);
    for (const role of this.#rolesInOrder()) {
      for (const frameworkId of this.#frameworksInOrder(role)) {
        const { options } = present(this.#frameworks.get(frameworkId), frameworkId);
        if (agent.total.some(({ name }) => name === "gpus") && !has(options, "GPU_RESOURCES"))
          continue;
        const fit = left.filter((resource) => mayHave(resource, role, options));
        if (fit.length === 0) continue;
        const minimum = options.minAllocatable?.get(role) ?? this.#config.minAllocatable;
        if (minimum.length > 0 && !minimum.some((needs) => isAtLeast(fit, needs))) continue;
        const offer = { agentId: agent.agentId, frameworkId, role, resources: fit };
        if (this.#refusals.some((refusal) => this.#withholds(refusal, offer, now, isPeriodic)))
          continue;
        grants.push(offer);
        left = subtract(left, fit);
      }
    }
    for (const grant of grants) this.#hold(agent, grant);
    return grants;
  }

  #rolesInOrder(): readonly string[] {
    const roles = new Set(
      Array.from(this.#frameworks.values(), ({ options }) => options.roles).flat(),
    );
    return Array.from(roles).sort((a, b) =>
      this.#compare(
        { name: a, key: a, held: this.#heldBy(({ role }) => role === a), weight: this.#weight(a) },
        { name: b, key: b, held: this.#heldBy(({ role }) => role === b), weight: this.#weight(b) },
      ),
    );
  }

  #frameworksInOrder(role: string): readonly string[] {
    const client = (name: string) => ({
      name,
      key: `${name}@${role}`,
      held: this.#heldBy((held) => held.role === role && held.frameworkId === name),
      weight: 1000,
    });
    return Array.from(this.#frameworks)
      .filter(([, { isConnected, options, suppressed }]) => {
        return isConnected && options.roles.includes(role) && !suppressed.has(role);
      })
      .map(([name]) => name)
      .sort((a, b) => this.#compare(client(a), client(b)));
  }

  #compare(a: Client, b: Client): number {
    const total = addAll(this.#agents.map((agent) => agent?.total ?? []));
    const names = Array.from(new Set(total.map(({ name }) => name))).filter(
      (name) => scalarMilli(total, name) > 0 && !this.#config.fairnessExcluded.includes(name),
    );
    // Over a common denominator every share is a whole number.
    const whole = names.reduce((product, name) => product * BigInt(scalarMilli(total, name)), 1n);
    const share = (client: Client, other: Client) =>
      names
        .map((name) => {
          const held = BigInt(scalarMilli(client.held, name));
          return (held * whole * BigInt(other.weight)) / BigInt(scalarMilli(total, name));
        })
        .reduce((most, one) => (one > most ? one : most), 0n);
    const difference = share(a, b) - share(b, a);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
    const served = (this.#served.get(a.key) ?? 0) - (this.#served.get(b.key) ?? 0);
    return served !== 0 ? served : a.name < b.name ? -1 : 1;
  }

  #withholds(refusal: Refusal, offer: Allocation, now: Now, isPeriodic: boolean): boolean {
    const isUntouched = refusal.madeAfterRuns === this.#runs;
    const isInForce = refusal.isPause
      ? isUntouched && !isPeriodic
      : isUntouched || now.monoMs < refusal.expiresAtMs;
    return (
      isInForce &&
      refusal.agentId === offer.agentId &&
      refusal.frameworkId === offer.frameworkId &&
      refusal.role === offer.role &&
      contains(refusal.resources, offer.resources)
    );
  }

  #hold(agent: Agent, { frameworkId, role, resources }: UsedResources): void {
    if (resources.length === 0) return;
    const same = agent.held.find((held) => held.frameworkId === frameworkId && held.role === role);
    if (same === undefined) agent.held.push({ frameworkId, role, resources });
    else same.resources = add(same.resources, resources);
    for (const key of [role, `${frameworkId}@${role}`])
      this.#served.set(key, (this.#served.get(key) ?? 0) + 1);
  }

  #heldBy(isMeant: (held: UsedResources) => boolean): Resources {
    const held = this.#agents.flatMap((agent) => agent?.held ?? []);
    return addAll(held.filter(isMeant).map(({ resources }) => resources));
  }

  /** Who neither subscribes to a role nor holds anything in it begins anew the next time. */
  #forgetIdle(): void {
    const alive = new Set<string>();
    for (const [frameworkId, { options }] of this.#frameworks)
      for (const role of options.roles) alive.add(role).add(`${frameworkId}@${role}`);
    for (const agent of this.#agents)
      for (const { frameworkId, role } of agent?.held ?? [])
        alive.add(role).add(`${frameworkId}@${role}`);
    for (const key of Array.from(this.#served.keys()))
      if (!alive.has(key)) this.#served.delete(key);
  }

  #forgetRefusals(frameworkId: string, isMeant: (role: string) => boolean): void {
    this.#refusals = this.#refusals.filter(
      (refusal) => refusal.frameworkId !== frameworkId || !isMeant(refusal.role),
    );
  }

  #weight(role: string): number {
    return this.#weights.get(role) ?? 1000;
  }

  #agent(agentId: string): Agent {
    const agent = this.#agents.find((known) => known?.agentId === agentId);
    return present(agent, agentId);
  }
}

interface Agent {
  readonly agentId: string;
  total: Resources;
  isActive: boolean;
  held: { frameworkId: string; role: string; resources: Resources }[];
}

interface Framework {
  isConnected: boolean;
  suppressed: Set<string>;
  options: FrameworkOptions;
}

interface Client {
  readonly name: string;
  readonly key: string;
  readonly held: Resources;
  readonly weight: number;
}

interface Refusal extends Allocation {
  readonly isPause: boolean;
  readonly expiresAtMs: number;
  readonly madeAfterRuns: number;
}

/** Kind by kind, never below zero. */
function freeOf({ total, held }: Agent): Resources {
  const taken = new Map(
    addAll(held.map(({ resources }) => resources)).map((resource) => [kindOf(resource), resource]),
  );
  const rest = total.map((resource) => {
    const other = taken.get(kindOf(resource));
    return other === undefined
      ? resource
      : { ...resource, value: subtractValues(resource.value, other.value) };
  });
  return canonical(rest.filter(({ value }) => value.type !== "scalar" || value.milli > 0));
}

function mayHave(resource: Resource, role: string, options: FrameworkOptions): boolean {
  const holder = resource.reservations?.at(-1)?.role;
  if (holder !== undefined && holder !== role) return false;
  if (resource.isRevocable && !has(options, "REVOCABLE_RESOURCES")) return false;
  return !resource.isShared || has(options, "SHARED_RESOURCES");
}

function has(options: FrameworkOptions, capability: FrameworkOptions["capabilities"][number]) {
  return options.capabilities.includes(capability);
}

function isAtLeast(resources: Resources, needs: Resources): boolean {
  return needs.every(({ name }) => scalarMilli(resources, name) >= scalarMilli(needs, name));
}
