import type { Cluster } from "@bourse/cluster/cluster";
import { sumOf } from "@bourse/cluster/resource-sums";
import type { AgentId, FrameworkId, TaskId } from "@bourse/model/ids";
import type { Resources } from "@bourse/model/resources";
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
export function agentBooks(cluster: Cluster): readonly AgentBooks[] {
  const { state } = cluster;
  const books: AgentBooks[] = [];
  for (const row of state.allocator.snapshot().agents) {
    if (row === null) continue;
    const { agentId, total } = row;
    const agent = state.agents.get(agentId);
    const holding = Array.from(agent?.tasks ?? []).filter(({ isHolding }) => isHolding);
    books.push({
      agentId,
      total,
      held: sumOf(row.held.map(({ resources }) => resources)),
      free: state.allocator.freeOf(agentId),
      offered: sumOf(Array.from(agent?.offers ?? [], ({ offer }) => offer.resources)),
      allocated: sumOf(holding.map(({ info }) => info.resources)),
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
