import { ClusterError } from "@bourse/model/errors";
import type { Now } from "@bourse/model/now";
import type {
  AgentView,
  ExplainSubject,
  FrameworkView,
  MasterView,
  OfferView,
  OperatorQuery,
  OperatorView,
  RoleView,
  TaskView,
} from "@bourse/model/operator";
import type { WalkResult } from "@bourse/sim/tools/replay/walk";
import { formatAmounts } from "./amounts-text.ts";
import type { Context } from "./context.ts";
import { explanationText } from "./explain-text.ts";
import { only } from "./lookup.ts";
import { age, type Column, cpusOf, memOf, renderList, resourcesText } from "./output.ts";

export interface ShowFlags {
  readonly show: readonly string[];
  readonly subject: Subject | null;
}

type Cluster = WalkResult["here"]["cluster"];

const LISTS = ["agents", "frameworks", "tasks", "roles", "offers"] as const;
type ListName = (typeof LISTS)[number];

/** What `--explain` asks about, by name. */
interface Subject {
  readonly kind: "framework" | "role" | "agent" | "task";
  readonly name: string;
}

export function subjectOf(words: readonly string[]): Subject {
  const [kind = "", name = "", ...more] = words.flatMap((word) => word.split(/\s+/));
  const isKind = ["framework", "role", "agent", "task"].includes(kind);
  if (isKind && name !== "" && more.length === 0) return { kind: kind as Subject["kind"], name };
  throw new ClusterError("invalid_call", `--explain ${words.join(" ")} names nothing`, {
    hint: "write --explain framework NAME, role NAME, agent HOST or task ID",
  });
}

/** What a replayed master would answer at the moment where the walk stopped; the time is that of then. */
export function shownAt(
  context: Context,
  { here }: WalkResult,
  wallMs: number | null,
  flags: ShowFlags,
): { readonly data: unknown; readonly text: string } {
  const lists = flags.show.flatMap((text) => text.split(",")).map(listOf);
  const { cluster, epoch, position } = here;
  const laterMs = Math.max(0, (wallMs ?? here.now.wallMs) - here.now.wallMs);
  const now = { monoMs: here.now.monoMs + laterMs, wallMs: here.now.wallMs + laterMs };
  const master = askFor(cluster, now, { kind: "master" }, "master").master;
  const moment = { epoch, position, time: timeText(now.wallMs), lastInput: here.title };
  const data: Record<string, unknown> = { moment, master };
  const parts = lists.length === 0 && flags.subject === null ? [summaryText(moment, master)] : [];
  for (const list of lists) {
    const { items, text } = listed(context, cluster, now, list);
    data[list] = items;
    parts.push(text);
  }
  if (flags.subject !== null) {
    const subject = subjectThere(cluster, now, flags.subject);
    const { explanation } = askFor(cluster, now, { kind: "explain", subject }, "explanation");
    data.explanation = explanation;
    parts.push(explanationText(context, explanation));
  }
  return { data, text: parts.join("\n") };
}

