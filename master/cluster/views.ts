import type { RoleState } from "@bourse/allocator/options";
import type { Now } from "@bourse/model/now";
import type {
  AgentView,
  FrameworkView,
  MasterView,
  OfferView,
  OperatorQuery,
  OperatorView,
  RoleView,
} from "@bourse/model/operator";
import { NO_RESOURCES, type Resources } from "@bourse/model/resources";
import { conditionOf, isAdmitted } from "./agents.ts";
import { explain } from "./explain.ts";
import { failoverTimeoutMs } from "./frameworks.ts";
import { machineViews } from "./maintenance.ts";
import { pageOf } from "./pages.ts";
import { operationsView, reservationsView, volumesView } from "./reservation-views.ts";
import { scalarSum, scalarsOf, sumOf } from "./resource-sums.ts";
import type {
  Agent,
  ClusterState,
  CompletedFramework,
  Framework,
  OfferRecord,
  Task,
} from "./state.ts";
import { taskViews } from "./task-views.ts";

/** Answers an operator's question from the state as it is; changes nothing. Lists are sorted by id and paged. */
export function answer(state: ClusterState, now: Now, query: OperatorQuery): OperatorView {
  switch (query.kind) {
    case "master":
      return { kind: "master", master: masterView(state) };
    case "agents": {
      const { items, next } = pageOf(state.agents, query.page, agentView);
      return { kind: "agents", agents: items, ...next };
    }
    case "frameworks": {
      const live = new Map<string, Framework | CompletedFramework>(state.frameworks);
      if (query.hasCompleted) for (const [id, old] of state.completedFrameworks) live.set(id, old);
      const { items, next } = pageOf(live, query.page, (framework) =>
        "tasks" in framework ? frameworkView(state, now, framework) : completedView(framework),
      );
      return { kind: "frameworks", frameworks: items, ...next };
    }
    case "offers": {
      const { items, next } = pageOf(state.offers, query.page, (record) => offerView(now, record));
      return { kind: "offers", offers: items, ...next };
    }
    case "tasks": {
      const { items, next } = taskViews(state, query.page, query.filter);
      return { kind: "tasks", tasks: items, ...(next !== undefined && { next }) };
    }
    case "roles": {
      const roles = state.allocator.roles(now);
      const { items, next } = pageOf(new Map(roles.map((r) => [r.role, r])), query.page, roleView);
      return { kind: "roles", roles: items, ...next };
    }
    case "reservations":
      return reservationsView(state, query.page);
    case "volumes":
      return volumesView(state, query.page);
    case "operations":
      return operationsView(state, query.page);
    case "maintenance":
      return { kind: "maintenance", machines: machineViews(state) };
    case "explain":
      return explain(state, now, query.subject);
  }
}

/** What is added up over agents has scalars only: the ports of two agents have nothing in common. */
function masterView(state: ClusterState): MasterView {
  const { counters, agents, frameworks, offers, taskCounts } = state;
  let tasks = 0;
  for (const count of taskCounts.values()) tasks += count;
  return {
    masterId: state.masterId,
    epoch: state.epoch,
    sequence: counters.sequence,
    startedAtMs: counters.startedAtMs ?? 0,
    counts: { agents: agents.size, frameworks: frameworks.size, offers: offers.size, tasks },
    tasksByState: Object.fromEntries(taskCounts),
    total: scalarSum(
      map(Array.from(agents.values()).filter(isAdmitted), ({ info }) => info.resources),
    ),
    offered: scalarSum(map(offers.values(), ({ offer }) => offer.resources)),
    allocated: scalarsOf(state.allocatedMilli),
    version: `${state.epoch}.${counters.inputs}`,
  };
}

function agentView(agent: Agent): AgentView {
  const { agentId, info, unreachableSinceMs } = agent;
  return {
    agentId,
    hostname: info.hostname,
    port: info.port,
    condition: conditionOf(agent),
    isDeactivated: agent.isDeactivated,
    total: info.resources,
    offered: sumOf(map(agent.offers, ({ offer }) => offer.resources)),
    allocated: sumOf(map(agent.tasks, heldBy)),
    attributes: info.attributes,
    ...(info.domain !== undefined && { domain: info.domain }),
    version: info.version,
    tasks: agent.tasks.size,
    registeredAtMs: agent.registeredAtMs,
    ...(unreachableSinceMs !== null && { unreachableSinceMs }),
  };
}

function frameworkView(state: ClusterState, now: Now, framework: Framework): FrameworkView {
  const { frameworkId, info, suppressedRoles, condition, tasks, offers } = framework;
  const removeAtMonoMs = state.timers.dueOf("remove-framework", frameworkId);
  return {
    frameworkId,
    ...describe(info),
    suppressedRoles,
    condition,
    failoverTimeoutMs: failoverTimeoutMs(state, info),
    ...(removeAtMonoMs !== undefined && { removeAtMs: wallOf(now, removeAtMonoMs) }),
    tasks: tasks.size,
    offers: offers.size,
    offered: scalarSum(map(offers, ({ offer }) => offer.resources)),
    allocated: scalarSum(map(tasks.values(), heldBy)),
    registeredAtMs: framework.registeredAtMs,
  };
}

function completedView({ frameworkId, name, last }: CompletedFramework): FrameworkView {
  const nothing = { user: "", roles: [], capabilities: [], failoverTimeoutMs: 0 };
  return {
    frameworkId,
    ...(last === null ? { name, ...nothing } : describe(last.info)),
    suppressedRoles: [],
    condition: "completed",
    failoverTimeoutMs: last?.info.failoverTimeoutMs ?? 0,
    tasks: 0,
    offers: 0,
    offered: NO_RESOURCES,
    allocated: NO_RESOURCES,
    registeredAtMs: last?.registeredAtMs ?? 0,
  };
}

function describe(info: Framework["info"]) {
  const { name, user, roles, capabilities, principal, hostname, webuiUrl } = info;
  return {
    name,
    user,
    roles,
    capabilities,
    ...(principal !== undefined && { principal }),
    ...(hostname !== undefined && { hostname }),
    ...(webuiUrl !== undefined && { webuiUrl }),
  };
}

function offerView(now: Now, { offer, offeredAtMs, dueMs }: OfferRecord): OfferView {
  const { offerId, frameworkId, agentId, role, resources } = offer;
  return {
    offerId,
    frameworkId,
    agentId,
    role,
    resources,
    offeredAtMs,
    ...(dueMs !== null && { rescindAtMs: wallOf(now, dueMs) }),
  };
}

function roleView({ quota, ...rest }: RoleState): RoleView {
  return { ...rest, ...(quota !== null && { quota }) };
}

function heldBy({ isHolding, info }: Task): Resources {
  return isHolding ? info.resources : NO_RESOURCES;
}

function* map<Item, Result>(items: Iterable<Item>, of: (item: Item) => Result): Generator<Result> {
  for (const item of items) yield of(item);
}

function wallOf(now: Now, monoMs: number): number {
  return now.wallMs + (monoMs - now.monoMs);
}
