import type { Holder } from "@bourse/model/explain";
import type { AgentId, FrameworkId, Role } from "@bourse/model/ids";
import { REFUSE_MS_MAX } from "@bourse/model/offer";
import {
  contains,
  formatMilli,
  formatResources,
  type Resources,
  scalarMilli,
} from "@bourse/model/resources";
import { amountOf } from "./amounts.ts";
import { TAKES_GPUS, TAKES_REMOTE } from "./clients.ts";
import { failedConstraints, formatConstraint, mayTakeAgent } from "./constraints.ts";
import type { Candidate, Candidates, Inactivity } from "./explain-candidate.ts";
import { type Finding, failed, passed } from "./explain-finding.ts";
import { type Fit, fitOf } from "./explain-fit.ts";
import { headroomFinding, limitFinding } from "./explain-limits.ts";
import type { QuotaBooks } from "./explain-quota.ts";
import type { Filter, FilterMoment } from "./filters.ts";
import { formatAmounts, joined } from "./relax.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/** What checks are made against. */
export interface Circumstances {
  readonly tables: Tables;
  readonly quota: QuotaBooks;
  readonly monoMs: number;
  /** What has expired by the next periodic run is in nobody's way. */
  readonly nextRun: FilterMoment;
  readonly inactivityOf: (agentId: AgentId) => Inactivity;
}

/** What does not depend on the role: whether the agent gives offers at all, and the framework takes any. */
export function sharedFindings(
  { tables, inactivityOf }: Circumstances,
  candidates: Candidates,
  agent: number,
): readonly Finding[] {
  const { agents, clients } = tables;
  const findings: Finding[] = [];
  if (agents.isActive[agent] === 1) findings.push(passed("agent-active"));
  else {
    const { detail, remedy } = inactivityOf(agents.slots.idOf(agent));
    const inactive = { detail: () => detail, remedy, change: detail };
    findings.push(failed("agent-active", undefined, inactive));
  }
  const first = candidates[0];
  if (first === undefined || first.pair === NONE) return findings;
  if (clients.isConnected[clients.frameworkOf[first.pair]!] === 1)
    return [...findings, passed("framework-connected")];
  const disconnected = failed("framework-connected", undefined, {
    detail: () => "the framework is disconnected",
    remedy: () => `start framework ${first.frameworkId} again`,
  });
  return [...findings, disconnected];
}

/** Every check that the offer cycle makes before it offers something of the agent, in the order of FEATURES M-23. */
export function findingsOf(
  circumstances: Circumstances,
  candidate: Candidate,
  agent: number,
): readonly Finding[] {
  const { tables, quota } = circumstances;
  const fit = fitOf(tables, quota, candidate, agent);
  const findings = [
    constraintsFinding(tables, candidate, agent),
    regionFinding(tables, candidate, agent),
    capabilityFinding(tables, candidate, agent),
    minimumFinding(candidate, fit),
    limitFinding(quota, candidate, fit),
    headroomFinding(quota, candidate, fit),
  ];
  if (candidate.pair !== NONE) {
    findings.unshift(suppressionFinding(tables, candidate));
    findings.push(budgetFinding(tables, candidate));
    findings.push(filterFinding(circumstances, candidate, agent, fit));
  }
  if (candidate.wanted !== undefined) findings.push(fitFinding(candidate, fit));
  findings.push(holdersFinding(tables, agent, fit));
  return findings;
}

function suppressionFinding({ clients }: Tables, { pair, frameworkId, role }: Candidate): Finding {
  if (clients.isSuppressed[pair] === 0) return passed("role-not-suppressed");
  return failed("role-not-suppressed", role, {
    detail: () => "the framework suppressed offers of the role",
    remedy: () => `framework ${frameworkId} must revive role ${role}`,
  });
}

function constraintsFinding(
  { agents }: Tables,
  { constraints, frameworkId, role }: Candidate,
  agent: number,
): Finding {
  if (constraints === undefined || mayTakeAgent(constraints, agents.about[agent]!))
    return passed("constraints");
  const groups = failedConstraints(constraints, agents.about[agent]!);
  const closest = groups.toSorted((a, b) => a.length - b.length)[0]!;
  const names = closest.map(formatConstraint);
  const what = `constraint${names.length === 1 ? "" : "s"} ${joined(names)}`;
  const whose = frameworkId === undefined ? "" : ` of framework ${frameworkId}`;
  return failed("constraints", role, {
    detail: () => groups.map((group) => group.map(formatConstraint).join(" and ")).join(", nor "),
    change: what,
    effort: names.length,
    remedy: () => `drop ${what}${whose}`,
  });
}

function regionFinding(
  { agents }: Tables,
  { takes, frameworkId, role }: Candidate,
  agent: number,
): Finding {
  if (agents.isRemote[agent] === 0 || (takes & TAKES_REMOTE) !== 0) return passed("region");
  return failed("region", role, {
    detail: () =>
      `the agent is in region ${agents.about[agent]!.domain?.region}: it needs REGION_AWARE`,
    remedy: () => `give ${subjectOf(frameworkId)} the capability REGION_AWARE`,
  });
}

function capabilityFinding(
  { agents }: Tables,
  { takes, wanted, frameworkId, role }: Candidate,
  agent: number,
): Finding {
  const hasGpus = agents.hasGpus[agent] === 1;
  const isAboutGpus = hasGpus || wanted?.some(({ name }) => name === "gpus") === true;
  if (!isAboutGpus || (takes & TAKES_GPUS) !== 0) return passed("capability");
  return failed("capability", role, {
    detail: () => `${hasGpus ? "the agent has gpus" : "gpus are wanted"}: it needs GPU_RESOURCES`,
    remedy: () => `give ${subjectOf(frameworkId)} the capability GPU_RESOURCES`,
  });
}

