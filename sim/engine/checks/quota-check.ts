import type { Offer } from "@bourse/model/offer";
import { amountIn } from "@bourse/model/quota";
import { formatMilli, type Resource } from "@bourse/model/resources";
import { isRoleWithin } from "@bourse/model/role-name";
import { type CreateCheck, makesOffers } from "./check.ts";

const CHECK = "quota";

/**
 * No offer takes a role, or one above it, over its limit (FEATURES M-31). What is consumed may still exceed a limit: when
 * an agent returns with tasks, or when an operator forces a lower one.
 */
export const createQuotaCheck: CreateCheck = (world, violations) => ({
  probe: {
    masterDecided(_now, _input, effects) {
      if (!makesOffers(effects)) return;
      const { cluster } = world.master;
      if (cluster === null) return;
      const { allocator } = cluster.state;
      const quotas = allocator.quotas();
      if (quotas.length === 0) return;
      for (const sending of effects.send) {
        if (sending.to !== "framework" || sending.event.kind !== "offers") continue;
        for (const offer of sending.event.offers) {
          for (const { role, limits } of quotas) {
            if (!isRoleWithin(offer.role, role)) continue;
            const consumed = allocator.consumedOf(role);
            for (const { name, milli } of limits) {
              const used = amountIn(consumed, name) ?? 0;
              if (used <= milli || !givesAway(offer, name)) continue;
              violations.report(
                CHECK,
                `role ${role} consumes ${name}:${formatMilli(used)} of at most ${formatMilli(milli)}, and was offered more for ${offer.role}`,
              );
            }
          }
        }
      }
    },
  },
});

/** Reserved resources are charged already, and pass. */
function givesAway({ resources }: Offer, name: string): boolean {
  return resources.some(
    (resource: Resource) =>
      resource.name === name && resource.reservations === undefined && !resource.isRevocable,
  );
}
