import type { Quota } from "@bourse/model/quota";
import {
  add,
  addAll,
  contains,
  kindOf,
  type Resource,
  type Resources,
  subtract,
} from "@bourse/model/resources";
import type { Allocator } from "./allocator.ts";
import type { AgentOptions, Allocation, AllocatorConfig, FrameworkOptions } from "./options.ts";
import type { Conversion, Step } from "./oracle-steps.ts";
import { ROLES } from "./oracle-steps.ts";
import { freeOf, type Holding, type ReferenceAgent } from "./reference-checks.ts";
import { ReferenceQuota } from "./reference-quota.ts";

/** What both allocators can be told. */
type Told = Pick<
  Allocator,
  | "addAgent"
  | "updateAgent"
  | "removeAgent"
  | "activateAgent"
  | "deactivateAgent"
  | "addUsed"
  | "addFramework"
  | "updateFramework"
  | "removeFramework"
  | "activateFramework"
  | "deactivateFramework"
  | "suppress"
  | "revive"
  | "limitOffers"
  | "updateWeight"
  | "updateQuota"
  | "recover"
  | "convertHeld"
  | "convertFree"
>;

/** What was refused and must not come again before its time and a periodic run. */
export interface Refused extends Allocation {
  readonly untilMs: number;
  readonly afterRuns: number;
}

/**
 * A cluster that is told random steps, as a master would tell them, with its own books: who holds what, who refused
 * what, which quotas there are. A step that a master would never take is left out.
 */
export class World {
  monoMs = 0;
  runs = 0;
  readonly agents = new Map<string, { options: AgentOptions; isActive: boolean }>();
  readonly frameworks = new Map<string, FrameworkOptions>();
  readonly quotas = new Map<string, Quota>();
  readonly budgets = new Map<string, number>();
  held: Allocation[] = [];
  refused: Refused[] = [];
  readonly #config: AllocatorConfig;
  #volumes = 0;

  constructor(config: AllocatorConfig) {
    this.#config = config;
  }

  get now() {
    return { monoMs: this.monoMs, wallMs: 0 };
  }

  /** Tells it to all of them, unless it makes no sense now. */
  tell(step: Step, told: readonly Told[]): void {
    if ("agent" in step && (step.kind === "add-agent") === this.agents.has(step.agent)) return;
    if ("framework" in step && step.kind !== "add-used") {
      const isNew = !this.frameworks.has(step.framework);
      if ((step.kind === "add-framework") !== isNew) return;
      if (isNew && this.held.some(({ frameworkId }) => frameworkId === step.framework)) return;
    }
    switch (step.kind) {
      case "add-agent":
      case "update-agent":
      case "remove-agent":
      case "activate":
      case "deactivate":
      case "add-used":
        this.#tellOfAgent(step, told);
        break;
      case "add-framework":
      case "update-framework":
      case "remove-framework":
      case "connect":
      case "disconnect":
      case "suppress":
      case "revive":
      case "limit-offers":
        this.#tellOfFramework(step, told);
        break;
      case "weight":
        for (const one of told) one.updateWeight(step.role, step.weight);
        break;
      case "quota": {
        const isNone = step.quota.guarantees.length + step.quota.limits.length === 0;
        if (isNone) this.quotas.delete(step.quota.role);
        else this.quotas.set(step.quota.role, step.quota);
        for (const one of told) one.updateQuota(step.quota);
        break;
      }
      case "recover":
        this.#recover(step, told);
        break;
      case "convert-held":
        this.#convertHeld(step, told);
        break;
      case "convert-free":
        this.#convertFree(step, told);
        break;
      case "wait":
        this.monoMs += step.ms;
        break;
      default: // Runs and restores are for the test.
    }
  }

  note(allocations: readonly Allocation[]): void {
    this.held.push(...allocations);
    for (const { frameworkId } of allocations) {
      const left = this.budgets.get(frameworkId);
      if (left !== undefined) this.budgets.set(frameworkId, left - 1);
    }
  }

  /** The books as the reference reads them. */
  get quota(): ReferenceQuota {
    return new ReferenceQuota(Array.from(this.quotas.values()), this.asAgents());
  }

  freeOf(agentId: string): Resources {
    return freeOf(this.asAgents().find((agent) => agent.agentId === agentId) as ReferenceAgent);
  }

