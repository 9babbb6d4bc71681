import type { Refusal } from "@bourse/model/errors";
import type { JobTable } from "./job-table.ts";
import type { Job } from "./runner-io.ts";

const CANDIDATES_MAX = 5;

/** A job by its id, its task, or a beginning that only it has; otherwise why there is none to speak of. */
export function findOne(table: JobTable, given: string): Job | Refusal {
  const matching = table.find(given);
  const [first, second] = matching;
  if (first === undefined) {
    return {
      code: "not_found",
      message: `there is no job ${JSON.stringify(given)}`,
      hint: "bourse task ls shows the jobs",
    };
  }
  if (second === undefined) return first;
  const some = matching.slice(0, CANDIDATES_MAX).map((job) => job.jobId);
  return {
    code: "conflict",
    message: `${JSON.stringify(given)} is the beginning of ${matching.length} job ids`,
    hint: `give more of it: ${some.join(", ")}`,
  };
}

export function tooManyJobs(jobsMax: number): Refusal {
  return {
    code: "conflict",
    message: `cannot take another job: the runner holds ${jobsMax} that have not ended`,
    hint: "wait for some to end, or kill some: bourse task ls",
  };
}
