import type { FaultDomain } from "@bourse/model/agent";
import type { AttributeConstraint } from "@bourse/model/constraints";
import type { Capability } from "@bourse/model/framework";
import {
  addAll,
  canonical,
  contains,
  kindOf,
  type Resource,
  type Resources,
  scalarMilli,
  subtractValues,
} from "@bourse/model/resources";
import type { AgentOptions, Allocation, FrameworkOptions } from "./options.ts";

/** Each check of the reference allocator as a sentence of its own (FEATURES M-19, M-22, M-23, M-25, M-37, M-38). */
export interface ReferenceAgent {
  readonly agentId: string;
  options: AgentOptions;
  isActive: boolean;
  held: Holding[];
}

export interface Holding {
  readonly frameworkId: string;
  readonly role: string;
  /** What nobody else can hold at the same time. */
  own: Resources;
  /** Shared resources, one entry a copy. */
  copies: Resource[];
}

/** A refused filter, or the pause until the next periodic run. */
export interface Refusal extends Allocation {
  readonly isPause: boolean;
  readonly expiresAtMs: number;
  readonly madeAfterRuns: number;
}

/** Kind by kind what nobody holds, never below zero; shared resources always. */
export function freeOf({ options: { total }, held }: ReferenceAgent): Resources {
  const taken = new Map(
    addAll(held.map(({ own }) => own)).map((resource) => [kindOf(resource), resource]),
  );
  const rest = total.map((resource) => {
    const other = taken.get(kindOf(resource));
    return other === undefined
      ? resource
      : { ...resource, value: subtractValues(resource.value, other.value) };
  });
  return canonical(rest.filter(({ value }) => value.type !== "scalar" || value.milli > 0));
}

/** What is held of all agents by those that are meant; a shared resource counts once however many hold it. */
export function heldBy(
  agents: readonly ReferenceAgent[],
  isMeant: (held: Holding) => boolean,
): Resources {
  return addAll(
    agents.flatMap(({ held }) => {
      const meant = held.filter(isMeant);
      const copies = meant.flatMap((holding) => holding.copies);
      const shared = new Map(copies.map((copy) => [kindOf(copy), copy]));
      return [...meant.map(({ own }) => own), Array.from(shared.values())];
    }),
  );
}

/** Whether offers of the agent can go to the framework in that role at all. */
export function mayBeOffered(
  agent: AgentOptions,
  role: string,
  options: FrameworkOptions,
  masterDomain: FaultDomain | null,
): boolean {
  const hasGpus = agent.total.some(({ name }) => name === "gpus");
  if (hasGpus && !has(options, "GPU_RESOURCES")) return false;
  const isRemote =
    masterDomain !== null &&
    agent.domain !== undefined &&
    agent.domain.region !== masterDomain.region;
  if (isRemote && !has(options, "REGION_AWARE")) return false;
  const groups = options.offerConstraints?.get(role) ?? [[]];
  return groups.some((group) => group.every((constraint) => holds(constraint, agent)));
}

/** Whether a role and framework can use a resource: it may be reserved for the role or for one above it. */
export function mayHave(resource: Resource, role: string, options: FrameworkOptions): boolean {
  const stack = resource.reservations ?? [];
  const holder = stack.at(-1)?.role;
  if (holder !== undefined && !isWithin(role, holder)) return false;
  if (stack.length > 1 && !has(options, "RESERVATION_REFINEMENT")) return false;
  if (resource.isRevocable && !has(options, "REVOCABLE_RESOURCES")) return false;
  return !resource.isShared || has(options, "SHARED_RESOURCES");
}

/** One of the alternatives is there; no alternatives = anything but nothing. */
export function isWorthAnOffer(resources: Resources, alternatives: readonly Resources[]): boolean {
  if (resources.length === 0) return false;
  if (alternatives.length === 0) return true;
  return alternatives.some((needs) =>
    needs.every(({ name }) => scalarMilli(resources, name) >= scalarMilli(needs, name)),
  );
}

export function withholds(
  refusal: Refusal,
  offer: Allocation,
  moment: { readonly monoMs: number; readonly runs: number; readonly isPeriodic: boolean },
): boolean {
  const isUntouched = refusal.madeAfterRuns === moment.runs;
  const isInForce = refusal.isPause
    ? isUntouched && !moment.isPeriodic
    : isUntouched || moment.monoMs < refusal.expiresAtMs;
  return (
    isInForce &&
    refusal.agentId === offer.agentId &&
    refusal.frameworkId === offer.frameworkId &&
    refusal.role === offer.role &&
    contains(refusal.resources, offer.resources)
  );
}

/** Whether a role is another one or lies below it. */
export function isWithin(role: string, ancestor: string): boolean {
  return role === ancestor || role.startsWith(`${ancestor}/`);
}

/** An attribute that is there but is no text meets every text predicate; one that is not there, every negation. */
function holds({ selector, predicate }: AttributeConstraint, agent: AgentOptions): boolean {
  const text =
    selector.type === "hostname"
      ? agent.hostname
      : selector.type !== "attribute"
        ? agent.domain?.[selector.type]
        : undefined;
  const attribute =
    selector.type === "attribute"
      ? agent.attributes.find(({ name }) => name === selector.name)?.value
      : undefined;
  const value = attribute?.type === "text" ? attribute.text : text;
  const isThere = value !== undefined || attribute !== undefined;
  switch (predicate.type) {
    case "exists":
      return isThere;
    case "not-exists":
      return !isThere;
    case "text-equals":
      return isThere && (value === undefined || value === predicate.value);
    case "text-not-equals":
      return value === undefined || value !== predicate.value;
    case "text-matches":
      return isThere && (value === undefined || wholly(predicate.pattern).test(value));
    case "text-not-matches":
      return value === undefined || !wholly(predicate.pattern).test(value);
  }
}

/** For the plain patterns of tests, in which RE2 and JavaScript agree. */
function wholly(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, "u");
}

function has(options: FrameworkOptions, capability: Capability): boolean {
  return options.capabilities.includes(capability);
}
