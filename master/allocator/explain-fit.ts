import type { Amount } from "@bourse/model/quota";
import {
  add,
  isEmptyValue,
  type Resource,
  type Resources,
  scalar,
  scalarMilli,
  subtractValues,
} from "@bourse/model/resources";
import type { Candidate } from "./explain-candidate.ts";
import type { QuotaBooks } from "./explain-quota.ts";
import { CHOP_ANYWHERE, type KindTable } from "./kinds.ts";
import type { Minimum } from "./minimum.ts";
import { chopped, mayTake, mayUse } from "./offer-cycle.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/** What of an agent a candidate could be offered, and what of its needs is missing where. */
export interface Fit {
  /** Free on the agent and for the candidate to have. */
  readonly free: Resources;
  /** Whether that is worth an offer. */
  readonly hasMinimum: boolean;
  /** Whether what is wanted is in it. */
  readonly hasWanted: boolean;
  readonly shortOnAgent: readonly Amount[];
  /** How much there is of the name for the candidate, free or not. */
  readonly inAll: (name: string) => number;
  /** Of wanted ports and the like what is not free. */
  readonly missing: Resources;
  readonly shortOfLimits: readonly Amount[];
  readonly shortOfHeadroom: readonly Amount[];
  /** How much of a name that is short of headroom the guarantees of others must leave. */
  readonly roomNeeded: (name: string) => number;
  /** Of `free`, what quota lets pass: what it would be offered. */
  readonly offer: Resources;
  /** What it would be offered if nothing were short. */
  readonly remedied: Resources;
}

type Room = (name: string) => number;

/**
 * Of the alternatives of the minimum, each together with what is wanted, the one that gets furthest counts, and of
 * those the one that misses least: so something is short exactly where the offer cycle would stop.
 */
export function fitOf(tables: Tables, quota: QuotaBooks, candidate: Candidate, agent: number): Fit {
  const { role, minimum, wanted = [] } = candidate;
  const free = fitting(tables, candidate, agent, "free");
  const limit: Room = (name) => quota.limitOf(role, name)?.roomMilli ?? Number.POSITIVE_INFINITY;
  const headroom: Room = (name) =>
    quota.headroomOf(role, name)?.roomMilli ?? Number.POSITIVE_INFINITY;
  const options = alternatives(minimum, wanted, free).map((needs) => ({
    needs,
    onAgent: shortfalls(needs, ({ name, milli }) => milli - scalarMilli(free, name)),
    ofLimits: shortfalls(needs, (need) => shortOfRoom(tables.kinds, free, need, limit)),
    ofHeadroom: shortfalls(needs, (need) => shortOfRoom(tables.kinds, free, need, headroom)),
  }));
  const onAgent = preferred(options, (option) => option.onAgent.length === 0);
  const ofLimits = preferred(onAgent, (option) => option.ofLimits.length === 0);
  const furthest = preferred(ofLimits, (option) => option.ofHeadroom.length === 0);
  const best = furthest.toSorted((a, b) => sizeOf(tables, a) - sizeOf(tables, b))[0]!;
  const missing = wanted.flatMap((resource) => missingOf(resource, free));
  return {
    free,
    hasMinimum:
      free.length > 0 && (minimum.length === 0 || minimum.some((needs) => has(free, needs))),
    hasWanted: has(free, amountsOf(wanted)) && missing.length === 0,
    inAll: (name) => scalarMilli(fitting(tables, candidate, agent, "total"), name),
    shortOnAgent: best.onAgent.map(({ name, milli }) => ({
      name,
      milli: milli + overcommitted(tables, agent, name),
    })),
    missing,
    shortOfLimits: best.ofLimits,
    shortOfHeadroom: best.ofHeadroom.map(({ name, milli }) => ({
      name,
      milli: Math.max(
        ...quota
          .headroomShortages(role, name, headroom(name) + milli)
          .map(({ shortMilli }) => shortMilli),
      ),
    })),
    roomNeeded: (name) => headroom(name) + milliIn(best.ofHeadroom, name),
    offer: chop(tables.kinds, free, (name) => Math.min(limit(name), headroom(name))),
    remedied: remedied(tables.kinds, free, best, missing, limit, headroom),
  };
}

/** Unreserved, non-revocable scalars: what quota cuts. */
export function isQuotaBound({ value, reservations, isRevocable }: Resource): boolean {
  return value.type === "scalar" && !reservations?.length && isRevocable !== true;
}

/** By how many of an average agent's resources of the name a shortfall of `milli` counts. */
export function relativeSize({ dimensions, agents }: Tables, { name, milli }: Amount): number {
  const dimension = dimensions.find(name);
  const total = dimension < 0 ? 0 : dimensions.total[dimension]!;
  return milli / Math.max(1, total / Math.max(1, agents.slots.size));
}

interface Option {
  readonly needs: readonly Amount[];
  readonly onAgent: readonly Amount[];
  readonly ofLimits: readonly Amount[];
  readonly ofHeadroom: readonly Amount[];
}

/** What the agent has, or has free, of kinds that the candidate may have. */
function fitting(
  { agents, kinds }: Tables,
  candidate: Candidate,
  agent: number,
  what: "free" | "total",
): Resources {
  const base = agent * agents.width;
  const count = agents.count[agent]!;
  const amounts = new Float64Array(count);
  for (let entry = 0; entry < count; entry++) {
    const kind = agents.kind[base + entry]!;
    const mayHave =
      mayTake(kinds.flags[kind]!, candidate.takes) &&
      mayUse(kinds.reservedFor[kind]!, candidate.role);
    amounts[entry] = mayHave ? agents[what][base + entry]! : 0;
  }
  const values = what === "free" ? agents.freeValue : agents.totalValue;
  return agents.listOf(agent, amounts, values.slice(base, base + count));
}

