import { ClusterError } from "@bourse/model/errors";
import type { TaskView } from "@bourse/model/operator";
import { decodeContainerStatus } from "@bourse/proto/wire/status";
import Docker from "dockerode";
import type { OperatorClient } from "./client.ts";
import type { Context } from "./context.ts";
import type { ClusterPlan, LocalCluster } from "./local-cluster.ts";
import { findFramework } from "./lookup.ts";
import { printList } from "./output.ts";

const STEP_MS = 60_000;
const SERVICE_NAME = "demo";
const SCALE_BY = 2;

interface Step {
  readonly step: string;
  readonly seconds: string;
  readonly saw: string;
}

/**
 * The whole life of a service, unattended: up, scaled, one container killed from outside and replaced, all
 * stopped. Throws when a step does not come true in time; prints a table of what was seen.
 */
export async function runOnce(once: {
  readonly client: OperatorClient;
  readonly cluster: LocalCluster;
  readonly context: Context;
  readonly plan: ClusterPlan;
  readonly stop: AbortSignal;
}): Promise<void> {
  const { client, cluster, context, plan, stop } = once;
  const steps: Step[] = [];
  const instances = plan.instances ?? 3;
  const step = async (name: string, work: () => Promise<string>): Promise<void> => {
    if (stop.aborted) throw new ClusterError("timeout", `stopped before: ${name}`);
    const begun = Date.now();
    const saw = await cluster.whileAlive(work());
    steps.push({ step: name, seconds: ((Date.now() - begun) / 1000).toFixed(1), saw });
  };

  await step(`${instances} instances run`, async () => {
    const tasks = await running(client, instances, () => true);
    return tasks.map((task) => `${task.taskId} on ${task.agentId}`).join(", ");
  });
  await step(`scaled to ${instances + SCALE_BY}`, async () => {
    await scale(client, instances + SCALE_BY);
    const tasks = await running(client, instances + SCALE_BY, () => true);
    return `${tasks.length} run on ${new Set(tasks.map((task) => task.agentId)).size} agents`;
  });
  await step("one killed from outside is replaced", async () => {
    const [victim] = await running(client, instances + SCALE_BY, () => true);
    if (victim === undefined)
      throw new ClusterError("not_found", "no task runs that could be killed");
    await killFromOutside(plan, victim);
    const tasks = await running(
      client,
      instances + SCALE_BY,
      (task) => task.taskId !== victim.taskId,
    );
    return `${victim.taskId} was killed; ${tasks.length} others run`;
  });
  await step("all stopped", async () => {
    await cluster.stop();
    return await leftOver(plan, cluster);
  });
  printList(
    context,
    steps,
    [
      { title: "STEP", value: (row) => row.step },
      { title: "SECONDS", value: (row) => row.seconds, align: "right" },
      { title: "SAW", value: (row) => row.saw },
    ],
    (row) => row.step,
  );
}

async function running(
  client: OperatorClient,
  count: number,
  counts: (task: TaskView) => boolean,
): Promise<readonly TaskView[]> {
  const { frameworkId } = await findFramework(client, SERVICE_NAME);
  const filter = { frameworkId, states: ["TASK_RUNNING"], hasCompleted: false } as const;
  const deadline = Date.now() + STEP_MS;
  for (;;) {
    const view = await client.query({ kind: "tasks", page: { limit: 1000 }, filter }, "tasks");
    const tasks = view.tasks.filter(counts);
    if (tasks.length === count) return tasks;
    if (Date.now() > deadline) {
      throw new ClusterError(
        "timeout",
        `${tasks.length} of ${count} tasks run after ${STEP_MS / 1000} s`,
        {
          hint: "see the logs (keep them with --data-dir)",
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function scale(client: OperatorClient, instances: number): Promise<void> {
  const { frameworkId } = await findFramework(client, SERVICE_NAME);
  const stream = client.callFramework(
    frameworkId,
    "scale",
    Buffer.from(JSON.stringify({ instances })),
  );
  for await (const frame of stream) {
    if (frame.kind !== "end") continue;
    if (frame.refusal !== undefined) throw ClusterError.of(frame.refusal);
    return;
  }
}

/** As an operator's mistake would: straight at the engine or the process, behind the back of the agent. */
async function killFromOutside(plan: ClusterPlan, task: TaskView): Promise<void> {
  if (plan.containerizer === "docker") {
    const docker = new Docker();
    const filters = { label: [`bourse.task=${task.taskId}`] };
    for (const { Id } of await docker.listContainers({ filters }))
      await docker.getContainer(Id).kill();
    return;
  }
  const payload = task.statuses.find((status) => status.state === "TASK_RUNNING")?.payload;
  const pid = payload === undefined ? undefined : decodeContainerStatus(payload)?.pid;
  if (pid === undefined)
    throw new ClusterError("not_found", `nobody knows the pid of ${task.taskId}`);
  process.kill(pid, "SIGKILL");
}

async function leftOver(plan: ClusterPlan, cluster: LocalCluster): Promise<string> {
  if (plan.containerizer !== "docker") return "no process is left";
  const filters = { label: [`bourse.cluster=${cluster.clusterName}`] };
  const left = await new Docker().listContainers({ all: true, filters });
  if (left.length > 0) throw new ClusterError("internal", `${left.length} containers are left`);
  return "no process and no container is left";
}
