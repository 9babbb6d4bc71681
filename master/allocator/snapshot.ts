import type { Attribute, FaultDomain } from "@bourse/model/agent";
import type { RoleConstraints } from "@bourse/model/constraints";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import type { Quota } from "@bourse/model/quota";
import { Random } from "@bourse/model/random";
import type { Resources } from "@bourse/model/resources";
import type { FilterMoment } from "./filters.ts";
import type { Minimum } from "./minimum.ts";
import type { AllocatorConfig, UsedResources } from "./options.ts";
import type { RoleRecord } from "./role-tree.ts";
import { NONE, Slots } from "./slots.ts";
import { Tables } from "./tables.ts";

/**
 * All the state of an allocator as plain data. Sums, shares and orders are left out: they follow from the rest.
 * The slots of agents are in, the free ones too: runs look at agents in the order of their slots.
 */
export interface AllocatorSnapshot extends TablesSnapshot {
  readonly random: readonly number[];
  readonly runs: number;
  readonly nextRunAtMs: number;
  /** When it was last told the time. */
  readonly monoMs: number;
  /** Slots of agents. */
  readonly changed: readonly number[];
  readonly haveClientsChanged: boolean;
}

interface TablesSnapshot {
  readonly quotas: readonly Quota[];
  readonly weightsMilli: readonly (readonly [Role, number])[];
  /** What random sorters draw from. */
  readonly roleChance: readonly number[];
  readonly frameworkChance: readonly number[];
  /** By name. */
  readonly roles: readonly RoleRecord[];
  readonly frameworks: readonly FrameworkSnapshot[];
  /** By slot. */
  readonly agents: readonly (AgentSnapshot | null)[];
  /** The last one is taken first. */
  readonly freeAgentSlots: readonly number[];
}

interface FrameworkSnapshot {
  readonly frameworkId: FrameworkId;
  readonly isRegistered: boolean;
  readonly isConnected: boolean;
  /** Flags of clients.ts. */
  readonly takes: number;
  /** null = no bound. */
  readonly offersLeft: number | null;
  readonly pairs: readonly {
    readonly role: Role;
    readonly isSubscribed: boolean;
    readonly isSuppressed: boolean;
    readonly served: number;
    readonly minimum: Minimum | null;
    readonly constraints: RoleConstraints | null;
  }[];
}

interface AgentSnapshot {
  readonly agentId: AgentId;
  readonly isActive: boolean;
  readonly total: Resources;
  readonly hostname: string;
  readonly attributes: readonly Attribute[];
  readonly domain?: FaultDomain;
  /** One copy of each shared resource that is held. */
  readonly copies: Resources;
  /** Oldest first. */
  readonly held: readonly UsedResources[];
  readonly filters: readonly FilterSnapshot[];
}

interface FilterSnapshot extends UsedResources {
  readonly kind: "refusal" | "pause";
  readonly expiresAtMs: number;
  readonly madeAfterRuns: number;
}

export function snapshotTables(tables: Tables, moment: FilterMoment): TablesSnapshot {
  const { agents, clients } = tables;
  return {
    quotas: tables.quotas(),
    weightsMilli: Array.from(clients.weights),
    roleChance: clients.chance.roles.snapshot(),
    frameworkChance: clients.chance.frameworks.snapshot(),
    roles: clients.tree.records(),
    frameworks: clients.frameworks.list().map((framework) => snapshotFramework(tables, framework)),
    agents: Array.from({ length: agents.slots.length }, (_, agent) =>
      agents.slots.isUsed(agent) ? snapshotAgent(tables, agent, moment) : null,
    ),
    freeAgentSlots: Array.from(agents.slots.free),
  };
}

export function restoreTables(snapshot: TablesSnapshot, config: AllocatorConfig): Tables {
  const ids = snapshot.agents.map((agent) => agent?.agentId ?? null);
  const chance = {
    roles: Random.restore(snapshot.roleChance),
    frameworks: Random.restore(snapshot.frameworkChance),
  };
  const tables = new Tables(config, chance, Slots.restore(ids, snapshot.freeAgentSlots));
  const { clients } = tables;
  for (const [role, weightMilli] of snapshot.weightsMilli) clients.setWeight(role, weightMilli);
  for (const framework of snapshot.frameworks) openFramework(tables, framework);
  snapshot.agents.forEach((agent, slot) => {
    if (agent !== null) openAgent(tables, slot, agent);
  });
  for (const quota of snapshot.quotas) tables.quota.set(quota);
  if (tables.quota.hasAny) tables.countQuota();
  // Only now: taking hold of resources has counted as being served.
  clients.tree.restoreRecords(snapshot.roles);
  for (const framework of snapshot.frameworks) rankFramework(tables, framework);
  return tables;
}

