import { assert } from "@bourse/model/assert";
import type { AgentVerdict, Check, RoleStanding } from "@bourse/model/explain";
import type { FrameworkId, Role } from "@bourse/model/ids";
import {
  contains,
  formatMilli,
  formatResources,
  type Resource,
  type Resources,
  type ResourceValue,
  ranges,
  rangesOf,
  scalarMilli,
} from "@bourse/model/resources";
import { TAKES_GPUS } from "./clients.ts";
import type { Filter, FilterMoment } from "./filters.ts";
import type { Minimum } from "./minimum.ts";
import { mayTake, mayUse } from "./offer-cycle.ts";
import { subtreeRow } from "./role-tree.ts";
import { NONE } from "./slots.ts";
import { siblingStanding } from "./standings.ts";
import type { Tables } from "./tables.ts";

export interface ExplainQuestion {
  readonly frameworkId: FrameworkId;
  /** What it would like to place on one agent. */
  readonly wanted?: Resources;
  /** Only the first so many agents, in the order of their slots. */
  readonly agentsMax?: number;
}

export interface OfferStanding {
  readonly roles: readonly RoleStanding[];
  readonly agents: readonly AgentVerdict[];
}

/**
 * Why a framework gets or does not get offers (FEATURES A-1, N-01): its place among the roles, and for every agent
 * every check that the offer cycle makes, not only the first that fails. Changes nothing; slow.
 */
export function explainOffers(
  tables: Tables,
  question: ExplainQuestion,
  moment: FilterMoment,
): OfferStanding {
  const { agents, clients } = tables;
  const framework = clients.frameworks.slotOf(question.frameworkId);
  assert(framework !== NONE, `framework ${question.frameworkId} must be known to the allocator`);
  const pairs = Array.from(clients.pairsOf(framework).values()).filter(
    (pair) => clients.isSubscribed[pair] === 1,
  );
  return {
    roles: pairs.map((pair) => standingOf(tables, pair)),
    agents: agents.slots
      .ascending()
      .slice(0, question.agentsMax)
      .map((agent) => verdictOf(tables, { agent, framework, pairs }, question.wanted, moment)),
  };
}

function standingOf({ clients }: Tables, pair: number): RoleStanding {
  const role = clients.roleOf[pair]!;
  return {
    role: clients.roles.idOf(role),
    isSuppressed: clients.isSuppressed[pair] === 1,
    ...siblingStanding(clients.tree, subtreeRow(role)),
  };
}

interface Candidate {
  readonly agent: number;
  readonly framework: number;
  readonly pairs: readonly number[];
}

function verdictOf(
  tables: Tables,
  { agent, framework, pairs }: Candidate,
  wanted: Resources | undefined,
  moment: FilterMoment,
): AgentVerdict {
  const { agents, clients } = tables;
  const checks: Check[] = [
    check("agent-active", agents.isActive[agent] === 1, "the agent is deactivated or away"),
    check(
      "framework-connected",
      clients.isConnected[framework] === 1,
      "the framework is disconnected",
    ),
  ];
  for (const pair of pairs) checks.push(...checksOf(tables, agent, pair, wanted, moment));
  const isShort = checks.some(
    ({ name, isPassed }) => !isPassed && (name === "fits" || name === "min-allocatable"),
  );
  const holders = holdersOf(tables, agent);
  checks.push(check("not-offered-elsewhere", !isShort || holders.length === 0, holders.join("; ")));
  return { agentId: agents.slots.idOf(agent), free: agents.freeOf(agent), checks };
}

