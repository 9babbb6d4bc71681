import type { Cluster } from "@bourse/cluster/cluster";
import { assert } from "@bourse/model/assert";
import type { Now } from "@bourse/model/now";
import type {
  AgentView,
  FrameworkView,
  OfferView,
  OperatorQuery,
  OperatorView,
  Page,
  TaskView,
} from "@bourse/model/operator";

/** Everything that a master shows of itself, all pages, at one instant. */
export interface MasterPicture {
  readonly agents: readonly AgentView[];
  readonly frameworks: readonly FrameworkView[];
  readonly offers: readonly OfferView[];
  readonly tasks: readonly TaskView[];
}

const PAGE_LIMIT = 1_000;

export function pictureOf(cluster: Cluster, now: Now): MasterPicture {
  const ask = (query: OperatorQuery): OperatorView => cluster.query(now, query);
  return {
    agents: pages(ask, (page) => ({ kind: "agents", page }), agentsIn),
    frameworks: pages(
      ask,
      (page) => ({ kind: "frameworks", page, hasCompleted: false }),
      frameworksIn,
    ),
    offers: pages(ask, (page) => ({ kind: "offers", page }), offersIn),
    tasks: pages(
      ask,
      (page) => ({ kind: "tasks", page, filter: { hasCompleted: false } }),
      tasksIn,
    ),
  };
}

interface Part<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

function pages<T>(
  ask: (query: OperatorQuery) => OperatorView,
  queryOf: (page: Page) => OperatorQuery,
  read: (view: OperatorView) => Part<T>,
): readonly T[] {
  const all: T[] = [];
  let after: string | undefined;
  do {
    const page = after === undefined ? { limit: PAGE_LIMIT } : { limit: PAGE_LIMIT, after };
    const part = read(ask(queryOf(page)));
    for (const item of part.items) all.push(item);
    after = part.next;
  } while (after !== undefined);
  return all;
}

function agentsIn(view: OperatorView): Part<AgentView> {
  assert(view.kind === "agents", "a query for agents is answered with agents");
  return { ...view, items: view.agents };
}

function frameworksIn(view: OperatorView): Part<FrameworkView> {
  assert(view.kind === "frameworks", "a query for frameworks is answered with frameworks");
  return { ...view, items: view.frameworks };
}

function offersIn(view: OperatorView): Part<OfferView> {
  assert(view.kind === "offers", "a query for offers is answered with offers");
  return { ...view, items: view.offers };
}

function tasksIn(view: OperatorView): Part<TaskView> {
  assert(view.kind === "tasks", "a query for tasks is answered with tasks");
  return { ...view, items: view.tasks };
}
