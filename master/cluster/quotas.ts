import type { Refusal } from "@bourse/model/errors";
import type { Role } from "@bourse/model/ids";
import type { OperatorCall } from "@bourse/model/operator";
import { type Amount, amountIn, type Quota } from "@bourse/model/quota";
import { formatMilli } from "@bourse/model/resources";
import { isRoleWithin } from "@bourse/model/role-name";
import { rescindOffer } from "./offers.ts";
import { quotaProblem } from "./quota-validation.ts";
import { quotaRecord } from "./registry-records.ts";
import type { ClusterState, OfferRecord, Turn } from "./state.ts";

/**
 * An operator sets what roles are promised and may use at most, all of the call or nothing (M-31, F-03). Without force it
 * is refused when tasks and reservations are above a new limit already; offers do not count there, they are
 * rescinded: as many as it takes to come below the limit, the newest first, and none that does not help.
 */
export function updateQuotas(
  turn: Turn,
  call: Extract<OperatorCall, { kind: "update-quotas" }>,
): Refusal | null {
  const { state, out } = turn;
  const quotas = call.quotas.map(sorted);
  const problem = quotaProblem(quotas, state.allocator.quotas());
  if (problem !== null) {
    const message = `cannot set quota: ${problem}`;
    return {
      code: "invalid_call",
      message,
      hint: "see what is in force with `bourse role quota get`",
    };
  }
  const refusal = call.isForced
    ? null
    : (consumptionRefusal(state, quotas) ?? promiseRefusal(state, quotas));
  if (refusal !== null || call.isDryRun === true) return refusal;
  for (const quota of quotas) {
    state.allocator.updateQuota(quota);
    out.persist(quotaRecord(quota));
  }
  for (const record of offersAbove(state, quotas)) {
    rescindOffer(turn, record, "the quota of its role was lowered");
  }
  for (const { role } of quotas) out.change({ kind: "quota-changed", role });
  return null;
}

/** A limit that is passed now, with offers that could be taken back. */
interface Excess {
  readonly role: Role;
  readonly name: string;
  overMilli: number;
}

/** Every one of them is needed to come below the limits, as far as offers can do it. */
function offersAbove(state: ClusterState, quotas: readonly Quota[]): readonly OfferRecord[] {
  const excesses = quotas.flatMap(({ role, limits }) => {
    const consumed = state.allocator.consumedOf(role);
    return limits.map(({ name, milli }) => {
      const overMilli = (amountIn(consumed, name) ?? 0) - milli;
      return { role, name, overMilli };
    });
  });
  const chosen: OfferRecord[] = [];
  if (excesses.every(({ overMilli }) => overMilli <= 0)) return chosen;
  for (const record of Array.from(state.offers.values()).reverse()) {
    const gains = gainsOf(record, excesses);
    if (!gains.some((milli, index) => milli > 0 && overOf(excesses, index) > 0)) continue;
    chosen.push(record);
    take(excesses, gains, -1);
  }
  // One that was chosen early may not be needed beside those that came after.
  return chosen.filter((record) => {
    const gains = gainsOf(record, excesses);
    const isNeeded = gains.some((milli, index) => milli > 0 && overOf(excesses, index) + milli > 0);
    if (!isNeeded) take(excesses, gains, 1);
    return isNeeded;
  });
}

function overOf(excesses: readonly Excess[], index: number): number {
  return excesses[index]?.overMilli ?? 0;
}

function take(excesses: readonly Excess[], gains: readonly number[], sign: 1 | -1): void {
  excesses.forEach((excess, index) => {
    excess.overMilli += sign * (gains[index] ?? 0);
  });
}

/** How much of each limit the offer counts against: what is reserved counts with or without it. */
function gainsOf({ offer }: OfferRecord, excesses: readonly Excess[]): number[] {
  return excesses.map(({ role, name }) =>
    isRoleWithin(offer.role, role) ? unreservedMilli(offer.resources, name) : 0,
  );
}

/** What counts against a limit when it is given away. */
export function unreservedMilli(
  resources: OfferRecord["offer"]["resources"],
  wanted: string,
): number {
  let milli = 0;
  for (const { name, value, reservations, isRevocable } of resources) {
    if (name !== wanted || value.type !== "scalar" || reservations || isRevocable) continue;
    milli += value.milli;
  }
  return milli;
}

function consumptionRefusal(state: ClusterState, quotas: readonly Quota[]): Refusal | null {
  for (const { role, limits } of quotas) {
    const consumed = state.allocator.consumedOf(role);
    const over: string[] = [];
    for (const { name, milli } of limits) {
      const used = (amountIn(consumed, name) ?? 0) - offeredMilli(state, role, name);
      if (used > milli)
        over.push(
          `${formatMilli(used)} ${name}, ${formatMilli(used - milli)} more than ${formatMilli(milli)}`,
        );
    }
    if (over.length === 0) continue;
    const message = `cannot set quota: tasks and reservations of role ${role} consume ${over.join("; ")}`;
    return {
      code: "conflict",
      message,
      hint: "end tasks, unreserve, raise the limit, or use --force",
    };
  }
  return null;
}

/** More promised than there is would hold everything back from everybody else. */
function promiseRefusal(state: ClusterState, quotas: readonly Quota[]): Refusal | null {
  const capacity = new Map<string, number>();
  for (const { condition, info } of state.agents.values()) {
    if (condition === "unreachable") continue;
    for (const { name, value, isRevocable } of info.resources) {
      if (value.type !== "scalar" || isRevocable) continue;
      capacity.set(name, (capacity.get(name) ?? 0) + value.milli);
    }
  }
  // Before there are agents a promise holds nothing back.
  if (capacity.size === 0) return null;
  const promised = new Map<string, number>();
  const set = new Set(quotas.map(({ role }) => role));
  const others = state.allocator.quotas().filter(({ role }) => !set.has(role));
  for (const { role, guarantees } of [...quotas, ...others]) {
    // A promise below the top is part of the one above it.
    if (role.includes("/")) continue;
    for (const { name, milli } of guarantees) promised.set(name, (promised.get(name) ?? 0) + milli);
  }
  const isAsked = (name: string) => quotas.some(({ guarantees }) => amountIn(guarantees, name));
  for (const [name, milli] of promised) {
    const there = capacity.get(name) ?? 0;
    if (milli <= there || !isAsked(name)) continue;
    const message = `cannot set quota: ${formatMilli(milli)} ${name} would be guaranteed in all, but the agents have ${formatMilli(there)}`;
    return { code: "conflict", message, hint: "guarantee less, or use --force" };
  }
  return null;
}

function offeredMilli(state: ClusterState, role: Role, name: string): number {
  let milli = 0;
  for (const { offer } of state.offers.values()) {
    if (isRoleWithin(offer.role, role)) milli += unreservedMilli(offer.resources, name);
  }
  return milli;
}

/** Lists are sorted by name, as the model wants them. */
function sorted({ role, guarantees, limits }: Quota): Quota {
  return { role, guarantees: byName(guarantees), limits: byName(limits) };
}

function byName(amounts: readonly Amount[]): readonly Amount[] {
  return [...amounts].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}
