import type { Cluster } from "@bourse/cluster/cluster";
import type { AgentId, FrameworkId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import { addAll, NO_RESOURCES, type Resources } from "@bourse/model/resources";
import type { TaskState } from "@bourse/model/task-state";

/** What one agent's resources are doing: as the allocator counts, and as offers and tasks say. */
export interface AgentBooks {
  readonly agentId: AgentId;
  readonly total: Resources;
  readonly held: Resources;
  readonly free: Resources;
  readonly offered: Resources;
  readonly allocated: Resources;
}

export interface TaskBooks {
  readonly frameworkId: FrameworkId;
  readonly taskId: TaskId;
  readonly agentId: AgentId;
  readonly state: TaskState;
  readonly isHolding: boolean;
}

/** Every agent that the allocator knows. Reads the insides of the core; costs a walk over everything. */
export function agentBooks(cluster: Cluster, now: Now): readonly AgentBooks[] {
  const { state } = cluster;
  const free = freeByAgent(cluster, now);
  const books: AgentBooks[] = [];
  for (const row of state.allocator.snapshot().agents) {
    if (row === null) continue;
    const { agentId, total } = row;
    const agent = state.agents.get(agentId);
    const holding = Array.from(agent?.tasks ?? []).filter(({ isHolding }) => isHolding);
    books.push({
      agentId,
      total,
      held: addAll(row.held.map(({ resources }) => resources)),
      free: free.get(agentId) ?? NO_RESOURCES,
      offered: addAll(Array.from(agent?.offers ?? [], ({ offer }) => offer.resources)),
      allocated: addAll(holding.map(({ info }) => info.resources)),
    });
  }
  return books;
}

/** Every task of every framework that is not over. */
export function taskBooks(cluster: Cluster): readonly TaskBooks[] {
  const books: TaskBooks[] = [];
  for (const { tasks } of cluster.state.frameworks.values()) {
    for (const { frameworkId, info, agentId, state, isHolding } of tasks.values()) {
      books.push({ frameworkId, taskId: info.taskId, agentId, state, isHolding });
    }
  }
  return books;
}

/** Asks the allocator for an explanation, which says what is free on each agent; of whom is the same. */
function freeByAgent({ state }: Cluster, now: Now): ReadonlyMap<AgentId, Resources> {
  const free = new Map<AgentId, Resources>();
  for (const frameworkId of state.frameworks.keys()) {
    for (const verdict of state.allocator.explain({ frameworkId }, now).agents) {
      free.set(verdict.agentId, verdict.free);
    }
    break;
  }
  return free;
}
