import type { FrameworkOptions } from "@bourse/allocator/options";
import { isWorthAnOffer, mayBeOffered, mayHave } from "@bourse/allocator/reference-checks";
import type { Effects } from "@bourse/cluster/effects";
import type { ClusterState, Framework } from "@bourse/cluster/state";
import type { Offer } from "@bourse/model/offer";
import { formatResource, formatResources } from "@bourse/model/resources";
import type { World } from "../world.ts";
import { type CreateCheck, makesOffers } from "./check.ts";
import type { Violations } from "./violations.ts";

const CHECK = "offer";

/** A master that has it to do takes an offer back this much after its time at the latest. */
const LATE_MS = 1_000;

/**
 * Frameworks are offered what they asked for and may have: in a role of theirs that they have not suppressed, on agents
 * that their constraints name and that are offered at all, nothing that they cannot use, and enough to be worth it
 * (M-22, M-23, M-37, M-38, M-51). And no offer is out for longer than it may be (N-02).
 */
export const createOfferCheck: CreateCheck = (world, violations) => ({
  probe: {
    masterDecided(_now, _input, effects) {
      if (!makesOffers(effects)) return;
      for (const sending of effects.send) {
        if (sending.to !== "framework" || sending.event.kind !== "offers") continue;
        const { cluster } = world.master;
        if (cluster === null) return;
        for (const offer of sending.event.offers) {
          if (isTakenBack(effects, offer)) continue;
          checkOffer(cluster.state, offer, violations);
        }
      }
    },
  },
  sweep: () => checkLateness(world, violations),
  settle: () => checkLateness(world, violations),
});

/** By the very input that made it, as when the agent's pings run out at that moment. */
function isTakenBack({ send }: Effects, { offerId }: Offer): boolean {
  return send.some(
    (sending) =>
      sending.to === "framework" &&
      sending.event.kind === "rescind" &&
      sending.event.offerId === offerId,
  );
}

function checkOffer(state: ClusterState, offer: Offer, violations: Violations): void {
  const framework = state.frameworks.get(offer.frameworkId);
  const agent = state.agents.get(offer.agentId);
  const name = `offer ${offer.offerId} of ${offer.hostname} to ${offer.frameworkId} for ${offer.role}`;
  if (framework === undefined || agent === undefined) {
    violations.report(CHECK, `${name} is made to or of somebody whom the master does not know`);
    return;
  }
  const { info } = framework;
  const { role, resources } = offer;
  if (!info.roles.includes(role)) violations.report(CHECK, `${name}: it is not in that role`);
  if (framework.suppressedRoles.includes(role))
    violations.report(CHECK, `${name}: it has suppressed that role`);
  if (agent.condition !== "active" || agent.isDeactivated)
    violations.report(CHECK, `${name}: the agent is not to be offered`);
  const options = optionsOf(framework);
  const { resources: total, hostname, attributes, domain } = agent.info;
  const place = { total, hostname, attributes, ...(domain === undefined ? {} : { domain }) };
  if (!mayBeOffered(place, role, options, state.config.domain))
    violations.report(CHECK, `${name}: the agent is not what it takes offers of`);
  for (const resource of resources) {
    if (mayHave(resource, role, options)) continue;
    violations.report(CHECK, `${name}: it cannot use ${formatResource(resource)}`);
  }
  if (!isWorthAnOffer(resources, info.minAllocatable?.get(role) ?? state.config.minAllocatable))
    violations.report(CHECK, `${name}: ${formatResources(resources)} are too little`);
}

function optionsOf({ info, suppressedRoles, offerConstraints }: Framework): FrameworkOptions {
  const { roles, capabilities } = info;
  if (offerConstraints === null) return { roles, suppressedRoles, capabilities };
  return { roles, suppressedRoles, capabilities, offerConstraints };
}

/** The oldest is the first to time out. */
function checkLateness({ master, simulation }: World, violations: Violations): void {
  if (master.cluster === null) return;
  for (const { offer, dueMs } of master.cluster.state.offers.values()) {
    if (dueMs === null || dueMs + LATE_MS >= simulation.nowMs) return;
    violations.report(
      CHECK,
      `offer ${offer.offerId} was to be taken back at ${dueMs} ms and is still out`,
    );
  }
}
