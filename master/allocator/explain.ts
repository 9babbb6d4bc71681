import type {
  AgentVerdict,
  CheckName,
  PendingFilter,
  Relaxation,
  RoleStanding,
} from "@bourse/model/explain";
import type { AgentId } from "@bourse/model/ids";
import {
  type Candidates,
  candidatesOf,
  type ExplainQuestion,
  type Inactivity,
} from "./explain-candidate.ts";
import {
  type Circumstances,
  filtersOf,
  findingsOf,
  holdersOf,
  restOf,
  sharedFindings,
} from "./explain-checks.ts";
import { checkOf, type Finding } from "./explain-finding.ts";
import { relativeSize } from "./explain-fit.ts";
import { QuotaBooks } from "./explain-quota.ts";
import { rolesOf, standingOf } from "./explain-standing.ts";
import type { FilterMoment } from "./filters.ts";
import { type Attempt, relax } from "./relax.ts";
import { NONE } from "./slots.ts";
import type { Tables } from "./tables.ts";

/** Rows of one answer, and checks in all of them together: a check takes some 30 bytes, the reasons of a few 100. */
export const VERDICTS_MAX = 1_000;
const CHECKS_MAX = 50_000;
/**
 * Agents for a framework in a role that are looked at in one answer. One takes 40 to 150 us, in which the master does
 * nothing else, so this bounds an answer to about a second.
 */
const ATTEMPTS_MAX = 20_000;

export interface OfferStanding {
  readonly roles: readonly RoleStanding[];
  /** In the order of the agents; when there are more than can be shown, those that fail fewest checks. */
  readonly agents: readonly AgentVerdict[];
  readonly relaxations: readonly Relaxation[];
  readonly tally: Tally;
}

/** About all that was looked at, shown or not. */
export interface Tally {
  /** Pairs of an agent and a framework (or the shape): all, those that were looked at, and those that are shown. */
  readonly rows: number;
  readonly judged: number;
  readonly shown: number;
  readonly agents: number;
  /** Agents of which something would be offered in the next periodic run, were the framework first in order. */
  readonly ready: number;
  /** The same as pairs. */
  readonly readyPairs: number;
  /** How many of the judged fail which check, the most frequent first. */
  readonly failures: readonly (readonly [name: CheckName, count: number])[];
}

/**
 * Why somebody gets or does not get offers (FEATURES A-1, N-01): the place of the role among its siblings at each
 * level, for every agent every check that the offer cycle makes and not only the first that fails, who holds the
 * rest, and the smallest changes that would produce an offer. All checks pass for a framework in a role if and only
 * if the next periodic run would offer it something of the agent, were it first in order and nothing else to happen.
 * Changes nothing; slow.
 */
export function explainOffers(
  tables: Tables,
  question: ExplainQuestion,
  moment: FilterMoment,
  nextRunAtMs: number,
): OfferStanding {
  const circumstances: Circumstances = {
    tables,
    quota: new QuotaBooks(tables),
    monoMs: moment.monoMs,
    nextRun: {
      monoMs: Math.max(moment.monoMs, nextRunAtMs),
      runs: moment.runs,
      isPeriodic: true,
    },
    inactivityOf: question.inactivityOf ?? (() => UNKNOWN_INACTIVITY),
  };
  const all = candidatesOf(tables, question);
  const agents = agentsOf(tables, question);
  const judgements = judgeAll(circumstances, all, agents);
  const shown = closest(judgements);
  return {
    roles: rolesOf(question, all).map((role) => standingOf(circumstances, role, all)),
    agents: shown.map((judgement) => verdictOf(circumstances, judgement)),
    relaxations: relax(
      judgements.flatMap(({ attempts }) => attempts),
      (amount) => relativeSize(tables, amount),
    ),
    tally: {
      ...tallyOf(judgements),
      agents: agents.length,
      rows: agents.length * all.length,
      shown: shown.length,
    },
  };
}

/** The first frameworks on all agents; one that has too many roles for that on the first agents. */
function judgeAll(
  circumstances: Circumstances,
  all: readonly Candidates[],
  agents: readonly number[],
): readonly Judgement[] {
  let left = ATTEMPTS_MAX;
  const looked: Candidates[] = [];
  for (const candidates of all) {
    left -= agents.length * Math.max(1, candidates.length);
    if (left < 0 && looked.length > 0) break;
    looked.push(candidates);
  }
  const agentsMax = Math.floor(ATTEMPTS_MAX / Math.max(1, looked[0]?.length ?? 1));
  return agents
    .slice(0, Math.max(1, agentsMax))
    .flatMap((agent) => looked.map((candidates) => judge(circumstances, candidates, agent)));
}

