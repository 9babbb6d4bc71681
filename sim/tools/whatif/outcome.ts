import { BatchPolicy } from "@bourse/engine/frameworks/batch-policy";
import type { Quantiles } from "@bourse/engine/histogram";
import type { RunReport } from "@bourse/engine/report/run-report";
import type { SimFramework } from "@bourse/engine/sim-framework";
import { KeeperPolicy, type Move, requestOf } from "@bourse/engine/start/keeper-policy";
import { nodeNames } from "@bourse/engine/start/node-names";
import type { StartState } from "@bourse/engine/start/start-state";
import type { World } from "@bourse/engine/world";
import { assert } from "@bourse/model/assert";
import type { AgentId, Role, TaskId } from "@bourse/model/ids";
import type { OperatorQuery, OperatorView } from "@bourse/model/operator";
import { formatResources, type Resources } from "@bourse/model/resources";
import { CHANGE_AT_MS } from "./question.ts";

/** What one run came to. Times are virtual milliseconds. */
export interface Outcome {
  readonly before: Standing;
  readonly after: Standing;
  readonly tasks: {
    /** Of those that were there and have not ended well: where they are, or elsewhere. */
    readonly kept: number;
    /** Ended well, as `--task-lifetime` says. */
    readonly finished: number;
    /** Stopped or lost. */
    readonly evicted: number;
    /** Of these, those that run elsewhere. */
    readonly replaced: number;
    readonly submitted: number;
    readonly placed: number;
  };
  /** From the changes until an evicted task runs elsewhere; null = none did. */
  readonly untilReplacedMs: Spread | null;
  /** From the arrival of a submitted task until it runs; null = none did. */
  readonly untilRunningMs: Quantiles | null;
  readonly waiting: readonly WaitingTasks[];
  /** More groups than are explained. */
  readonly waitingLeftOut: number;
  /** The first of them, in order. */
  readonly moves: readonly Moved[];
  readonly movesLeftOut: number;
  /** What was refused or could not be done, and what happened besides. */
  readonly notes: readonly string[];
  readonly report: RunReport;
}

/** A task that was evicted. Times count from the changes. */
export interface Moved {
  readonly taskId: TaskId;
  readonly framework: string;
  readonly resources: Resources;
  readonly from: string;
  /** Null = it waits. */
  readonly to: string | null;
  readonly cause: Move["cause"];
  /** When its framework knew that it was lost. */
  readonly lostAfterMs: number;
  readonly runningAfterMs: number | null;
}

/** A cluster at one moment, as its master tells. */
export interface Standing {
  readonly agents: number;
  readonly frameworks: number;
  readonly total: Resources;
  readonly allocated: Resources;
  readonly roles: readonly {
    readonly role: Role;
    readonly share: number;
    readonly fairShare: number;
  }[];
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly max: number;
}

/** Tasks of one framework and size that wait at the end, and why. */
export interface WaitingTasks {
  readonly framework: string;
  readonly role: Role;
  readonly count: number;
  readonly wanted: Resources;
  readonly ports: number;
  /** The master's own explanation, of one of them. */
  readonly summary: string;
  /** The smallest changes that would produce an offer that holds one. */
  readonly relaxations: readonly string[];
}

/** Explaining costs a walk over all agents. */
const EXPLAINED_MAX = 10;
const MOVES_MAX = 1_000;

export function standingOf(world: World): Standing {
  const { master } = ask(world, { kind: "master" }, "master");
  const roles: Standing["roles"][number][] = [];
  let after: string | undefined;
  do {
    const page = { limit: 1_000, ...(after !== undefined && { after }) };
    const view = ask(world, { kind: "roles", page }, "roles");
    for (const { role, share, fairShare } of view.roles) roles.push({ role, share, fairShare });
    after = view.next;
  } while (after !== undefined);
  let agents = 0;
  for (const agent of world.master.cluster?.state.agents.values() ?? []) {
    if (agent.condition === "active") agents += 1;
  }
  const { total, allocated, counts } = master;
  return { agents, frameworks: counts.frameworks, total, allocated, roles };
}

export function outcomeOf(
  world: World,
  seen: {
    readonly start: StartState;
    readonly before: Standing;
    readonly notes: readonly string[];
    readonly report: RunReport;
  },
): Outcome {
  const names = namesIn(world, seen.start);
  const keepers = policiesOf(world, KeeperPolicy);
  const batches = policiesOf(world, BatchPolicy);
  const moves = keepers.flatMap(({ framework, policy }) =>
    policy.moves.map((move) => ({ ...move, framework: framework.name })),
  );
  const waits = moves.filter(({ runningAtMs }) => runningAtMs === null);
  const times = moves.flatMap(({ runningAtMs }) =>
    runningAtMs === null ? [] : [runningAtMs - CHANGE_AT_MS],
  );
  const groups = waitingGroups(world, keepers, batches);
  const submitted = sum(batches, ({ policy }) => policy.taskCount);
  const { submitToRunning } = seen.report.latencyMs;
  return {
    before: seen.before,
    after: standingOf(world),
    tasks: {
      kept: sum(keepers, ({ policy }) => policy.keptCount),
      finished: sum(keepers, ({ policy }) => policy.finishedCount),
      evicted: moves.length,
      replaced: moves.length - waits.length,
      submitted,
      placed: sum(batches, ({ policy }) => policy.placedCount),
    },
    untilReplacedMs: spreadOf(times),
    untilRunningMs: submitted > 0 && submitToRunning.count > 0 ? submitToRunning : null,
    waiting: groups.slice(0, EXPLAINED_MAX).map((group) => explained(world, group, names)),
    waitingLeftOut: Math.max(0, groups.length - EXPLAINED_MAX),
    moves: moves.slice(0, MOVES_MAX).map((move) => moved(move, names)),
    movesLeftOut: Math.max(0, moves.length - MOVES_MAX),
    notes: seen.notes,
    report: seen.report,
  };
}

