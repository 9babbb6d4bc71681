import type { ContainerLaunch } from "@bourse/task/effects";

/** Where a container finds its sandbox (FEATURES M-62). */
export const SANDBOX_MOUNT = "/mnt/mesos/sandbox";

/**
 * The variables a task is given beside its own: MESOS_SANDBOX, PORT (the first host port), PORT0, PORT1...
 * The task's own win over these. An adapter adds nothing of the agent's environment.
 */
export function taskEnvironment(
  launch: ContainerLaunch,
  sandbox: string,
): ReadonlyMap<string, string> {
  const environment = new Map([
    ["MESOS_SANDBOX", sandbox],
    ["MESOS_TASK_ID", launch.taskId],
    ["MESOS_CONTAINER_ID", launch.containerId],
  ]);
  const [first] = launch.hostPorts;
  if (first !== undefined) environment.set("PORT", String(first));
  for (const [index, port] of launch.hostPorts.entries()) {
    environment.set(`PORT${index}`, String(port));
  }
  for (const { name, value } of launch.command.environment) environment.set(name, value);
  return environment;
}
