import { ClusterError } from "@bourse/model/errors";
import type { TaskView } from "@bourse/model/operator";
import type { JobView } from "@bourse/model/runner";
import type { OperatorClient } from "./client.ts";
import { listTasksByPrefix, only } from "./lookup.ts";

/** What an id on the command line means. */
export type Target =
  /** A job of `task run`, whichever its newest attempt. */
  | { readonly job: JobView; readonly task?: undefined }
  /** The newest attempt of a job, by its own id. */
  | { readonly job: JobView; readonly task: TaskView }
  /** Any other task of any framework. */
  | { readonly job?: undefined; readonly task: TaskView };

/** Jobs and tasks share one name space for the user: an id, or a prefix that only one of them has (FEATURES C-2). */
export async function findTarget(client: OperatorClient, text: string): Promise<Target> {
  const jobs = await listJobs(client, true);
  const exact = jobs.find((job) => job.jobId === text);
  if (exact !== undefined) return { job: exact };
  return chooseTarget(text, jobs, await listTasksByPrefix(client, text));
}

/** The choice alone. Attempts of a job do not count beside it; whoever means one of them writes its whole id. */
export function chooseTarget(
  text: string,
  jobs: readonly JobView[],
  tasks: readonly TaskView[],
): Target {
  const jobIds = new Set(jobs.map((job) => job.jobId));
  const named = jobs.filter((job) => text !== "" && job.jobId.startsWith(text));
  const others = tasks.filter((task) => !named.some((job) => isAttemptOf(job, task.taskId)));
  const exactTasks = tasks.filter((task) => task.taskId === text && !jobIds.has(text));
  const targets: readonly Target[] =
    exactTasks.length > 0
      ? exactTasks.map((task) => taskTarget(task, jobs))
      : [...named.map((job): Target => ({ job })), ...others.map((task) => taskTarget(task, jobs))];
  const idOf = (target: Target): string =>
    target.task === undefined ? target.job.jobId : target.task.taskId;
  return only("task", text, targets, idOf, idOf);
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

function taskTarget(task: TaskView, jobs: readonly JobView[]): Target {
  const job = jobs.find((candidate) => candidate.taskId === task.taskId);
  return job === undefined ? { task } : { task, job };
}

/** The first attempt of a job has its id, the others `ID.2`, `ID.3`... */
function isAttemptOf(job: JobView, taskId: string): boolean {
  return taskId === job.jobId || taskId.startsWith(`${job.jobId}.`);
}
