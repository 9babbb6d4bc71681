import type { FrameworkInfo } from "@bourse/model/framework";
import type { Offer } from "@bourse/model/offer";
import { scalar } from "@bourse/model/resources";
import type { FrameworkCall, FrameworkEvent } from "@bourse/model/scheduler";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import type { Policy, PolicyCalls, PolicyEvent } from "../policy.ts";
import { SchedulerSession } from "../scheduler-session.ts";
import {
  SESSION_DEFAULTS,
  type SessionConfig,
  type SessionEffects,
  type SessionInput,
} from "../session-io.ts";

export const INFO: FrameworkInfo = {
  user: "u",
  name: "f",
  roles: ["eng", "ops"],
  failoverTimeoutMs: 1_000,
  isCheckpointing: true,
  capabilities: ["PARTITION_AWARE", "MULTI_ROLE"],
  payload: NO_PAYLOAD,
};
export const CONFIG: SessionConfig = { ...SESSION_DEFAULTS, info: INFO, seed: "s1" };

/** Answers with what the test put in, and remembers what it was told. */
export class Scripted implements Policy<string, string> {
  readonly told: PolicyEvent<string>[] = [];
  answer: (event: PolicyEvent<string>) => Partial<PolicyCalls<string>> = () => ({});

  apply(_now: unknown, event: PolicyEvent<string>): PolicyCalls<string> {
    this.told.push(event);
    return { calls: [], ...this.answer(event) };
  }

  snapshot(): null {
    return null;
  }
}

/** A session with the clock in the test's hand. */
export class Bench {
  readonly policy: Scripted | null;
  readonly session: SchedulerSession<string, string>;
  nowMs = 1_000;
  last: SessionEffects<string, string>;

  constructor(options: { config?: Partial<SessionConfig>; policy?: Scripted | null } = {}) {
    this.policy = options.policy === undefined ? new Scripted() : options.policy;
    this.session = new SchedulerSession({ ...CONFIG, ...options.config }, this.policy);
    this.last = this.session.begin(this.now);
  }

  get now() {
    return { monoMs: this.nowMs, wallMs: this.nowMs };
  }

  apply(input: SessionInput<string>): SessionEffects<string, string> {
    this.last = this.session.apply(this.now, input);
    return this.last;
  }

  event(event: FrameworkEvent, session = 1): SessionEffects<string, string> {
    return this.apply({ kind: "event", session, event });
  }

  /** Lets time pass up to `wakeAtMs`. */
  wake(): SessionEffects<string, string> {
    this.nowMs = Math.max(this.nowMs, this.last.wakeAtMs);
    return this.apply({ kind: "wake" });
  }

  subscribe(session = 1, epoch = 5): SessionEffects<string, string> {
    this.apply({ kind: "link-up", session });
    return this.event(subscribed(epoch), session);
  }

  /** Lets the policy answer one input so. */
  answer(answer: Partial<PolicyCalls<string>>): SessionEffects<string, string> {
    if (this.policy !== null) this.policy.answer = () => answer;
    this.apply({ kind: "input", input: "now" });
    if (this.policy !== null) this.policy.answer = () => ({});
    return this.last;
  }

  calls(): FrameworkCall[] {
    return this.last.send.map(({ call }) => call);
  }
}

export function subscribed(epoch: number): FrameworkEvent {
  return {
    kind: "subscribed",
    frameworkId: "f1",
    masterId: "m1",
    epoch,
    heartbeatIntervalMs: 15_000,
  };
}

export function offer(offerId: string, more: Partial<Offer> = {}): Offer {
  return {
    offerId,
    frameworkId: "f1",
    agentId: "a1",
    hostname: "h1",
    port: 1,
    role: "eng",
    resources: [scalar("cpus", 1_000)],
    attributes: [],
    ...more,
  };
}

export function task(taskId: string): TaskInfo {
  return {
    taskId,
    name: taskId,
    agentId: "a1",
    resources: [scalar("cpus", 100)],
    payload: NO_PAYLOAD,
  };
}

export function status(taskId: string, more: Partial<TaskStatus> = {}): TaskStatus {
  return {
    taskId,
    agentId: "a1",
    state: "TASK_RUNNING",
    source: "SOURCE_EXECUTOR",
    timestampMs: 1,
    ...more,
  };
}

export function accept(offerIds: string[], ...tasks: TaskInfo[]) {
  return {
    kind: "accept",
    offerIds,
    operations: [{ kind: "launch", tasks }],
    filters: {},
  } as const;
}

export const UUID = "00".repeat(16);
export const UUID_2 = "11".repeat(16);
