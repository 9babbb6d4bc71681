import type { AgentId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { DeclineReason, Offer } from "@bourse/model/offer";
import type { Resources } from "@bourse/model/resources";
import { maintenanceReason } from "@bourse/session/maintenance";
import { brokenConstraints, fit, type PlacementRequest } from "@bourse/session/placement";

export interface OfferPlan {
  readonly offer: Offer;
  /** What each new instance takes of the offer. */
  readonly placements: readonly { readonly taken: Resources; readonly ports: readonly number[] }[];
  /** Why nothing was placed; null when it was not needed. */
  readonly reasons: readonly DeclineReason[] | null;
}

export interface SpreadOptions {
  readonly request: PlacementRequest;
  readonly maxPerAgent: number;
  readonly now: Now;
  /** Instances that the agent has already. */
  countOn(agentId: AgentId): number;
}

/**
 * Places up to `wanted` instances on offers, always on the agent that has fewest; ties go to the earlier offer. One
 * plan an offer, in the order of the offers.
 */
export function spread(
  offers: readonly Offer[],
  wanted: number,
  options: SpreadOptions,
): readonly OfferPlan[] {
  const plans = offers.map((offer) => ({
    offer,
    rest: offer.resources,
    placements: [] as { taken: Resources; ports: readonly number[] }[],
    reasons: reasonsAgainst(offer, options),
  }));
  const onAgent = new Map(offers.map(({ agentId }) => [agentId, options.countOn(agentId)]));
  let open = plans.filter((plan) => plan.reasons === null);
  let left = wanted;
  while (left > 0 && open.length > 0) {
    // A round serves all that have fewest, so that an agent is looked at once a level and not once an instance.
    const level = open.reduce(
      (least, { offer }) => Math.min(least, onAgent.get(offer.agentId) ?? 0),
      Number.POSITIVE_INFINITY,
    );
    const closed = new Set<(typeof plans)[number]>();
    for (const plan of open) {
      const count = onAgent.get(plan.offer.agentId) ?? 0;
      if (left === 0 || count > level) continue;
      const found = fit(plan.rest, options.request);
      if (!found.isFit || count >= options.maxPerAgent) {
        if (plan.placements.length === 0) plan.reasons = found.isFit ? full(count) : found.reasons;
        closed.add(plan);
        continue;
      }
      plan.rest = found.rest;
      plan.placements.push({ taken: found.taken, ports: found.ports });
      onAgent.set(plan.offer.agentId, count + 1);
      left -= 1;
    }
    if (closed.size > 0) open = open.filter((plan) => !closed.has(plan));
  }
  return plans.map(({ offer, placements, reasons }) => ({ offer, placements, reasons }));
}

function reasonsAgainst(
  offer: Offer,
  { request, maxPerAgent, now, countOn }: SpreadOptions,
): readonly DeclineReason[] | null {
  const broken = brokenConstraints(offer, request.constraints ?? []);
  if (broken.length > 0) return broken;
  const leaving = maintenanceReason(offer, now);
  if (leaving !== null) return [leaving];
  const count = countOn(offer.agentId);
  return count >= maxPerAgent ? full(count) : null;
}

function full(count: number): readonly DeclineReason[] {
  return [{ code: "max-per-agent", detail: `the agent has ${count} instances already` }];
}