  asAgents(): readonly ReferenceAgent[] {
    return Array.from(this.agents, ([agentId, { options, isActive }]) => ({
      agentId,
      options,
      isActive,
      held: this.held
        .filter((held) => held.agentId === agentId)
        .map(
          ({ frameworkId, role, resources }): Holding => ({
            frameworkId,
            role,
            own: resources.filter(({ isShared }) => !isShared),
            copies: resources.filter(({ isShared }) => isShared),
          }),
        ),
    }));
  }

  #tellOfAgent(step: Step & { agent: string }, told: readonly Told[]): void {
    const agentId = step.agent;
    switch (step.kind) {
      case "add-agent": {
        const used = step.used === null ? [] : [this.#usedBy(step.used, step.options.total, 0)];
        for (const one of told) one.addAgent(agentId, step.options, used);
        this.agents.set(agentId, { options: step.options, isActive: true });
        for (const held of used) this.held.push({ ...held, agentId });
        return;
      }
      case "update-agent":
        for (const one of told) one.updateAgent(agentId, step.options);
        this.#book(agentId).options = step.options;
        return;
      case "remove-agent":
        for (const one of told) one.removeAgent(agentId);
        this.agents.delete(agentId);
        this.held = this.held.filter((held) => held.agentId !== agentId);
        this.refused = this.refused.filter((refused) => refused.agentId !== agentId);
        return;
      case "activate":
        for (const one of told) one.activateAgent(agentId);
        this.#book(agentId).isActive = true;
        return;
      case "deactivate":
        for (const one of told) one.deactivateAgent(agentId);
        this.#book(agentId).isActive = false;
        return;
      case "add-used": {
        const used = this.#usedBy(step.framework, this.freeOf(agentId), step.part);
        if (used.resources.length === 0) return;
        for (const one of told) one.addUsed(agentId, used);
        this.held.push({ ...used, agentId });
        return;
      }
    }
  }

