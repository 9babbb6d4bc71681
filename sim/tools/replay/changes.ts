import type { Cluster } from "@bourse/cluster/cluster";
import { pictureOf } from "@bourse/engine/master-view";
import type { Decision } from "@bourse/model/explain";
import type { Now } from "@bourse/model/now";
import type { AgentView, FrameworkView, OfferView, TaskView } from "@bourse/model/operator";
import { formatResources } from "@bourse/model/resources";

/** What a cluster shows of itself at one moment, to be compared with another. */
export interface ClusterPicture {
  readonly agents: ReadonlyMap<string, AgentView>;
  readonly frameworks: ReadonlyMap<string, FrameworkView>;
  readonly offers: ReadonlyMap<string, OfferView>;
  readonly tasks: ReadonlyMap<string, TaskView>;
  readonly quotas: ReadonlyMap<string, string>;
  readonly decisions: ReadonlyMap<string, readonly Decision[]>;
}

export function takePicture(cluster: Cluster, now: Now): ClusterPicture {
  const { agents, frameworks, offers, tasks } = pictureOf(cluster, now);
  return {
    agents: new Map(agents.map((view) => [view.agentId, view])),
    frameworks: new Map(frameworks.map((view) => [view.frameworkId, view])),
    offers: new Map(offers.map((view) => [view.offerId, view])),
    tasks: new Map(tasks.map((view) => [`${view.frameworkId} ${view.taskId}`, view])),
    quotas: new Map(
      cluster.state.allocator.quotas().map((quota) => [quota.role, JSON.stringify(quota)]),
    ),
    decisions: new Map(
      Array.from(cluster.state.frameworks.values(), (one) => [
        one.frameworkId,
        one.decisions.toArray(),
      ]),
    ),
  };
}

/** What differs, one sentence each: agents, frameworks, tasks, quotas, then offers. */
export function changesBetween(before: ClusterPicture, after: ClusterPicture): readonly string[] {
  return [
    ...compared("agent", before.agents, after.agents, agentText),
    ...compared("framework", before.frameworks, after.frameworks, frameworkText),
    ...compared("task", before.tasks, after.tasks, taskText),
    ...compared("quota of role", before.quotas, after.quotas, (quota) => [quota]),
    ...compared("offer", before.offers, after.offers, offerText),
  ];
}

/** Decisions that were noted in between, by framework. */
export function newDecisions(
  before: ClusterPicture,
  after: ClusterPicture,
): readonly { readonly frameworkId: string; readonly decisions: readonly Decision[] }[] {
  return Array.from(after.decisions, ([frameworkId, decisions]) => {
    const known = new Set((before.decisions.get(frameworkId) ?? []).map((one) => textOf(one)));
    return { frameworkId, decisions: decisions.filter((one) => !known.has(textOf(one))) };
  }).filter(({ decisions }) => decisions.length > 0);
}

/** Each view as aspects in a fixed order: only those that differ are told. */
function compared<View>(
  what: string,
  before: ReadonlyMap<string, View>,
  after: ReadonlyMap<string, View>,
  aspectsOf: (view: View) => readonly string[],
): readonly string[] {
  const changes: string[] = [];
  for (const [id, old] of before) {
    const view = after.get(id);
    if (view === undefined) {
      changes.push(`${what} ${id} is no more (was ${aspectsOf(old).join(", ")})`);
      continue;
    }
    if (view === old) continue;
    const [left, right] = [aspectsOf(old), aspectsOf(view)];
    const parts = right.flatMap((text, index) =>
      text === left[index] ? [] : [`${left[index]} -> ${text}`],
    );
    if (parts.length > 0) changes.push(`${what} ${id}: ${parts.join("; ")}`);
  }
  for (const [id, view] of after) {
    if (!before.has(id)) changes.push(`${what} ${id} is new: ${aspectsOf(view).join(", ")}`);
  }
  return changes;
}

function agentText(view: AgentView): readonly string[] {
  return [
    view.condition,
    `has ${formatResources(view.total)}`,
    `${formatResources(view.allocated)} in use`,
    `${formatResources(view.offered)} offered`,
  ];
}

function frameworkText(view: FrameworkView): readonly string[] {
  const { condition, suppressedRoles, roles, name } = view;
  return [name, condition, `roles ${roles.join(" ")}`, `suppressed ${suppressedRoles.join(" ")}`];
}

function taskText({ state, agentId, resources }: TaskView): readonly string[] {
  return [state, `on ${agentId}`, formatResources(resources)];
}

function offerText({ frameworkId, agentId, role, resources }: OfferView): readonly string[] {
  return [`${formatResources(resources)} of ${agentId} to ${frameworkId} for role ${role}`];
}

function textOf(decision: Decision): string {
  return JSON.stringify(decision);
}
