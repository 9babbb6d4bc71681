import type { AgentId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Random } from "@bourse/model/random";
import type { JobView, RunnerJob } from "@bourse/model/runner";
import type { TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import { portsOf, withFixedPorts } from "@bourse/session/host-ports";
import type { Job } from "./runner-io.ts";

/** Without vowels and what looks alike: short, readable, never a word. */
const SUFFIX_LETTERS = "bcdfghjkmnpqrstvwxz23456789";
const SUFFIX_LENGTH = 5;
const NAME_MAX = 40;

/** `web-7kq2d`: the name as far as an id can carry it, and a few letters. */
export function jobIdFor(name: string, random: Random): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, NAME_MAX)
    .replace(/^-+|-+$/g, "");
  let suffix = "";
  while (suffix.length < SUFFIX_LENGTH)
    suffix += SUFFIX_LETTERS[random.below(SUFFIX_LETTERS.length)] ?? "";
  return `${plain === "" ? "job" : plain}-${suffix}`;
}

/** The first attempt is named as the job; later ones say which they are. A job id has no dot. */
export function taskIdFor(jobId: string, attempt: number): string {
  return attempt === 1 ? jobId : `${jobId}.${attempt}`;
}

export function jobIdOf(taskId: string): string {
  const dot = taskId.indexOf(".");
  return dot < 0 ? taskId : taskId.slice(0, dot);
}

export function newJob(
  now: Now,
  id: Pick<Job, "jobId" | "sequence">,
  { name, spec, resources, ports, restart }: RunnerJob,
): Job {
  return {
    ...id,
    name,
    spec,
    resources: withFixedPorts(resources, spec),
    ports: portsOf(spec, ports),
    restart,
    phase: "waiting",
    attempts: 0,
    failures: 0,
    hostPorts: [],
    isKillWanted: false,
    submittedAtMs: now.wallMs,
  };
}

/** A task that runs and of which no record is left. */
export function adoptedJob(
  now: Now,
  sequence: number,
  status: TaskStatus & { readonly agentId: AgentId },
): Job {
  const { taskId, agentId } = status;
  const jobId = jobIdOf(taskId);
  const wanted = {
    name: jobId,
    spec: {},
    resources: [],
    ports: 0,
    restart: { kind: "never" },
  } as const;
  return {
    ...newJob(now, { jobId, sequence }, wanted),
    phase: status.state === "TASK_RUNNING" ? "running" : "launched",
    attempts: 1,
    taskId,
    agentId,
    status,
  };
}

export function viewOf(job: Job): JobView {
  return {
    jobId: job.jobId,
    name: job.name,
    phase: job.phase,
    hostPorts: job.hostPorts,
    attempts: job.attempts,
    submittedAtMs: job.submittedAtMs,
    ...(job.resources.length === 0 ? {} : { resources: job.resources }),
    ...(job.spec.image === undefined ? {} : { image: job.spec.image }),
    ...(job.taskId === undefined ? {} : { taskId: job.taskId }),
    ...(job.agentId === undefined ? {} : { agentId: job.agentId }),
    ...(job.status === undefined ? {} : { status: plainStatus(job.status) }),
    ...(job.exitCode === undefined ? {} : { exitCode: job.exitCode }),
    ...(job.retryAtMs === undefined ? {} : { retryAtMs: job.retryAtMs }),
  };
}

/** Views travel as JSON, and nobody who looks at a job opens the bytes. */
function plainStatus(status: TaskStatus): TaskStatus {
  const { payload: _, ...plain } = status;
  return plain;
}

/** What becomes of a job whose attempt is over. */
export type Sequel =
  | "end"
  /** At once and without blame: the attempt never ran, or its agent was lost. */
  | "again"
  /** After the backoff. */
  | "retry";

/** The attempt is over, and nobody expects it back. */
export function isOver({ state }: TaskStatus): boolean {
  return (
    isTerminal(state) ||
    state === "TASK_LOST" ||
    state === "TASK_UNKNOWN" ||
    state === "TASK_GONE_BY_OPERATOR"
  );
}

/**
 * `status` ended the job's attempt; `job` is as it was before. An attempt that was never sent, or of which nobody ever
 * heard, is no attempt: it is repeated even where the restart policy is `never` (FEATURES N-16, N-07).
 */
export function sequelOf(job: Job, status: TaskStatus): Sequel {
  if (job.isKillWanted) return "end";
  if (wasNeverSent(job, status)) return "again";
  const { restart } = job;
  switch (status.state) {
    case "TASK_FINISHED":
      return restart.kind === "always" ? "retry" : "end";
    case "TASK_KILLED": // By an operator that counts as a wish; by its own health check as a failure.
      return status.isHealthy === false ? afterFailure(job) : "end";
    case "TASK_ERROR": // The master refused it as invalid; it would again.
      return "end";
    case "TASK_FAILED":
      return afterFailure(job);
    default:
      return restart.kind === "never" ? "end" : "again";
  }
}

function wasNeverSent(job: Job, status: TaskStatus): boolean {
  if (status.state === "TASK_DROPPED" || status.reason === "REASON_INVALID_OFFERS") return true;
  const isUnheardOf = job.status === undefined && status.reason === "REASON_RECONCILIATION";
  return isUnheardOf && !["TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"].includes(status.state);
}

function afterFailure(job: Job): Sequel {
  switch (job.restart.kind) {
    case "never":
      return "end";
    case "always":
      return "retry";
    case "on-failure":
      return job.attempts < (job.restart.attemptsMax ?? Number.POSITIVE_INFINITY) ? "retry" : "end";
  }
}
