import type { AgentId, RequestId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { DeclineReason, Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import type { RunnerJob, RunnerReply, RunnerRequest } from "@bourse/model/runner";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { withPorts } from "@bourse/session/host-ports";
import { maintenanceReason } from "@bourse/session/maintenance";
import { OfferDemand, type OfferDemandSnapshot } from "@bourse/session/offer-demand";
import { type Fit, fit } from "@bourse/session/placement";
import type { Policy, PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import {
  adoptedJob,
  isOver,
  jobIdFor,
  jobIdOf,
  newJob,
  sequelOf,
  taskIdFor,
  viewOf,
} from "./job.ts";
import { JobTable, type JobTableSnapshot } from "./job-table.ts";
import { findOne, tooManyJobs } from "./lookup.ts";
import type {
  Job,
  RunnerCodec,
  RunnerConfig,
  RunnerInput,
  RunnerOutput,
  RunnerRecord,
} from "./runner-io.ts";
import { WatchList, type WatchListSnapshot } from "./watch-list.ts";

/** Jobs in one reply to `list`: keeps it far below the 4 MiB that a message may have. */
const LIST_BATCH = 1_000;
const DECLINE_REASONS_MAX = 8;

export interface RunnerPolicySnapshot {
  readonly table: JobTableSnapshot;
  readonly watches: WatchListSnapshot;
  readonly demand: OfferDemandSnapshot;
  readonly random: readonly number[];
}

/**
 * Owns the tasks of `task run` (DESIGN D10): queues jobs, puts them on the first offer that fits, restarts them as they
 * ask, and says why one waits. Every change of a job is a record that is written down before anything is sent.
 *
 *   waiting -> launched -> running -> ended            killing: on a user's wish, then ended
 *      ^                      |
 *      +---- backing-off <----+
 */
export class RunnerPolicy implements Policy<RunnerInput, RunnerOutput> {
  readonly #config: RunnerConfig;
  readonly #codec: RunnerCodec;
  #table = new JobTable();
  readonly #watches = new WatchList();
  #demand: OfferDemand;
  #random: Random;
  #hasNewWork = false;
  #answer: Answer = emptyAnswer();

  constructor(config: RunnerConfig, codec: RunnerCodec) {
    this.#config = config;
    this.#codec = codec;
    this.#demand = new OfferDemand(config);
    this.#random = Random.fromSeed(config.seed).fork("runner");
  }

  /** From what an earlier process had written down; who watched then has to ask again. */
  static recover(
    now: Now,
    config: RunnerConfig,
    codec: RunnerCodec,
    records: Iterable<RunnerRecord>,
  ): RunnerPolicy {
    const jobs = new Map<string, Job>();
    for (const record of records) {
      if (record.kind === "forgotten") jobs.delete(record.jobId);
      else jobs.set(record.job.jobId, record.job);
    }
    const policy = new RunnerPolicy(config, codec);
    for (const job of jobs.values()) {
      policy.#table.put(job);
      if (job.phase !== "backing-off") continue;
      const waitMs = Math.min((job.retryAtMs ?? 0) - now.wallMs, config.backoffMaxMs);
      policy.#table.retryAt(job.jobId, now.monoMs + Math.max(waitMs, 0));
    }
    return policy;
  }

  /** The fewest records from which `recover` gives the same: what a log is rewritten to. */
  *records(): Iterable<RunnerRecord> {
    for (const job of this.#table.values()) yield { kind: "job", job };
  }

  static restore(
    config: RunnerConfig,
    codec: RunnerCodec,
    snapshot: RunnerPolicySnapshot,
  ): RunnerPolicy {
    const policy = new RunnerPolicy(config, codec);
    policy.#table = JobTable.restore(snapshot.table);
    policy.#watches.restore(snapshot.watches);
    policy.#demand = OfferDemand.restore(config, snapshot.demand);
    policy.#random = Random.restore(snapshot.random);
    return policy;
  }

  snapshot(): RunnerPolicySnapshot {
    return {
      table: this.#table.snapshot(),
      watches: this.#watches.snapshot(),
      demand: this.#demand.snapshot(),
      random: this.#random.snapshot(),
    };
  }

  get waitingCount(): number {
    return this.#table.queue.size;
  }

  /** Jobs that have not ended. */
  get liveCount(): number {
    return this.#table.liveCount;
  }

  /** In order of arrival. */
  get jobs(): Iterable<Job> {
    return this.#table.values();
  }

  apply(now: Now, event: PolicyEvent<RunnerInput>): PolicyCalls<RunnerOutput> {
    switch (event.kind) {
      case "subscribed":
        this.#subscribed();
        break;
      case "offers":
        for (const offer of event.offers) this.#offer(now, offer);
        break;
      case "update":
        this.#update(now, event.status);
        break;
      case "wake":
        this.#wake(now);
        break;
      case "input":
        if (event.input.kind === "closed") this.#watches.close(event.input.request);
        else this.#request(now, event.input.request, event.input.body);
        break;
      case "disconnected":
      case "rescind":
      case "message":
      case "failure":
      case "ended":
        break; // Whatever happened to tasks comes as updates.
    }
    return this.#finish(now);
  }

  // ---- what users ask ----

  #request(now: Now, request: RequestId, body: RunnerRequest): void {
    switch (body.kind) {
      case "run":
        this.#run(now, request, body.job);
        return;
      case "list":
        this.#list(request, body.hasEnded);
        return;
      case "watch":
        this.#withJob(request, body.jobId, (job) => {
          this.#reply(request, { kind: "job", job: viewOf(job) }, false);
          if (job.phase === "ended") this.#reply(request, { kind: "done" });
          else this.#watches.open(request, job.jobId);
        });
        return;
      case "kill":
        this.#withJob(request, body.jobId, (job) => {
          this.#kill(job, body.gracePeriodMs);
          this.#reply(request, { kind: "done" });
        });
        return;
      case "why":
        this.#withJob(request, body.jobId, (job) => {
          const reasons = this.#table.queue.reasonsFor(job.jobId);
          this.#reply(request, { kind: "why", job: viewOf(job), reasons });
        });
        return;
    }
  }

  #run(now: Now, request: RequestId, wanted: RunnerJob): void {
    const { jobsMax } = this.#config;
    if (this.liveCount >= jobsMax) {
      this.#reply(request, { kind: "refused", refusal: tooManyJobs(jobsMax) });
      return;
    }
    let jobId = jobIdFor(wanted.name, this.#random);
    while (this.#table.has(jobId)) jobId = jobIdFor(wanted.name, this.#random);
    this.#put(newJob(now, { jobId, sequence: this.#table.nextSequence() }, wanted));
    this.#hasNewWork = true;
    this.#reply(request, { kind: "accepted", jobId });
  }

  #list(request: RequestId, hasEnded: boolean): void {
    const views = Array.from(this.#table.values())
      .filter((job) => hasEnded || job.phase !== "ended")
      .map(viewOf);
    for (let from = 0; from === 0 || from < views.length; from += LIST_BATCH) {
      const jobs = views.slice(from, from + LIST_BATCH);
      this.#reply(request, { kind: "jobs", jobs }, from + LIST_BATCH >= views.length);
    }
  }

  #withJob(request: RequestId, given: string, then: (job: Job) => void): void {
    const found = findOne(this.#table, given);
    if ("code" in found) this.#reply(request, { kind: "refused", refusal: found });
    else then(found);
  }

  /** Idempotent; a second kill may shorten the grace. */
  #kill(job: Job, graceMs: number | undefined): void {
    if (job.phase === "ended") return;
    if (job.taskId === undefined || job.phase === "waiting" || job.phase === "backing-off") {
      this.#end({ ...job, isKillWanted: true });
      return;
    }
    const grace = graceMs === undefined ? {} : { killGraceMs: graceMs };
    this.#table.seen(job.jobId);
    const killing: Job = { ...job, phase: "killing", isKillWanted: true, ...grace };
    if (!job.isKillWanted || graceMs !== undefined) this.#put(killing);
    this.#sendKill(killing);
  }

  #sendKill({ taskId, agentId, killGraceMs }: Job): void {
    if (taskId === undefined) return;
    this.#answer.calls.push({
      kind: "kill",
      taskId,
      ...(agentId === undefined ? {} : { agentId }),
      ...(killGraceMs === undefined ? {} : { killPolicy: { gracePeriodMs: killGraceMs } }),
    });
  }

  // ---- offers ----

  #offer(now: Now, offer: Offer): void {
    const leaving = maintenanceReason(offer, now);
    let rest = offer.resources;
    const tasks: TaskInfo[] = [];
    const misfits = new Set<string>();
    const reasons: DeclineReason[] = [];
    for (
      let next = this.#table.queue.next(misfits);
      next !== null;
      next = this.#table.queue.next(misfits)
    ) {
      const job = this.#table.get(next.jobId);
      if (job === undefined) break;
      const found: Fit = leaving === null ? fit(rest, job) : { isFit: false, reasons: [leaving] };
      if (found.isFit) {
        tasks.push(this.#launch(now, job, offer.agentId, found));
        rest = found.rest;
        continue;
      }
      misfits.add(next.shape);
      reasons.push(...found.reasons);
      this.#table.queue.explain(next.shape, {
        agentId: offer.agentId,
        offered: rest,
        reasons: found.reasons,
        wallMs: now.wallMs,
      });
    }
    const filters = { refuseMs: this.#refuseMs() };
    const offerIds = [offer.offerId];
    this.#answer.calls.push(
      tasks.length > 0
        ? { kind: "accept", offerIds, operations: [{ kind: "launch", tasks }], filters }
        : {
            kind: "decline",
            offerIds,
            filters,
            reasons: reasons.length > 0 ? reasons.slice(0, DECLINE_REASONS_MAX) : [NO_WORK],
          },
    );
  }

  #launch(
    now: Now,
    job: Job,
    agentId: AgentId,
    found: { readonly taken: TaskInfo["resources"]; readonly ports: readonly number[] },
  ): TaskInfo {
    const attempts = job.attempts + 1;
    const taskId = taskIdFor(job.jobId, attempts);
    const { status: _status, exitCode: _exitCode, retryAtMs: _retryAtMs, ...kept } = job;
    this.#put({
      ...kept,
      phase: "launched",
      attempts,
      taskId,
      agentId,
      hostPorts: found.ports,
      launchedAtMs: now.wallMs,
    });
    return {
      taskId,
      name: job.name,
      agentId,
      resources: found.taken,
      payload: this.#codec.encode(withPorts(job.spec, found.ports)),
    };
  }

  /** Give or take a tenth, so that many frameworks' filters do not end together. */
  #refuseMs(): number {
    return Math.round(this.#config.refuseMs * (0.9 + this.#random.fraction() * 0.2));
  }

  // ---- updates ----

  #update(now: Now, status: TaskStatus): void {
    const job = this.#table.ofTask(status.taskId);
    if (job === undefined) {
      this.#updateOfUnknown(now, status);
      return;
    }
    if (isOver(status)) {
      this.#over(now, job, status);
      return;
    }
    this.#noteReach(now, job, status);
    const { state, isHealthy } = status;
    if (job.status?.state === state && job.status.isHealthy === isHealthy) return;
    const isRunning = state === "TASK_RUNNING" || state === "TASK_UNREACHABLE";
    this.#put({
      ...job,
      phase:
        job.isKillWanted || state === "TASK_KILLING"
          ? "killing"
          : isRunning
            ? "running"
            : "launched",
      status,
      ...(status.agentId === undefined ? {} : { agentId: status.agentId }),
    });
  }

  /** A job that may run twice is replaced when its agent stays out of reach; another has to wait for the agent. */
  #noteReach(now: Now, job: Job, status: TaskStatus): void {
    if (status.state !== "TASK_UNREACHABLE") this.#table.seen(job.jobId);
    else if (job.restart.kind !== "never" && !job.isKillWanted)
      this.#table.lostSight(job.jobId, now.monoMs);
  }

  /**
   * An attempt that was given up and is back is killed. A task of which no record is left is adopted, so that its owner
   * can see and kill it; it is not killed, because lost records must not stop what runs (M-44, N-03).
   */
  #updateOfUnknown(now: Now, status: TaskStatus): void {
    const { taskId, agentId } = status;
    if (isOver(status) || status.state === "TASK_UNREACHABLE" || agentId === undefined) {
      this.#answer.forget.push(taskId);
      return;
    }
    if (this.#table.has(jobIdOf(taskId))) {
      this.#answer.calls.push({ kind: "kill", taskId, agentId });
      return;
    }
    this.#put(adoptedJob(now, this.#table.nextSequence(), { ...status, agentId }));
  }

  #over(now: Now, job: Job, status: TaskStatus): void {
    this.#answer.forget.push(status.taskId);
    const sequel = sequelOf(job, status);
    const exitCode = this.#codec.exitCodeOf(status);
    const told: Job = { ...job, status, ...(exitCode === undefined ? {} : { exitCode }) };
    switch (sequel) {
      case "end":
        this.#end(told);
        return;
      case "again":
        this.#wait(told);
        return;
      case "retry":
        this.#backOff(now, told);
        return;
    }
  }

  #backOff(now: Now, job: Job): void {
    const { backoffMs, backoffFactor, backoffMaxMs, backoffResetMs } = this.#config;
    const ranMs = now.wallMs - (job.launchedAtMs ?? now.wallMs);
    const failures = ranMs >= backoffResetMs ? 1 : job.failures + 1;
    let delayMs = backoffMs;
    for (let n = 1; n < failures && delayMs < backoffMaxMs; n++) delayMs *= backoffFactor;
    delayMs = Math.min(Math.ceil(delayMs), backoffMaxMs);
    this.#put({ ...job, phase: "backing-off", failures, retryAtMs: now.wallMs + delayMs });
    this.#table.retryAt(job.jobId, now.monoMs + delayMs);
  }

  #end(job: Job): void {
    const { retryAtMs: _, ...kept } = job;
    this.#put({ ...kept, phase: "ended" });
    const forgotten = this.#table.forgetOldest(this.#config.endedMax);
    if (forgotten !== null) this.#answer.persist.push({ kind: "forgotten", jobId: forgotten });
  }

  // ---- time and sessions ----

  /** Tasks may be of an earlier process, and so may kills that were written down but never sent. */
  #subscribed(): void {
    this.#demand.subscribed();
    for (const job of this.#table.launched()) {
      const { taskId, agentId } = job;
      if (taskId === undefined) continue;
      this.#answer.track.push(agentId === undefined ? { taskId } : { taskId, agentId });
      if (job.isKillWanted) this.#sendKill(job);
    }
  }

  #wake(now: Now): void {
    for (const job of this.#table.dueRetries(now.monoMs)) {
      const { retryAtMs: _, ...kept } = job;
      this.#wait(kept);
    }
    const patienceMs = this.#config.replaceUnreachableAfterMs;
    for (const job of this.#table.dueUnreachable(now.monoMs, patienceMs)) {
      if (job.taskId !== undefined) this.#answer.forget.push(job.taskId);
      this.#wait(job);
    }
  }

  /** Into the queue, where its order of arrival puts it. */
  #wait(job: Job): void {
    this.#put({ ...job, phase: "waiting" });
    this.#hasNewWork = true;
  }

  // ---- state ----

  /** A job as it is now: written down, shown to who watches, and found where it belongs. */
  #put(job: Job): void {
    this.#table.put(job);
    this.#answer.persist.push({ kind: "job", job });
    const isEnded = job.phase === "ended";
    for (const request of this.#watches.of(job.jobId)) {
      this.#reply(request, { kind: "job", job: viewOf(job) }, false);
      if (isEnded) this.#reply(request, { kind: "done" });
    }
    if (isEnded) this.#watches.ended(job.jobId);
  }

  #reply(request: RequestId, reply: RunnerReply, isLast = true): void {
    this.#answer.outputs.push({ request, reply, isLast });
  }

  #finish(now: Now): PolicyCalls<RunnerOutput> {
    const want = { isWanted: this.#table.queue.size > 0, isNew: this.#hasNewWork };
    this.#hasNewWork = false;
    this.#answer.calls.push(...this.#demand.update(now, want));
    const answer = this.#answer;
    this.#answer = emptyAnswer();
    const patienceMs = this.#config.replaceUnreachableAfterMs;
    const wakeAtMs = Math.min(this.#demand.wakeAtMs, this.#table.wakeAtMs(patienceMs));
    return { ...answer, wakeAtMs };
  }
}

const NO_WORK: DeclineReason = { code: "no-work", detail: "no job waits" };

interface Answer {
  readonly calls: PolicyCall[];
  readonly outputs: RunnerOutput[];
  readonly persist: RunnerRecord[];
  readonly forget: TaskId[];
  readonly track: { taskId: TaskId; agentId?: AgentId }[];
}

function emptyAnswer(): Answer {
  return { calls: [], outputs: [], persist: [], forget: [], track: [] };
}