function moved(move: Move & { readonly framework: string }, names: Names): Moved {
  const { taskId, framework, resources, cause, lostAtMs, runningAtMs } = move;
  const isRunning = runningAtMs !== null && move.toAgentId !== null;
  return {
    taskId,
    framework,
    resources,
    from: names.get(move.fromAgentId) ?? move.fromAgentId,
    to: isRunning ? (names.get(move.toAgentId as AgentId) ?? move.toAgentId) : null,
    cause,
    lostAfterMs: lostAtMs - CHANGE_AT_MS,
    runningAfterMs: isRunning ? runningAtMs - CHANGE_AT_MS : null,
  };
}

/** By id of an agent or a framework: ids of this copy of the cluster say nothing to whoever knows the cluster. */
type Names = ReadonlyMap<string, string>;

function namesIn(world: World, start: StartState): Names {
  const names = new Map<string, string>(nodeNames(start).agents);
  for (const { agentId, name } of world.agents) if (agentId !== null) names.set(agentId, name);
  for (const { frameworkId, name } of world.frameworks) {
    if (frameworkId !== null) names.set(frameworkId, name);
  }
  return names;
}

interface Owner<Policy> {
  readonly framework: SimFramework;
  readonly policy: Policy;
}

function policiesOf<Policy>(
  { frameworks }: World,
  kind: abstract new (...args: never) => Policy,
): readonly Owner<Policy>[] {
  return frameworks.flatMap((framework) => {
    const { policy } = framework;
    return policy instanceof kind ? [{ framework, policy }] : [];
  });
}

interface Group {
  readonly framework: SimFramework;
  readonly role: Role;
  readonly wanted: Resources;
  readonly ports: number;
  count: number;
}

/** Largest first; then in the order in which they began to wait. */
function waitingGroups(
  world: World,
  keepers: readonly Owner<KeeperPolicy>[],
  batches: readonly Owner<BatchPolicy>[],
): readonly Group[] {
  const groups = new Map<string, Group>();
  const add = (group: Omit<Group, "count">): void => {
    const { framework, role, wanted, ports } = group;
    const key = `${framework.name} ${role} ${formatResources(wanted)} ${ports}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { ...group, count: 1 });
    else known.count += 1;
  };
  for (const { framework, policy } of keepers) {
    for (const { role, resources, toAgentId } of policy.moves) {
      if (toAgentId !== null) continue;
      const { resources: wanted, ports = 0 } = requestOf(resources);
      add({ framework, role, wanted, ports });
    }
  }
  for (const { framework, policy } of batches) {
    const { columns } = policy;
    const role = framework.options.info.roles[0] ?? "*";
    const { nowMs } = world.simulation;
    for (let index = 0; index < columns.taskCount; index++) {
      const hasArrived = (columns.atMs[columns.rowOf[index] as number] as number) <= nowMs;
      if (!hasArrived || policy.isPlaced(index)) continue;
      const wanted = columns.classes[columns.classOf(index)]?.resources ?? [];
      add({ framework, role, wanted, ports: 0 });
    }
  }
  return Array.from(groups.values()).sort((a, b) => b.count - a.count);
}

function explained(
  world: World,
  { framework, role, count, wanted, ports }: Group,
  names: Names,
): WaitingTasks {
  const { frameworkId, name } = framework;
  const group = { framework: name, role, count, wanted, ports };
  if (frameworkId === null) {
    return { ...group, summary: "its framework is not subscribed", relaxations: [] };
  }
  const subject = { kind: "framework", frameworkId, wanted } as const;
  const view = ask(world, { kind: "explain", subject }, "explanation");
  const { summary, relaxations } = view.explanation;
  const texts = relaxations.map(({ text }) => readable(text, names));
  return { ...group, summary: readable(summary, names), relaxations: texts };
}

function readable(text: string, names: Names): string {
  return text.replace(/[A-Za-z0-9_.-]+/g, (word) => names.get(word) ?? word);
}

function ask<Kind extends OperatorView["kind"]>(
  { master, simulation }: World,
  query: OperatorQuery,
  kind: Kind,
): Extract<OperatorView, { kind: Kind }> {
  const view = master.cluster?.query(simulation.now, query);
  assert(view?.kind === kind, `a question for ${query.kind} is answered with ${kind}`);
  return view as Extract<OperatorView, { kind: Kind }>;
}

function spreadOf(times: readonly number[]): Spread | null {
  if (times.length === 0) return null;
  const sorted = times.toSorted((a, b) => a - b);
  const p50 = sorted[Math.floor((sorted.length - 1) / 2)] as number;
  return { count: sorted.length, p50, max: sorted.at(-1) as number };
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