function snapshotFramework({ clients, exclusions }: Tables, framework: number): FrameworkSnapshot {
  return {
    frameworkId: clients.frameworks.idOf(framework),
    isRegistered: clients.isRegistered[framework] === 1,
    isConnected: clients.isConnected[framework] === 1,
    takes: clients.takes[framework]!,
    offersLeft: Number.isFinite(clients.offersLeft[framework])
      ? clients.offersLeft[framework]!
      : null,
    pairs: Array.from(clients.pairsOf(framework), ([role, pair]) => ({
      role,
      isSubscribed: clients.isSubscribed[pair] === 1,
      isSuppressed: clients.isSuppressed[pair] === 1,
      served: clients.pairShares.servedOf(pair),
      minimum: clients.minimumOf[pair] ?? null,
      constraints: exclusions.of(pair)?.source ?? null,
    })),
  };
}

function snapshotAgent(tables: Tables, agent: number, moment: FilterMoment): AgentSnapshot {
  const { agents } = tables;
  const held: UsedResources[] = [];
  const { holdings } = agents;
  for (let at = holdings.firstOf(agent); at !== NONE; at = holdings.nextOf(at))
    held.push({ ...idsOf(tables, holdings.pairOf(at)), resources: agents.heldBy(agent, at) });
  return {
    agentId: agents.slots.idOf(agent),
    isActive: agents.isActive[agent] === 1,
    total: agents.totalList[agent]!,
    ...agents.about[agent]!,
    copies: agents.copiesOf(agent),
    held: held.reverse(),
    filters: tables.filters
      .listOfAgent(agent, moment)
      .map(({ kind, pair, resources, expiresAtMs, madeAfterRuns }) => ({
        kind,
        ...idsOf(tables, pair),
        resources,
        expiresAtMs,
        madeAfterRuns,
      }))
      .sort(byPair),
  };
}

/** By ids: the order in which pairs came to have filters is no state. Filters of one pair keep theirs. */
function byPair(left: FilterSnapshot, right: FilterSnapshot): number {
  if (left.frameworkId !== right.frameworkId) return left.frameworkId < right.frameworkId ? -1 : 1;
  return left.role === right.role ? 0 : left.role < right.role ? -1 : 1;
}

function idsOf({ clients }: Tables, pair: number): Pick<UsedResources, "frameworkId" | "role"> {
  return {
    frameworkId: clients.frameworks.idOf(clients.frameworkOf[pair]!),
    role: clients.roles.idOf(clients.roleOf[pair]!),
  };
}

function openFramework({ clients, exclusions }: Tables, snapshot: FrameworkSnapshot): void {
  const framework = clients.openFramework(snapshot.frameworkId);
  clients.isRegistered[framework] = snapshot.isRegistered ? 1 : 0;
  clients.isConnected[framework] = snapshot.isConnected ? 1 : 0;
  clients.takes[framework] = snapshot.takes;
  clients.offersLeft[framework] = snapshot.offersLeft ?? Number.POSITIVE_INFINITY;
  for (const { role, isSubscribed, isSuppressed, minimum, constraints } of snapshot.pairs) {
    const pair = clients.openPair(framework, role);
    clients.isSubscribed[pair] = isSubscribed ? 1 : 0;
    clients.isSuppressed[pair] = isSuppressed ? 1 : 0;
    clients.minimumOf[pair] = minimum ?? undefined;
    exclusions.set(pair, constraints ?? undefined);
  }
}

function openAgent(tables: Tables, agent: number, snapshot: AgentSnapshot): void {
  const { agents, clients, filters } = tables;
  const pairOf = ({ frameworkId, role }: Pick<UsedResources, "frameworkId" | "role">) =>
    clients.openPair(clients.openFramework(frameworkId), role);
  const { total, hostname, attributes, domain } = snapshot;
  agents.openRow(agent);
  const about = { hostname, attributes, ...(domain !== undefined && { domain }) };
  tables.describeAgent(agent, { total, ...about });
  agents.isActive[agent] = snapshot.isActive ? 1 : 0;
  agents.expectCopies(agent, snapshot.copies);
  for (const held of snapshot.held) tables.hold(agent, pairOf(held), held.resources);
  for (const filter of snapshot.filters)
    filters.restore(agent, { ...filter, pair: pairOf(filter) });
}

function rankFramework({ clients }: Tables, snapshot: FrameworkSnapshot): void {
  const framework = clients.frameworks.slotOf(snapshot.frameworkId);
  for (const { role, served } of snapshot.pairs) {
    const pair = clients.pairOf(framework, role);
    clients.pairShares.setServed(pair, served);
    clients.rank(pair);
  }
}
