import type { TaskSpec } from "@bourse/model/container";
import { launchedTasks, type Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import { ranges, scalar } from "@bourse/model/resources";
import type { RestartPolicy, RunnerJob, RunnerReply, RunnerRequest } from "@bourse/model/runner";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import type { TaskState } from "@bourse/model/task-state";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import {
  RUNNER_DEFAULTS,
  type RunnerCodec,
  type RunnerConfig,
  type RunnerInput,
  type RunnerOutput,
  type RunnerRecord,
} from "../runner-io.ts";
import { RunnerPolicy } from "../runner-policy.ts";

const CONFIG: RunnerConfig = { ...RUNNER_DEFAULTS, seed: "s" };

export const CODEC: RunnerCodec = {
  encode: () => NO_PAYLOAD,
  exitCodeOf: ({ message }) => (message === undefined ? undefined : Number(message)),
};

/** A runner with its clock and its users in the hand of a test. */
export class Bench {
  readonly config: RunnerConfig;
  policy: RunnerPolicy;
  readonly records: RunnerRecord[] = [];
  readonly encoded: TaskSpec[] = [];
  nowMs = 0;
  last: PolicyCalls<RunnerOutput> = { calls: [] };
  #offers = 0;
  #requests = 0;

  constructor(config: Partial<RunnerConfig> = {}) {
    this.config = { ...CONFIG, ...config };
    this.policy = new RunnerPolicy(this.config, {
      ...CODEC,
      encode: (spec) => {
        this.encoded.push(spec);
        return NO_PAYLOAD;
      },
    });
    this.event({ kind: "subscribed", frameworkId: "f1", isAgain: false });
  }

  event(event: PolicyEvent<RunnerInput>): readonly PolicyCall[] {
    this.last = this.policy.apply({ monoMs: this.nowMs, wallMs: this.nowMs }, event);
    for (const record of this.last.persist ?? []) this.records.push(record as RunnerRecord);
    return this.last.calls;
  }

  /** The replies to one request, so far. */
  ask(body: RunnerRequest): readonly RunnerReply[] {
    this.#requests += 1;
    const request = this.#requests;
    this.event({ kind: "input", input: { kind: "request", request, body } });
    return this.repliesTo(request);
  }

  repliesTo(request: number): readonly RunnerReply[] {
    const outputs = (this.last.outputs ?? []).filter((output) => output.request === request);
    return outputs.map(({ reply }) => reply);
  }

  run(job: Partial<RunnerJob> = {}): string {
    const [reply] = this.ask({ kind: "run", job: { ...JOB, ...job } });
    if (reply?.kind !== "accepted") throw new Error(`not accepted: ${JSON.stringify(reply)}`);
    return reply.jobId;
  }

  offer(agentId = "a1", milli = 1_000, more: Partial<Offer> = {}): readonly PolicyCall[] {
    this.#offers += 1;
    const offer: Offer = {
      offerId: `o${this.#offers}`,
      frameworkId: "f1",
      agentId,
      hostname: agentId,
      port: 1,
      role: "*",
      resources: [scalar("cpus", milli), ranges("ports", [{ begin: 31_000, end: 31_004 }])],
      attributes: [],
      ...more,
    };
    return this.event({ kind: "offers", offers: [offer] });
  }

  update(taskId: string, state: TaskState, more: Partial<TaskStatus> = {}): readonly PolicyCall[] {
    const status: TaskStatus = {
      taskId,
      agentId: "a1",
      state,
      source: "SOURCE_EXECUTOR",
      timestampMs: 0,
      ...more,
    };
    return this.event({ kind: "update", status });
  }

  wake(): readonly PolicyCall[] {
    this.nowMs = Math.max(this.nowMs, this.last.wakeAtMs ?? 0);
    return this.event({ kind: "wake" });
  }

  /** The one job that the id names. */
  job(jobId: string) {
    const [reply] = this.ask({ kind: "why", jobId });
    if (reply?.kind !== "why") throw new Error(`no job: ${JSON.stringify(reply)}`);
    return reply.job;
  }
}

export const JOB: RunnerJob = {
  name: "web",
  spec: { command: "true" },
  resources: [scalar("cpus", 400)],
  restart: { kind: "never" },
  ports: 0,
};

export function launched(calls: readonly PolicyCall[]): TaskInfo[] {
  return calls.flatMap((call) => (call.kind === "accept" ? launchedTasks(call.operations) : []));
}

export function idsOf(calls: readonly PolicyCall[]): string[] {
  return launched(calls).map(({ taskId }) => taskId);
}

/** Users, agents and time by chance. */
export function* chaos(seed: number, bench: Bench): Generator<void> {
  const random = Random.fromSeed(seed);
  const restarts: RestartPolicy[] = [{ kind: "never" }, { kind: "always" }, { kind: "on-failure" }];
  const states: TaskState[] = [
    "TASK_STAGING",
    "TASK_RUNNING",
    "TASK_RUNNING",
    "TASK_FINISHED",
    "TASK_FAILED",
    "TASK_LOST",
    "TASK_UNREACHABLE",
    "TASK_DROPPED",
    "TASK_KILLED",
  ];
  for (let step = 0; step < 100; step++) {
    bench.nowMs += random.below(20_000);
    const jobs = Array.from(bench.policy.jobs);
    const job = jobs.length === 0 ? null : random.pick(jobs);
    const chance = random.below(12);
    if (chance < 3) {
      const resources = [scalar("cpus", 100 * random.between(1, 4))];
      bench.run({ resources, restart: random.pick(restarts), ports: random.below(2) });
    } else if (chance < 6) bench.offer(`a${random.below(3)}`, random.below(1_000));
    else if (chance < 9 && job?.taskId !== undefined) bench.update(job.taskId, random.pick(states));
    else if (chance === 9 && job !== null) bench.ask({ kind: "kill", jobId: job.jobId });
    else if (chance === 10 && job !== null) bench.ask({ kind: "watch", jobId: job.jobId });
    else bench.wake();
    yield;
  }
}
