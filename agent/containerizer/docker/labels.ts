import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";

/**
 * The mark of ownership: containers are ours by label, never by name, so that two agents on one host, or an
 * agent and a person, never touch each other's (DESIGN D6).
 */
export const LABELS = {
  /** The agent's installation; stays when the agent gets a new id from a master. */
  owner: "bourse.owner",
  cluster: "bourse.cluster",
  agent: "bourse.agent",
  framework: "bourse.framework",
  task: "bourse.task",
  container: "bourse.container",
} as const;

const RESERVED_PREFIX = "bourse.";

export interface Ownership {
  readonly owner: string;
  readonly cluster?: string;
}

/** Labels of the task that begin as ours do are left out: none of them can pass for one of ours. */
export function labelsOf(launch: ContainerLaunch, ownership: Ownership): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const { key, value } of launch.run.labels) {
    if (!key.startsWith(RESERVED_PREFIX)) labels[key] = value ?? "";
  }
  labels[LABELS.owner] = ownership.owner;
  if (ownership.cluster !== undefined) labels[LABELS.cluster] = ownership.cluster;
  labels[LABELS.agent] = launch.agentId;
  labels[LABELS.framework] = launch.frameworkId;
  labels[LABELS.task] = launch.taskId;
  labels[LABELS.container] = launch.containerId;
  return labels;
}

/** The engine's filter for everything that is the owner's. */
export function ownedBy(owner: string): string {
  return `${LABELS.owner}=${owner}`;
}

export function containerIdOf(
  labels: Readonly<Record<string, string>> | undefined,
): ContainerId | null {
  return labels?.[LABELS.container] ?? null;
}