export function timeText(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function listOf(text: string): ListName {
  const found = LISTS.find((name) => name === text || name === `${text}s`);
  if (found !== undefined) return found;
  throw new ClusterError("invalid_call", `--show ${JSON.stringify(text)} is no list`, {
    hint: `take some of ${LISTS.join(", ")}`,
  });
}

function summaryText(
  moment: {
    readonly epoch: number;
    readonly position: number;
    readonly time: string;
    readonly lastInput: string;
  },
  master: MasterView,
): string {
  const states = Object.entries(master.tasksByState).filter(([, count]) => count > 0);
  return [
    `moment      ${moment.time}, after input ${moment.epoch}.${moment.position} (${moment.lastInput || "none"})`,
    `agents      ${master.counts.agents}, with ${resourcesText(master.total)}`,
    `frameworks  ${master.counts.frameworks}`,
    `tasks       ${states.map(([state, count]) => `${count} ${state}`).join(", ") || "none"}`,
    `in use      ${resourcesText(master.allocated)}`,
    `offered     ${resourcesText(master.offered)} in ${master.counts.offers} offers`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function askFor<Kind extends OperatorView["kind"]>(
  cluster: Cluster,
  now: Now,
  query: OperatorQuery,
  kind: Kind,
): Extract<OperatorView, { kind: Kind }> {
  const view = cluster.query(now, query);
  if (view.kind === "refused") throw ClusterError.of(view.refusal);
  if (view.kind !== kind) throw new Error(`${query.kind} was answered with ${view.kind}`);
  return view as Extract<OperatorView, { kind: Kind }>;
}

function all<Item>(
  cluster: Cluster,
  now: Now,
  queryOf: (page: { limit: number; after?: string }) => OperatorQuery,
  itemsOf: (view: OperatorView) => readonly Item[],
): readonly Item[] {
  const items: Item[] = [];
  for (let after: string | undefined; ; ) {
    const view = cluster.query(
      now,
      queryOf({ limit: 1_000, ...(after !== undefined && { after }) }),
    );
    items.push(...itemsOf(view));
    after = (view as { readonly next?: string }).next;
    if (after === undefined) return items;
  }
}

function agentsOf(cluster: Cluster, now: Now): readonly AgentView[] {
  return all(
    cluster,
    now,
    (page) => ({ kind: "agents", page }),
    (view) => (view.kind === "agents" ? view.agents : []),
  );
}

function frameworksOf(cluster: Cluster, now: Now): readonly FrameworkView[] {
  return all(
    cluster,
    now,
    (page) => ({ kind: "frameworks", page, hasCompleted: true }),
    (view) => (view.kind === "frameworks" ? view.frameworks : []),
  );
}

function tasksOf(cluster: Cluster, now: Now): readonly TaskView[] {
  return all(
    cluster,
    now,
    (page) => ({ kind: "tasks", page, filter: { hasCompleted: true } }),
    (view) => (view.kind === "tasks" ? view.tasks : []),
  );
}

function listed(
  context: Context,
  cluster: Cluster,
  now: Now,
  list: ListName,
): { readonly items: readonly unknown[]; readonly text: string } {
  const drawn = <Row>(
    items: readonly Row[],
    columns: readonly Column<Row>[],
    idOf: (row: Row) => string,
  ) => ({ items, text: renderList({ ...context, output: "table" }, items, columns, idOf) });
  switch (list) {
    case "agents":
      return drawn(agentsOf(cluster, now), AGENTS, (row) => row.agentId);
    case "frameworks":
      return drawn(frameworksOf(cluster, now), FRAMEWORKS, (row) => row.frameworkId);
    case "tasks":
      return drawn(tasksOf(cluster, now), tasksColumns(now), (row) => row.taskId);
    case "roles": {
      const roles = all(
        cluster,
        now,
        (page) => ({ kind: "roles", page }),
        (view) => (view.kind === "roles" ? view.roles : []),
      );
      return drawn(roles, ROLES, (row) => row.role);
    }
    case "offers": {
      const offers = all(
        cluster,
        now,
        (page) => ({ kind: "offers", page }),
        (view) => (view.kind === "offers" ? view.offers : []),
      );
      return drawn(offers, offersColumns(now), (row) => row.offerId);
    }
  }
}

const AGENTS: readonly Column<AgentView>[] = [
  { title: "AGENT", value: (row) => row.agentId },
  { title: "HOST", value: (row) => row.hostname },
  { title: "CONDITION", value: (row) => row.condition },
  { title: "TASKS", value: (row) => String(row.tasks), align: "right" },
  {
    title: "CPUS",
    value: (row) => `${cpusOf(row.allocated)}/${cpusOf(row.total)}`,
    align: "right",
  },
  { title: "MEM", value: (row) => `${memOf(row.allocated)}/${memOf(row.total)}`, align: "right" },
  { title: "OFFERED", value: (row) => resourcesText(row.offered) },
];

const FRAMEWORKS: readonly Column<FrameworkView>[] = [
  { title: "FRAMEWORK", value: (row) => row.frameworkId },
  { title: "NAME", value: (row) => row.name },
  { title: "CONDITION", value: (row) => row.condition },
  { title: "ROLES", value: (row) => row.roles.join(",") },
  { title: "SUPPRESSED", value: (row) => row.suppressedRoles.join(",") || "-" },
  { title: "TASKS", value: (row) => String(row.tasks), align: "right" },
  { title: "OFFERS", value: (row) => String(row.offers), align: "right" },
  { title: "IN USE", value: (row) => resourcesText(row.allocated) },
];

const ROLES: readonly Column<RoleView>[] = [
  { title: "ROLE", value: (row) => row.role },
  { title: "WEIGHT", value: (row) => String(row.weightMilli / 1_000), align: "right" },
  { title: "SHARE", value: (row) => `${(row.share * 100).toFixed(1)}%`, align: "right" },
  { title: "FAIR", value: (row) => `${(row.fairShare * 100).toFixed(1)}%`, align: "right" },
  { title: "CONSUMED", value: (row) => formatAmounts(row.consumed) },
  { title: "GUARANTEE", value: (row) => formatAmounts(row.quota?.guarantees ?? []) },
  { title: "LIMIT", value: (row) => formatAmounts(row.quota?.limits ?? []) },
  {
    title: "UNSERVED",
    value: (row) => (row.unservedForMs === null ? "-" : age(0, row.unservedForMs)),
    align: "right",
  },
];

function tasksColumns(now: Now): readonly Column<TaskView>[] {
  return [
    { title: "TASK", value: (row) => row.taskId },
    { title: "STATE", value: (row) => row.state },
    { title: "FRAMEWORK", value: (row) => row.frameworkId },
    { title: "AGENT", value: (row) => row.agentId },
    { title: "RESOURCES", value: (row) => resourcesText(row.resources) },
    { title: "AGE", value: (row) => age(row.launchedAtMs, now.wallMs), align: "right" },
    { title: "LAST WORD", value: (row) => row.statuses.at(-1)?.message ?? "-" },
  ];
}

function offersColumns(now: Now): readonly Column<OfferView>[] {
  return [
    { title: "OFFER", value: (row) => row.offerId },
    { title: "FRAMEWORK", value: (row) => row.frameworkId },
    { title: "AGENT", value: (row) => row.agentId },
    { title: "ROLE", value: (row) => row.role },
    { title: "RESOURCES", value: (row) => resourcesText(row.resources) },
    { title: "AGE", value: (row) => age(row.offeredAtMs, now.wallMs), align: "right" },
  ];
}

/** What was there then is not what a live master lists now. */
function subjectThere(cluster: Cluster, now: Now, subject: Subject): ExplainSubject {
  try {
    return explainSubject(cluster, now, subject);
  } catch (error) {
    const { code, message } = ClusterError.from(error);
    throw new ClusterError(code, `${message} at this moment`, {
      cause: error,
      hint: `see what there was with --show ${subject.kind}s`,
    });
  }
}

function explainSubject(cluster: Cluster, now: Now, { kind, name }: Subject): ExplainSubject {
  switch (kind) {
    case "role":
      return { kind, role: name };
    case "framework": {
      const { frameworkId } = only(
        "framework",
        name,
        frameworksOf(cluster, now),
        (row) => row.frameworkId,
        (row) => row.name,
      );
      return { kind, frameworkId };
    }
    case "agent": {
      const { agentId } = only(
        "agent",
        name,
        agentsOf(cluster, now),
        (row) => row.agentId,
        (row) => row.hostname,
      );
      return { kind, agentId };
    }
    case "task": {
      const idOf = (row: TaskView): string => row.taskId;
      const { frameworkId, taskId } = only("task", name, tasksOf(cluster, now), idOf, idOf);
      return { kind, frameworkId, taskId };
    }
  }
}
