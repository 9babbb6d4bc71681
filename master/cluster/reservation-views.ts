import type { Role } from "@bourse/model/ids";
import type {
  OperationView,
  OperatorView,
  Page,
  ReservationView,
  VolumeView,
} from "@bourse/model/operator";
import type { Reservation, Resource, Resources } from "@bourse/model/resources";
import { pageOf, pageSize } from "./pages.ts";
import { persistenceOf, volumeKey } from "./resource-conversion.ts";
import { sumOf } from "./resource-sums.ts";
import type { Agent, ClusterState, OperationRecord } from "./state.ts";

/**
 * What is reserved on which agent for whom, the volumes on it, and operations on their way (FEATURES M-34, N-13). Lists
 * are in the order of agents, then roles; a page's cursor is the key of its last item.
 */
export function reservationsView(state: ClusterState, page: Page): OperatorView {
  const { items, next } = pageOfAgents(state, page, reservationsOf);
  return { kind: "reservations", reservations: items, ...next };
}

export function volumesView(state: ClusterState, page: Page): OperatorView {
  const { items, next } = pageOfAgents(state, page, volumesOf);
  return { kind: "volumes", volumes: items, ...next };
}

/** Those that an earlier master sent have no kind, and are left out. */
export function operationsView(state: ClusterState, page: Page): OperatorView {
  const known = new Map<string, OperationView>();
  for (const [uuid, record] of state.operations) {
    const view = operationView(record);
    if (view !== null) known.set(uuid, view);
  }
  const { items, next } = pageOf(known, page, (view) => view);
  return { kind: "operations", operations: items, ...next };
}

function operationView(record: OperationRecord): OperationView | null {
  const { operationUuid, agentId, kind, frameworkId, operationId, message } = record;
  if (kind === null) return null;
  return {
    operationUuid,
    agentId,
    operation: kind,
    ...(frameworkId !== null && { frameworkId }),
    ...(operationId !== null && { operationId }),
    state: record.state,
    ...(message !== null && { message }),
    startedAtMs: record.startedAtMs,
  };
}

/** Only as many agents are looked at as the page needs. */
function pageOfAgents<View>(
  state: ClusterState,
  page: Page,
  viewsOf: (agent: Agent, isOrphaned: (role: Role) => boolean) => ReadonlyMap<string, View>,
): { items: View[]; next: { next?: string } } {
  const isOrphaned = orphanTest(state);
  const [first = ""] = page.after?.split(SEPARATOR) ?? [];
  const agents = Array.from(state.agents.values()).filter(({ agentId }) => agentId >= first);
  agents.sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  const all = new Map<string, View>();
  for (const agent of agents) {
    for (const [key, view] of viewsOf(agent, isOrphaned)) {
      const cursor = `${agent.agentId}${SEPARATOR}${key}`;
      if (page.after === undefined || cursor > page.after) all.set(cursor, view);
    }
    if (all.size > pageSize(page.limit)) break;
  }
  return pageOf(all, page, (view) => view);
}

/** Sorts before whatever an id or a role may contain. */
const SEPARATOR = " ";

function reservationsOf(
  agent: Agent,
  isOrphaned: (role: Role) => boolean,
): ReadonlyMap<string, ReservationView> {
  const held = heldOf(agent);
  const groups = new Map<string, { readonly role: Role; readonly resources: Resource[] }>();
  for (const resource of agent.info.resources) {
    const newest = resource.reservations?.at(-1);
    if (newest === undefined) continue;
    const key = groupKey(newest);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { role: newest.role, resources: [resource] });
    else group.resources.push(resource);
  }
  const { agentId, info } = agent;
  const views = new Map<string, ReservationView>();
  for (const [key, { role, resources }] of groups) {
    const isOfGroup = ({ reservations }: Resource) => {
      const newest = reservations?.at(-1);
      return newest !== undefined && groupKey(newest) === key;
    };
    const allocated = held.filter(isOfGroup);
    const orphan = isOrphaned(role);
    views.set(key, {
      agentId,
      hostname: info.hostname,
      role,
      resources,
      allocated,
      isOrphaned: orphan,
    });
  }
  return views;
}

function volumesOf(
  agent: Agent,
  isOrphaned: (role: Role) => boolean,
): ReadonlyMap<string, VolumeView> {
  const { agentId, info } = agent;
  const views = new Map<string, VolumeView>();
  for (const resource of info.resources) {
    const persistence = persistenceOf(resource);
    if (persistence === null) continue;
    const role = resource.reservations?.at(-1)?.role ?? "*";
    const key = volumeKey(resource);
    views.set(key, {
      agentId,
      hostname: info.hostname,
      volumeId: persistence.id,
      role,
      resource,
      usedBy: usersOf(agent, key),
      isOrphaned: isOrphaned(role),
    });
  }
  return views;
}

function usersOf(agent: Agent, key: string): VolumeView["usedBy"] {
  const isIt = (resource: Resource) =>
    persistenceOf(resource) !== null && volumeKey(resource) === key;
  return Array.from(agent.tasks)
    .filter(({ isHolding, info }) => isHolding && info.resources.some(isIt))
    .map(({ frameworkId, info }) => ({ frameworkId, taskId: info.taskId }));
}

function heldOf(agent: Agent): Resources {
  const tasks = Array.from(agent.tasks).filter(({ isHolding }) => isHolding);
  return sumOf([
    ...tasks.map(({ info }) => info.resources),
    ...Array.from(agent.offers, ({ offer }) => offer.resources),
  ]);
}

/** Same role, labels and principal (M-32). */
function groupKey({ type, role, principal, labels = [] }: Reservation): string {
  const words = labels.map(({ key, value }) => `${key}:${value ?? ""}`);
  return [role, type, principal ?? "", ...words].join(SEPARATOR);
}

/** N-13: nobody subscribes to the role or to one below it; frameworks that are away still count. */
function orphanTest({ frameworks }: ClusterState): (role: Role) => boolean {
  const taken = new Set<Role>();
  for (const { info } of frameworks.values()) {
    for (const role of info.roles) {
      for (let end = role.length; end > 0; end = role.lastIndexOf("/", end - 1)) {
        taken.add(role.slice(0, end));
      }
    }
  }
  return (role) => !taken.has(role);
}
