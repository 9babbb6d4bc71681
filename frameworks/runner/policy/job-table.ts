import type { TaskId } from "@bourse/model/ids";
import type { Job } from "./runner-io.ts";
import { type ReasonsSnapshot, WaitQueue } from "./wait-queue.ts";

export interface JobTableSnapshot {
  readonly jobs: readonly Job[];
  readonly reasons: ReasonsSnapshot;
  readonly retries: readonly (readonly [string, number])[];
  readonly retryDueMs: number;
  readonly unreachable: readonly (readonly [string, number])[];
  readonly ended: readonly string[];
  readonly sequence: number;
}

/** All jobs of a runner, each found by its id, its task, and in the queue or timer where its phase puts it. */
export class JobTable {
  readonly queue = new WaitQueue();
  readonly #jobs = new Map<string, Job>();
  readonly #byTask = new Map<TaskId, string>();
  /** When a job that backs off is due, in `monoMs`. */
  readonly #retries = new Map<string, number>();
  /** Not later than the first of them. */
  #retryDueMs = Number.POSITIVE_INFINITY;
  /** Since when a restartable job is out of reach, in `monoMs`; ascending, as all wait equally long. */
  readonly #unreachable = new Map<string, number>();
  /** Oldest first. */
  readonly #ended = new Set<string>();
  #sequence = 0;

  static restore(snapshot: JobTableSnapshot): JobTable {
    const table = new JobTable();
    for (const job of snapshot.jobs) table.put(job);
    table.queue.restoreReasons(snapshot.reasons);
    for (const [jobId, atMs] of snapshot.retries) table.retryAt(jobId, atMs);
    table.#retryDueMs = snapshot.retryDueMs;
    for (const [jobId, sinceMs] of snapshot.unreachable) table.#unreachable.set(jobId, sinceMs);
    table.#ended.clear();
    for (const jobId of snapshot.ended) table.#ended.add(jobId);
    table.#sequence = snapshot.sequence;
    return table;
  }

  snapshot(): JobTableSnapshot {
    return {
      jobs: Array.from(this.#jobs.values()),
      reasons: this.queue.snapshotReasons(),
      retries: Array.from(this.#retries),
      retryDueMs: this.#retryDueMs,
      unreachable: Array.from(this.#unreachable),
      ended: Array.from(this.#ended),
      sequence: this.#sequence,
    };
  }

  /** Those that have not ended. */
  get liveCount(): number {
    return this.#jobs.size - this.#ended.size;
  }

  /** In order of arrival. */
  values(): Iterable<Job> {
    return this.#jobs.values();
  }

  has(jobId: string): boolean {
    return this.#jobs.has(jobId);
  }

  get(jobId: string): Job | undefined {
    return this.#jobs.get(jobId);
  }

  /** The job of which this is the newest attempt, while that may be alive. */
  ofTask(taskId: TaskId): Job | undefined {
    const jobId = this.#byTask.get(taskId);
    return jobId === undefined ? undefined : this.#jobs.get(jobId);
  }

  /** Jobs with a task that may be alive. */
  *launched(): Iterable<Job> {
    for (const jobId of this.#byTask.values()) {
      const job = this.#jobs.get(jobId);
      if (job !== undefined) yield job;
    }
  }

  /** By id, by task id, or by the beginning of an id; all that match. */
  find(given: string): readonly Job[] {
    const exact = this.#jobs.get(given) ?? this.ofTask(given);
    if (exact !== undefined) return [exact];
    if (given === "") return [];
    return Array.from(this.#jobs.values()).filter((job) => job.jobId.startsWith(given));
  }

  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  put(job: Job): void {
    const before = this.#jobs.get(job.jobId);
    this.#jobs.set(job.jobId, job);
    if (job.sequence > this.#sequence) this.#sequence = job.sequence;
    if (before?.taskId !== undefined) this.#byTask.delete(before.taskId);
    const isOut = job.phase === "launched" || job.phase === "running" || job.phase === "killing";
    if (isOut && job.taskId !== undefined) this.#byTask.set(job.taskId, job.jobId);
    if (!isOut) this.#unreachable.delete(job.jobId);
    if (job.phase !== "waiting") this.queue.remove(job.jobId);
    else if (!this.queue.has(job.jobId)) this.queue.add(job);
    if (job.phase !== "backing-off") this.#retries.delete(job.jobId);
    if (job.phase === "ended") this.#ended.add(job.jobId);
  }

  /** Drops the job that ended first when there are more than `endedMax`. */
  forgetOldest(endedMax: number): string | null {
    if (this.#ended.size <= endedMax) return null;
    for (const jobId of this.#ended) {
      this.#ended.delete(jobId);
      this.#jobs.delete(jobId);
      return jobId;
    }
    return null;
  }

  // ---- timers ----

  retryAt(jobId: string, atMs: number): void {
    this.#retries.set(jobId, atMs);
    if (atMs < this.#retryDueMs) this.#retryDueMs = atMs;
  }

  /** Jobs whose backoff is over. */
  dueRetries(nowMs: number): readonly Job[] {
    if (nowMs < this.#retryDueMs) return [];
    const due: Job[] = [];
    this.#retryDueMs = Number.POSITIVE_INFINITY;
    for (const [jobId, atMs] of this.#retries) {
      const job = this.#jobs.get(jobId);
      if (atMs > nowMs) this.#retryDueMs = Math.min(this.#retryDueMs, atMs);
      else if (job !== undefined) due.push(job);
    }
    return due;
  }

  lostSight(jobId: string, nowMs: number): void {
    if (!this.#unreachable.has(jobId)) this.#unreachable.set(jobId, nowMs);
  }

  seen(jobId: string): void {
    this.#unreachable.delete(jobId);
  }

  /** Jobs that have been out of reach for too long. */
  dueUnreachable(nowMs: number, patienceMs: number): readonly Job[] {
    const due: Job[] = [];
    for (const [jobId, sinceMs] of this.#unreachable) {
      if (nowMs < sinceMs + patienceMs) break;
      const job = this.#jobs.get(jobId);
      if (job !== undefined) due.push(job);
    }
    return due;
  }

  /** When one of these timers is next due. */
  wakeAtMs(patienceMs: number): number {
    for (const sinceMs of this.#unreachable.values())
      return Math.min(this.#retryDueMs, sinceMs + patienceMs);
    return this.#retryDueMs;
  }
}
