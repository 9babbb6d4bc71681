import { ClusterError } from "@bourse/model/errors";
import type { AgentView, FrameworkView, TaskView } from "@bourse/model/operator";
import type { OperatorClient } from "./client.ts";

/** Every id may be shortened as long as it stays unique; an agent or framework also goes by its name (FEATURES C-2). */
export async function findAgent(client: OperatorClient, text: string): Promise<AgentView> {
  const agents = await listAgents(client);
  return only(
    "agent",
    text,
    agents,
    (agent) => agent.agentId,
    (agent) => agent.hostname,
  );
}

export async function findFramework(
  client: OperatorClient,
  text: string,
  hasCompleted = false,
): Promise<FrameworkView> {
  const frameworks = await listFrameworks(client, hasCompleted);
  return only(
    "framework",
    text,
    frameworks,
    (framework) => framework.frameworkId,
    (framework) => framework.name,
  );
}

export async function findTask(client: OperatorClient, text: string): Promise<TaskView> {
  const idOf = (task: TaskView): string => task.taskId;
  return only("task", text, await listTasksByPrefix(client, text), idOf, idOf);
}

/** Tasks of all frameworks, those that ended included. */
export async function listTasksByPrefix(
  client: OperatorClient,
  idPrefix: string,
): Promise<readonly TaskView[]> {
  const filter = { idPrefix, hasCompleted: true };
  const tasks: TaskView[] = [];
  for await (const page of client.pages({ kind: "tasks", page: { limit: 1000 }, filter })) {
    tasks.push(...page.tasks);
  }
  return tasks;
}

export async function listAgents(client: OperatorClient): Promise<readonly AgentView[]> {
  const agents: AgentView[] = [];
  for await (const page of client.pages({ kind: "agents", page: { limit: 1000 } })) {
    agents.push(...page.agents);
  }
  return agents;
}

export async function listFrameworks(
  client: OperatorClient,
  hasCompleted: boolean,
): Promise<readonly FrameworkView[]> {
  const query = { kind: "frameworks", page: { limit: 1000 }, hasCompleted } as const;
  const frameworks: FrameworkView[] = [];
  for await (const page of client.pages(query)) frameworks.push(...page.frameworks);
  return frameworks;
}

const LISTED_MAX = 10;

/** The one item with this id, this name, or this unique prefix of either; refuses otherwise and lists the candidates. */
export function only<T>(
  what: string,
  text: string,
  items: readonly T[],
  idOf: (item: T) => string,
  nameOf: (item: T) => string,
): T {
  const exact = items.filter((item) => idOf(item) === text || nameOf(item) === text);
  const found =
    exact.length > 0
      ? exact
      : items.filter(
          (item) => text !== "" && (idOf(item).startsWith(text) || idOf(item).endsWith(text)),
        );
  const [first, second] = found;
  if (first === undefined) {
    throw new ClusterError("not_found", `there is no ${what} ${JSON.stringify(text)}`, {
      hint: `list them with \`bourse ${what} ls\``,
    });
  }
  if (second !== undefined) {
    const shown = found.slice(0, LISTED_MAX).map(idOf).join(", ");
    const more = found.length > LISTED_MAX ? ` and ${found.length - LISTED_MAX} more` : "";
    throw new ClusterError(
      "invalid_call",
      `${JSON.stringify(text)} may be any of ${shown}${more}`,
      {
        hint: "write more of the id",
      },
    );
  }
  return first;
}