function minimumFinding({ minimum, role }: Candidate, fit: Fit): Finding {
  if (fit.hasMinimum) return passed("min-allocatable");
  return failed("min-allocatable", role, {
    detail: () => {
      if (fit.free.length === 0) return "nothing is free for this role";
      const options = minimum.map((needs) =>
        needs.map(({ name, milli }) => `${name}:${formatMilli(milli)}`).join("; "),
      );
      return `less is free than ${options.join(" or ")}`;
    },
    shortfalls: fit.shortOnAgent,
    remedy: ({ names }) => `${formatAmounts(fit.shortOnAgent)} more on ${names}`,
  });
}

function budgetFinding({ clients }: Tables, { pair, frameworkId }: Candidate): Finding {
  if (clients.offersLeft[clients.frameworkOf[pair]!]! > 0) return passed("offer-budget");
  return failed("offer-budget", undefined, {
    detail: () => "it has as many offers as it may hold, or as it asked for",
    remedy: () => `framework ${frameworkId} must answer the offers that it holds, or revive`,
  });
}

/** In the way when it withholds what is free now; to be waited for only when it would also withhold what is needed. */
function filterFinding(
  { tables, nextRun, monoMs }: Circumstances,
  { pair, frameworkId, role }: Candidate,
  agent: number,
  { offer, remedied }: Fit,
): Finding {
  const pending = filtersOf(tables, agent, pair, nextRun);
  if (pending.length === 0) return passed("filter");
  const withheld = (resources: Resources) =>
    resources.length === 0 ? [] : pending.filter((filter) => contains(filter.resources, resources));
  const blocking = withheld(remedied);
  const inTheWay = blocking.length > 0 ? blocking : withheld(offer);
  if (inTheWay.length === 0) return passed("filter");
  const restMs = Math.max(...inTheWay.map((filter) => restOf(filter, nextRun, monoMs)));
  const rest = `${(restMs / 1000).toFixed(1)} s`;
  const found = failed("filter", role, {
    detail: () => `refused for ${rest} more`,
    effort: restMs / REFUSE_MS_MAX,
    remedy: () =>
      `wait ${rest} for the filter (or let framework ${frameworkId} revive role ${role})`,
  });
  return blocking.length > 0 ? found : { ...found, obstacle: null };
}

function fitFinding({ role, wanted = [] }: Candidate, fit: Fit): Finding {
  const { hasWanted, shortOnAgent, missing, inAll } = fit;
  if (hasWanted) return passed("fits");
  const parts = missing.map((resource) => formatResources([resource]));
  return failed("fits", role, {
    detail: () =>
      [
        ...shortOnAgent.map((amount) => {
          const { name } = amount;
          const isTooSmall = inAll(name) < scalarMilli(wanted, name);
          const size = isTooSmall ? `: it has ${formatMilli(inAll(name))} in all` : "";
          return `${formatAmounts([amount])} short${size}`;
        }),
        ...parts.map((part) => `${part} not free`),
      ].join(", "),
    shortfalls: shortOnAgent,
    change: parts.join(", "),
    effort: missing.reduce((sum, { value }) => sum + amountOf(value), 0),
    remedy: ({ names }) =>
      joined([
        ...(shortOnAgent.length === 0 ? [] : [`${formatAmounts(shortOnAgent)} more on ${names}`]),
        ...parts.map((part) => `${part} free on ${names}`),
      ]),
  });
}

/** No change of its own: what others give back is what is short. */
function holdersFinding(tables: Tables, agent: number, { hasMinimum, hasWanted }: Fit): Finding {
  const isHeld = tables.agents.holdings.firstOf(agent) !== NONE;
  if ((hasMinimum && hasWanted) || !isHeld) return passed("not-offered-elsewhere");
  return {
    name: "not-offered-elsewhere",
    isPassed: false,
    detail: () =>
      holdersOf(tables, agent)
        .map(
          ({ frameworkId, role, resources }) =>
            `${frameworkId} as ${role} holds ${formatResources(resources)}`,
        )
        .join("; "),
    obstacle: null,
  };
}

function subjectOf(frameworkId: string | undefined): string {
  return frameworkId === undefined ? "the framework" : `framework ${frameworkId}`;
}

/** Who holds something of the agent, offered or in use; the first to come first. */
export function holdersOf({ agents, clients }: Tables, agent: number): readonly Holder[] {
  const { holdings } = agents;
  const holders: Holder[] = [];
  for (let at = holdings.firstOf(agent); at !== NONE; at = holdings.nextOf(at)) {
    const pair = holdings.pairOf(at);
    holders.push({
      frameworkId: clients.frameworks.idOf(clients.frameworkOf[pair]!) as FrameworkId,
      role: clients.roles.idOf(clients.roleOf[pair]!) as Role,
      resources: agents.heldBy(agent, at),
    });
  }
  return holders.reverse();
}

/** All filters of the pair on the agent that are in force at the moment, oldest first. */
export function filtersOf(
  { agents, filters }: Tables,
  agent: number,
  pair: number,
  moment: FilterMoment,
): readonly Filter[] {
  // Every filter holds nothing at all.
  return filters.blocking(agent, pair, new Float64Array(agents.count[agent]!), [], moment);
}

/** How long the filter is still in force, if nobody revives: past the next periodic run if it is newer than the last. */
export function restOf(
  { kind, expiresAtMs, madeAfterRuns }: Filter,
  nextRun: FilterMoment,
  monoMs: number,
): number {
  const untilRunMs = madeAfterRuns === nextRun.runs ? nextRun.monoMs : 0;
  const untilMs = kind === "pause" ? untilRunMs : Math.max(expiresAtMs, untilRunMs);
  return Math.max(0, Math.ceil(untilMs - monoMs));
}