function checksOf(
  tables: Tables,
  agent: number,
  pair: number,
  wanted: Resources | undefined,
  moment: FilterMoment,
): readonly Check[] {
  const { agents, clients, filters } = tables;
  const role = clients.roles.idOf(clients.roleOf[pair]!);
  const takes = clients.takes[clients.frameworkOf[pair]!]!;
  const lacksGpus = agents.hasGpus[agent] === 1 && (takes & TAKES_GPUS) === 0;
  const { amounts, values } = fitOf(tables, agent, role, takes);
  const fit = agents.listOf(agent, amounts, values);
  const minimum = clients.minimumOf[pair] ?? tables.minimum;
  const shortfalls = minimum.map((needs) =>
    needs.map(({ name, milli }) => shortBy(name, milli - scalarMilli(fit, name))).filter(isText),
  );
  const isWorthIt = fit.length > 0 && (minimum.length === 0 || shortfalls.some(isNothing));
  const blocking = fit.length === 0 ? [] : filters.blocking(agent, pair, amounts, values, moment);
  const checks = [
    check("role-not-suppressed", clients.isSuppressed[pair] === 0, "the role is suppressed", role),
    check("capability", !lacksGpus, "the agent has gpus: it needs GPU_RESOURCES", role),
    check("min-allocatable", isWorthIt, describeMinimum(minimum, fit), role),
    check("filter", blocking.length === 0, describeFilters(blocking, moment), role),
  ];
  if (wanted === undefined) return checks;
  const missing = wanted.map((resource) => missingOf(resource, fit)).filter(isText);
  return [...checks, check("fits", missing.length === 0, missing.join(", "), role)];
}

/** What of the free resources may go to the role and framework, as the offer cycle sees it. */
function fitOf(
  { agents, kinds }: Tables,
  agent: number,
  role: Role,
  takes: number,
): { amounts: Float64Array; values: readonly (ResourceValue | undefined)[] } {
  const base = agent * agents.width;
  const count = agents.count[agent]!;
  const amounts = new Float64Array(count);
  const values: (ResourceValue | undefined)[] = [];
  for (let entry = 0; entry < count; entry++) {
    const kind = agents.kind[base + entry]!;
    const mayHave = mayTake(kinds.flags[kind]!, takes) && mayUse(kinds.reservedFor[kind]!, role);
    amounts[entry] = mayHave ? agents.free[base + entry]! : 0;
    values.push(mayHave ? agents.freeValue[base + entry] : undefined);
  }
  return { amounts, values };
}

function holdersOf({ agents, clients }: Tables, agent: number): readonly string[] {
  const { holdings } = agents;
  const holders: string[] = [];
  for (let at = holdings.firstOf(agent); at !== NONE; at = holdings.nextOf(at)) {
    const pair = holdings.pairOf(at);
    const framework = clients.frameworks.idOf(clients.frameworkOf[pair]!);
    const role = clients.roles.idOf(clients.roleOf[pair]!);
    holders.push(`${framework} as ${role} holds ${formatResources(agents.heldBy(agent, at))}`);
  }
  return holders.reverse();
}

function missingOf({ name, value }: Resource, fit: Resources): string | undefined {
  switch (value.type) {
    case "scalar":
      return shortBy(name, value.milli - scalarMilli(fit, name));
    case "ranges":
      return contains([ranges(name, rangesOf(fit, name))], [{ name, value }])
        ? undefined
        : `not all of ${formatResources([{ name, value }])} is free`;
    case "set": {
      const items = fit.flatMap((held) =>
        held.name === name && held.value.type === "set" ? held.value.items : [],
      );
      const missing = value.items.filter((item) => !items.includes(item));
      return missing.length === 0 ? undefined : `${name} {${missing.join(",")}} is not free`;
    }
  }
}

function shortBy(name: string, milli: number): string | undefined {
  return milli > 0 ? `${formatMilli(milli)} ${name} short` : undefined;
}

function describeMinimum(minimum: Minimum, fit: Resources): string {
  if (fit.length === 0) return "nothing is free for this role";
  const alternatives = minimum.map((needs) =>
    needs.map(({ name, milli }) => `${name}:${formatMilli(milli)}`).join("; "),
  );
  return `less is free than ${alternatives.join(" or ")}`;
}

function describeFilters(filters: readonly Filter[], moment: FilterMoment): string {
  const refusedUntilMs = Math.max(
    ...filters.map(({ kind, expiresAtMs }) => (kind === "refusal" ? expiresAtMs : 0)),
  );
  const restMs = refusedUntilMs - moment.monoMs;
  return restMs > 0
    ? `refused for ${(restMs / 1000).toFixed(1)} s more`
    : "came back just now: waits for the next periodic run";
}

function check(name: Check["name"], isPassed: boolean, detail: string, role?: Role): Check {
  return {
    name,
    ...(role === undefined ? {} : { role }),
    isPassed,
    ...(isPassed ? {} : { detail }),
  };
}

function isText(text: string | undefined): text is string {
  return text !== undefined;
}

function isNothing(list: readonly string[]): boolean {
  return list.length === 0;
}
