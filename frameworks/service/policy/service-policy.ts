import type { AgentId, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { DeclineReason, Offer } from "@bourse/model/offer";
import { Random } from "@bourse/model/random";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import { OfferDemand, type OfferDemandSnapshot } from "@bourse/session/offer-demand";
import type { Policy, PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import { Backoff, type BackoffSnapshot } from "./backoff.ts";
import { OfferGathering, type OfferGatheringSnapshot } from "./offer-gathering.ts";
import type { ServiceConfig } from "./service-config.ts";
import type { Instance, ServiceInput, ServiceOutput, ServiceRecord } from "./service-io.ts";
import { spread } from "./spread.ts";

export interface ServicePolicySnapshot {
  readonly count: number;
  readonly instances: readonly Instance[];
  readonly unreachable: readonly (readonly [TaskId, number])[];
  readonly run: string;
  readonly launched: number;
  readonly gathering: OfferGatheringSnapshot;
  readonly demand: OfferDemandSnapshot;
  readonly backoff: BackoffSnapshot;
  readonly random: readonly number[];
}

/** Bytes of one instance's task, once its host ports are known; pure. */
export type EncodeInstance = (hostPorts: readonly number[]) => Uint8Array;

/**
 * Keeps N instances of a task running: replaces what ended, failed or was lost, spreads over agents, kills the youngest
 * when there are too many (FEATURES MA-6, MA-8, F-05). It never launches while N or more instances may be alive; only
 * after `replaceUnreachableAfterMs` does one on an unreachable agent stop counting, and is killed if it comes back.
 */
export class ServicePolicy implements Policy<ServiceInput, ServiceOutput> {
  readonly #config: ServiceConfig;
  readonly #encode: EncodeInstance;
  #count: number;
  /** All that may be alive, being killed included, in order of launch. */
  readonly #instances = new Map<TaskId, Instance>();
  readonly #perAgent = new Map<AgentId, number>();
  #killing = 0;
  /** Since when, in `monoMs`; ascending, as all wait equally long. */
  readonly #unreachable = new Map<TaskId, number>();
  /** Makes task ids of this life differ from those of another that nobody remembers. */
  #run: string;
  #launched = 0;
  #gathering: OfferGathering;
  #demand: OfferDemand;
  #backoff: Backoff;
  #random: Random;
  #payload: Uint8Array | null = null;
  #answer: Answer = emptyAnswer();

  constructor(config: ServiceConfig, encode: EncodeInstance) {
    this.#config = config;
    this.#encode = encode;
    this.#count = config.count;
    this.#random = Random.fromSeed(config.seed).fork(`service ${config.name}`);
    this.#run = this.#random.hex(2);
    this.#gathering = new OfferGathering(config.gatherMs);
    this.#demand = new OfferDemand(config);
    this.#backoff = new Backoff(config);
  }

  /** From what an earlier process had written down (see `PolicyCalls.persist`). */
  static recover(
    config: ServiceConfig,
    encode: EncodeInstance,
    records: Iterable<ServiceRecord>,
  ): ServicePolicy {
    const policy = new ServicePolicy(config, encode);
    for (const record of records) {
      switch (record.kind) {
        case "scaled":
          policy.#count = record.count;
          break;
        case "instance":
          policy.#store(record.instance);
          break;
        case "gone":
          policy.#remove(record.taskId);
          break;
      }
    }
    return policy;
  }

  /** The fewest records from which `recover` gives the same: what a log is rewritten to. */
  records(): readonly ServiceRecord[] {
    return [
      { kind: "scaled", count: this.#count },
      ...Array.from(
        this.#instances.values(),
        (instance): ServiceRecord => ({ kind: "instance", instance }),
      ),
    ];
  }

  static restore(
    config: ServiceConfig,
    encode: EncodeInstance,
    snapshot: ServicePolicySnapshot,
  ): ServicePolicy {
    const policy = new ServicePolicy(config, encode);
    policy.#count = snapshot.count;
    for (const instance of snapshot.instances) policy.#store(instance);
    for (const [taskId, sinceMs] of snapshot.unreachable) policy.#unreachable.set(taskId, sinceMs);
    policy.#run = snapshot.run;
    policy.#launched = snapshot.launched;
    policy.#gathering = OfferGathering.restore(config.gatherMs, snapshot.gathering);
    policy.#demand = OfferDemand.restore(config, snapshot.demand);
    policy.#backoff = Backoff.restore(config, snapshot.backoff);
    policy.#random = Random.restore(snapshot.random);
    return policy;
  }

  snapshot(): ServicePolicySnapshot {
    return {
      count: this.#count,
      instances: Array.from(this.#instances.values()),
      unreachable: Array.from(this.#unreachable),
      run: this.#run,
      launched: this.#launched,
      gathering: this.#gathering.snapshot(),
      demand: this.#demand.snapshot(),
      backoff: this.#backoff.snapshot(),
      random: this.#random.snapshot(),
    };
  }

  /** How many there shall be. */
  get count(): number {
    return this.#count;
  }

  /** All that may be alive, oldest first. */
  get instances(): Iterable<Instance> {
    return this.#instances.values();
  }

  get size(): number {
    return this.#instances.size;
  }

  get failures(): number {
    return this.#backoff.failures;
  }

  apply(now: Now, event: PolicyEvent<ServiceInput>): PolicyCalls<ServiceOutput> {
    switch (event.kind) {
      case "subscribed":
        this.#subscribed();
        break;
      case "offers":
        this.#gathering.add(now.monoMs, event.offers);
        break;
      case "update":
        this.#update(now, event.status);
        break;
      case "wake":
        this.#writeOff(now);
        break;
      case "input":
        this.#scale(event.input.count);
        break;
      case "rescind":
        this.#gathering.remove(event.offerId);
        break;
      case "disconnected":
        this.#gathering.take(); // The master has taken them back.
        break;
      case "message":
      case "failure":
      case "ended":
        break; // Whatever happened to tasks comes as updates.
    }
    this.#killExcess();
    this.#useOffers(now);
    return this.#finish(now);
  }

  /** Instances may be of an earlier process, and so may kills that were written down but never sent. */
  #subscribed(): void {
    this.#demand.subscribed();
    for (const instance of this.#instances.values()) {
      this.#answer.track.push(instance);
      if (instance.isKilling) this.#sendKill(instance);
    }
  }

  #scale(count: number): void {
    if (count === this.#count) return;
    this.#count = count;
    this.#answer.persist.push({ kind: "scaled", count });
  }

  // ---- offers ----

  #useOffers(now: Now): void {
    const idle = this.#reasonToWait(now);
    if (idle !== null) {
      for (const offer of this.#gathering.take()) this.#decline(offer, [idle]);
      return;
    }
    if (!this.#gathering.isDone(now.monoMs, this.#missing)) return;
    const offers = this.#gathering.take();
    const plan = spread(offers, this.#missing, {
      request: this.#config,
      maxPerAgent: this.#config.maxPerAgent,
      now,
      countOn: (agentId) => this.#perAgent.get(agentId) ?? 0,
    });
    for (const { offer, placements, reasons } of plan) {
      if (placements.length === 0) {
        this.#decline(offer, reasons ?? [this.#reasonToWait(now) ?? AT_SCALE]);
        continue;
      }
      const tasks = placements.map(({ taken, ports }) => this.#launch(now, offer, taken, ports));
      this.#answer.calls.push({
        kind: "accept",
        offerIds: [offer.offerId],
        operations: [{ kind: "launch", tasks }],
        filters: { refuseMs: this.#refuseMs() },
      });
    }
  }

  /** Why no offer is of use right now; null when there is something to launch. */
  #reasonToWait(now: Now): DeclineReason | null {
    if (this.#missing <= 0) {
      const detail = `${this.#instances.size} of ${this.#count} instances are there`;
      return { code: AT_SCALE.code, detail };
    }
    if (now.monoMs >= this.#backoff.retryAtMs) return null;
    const seconds = Math.ceil((this.#backoff.retryAtMs - now.monoMs) / 100) / 10;
    return {
      code: "backing-off",
      detail: `next launch in ${seconds} s after ${this.#backoff.failures} failures`,
    };
  }

  get #missing(): number {
    return this.#count - this.#instances.size;
  }

  #launch(
    now: Now,
    offer: Offer,
    resources: TaskInfo["resources"],
    hostPorts: readonly number[],
  ): TaskInfo {
    this.#launched += 1;
    const { name } = this.#config;
    const instance: Instance = {
      taskId: `${name}-${this.#run}-${this.#launched}`,
      agentId: offer.agentId,
      hostname: offer.hostname,
      hostPorts,
      state: "TASK_STAGING",
      isKilling: false,
      launchedAtMs: now.wallMs,
    };
    this.#add(instance);
    return {
      taskId: instance.taskId,
      name,
      agentId: offer.agentId,
      resources,
      payload: this.#payloadFor(hostPorts),
    };
  }

  #payloadFor(hostPorts: readonly number[]): Uint8Array {
    if (hostPorts.length > 0) return this.#encode(hostPorts);
    this.#payload ??= this.#encode(hostPorts);
    return this.#payload;
  }

  #decline(offer: Offer, reasons: readonly DeclineReason[]): void {
    this.#answer.calls.push({
      kind: "decline",
      offerIds: [offer.offerId],
      filters: { refuseMs: this.#refuseMs() },
      reasons,
    });
  }

  /** Give or take a tenth, so that many frameworks' filters do not end together. */
  #refuseMs(): number {
    return Math.round(this.#config.refuseMs * (0.9 + this.#random.fraction() * 0.2));
  }

  // ---- updates ----

  #update(now: Now, status: TaskStatus): void {
    const instance = this.#instances.get(status.taskId);
    if (instance === undefined) {
      this.#updateOfUnknown(now, status);
      return;
    }
    if (hasLeft(status)) {
      this.#gone(instance, status);
      if (isFailure(status) && !instance.isKilling) this.#backoff.failed(now.monoMs);
      return;
    }
    if (status.state !== "TASK_UNREACHABLE") this.#unreachable.delete(status.taskId);
    else if (!this.#unreachable.has(status.taskId))
      this.#unreachable.set(status.taskId, now.monoMs);
    if (instance.state === status.state && instance.status?.isHealthy === status.isHealthy) return;
    this.#change({ ...instance, state: status.state, status });
  }

  /** One that was written off and is back, or of a life that nobody wrote down: kept while there is room (N-04, M-44). */
  #updateOfUnknown(now: Now, status: TaskStatus): void {
    const { taskId, agentId, state } = status;
    if (hasLeft(status) || state === "TASK_UNREACHABLE" || agentId === undefined) {
      this.#answer.forget.push(taskId);
      return;
    }
    const isOurs = taskId.startsWith(`${this.#config.name}-`);
    const instance: Instance = {
      taskId,
      agentId,
      hostname: "",
      hostPorts: [],
      state,
      status,
      isKilling: false,
      launchedAtMs: now.wallMs,
    };
    this.#add(instance);
    if (!isOurs || this.#instances.size > this.#count) this.#kill(instance);
  }

  #gone(instance: Instance, status: TaskStatus): void {
    this.#remove(instance.taskId);
    this.#answer.persist.push({ kind: "gone", taskId: instance.taskId });
    this.#answer.forget.push(instance.taskId);
    const last = { ...instance, state: status.state, status };
    this.#answer.outputs.push({ kind: "instance", instance: last, isGone: true });
  }

  /** Stops counting those that were out of reach for too long: now they are replaced. */
  #writeOff(now: Now): void {
    for (const [taskId, sinceMs] of this.#unreachable) {
      if (now.monoMs < sinceMs + this.#config.replaceUnreachableAfterMs) return;
      const instance = this.#instances.get(taskId);
      if (instance?.status !== undefined) this.#gone(instance, instance.status);
      this.#unreachable.delete(taskId);
    }
  }

  // ---- too many ----

  /** The youngest first (MA-8). */
  #killExcess(): void {
    const excess = this.#instances.size - this.#killing - this.#count;
    if (excess <= 0) return;
    const kept = Array.from(this.#instances.values()).filter((instance) => !instance.isKilling);
    for (const instance of kept.slice(-excess).reverse()) this.#kill(instance);
  }

  #kill(instance: Instance): void {
    const killing = { ...instance, isKilling: true };
    this.#answer.persist.push({ kind: "instance", instance: killing });
    this.#change(killing);
    this.#sendKill(killing);
  }

  #sendKill(instance: Instance): void {
    const { killGraceMs } = this.#config;
    this.#answer.calls.push({
      kind: "kill",
      taskId: instance.taskId,
      agentId: instance.agentId,
      ...(killGraceMs === undefined ? {} : { killPolicy: { gracePeriodMs: killGraceMs } }),
    });
  }

  // ---- state ----

  /** A new one comes last, a known one keeps its place in the order of launch. */
  #store(instance: Instance): void {
    const before = this.#instances.get(instance.taskId);
    if (before === undefined)
      this.#perAgent.set(instance.agentId, (this.#perAgent.get(instance.agentId) ?? 0) + 1);
    if (before?.isKilling === true) this.#killing -= 1;
    if (instance.isKilling) this.#killing += 1;
    this.#instances.set(instance.taskId, instance);
  }

  #remove(taskId: TaskId): void {
    const instance = this.#instances.get(taskId);
    if (instance === undefined) return;
    this.#instances.delete(taskId);
    this.#unreachable.delete(taskId);
    if (instance.isKilling) this.#killing -= 1;
    const left = (this.#perAgent.get(instance.agentId) ?? 1) - 1;
    if (left === 0) this.#perAgent.delete(instance.agentId);
    else this.#perAgent.set(instance.agentId, left);
  }

  #add(instance: Instance): void {
    this.#answer.persist.push({ kind: "instance", instance });
    this.#change(instance);
  }

  #change(instance: Instance): void {
    this.#store(instance);
    this.#answer.outputs.push({ kind: "instance", instance, isGone: false });
  }

  #finish(now: Now): PolicyCalls<ServiceOutput> {
    const isMissing = this.#missing > 0;
    const isWaiting = isMissing && now.monoMs < this.#backoff.retryAtMs;
    const isWanted = isMissing && !isWaiting;
    this.#answer.calls.push(...this.#demand.update(now, { isWanted, isNew: false }));
    const answer = this.#answer;
    this.#answer = emptyAnswer();
    let wakeAtMs = this.#demand.wakeAtMs;
    wakeAtMs = Math.min(wakeAtMs, this.#gathering.untilMs);
    if (isWaiting) wakeAtMs = Math.min(wakeAtMs, this.#backoff.retryAtMs);
    for (const sinceMs of this.#unreachable.values()) {
      wakeAtMs = Math.min(wakeAtMs, sinceMs + this.#config.replaceUnreachableAfterMs);
      break;
    }
    return { ...answer, wakeAtMs };
  }
}

const AT_SCALE: DeclineReason = { code: "at-scale", detail: "all instances are there" };

/** The task is not there any more and nobody expects it back. */
function hasLeft({ state }: TaskStatus): boolean {
  return (
    isTerminal(state) ||
    state === "TASK_LOST" ||
    state === "TASK_UNKNOWN" ||
    state === "TASK_GONE_BY_OPERATOR"
  );
}

/** MA-6: an instance that ends by itself counts, whichever way; one that was lost or never started does not (N-16). */
function isFailure(status: TaskStatus): boolean {
  return (
    status.state === "TASK_FAILED" ||
    status.state === "TASK_FINISHED" ||
    status.state === "TASK_ERROR" ||
    (status.state === "TASK_KILLED" && status.isHealthy === false)
  );
}

interface Answer {
  readonly calls: PolicyCall[];
  readonly outputs: ServiceOutput[];
  readonly persist: ServiceRecord[];
  readonly forget: TaskId[];
  readonly track: { taskId: TaskId; agentId: AgentId }[];
}

function emptyAnswer(): Answer {
  return { calls: [], outputs: [], persist: [], forget: [], track: [] };
}