interface Judgement {
  readonly agent: number;
  readonly candidates: Candidates;
  readonly shared: readonly Finding[];
  /** By candidate. */
  readonly own: readonly (readonly Finding[])[];
  /** One for each candidate. */
  readonly attempts: readonly Attempt[];
  /** Failed checks of the candidate that fails fewest. */
  readonly fails: number;
}

function judge(circumstances: Circumstances, candidates: Candidates, agent: number): Judgement {
  const agentId = circumstances.tables.agents.slots.idOf(agent) as AgentId;
  const shared = sharedFindings(circumstances, candidates, agent);
  const own = candidates.map((candidate) => findingsOf(circumstances, candidate, agent));
  const attempts = (own.length === 0 ? [[]] : own).map((findings) => ({
    agentId,
    obstacles: obstaclesOf([...shared, ...findings]),
  }));
  return {
    agent,
    candidates,
    shared,
    own,
    attempts: own.length === 0 ? [] : attempts,
    fails: Math.min(...attempts.map(({ obstacles }) => obstacles.length)),
  };
}

/**
 * What has to be done: more of what is wanted is more of what is worth an offer, and a framework that revives a role
 * has its filters forgotten.
 */
function obstaclesOf(findings: readonly Finding[]): Attempt["obstacles"] {
  const obstacles = findings.flatMap(({ obstacle }) => obstacle ?? []);
  const has = (name: CheckName) => obstacles.some(({ check }) => check === name);
  return obstacles.filter(
    ({ check }) =>
      !(check === "min-allocatable" && has("fits")) &&
      !(check === "filter" && has("role-not-suppressed")),
  );
}

function closest(judgements: readonly Judgement[]): readonly Judgement[] {
  const checks = judgements.reduce((most, { own }) => Math.max(most, own.flat().length + 2), 1);
  const rows = Math.min(VERDICTS_MAX, Math.max(1, Math.floor(CHECKS_MAX / checks)));
  if (judgements.length <= rows) return judgements;
  return judgements.toSorted((a, b) => a.fails - b.fails).slice(0, rows);
}

function verdictOf(circumstances: Circumstances, judgement: Judgement): AgentVerdict {
  const { agents } = circumstances.tables;
  const { agent, candidates, shared, own } = judgement;
  const frameworkId = candidates[0]?.frameworkId;
  return {
    agentId: agents.slots.idOf(agent) as AgentId,
    ...(frameworkId !== undefined && { frameworkId }),
    free: agents.freeOf(agent),
    checks: [
      ...shared.map((finding) => checkOf(finding, undefined)),
      ...own.flatMap((findings, index) =>
        findings.map((finding) => checkOf(finding, candidates[index]!.role)),
      ),
    ],
    holders: holdersOf(circumstances.tables, agent),
    filters: candidates.flatMap((candidate) => pendingFilters(circumstances, candidate, agent)),
  };
}

function pendingFilters(
  { tables, nextRun, monoMs }: Circumstances,
  { pair, frameworkId, role }: Candidates[number],
  agent: number,
): readonly PendingFilter[] {
  if (pair === NONE || frameworkId === undefined) return [];
  const now = { ...nextRun, monoMs, isPeriodic: false };
  return filtersOf(tables, agent, pair, now).map((filter) => ({
    frameworkId,
    role,
    refused: filter.resources,
    restMs: restOf(filter, nextRun, monoMs),
  }));
}

/** The one agent that is asked about, or all of them, in the order of their ids' slots. */
function agentsOf({ agents }: Tables, question: ExplainQuestion): readonly number[] {
  if (question.kind !== "agent") return agents.slots.ascending().slice(0, question.agentsMax);
  const agent = agents.slots.slotOf(question.agentId);
  return agent === NONE ? [] : [agent];
}

function tallyOf(judgements: readonly Judgement[]): Omit<Tally, "agents" | "rows" | "shown"> {
  const failures = new Map<CheckName, number>();
  const ready: number[] = [];
  for (const { agent, shared, own, fails } of judgements) {
    if (fails === 0) ready.push(agent);
    const failed = [shared, ...own].flatMap((findings) =>
      findings.filter(({ isPassed }) => !isPassed).map(({ name }) => name),
    );
    for (const name of new Set(failed)) failures.set(name, (failures.get(name) ?? 0) + 1);
  }
  return {
    judged: judgements.length,
    ready: new Set(ready).size,
    readyPairs: ready.length,
    failures: Array.from(failures).sort((a, b) => b[1] - a[1]),
  };
}

const UNKNOWN_INACTIVITY: Inactivity = {
  detail: "the agent is deactivated or away",
  remedy: ({ names, first }) => `reactivate ${names}: \`bourse agent reactivate ${first}\``,
};
