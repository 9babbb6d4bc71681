import type { Task } from "@bourse/cluster/state";
import {
  add,
  contains,
  equal,
  formatResource,
  formatResources,
  kindOf,
  type Resource,
  type Resources,
} from "@bourse/model/resources";
import { releasesResources } from "@bourse/model/task-state";
import { type AgentBooks, agentBooks } from "../master-books.ts";
import type { CreateCheck } from "./check.ts";
import type { Violations } from "./violations.ts";

const CHECK = "resource";

/**
 * The master's books: on every agent what is offered, what is allocated and what is free add up to what it has, and
 * what the allocator counts as held is exactly what offers and tasks hold. So no resource is given away twice.
 */
export const createResourceCheck: CreateCheck = (world, violations) => ({
  sweep() {
    const { cluster } = world.master;
    if (cluster === null) return;
    const { frameworks } = cluster.state;
    if (frameworks.size > 0) {
      for (const books of agentBooks(cluster)) checkAgent(books, violations);
    }
    for (const { tasks } of frameworks.values()) {
      for (const task of tasks.values()) checkTask(task, violations);
    }
  },
});

export function checkAgent(books: AgentBooks, violations: Violations): void {
  const { agentId } = books;
  const total = owned(books.total);
  const held = owned(books.held);
  const free = owned(books.free);
  const offered = owned(books.offered);
  const allocated = owned(books.allocated);
  checkShared(books, violations);
  if (!contains(total, held)) {
    violations.report(
      CHECK,
      `${formatResources(held)} of agent ${agentId} are given away, it has ${formatResources(total)}`,
    );
  }
  if (!equal(add(offered, allocated), held)) {
    violations.report(
      CHECK,
      `offers hold ${formatResources(offered)} and tasks ${formatResources(allocated)} of agent ${agentId}, the allocator counts ${formatResources(held)}`,
    );
  }
  if (!equal(add(held, free), total)) {
    violations.report(
      CHECK,
      `${formatResources(held)} held and ${formatResources(free)} free are not the ${formatResources(total)} of agent ${agentId}`,
    );
  }
}

/** A shared volume is offered while it is held, any number of times: it is only there or not there. */
function checkShared({ agentId, ...books }: AgentBooks, violations: Violations): void {
  const there = new Set(books.total.filter(isShared).map(kindOf));
  for (const resource of [...books.held, ...books.offered, ...books.allocated].filter(isShared)) {
    if (there.has(kindOf(resource))) continue;
    violations.report(
      CHECK,
      `${formatResource(resource)}, which is shared, is given away on agent ${agentId} and not there`,
    );
  }
}

function isShared(resource: Resource): boolean {
  return resource.isShared === true;
}

/** What one holder has for itself. */
function owned(resources: Resources): Resources {
  return resources.filter((resource) => !isShared(resource));
}

export function checkTask(
  task: Pick<Task, "frameworkId" | "info" | "agentId" | "state" | "isHolding">,
  violations: Violations,
): void {
  if (!task.isHolding || !releasesResources(task.state)) return;
  violations.report(
    CHECK,
    `task ${task.frameworkId}/${task.info.taskId} is ${task.state} and still holds resources of ${task.agentId}`,
  );
}
