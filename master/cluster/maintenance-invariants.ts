import { isAdmitted } from "./agents.ts";
import { hostKey, isSame, questions, unavailabilityOf } from "./machines.ts";
import type { Report } from "./resource-invariants.ts";
import type { ClusterState } from "./state.ts";

/** What must hold of machines under maintenance, and of what frameworks were asked about them (M-71). */
export function checkMaintenance(state: ClusterState, report: Report): void {
  const { maintenance, agents, frameworks, offers } = state;
  for (const host of maintenance.down)
    if (!maintenance.scheduled.has(host)) report(`machine ${host} is down, but not scheduled`);
  for (const { agentId, info, condition } of agents.values()) {
    if (maintenance.down.has(hostKey(info.hostname)) && condition !== "unreachable")
      report(`agent ${agentId} is ${condition}, but its machine is down for maintenance`);
  }
  for (const { offer } of offers.values())
    if (!isSame(offer.unavailability, unavailabilityOf(state, offer.hostname)))
      report(`offer ${offer.offerId} does not say when its machine is away`);
  let open = 0;
  for (const asked of questions(maintenance)) {
    const { inverseOfferId, agentId, frameworkId } = asked;
    if (inverseOfferId === null) continue;
    open++;
    const name = `inverse offer ${inverseOfferId}`;
    if (maintenance.outstanding.get(inverseOfferId) !== asked) report(`${name} cannot be answered`);
    if (frameworks.get(frameworkId)?.session == null)
      report(`${name} is open, but framework ${frameworkId} is not connected`);
    const agent = agents.get(agentId);
    if (agent === undefined || !isAdmitted(agent))
      report(`${name} is open, but agent ${agentId} is ${agent?.condition ?? "not known"}`);
  }
  if (open !== maintenance.outstanding.size)
    report(`${open} inverse offers are open, but ${maintenance.outstanding.size} can be answered`);
}