/** What would be an offer: amounts of all of one of these. */
function alternatives(
  minimum: Minimum,
  wanted: Resources,
  free: Resources,
): readonly (readonly Amount[])[] {
  const more = amountsOf(wanted);
  if (minimum.length === 0 && more.length === 0) {
    // Anything will do: a thousandth of some scalar, where there is nothing that quota leaves alone.
    if (free.some((resource) => !isQuotaBound(resource))) return [[]];
    const names = free.length === 0 ? ["cpus"] : free.map(({ name }) => name);
    return names.map((name) => [{ name, milli: 1 }]);
  }
  return (minimum.length === 0 ? [[]] : minimum).map((needs) => {
    const names = Array.from(new Set([...needs, ...more].map(({ name }) => name))).sort();
    return names.map((name) => ({
      name,
      milli: Math.max(milliIn(needs, name), milliIn(more, name)),
    }));
  });
}

/** How much more room of the name would let the need through. */
function shortOfRoom(
  kinds: KindTable,
  free: Resources,
  { name, milli }: Amount,
  room: Room,
): number {
  const here = room(name);
  if (here === Number.POSITIVE_INFINITY) return 0;
  const whole = scalarMilli(free, name);
  const bound = scalarMilli(free.filter(isQuotaBound), name);
  const plain = milli - (whole - bound) - here;
  if (whole < milli) return plain;
  if (scalarMilli(chop(kinds, free, room), name) >= milli) return 0;
  const isEnough =
    scalarMilli(
      chop(kinds, free, () => here + plain),
      name,
    ) >= milli;
  return isEnough ? plain : bound - here; // Something that goes whole or not at all.
}

/** The list with what quota cuts cut to the room; what cannot be cut goes whole or not at all (CASES A25). */
function chop(kinds: KindTable, resources: Resources, room: Room): Resources {
  if (resources.every(({ name }) => room(name) === Number.POSITIVE_INFINITY)) return resources;
  const left = new Map<string, number>();
  return resources.flatMap((resource): Resources => {
    const { name, value } = resource;
    if (value.type !== "scalar" || !isQuotaBound(resource)) return [resource];
    const here = left.get(name) ?? Math.max(0, room(name));
    const kind = kinds.find(resource);
    const chopping = kind === NONE ? CHOP_ANYWHERE : kinds.chopping[kind]!;
    const milli = chopped(value.milli, here, chopping);
    left.set(name, here - milli);
    return milli > 0 ? [{ ...resource, value: { type: "scalar", milli } }] : [];
  });
}

function remedied(
  kinds: KindTable,
  free: Resources,
  { onAgent, ofLimits, ofHeadroom }: Option,
  missing: Resources,
  limit: Room,
  headroom: Room,
): Resources {
  const room: Room = (name) =>
    Math.min(limit(name) + milliIn(ofLimits, name), headroom(name) + milliIn(ofHeadroom, name));
  const more = onAgent.map(({ name, milli }) => scalar(name, milli));
  return chop(kinds, add(free, [...more, ...missing]), room);
}

/** The agent came back smaller: so much must come first before anything is free. */
function overcommitted({ agents, kinds }: Tables, agent: number, name: string): number {
  const entry = agents.entryOf(agent, kinds.find(scalar(name, 1)));
  if (entry < 0) return 0;
  const at = agent * agents.width + entry;
  return Math.max(0, agents.allocated[at]! - agents.total[at]!);
}

/** The part of ranges or a set that is not free; the shortfall of a scalar is an amount. */
function missingOf(wanted: Resource, free: Resources): Resources {
  if (wanted.value.type === "scalar") return [];
  let value = wanted.value;
  for (const held of free)
    if (held.name === wanted.name && held.value.type === value.type)
      value = subtractValues(value, held.value) as typeof value;
  return isEmptyValue(value) ? [] : [{ name: wanted.name, value }];
}

function amountsOf(resources: Resources): readonly Amount[] {
  const names = new Set(
    resources.filter(({ value }) => value.type === "scalar").map(({ name }) => name),
  );
  return Array.from(names, (name) => ({ name, milli: scalarMilli(resources, name) }));
}

function has(resources: Resources, needs: readonly Amount[]): boolean {
  return needs.every(({ name, milli }) => scalarMilli(resources, name) >= milli);
}

function shortfalls(
  needs: readonly Amount[],
  shortOf: (need: Amount) => number,
): readonly Amount[] {
  return needs
    .map((need) => ({ name: need.name, milli: shortOf(need) }))
    .filter(({ milli }) => milli > 0);
}

function milliIn(amounts: readonly Amount[], name: string): number {
  return amounts.find((amount) => amount.name === name)?.milli ?? 0;
}

/** Those that fulfil the wish, or all when none does. */
function preferred<T>(items: readonly T[], isWished: (item: T) => boolean): readonly T[] {
  const wished = items.filter(isWished);
  return wished.length > 0 ? wished : items;
}

function sizeOf(tables: Tables, { onAgent, ofLimits, ofHeadroom }: Option): number {
  const short = [...onAgent, ...ofLimits, ...ofHeadroom];
  return short.reduce((sum, amount) => sum + relativeSize(tables, amount), 0);
}
