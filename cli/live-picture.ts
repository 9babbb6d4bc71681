import type { LivePicture } from "@bourse/engine/start/start-of-picture";
import type { TaskView } from "@bourse/model/operator";
import type { OperatorClient } from "./client.ts";
import { listAgents, listFrameworks } from "./lookup.ts";
import { listMachines } from "./machines.ts";
import { listRoles } from "./role-lookup.ts";

/**
 * What a live master tells of its cluster, by queries alone: nothing is changed. All pages, one after the
 * other: a change between two of them is seen in part.
 */
export async function livePicture(
  client: OperatorClient,
  master: string,
): Promise<Omit<LivePicture, "config">> {
  const { version } = (await client.query({ kind: "master" }, "master")).master;
  const agents = await listAgents(client);
  const frameworks = await listFrameworks(client, false);
  const tasks: TaskView[] = [];
  const query = { kind: "tasks", page: { limit: 1_000 }, filter: { hasCompleted: false } } as const;
  for await (const page of client.pages(query)) for (const task of page.tasks) tasks.push(task);
  return {
    takenAtMs: Date.now(),
    source: `master ${master}, version ${version}`,
    agents,
    frameworks,
    tasks,
    roles: await listRoles(client),
    machines: await listMachines(client),
  };
}