  #tellOfFramework(step: Step & { framework: string }, told: readonly Told[]): void {
    const frameworkId = step.framework;
    switch (step.kind) {
      case "add-framework":
        for (const one of told) one.addFramework(frameworkId, step.options);
        this.frameworks.set(frameworkId, step.options);
        return;
      case "update-framework": {
        for (const one of told) one.updateFramework(frameworkId, step.options);
        this.frameworks.set(frameworkId, step.options);
        const gone = ROLES.filter((role) => !step.options.roles.includes(role));
        this.#forget(frameworkId, gone);
        return;
      }
      case "remove-framework":
        for (const one of told) one.removeFramework(frameworkId);
        this.frameworks.delete(frameworkId);
        this.budgets.delete(frameworkId);
        this.#forget(frameworkId, ROLES);
        return;
      case "connect":
        for (const one of told) one.activateFramework(frameworkId);
        this.#forget(frameworkId, ROLES); // What it declined while it was away left no filter.
        return;
      case "disconnect":
        for (const one of told) one.deactivateFramework(frameworkId);
        this.#forget(frameworkId, ROLES);
        return;
      case "suppress":
        for (const one of told) one.suppress(frameworkId, step.roles);
        return;
      case "revive":
        for (const one of told) one.revive(frameworkId, step.roles);
        this.#forget(frameworkId, step.roles.length === 0 ? ROLES : step.roles);
        return;
      case "limit-offers":
        for (const one of told) one.limitOffers(frameworkId, step.offersMax);
        if (step.offersMax === null) this.budgets.delete(frameworkId);
        else this.budgets.set(frameworkId, step.offersMax);
        return;
    }
  }

  #recover(step: Step & { kind: "recover" }, told: readonly Told[]): void {
    if (this.held.length === 0) return;
    const index = step.which % this.held.length;
    const held = this.held[index] as Allocation;
    const resources = step.isPart ? held.resources.slice(0, 1) : held.resources;
    for (const one of told) one.recover({ ...held, resources }, step.cause, this.now);
    this.#replace(index, subtract(held.resources, resources));
    if (step.cause.kind !== "declined" || step.cause.refuseMs === 0) return;
    if (!this.frameworks.get(held.frameworkId)?.roles.includes(held.role)) return;
    this.refused.push({
      ...held,
      resources,
      untilMs: this.monoMs + Math.max(step.cause.refuseMs, this.#config.allocationIntervalMs),
      afterRuns: this.runs,
    });
  }

  #convertHeld(step: Step & { kind: "convert-held" }, told: readonly Told[]): void {
    if (this.held.length === 0) return;
    const index = step.which % this.held.length;
    const held = this.held[index] as Allocation;
    const change = this.#conversionOf(held.resources, step);
    const agent = this.#book(held.agentId);
    if (change === null || !contains(agent.options.total, change.consumed)) return;
    if (this.#copiesOf(held.agentId, change.consumed) > 1) return;
    for (const one of told) one.convertHeld(held, change.consumed, change.converted);
    this.#convertTotal(held.agentId, change);
    this.#replace(index, add(subtract(held.resources, change.consumed), change.converted));
  }

  #convertFree(step: Step & { kind: "convert-free" }, told: readonly Told[]): void {
    const change = this.#conversionOf(this.freeOf(step.agent), step);
    if (change === null || this.#copiesOf(step.agent, change.consumed) > 0) return;
    for (const one of told) one.convertFree(step.agent, change.consumed, change.converted);
    this.#convertTotal(step.agent, change);
  }

  /** The first of the resources that can become what is wanted, or half of it. */
  #conversionOf(
    resources: Resources,
    { conversion, isHalf }: { readonly conversion: Conversion; readonly isHalf: boolean },
  ): Change | null {
    const from = resources.find((resource) => mayBecome(resource, conversion));
    if (from === undefined) return null;
    const isWhole = !isHalf || from.isShared || from.disk !== undefined || from.name === "gpus";
    const consumed = isWhole ? from : halfOf(from);
    return { consumed: [consumed], converted: [this.#converted(consumed, conversion)] };
  }

  #converted(resource: Resource, conversion: Conversion): Resource {
    const { reservations = [], disk, isShared, ...plain } = resource;
    switch (conversion.to) {
      case "reserve":
        return {
          ...resource,
          reservations: [...reservations, { type: "dynamic", role: conversion.role }],
        };
      case "unreserve": {
        const { reservations: _, ...rest } = resource;
        return reservations.length === 1
          ? rest
          : { ...rest, reservations: reservations.slice(0, -1) };
      }
      case "create":
        this.#volumes++;
        return {
          ...resource,
          disk: {
            persistence: { id: `v${this.#volumes}` },
            volume: { containerPath: "data", mode: "RW" },
          },
          ...(conversion.isShared ? { isShared: true } : {}),
        };
      case "destroy":
        return { ...plain, reservations };
    }
  }

  #convertTotal(agentId: string, { consumed, converted }: Change): void {
    const book = this.#book(agentId);
    const total = add(subtract(book.options.total, consumed), converted);
    book.options = { ...book.options, total };
  }

  #copiesOf(agentId: string, [resource]: Resources): number {
    if (!resource?.isShared) return 0;
    return this.held
      .filter((held) => held.agentId === agentId)
      .flatMap(({ resources }) => resources)
      .filter((one) => kindOf(one) === kindOf(resource)).length;
  }

  #replace(index: number, resources: Resources): void {
    const held = this.held[index] as Allocation;
    this.held.splice(index, 1, ...(resources.length === 0 ? [] : [{ ...held, resources }]));
  }

  #forget(framework: string, roles: readonly string[]): void {
    this.refused = this.refused.filter(
      ({ frameworkId, role }) => frameworkId !== framework || !roles.includes(role),
    );
  }

  #usedBy(frameworkId: string, from: Resources, part: number) {
    const role = this.frameworks.get(frameworkId)?.roles[0] ?? "r2/x";
    return { frameworkId, role, resources: addAll([from.slice(part, part + 1)]) };
  }

  #book(agentId: string) {
    return this.agents.get(agentId) as { options: AgentOptions; isActive: boolean };
  }
}

interface Change {
  readonly consumed: Resources;
  readonly converted: Resources;
}

function mayBecome(resource: Resource, conversion: Conversion): boolean {
  const newest = resource.reservations?.at(-1);
  const isVolume = resource.disk?.persistence !== undefined;
  switch (conversion.to) {
    case "reserve": {
      const isRefinement = newest === undefined || conversion.role.startsWith(`${newest.role}/`);
      return isRefinement && !resource.isRevocable && !isVolume && !resource.isShared;
    }
    case "unreserve":
      return newest?.type === "dynamic" && !isVolume;
    case "create":
      return resource.name === "disk" && newest !== undefined && resource.disk === undefined;
    case "destroy":
      return isVolume;
  }
}

function halfOf(resource: Resource): Resource {
  const { value } = resource;
  return value.type === "scalar" && value.milli > 1
    ? { ...resource, value: { type: "scalar", milli: Math.floor(value.milli / 2) } }
    : resource;
}
