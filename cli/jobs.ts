import { ClusterError } from "@bourse/model/errors";
import type { JobView } from "@bourse/model/runner";
import type { OperatorClient } from "./client.ts";
import { only } from "./lookup.ts";

/** The runner's job of that id, prefix or task id; undefined when there is none, or no runner. */
export async function findJob(client: OperatorClient, text: string): Promise<JobView | undefined> {
  const jobs = await listJobs(client, true);
  const found = jobs.filter((job) => job.jobId === text || job.taskId === text);
  const candidates = found.length > 0 ? found : jobs.filter((job) => job.jobId.startsWith(text));
  if (candidates.length === 0) return undefined;
  return only(
    "task",
    text,
    candidates,
    (job) => job.jobId,
    (job) => job.taskId ?? job.jobId,
  );
}

/** Empty when no runner is subscribed: then there are no jobs either. */
export async function listJobs(
  client: OperatorClient,
  hasEnded: boolean,
): Promise<readonly JobView[]> {
  const jobs: JobView[] = [];
  try {
    for await (const reply of client.askRunner({ kind: "list", hasEnded })) {
      if (reply.kind === "jobs") jobs.push(...reply.jobs);
    }
  } catch (thrown) {
    if (ClusterError.from(thrown).code !== "not_found") throw thrown;
  }
  return jobs;
}
