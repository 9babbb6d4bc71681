import type { FrameworkInfo } from "@bourse/model/framework";
import type { AgentId, OperationId, Role, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer, Operation } from "@bourse/model/offer";
import { isFinalOperationState, type ResourceOperation } from "@bourse/model/operation";
import { Random } from "@bourse/model/random";
import { amountOf, withAmount, withoutVolume } from "@bourse/model/resource-parts";
import { add, kindOf, type Resource, type Resources, subtract } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskStatus } from "@bourse/model/task";
import { isTerminal, releasesResources } from "@bourse/model/task-state";
import { resourcesOf } from "@bourse/session/amounts";
import { fit } from "@bourse/session/placement";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import { reserved, unreserved, volume } from "@bourse/session/resource-forms";
import type { SimPolicy } from "../sim-framework.ts";
import { isGivenUp, isLive } from "../task-fate.ts";

export interface VolumePolicyOptions {
  readonly info: FrameworkInfo;
  readonly role: Role;
  /** From then on it only takes back what it made. */
  readonly untilMs: number;
  /** Of one offer. */
  readonly volumesMax: number;
  readonly tasksMax: number;
  readonly hasSharedVolumes: boolean;
}

interface VolumePolicyState {
  readonly random: readonly number[];
  readonly count: number;
  readonly nowMs: number;
  readonly isChoosy: boolean;
  readonly tasks: readonly (readonly [TaskId, AgentId])[];
  readonly operations: readonly (readonly [OperationId, AgentId])[];
}

const TASK = resourcesOf({ cpus: 0.1, mem: 32 });

/**
 * A stateful framework at play: on each offer it reserves disk, makes volumes, changes their size, launches tasks on
 * them, destroys and unreserves, at random. Near the end it kills its tasks and takes back all that it ever made; it is
 * done when nothing of it is left.
 */
export class VolumePolicy implements SimPolicy {
  readonly #options: VolumePolicyOptions;
  readonly #random: Random;
  /** Names volumes, tasks and operations. */
  #count = 0;
  #nowMs = 0;
  /** It wants no offers of one of the agents. */
  #isChoosy = false;
  readonly #tasks = new Map<TaskId, AgentId>();
  readonly #operations = new Map<OperationId, AgentId>();
  /** Its session is a new one and knows nothing of an earlier life. */
  #isRestored = false;

  constructor(options: VolumePolicyOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  static restore(options: VolumePolicyOptions, saved: unknown): VolumePolicy {
    const state = saved as VolumePolicyState;
    const policy = new VolumePolicy(options, Random.restore(state.random));
    policy.#count = state.count;
    policy.#nowMs = state.nowMs;
    policy.#isChoosy = state.isChoosy;
    for (const [taskId, agentId] of state.tasks) policy.#tasks.set(taskId, agentId);
    for (const [id, agentId] of state.operations) policy.#operations.set(id, agentId);
    policy.#isRestored = true;
    return policy;
  }

  snapshot(): VolumePolicyState {
    return {
      random: this.#random.snapshot(),
      count: this.#count,
      nowMs: this.#nowMs,
      isChoosy: this.#isChoosy,
      tasks: Array.from(this.#tasks),
      operations: Array.from(this.#operations),
    };
  }

  get role(): Role {
    return this.#options.role;
  }

  lacks(): string | null {
    if (this.#operations.size > 0)
      return `the end of ${Array.from(this.#operations.keys()).join(", ")} is not known`;
    if (this.#tasks.size > 0) return `${Array.from(this.#tasks.keys()).join(", ")} may still run`;
    return null;
  }

  apply(now: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    this.#nowMs = now.monoMs;
    const calls: PolicyCall[] = [];
    const restored = this.#isRestored && event.kind === "subscribed";
    if (restored) this.#isRestored = false;
    switch (event.kind) {
      case "offers":
        for (const offer of event.offers) calls.push(this.#answer(offer));
        if (!this.#isEnding && this.#random.chance(0.05)) calls.push(this.#choose());
        break;
      case "update":
        this.#update(event.status, calls);
        break;
      case "operation-update": {
        const { operationId, state } = event.status;
        if (isFinalOperationState(state) || state === "OPERATION_UNKNOWN")
          this.#operations.delete(operationId);
        break;
      }
      case "subscribed":
      case "wake":
        if (this.#isEnding) this.#end(calls);
        break;
      default:
        break;
    }
    const refs = { track: this.#taskRefs(), trackOperations: this.#operationRefs() };
    return {
      calls,
      ...(restored ? refs : {}),
      wakeAtMs: this.#isEnding ? Number.POSITIVE_INFINITY : this.#options.untilMs,
    };
  }

  get #isEnding(): boolean {
    return this.#nowMs >= this.#options.untilMs;
  }

  #end(calls: PolicyCall[]): void {
    if (this.#isChoosy) calls.push(this.#choose());
    for (const [taskId, agentId] of this.#tasks) calls.push(kill(taskId, agentId));
  }

  /** Takes the offers of all agents, or of all but one (M-38). */
  #choose(): PolicyCall {
    this.#isChoosy = !this.#isChoosy;
    const { info } = this.#options;
    if (!this.#isChoosy) return { kind: "update-framework", info, suppressedRoles: [] };
    const value = `host-${this.#random.between(1, 8)}`;
    const constraint = {
      selector: { type: "hostname" },
      predicate: { type: "text-not-equals", value },
    } as const;
    const offerConstraints = new Map([[this.role, [[constraint]]]]);
    return { kind: "update-framework", info, suppressedRoles: [], offerConstraints };
  }

  #update(status: TaskStatus, calls: PolicyCall[]): void {
    const { taskId, agentId, state } = status;
    if (isTerminal(state) || releasesResources(state) || isGivenUp(status)) {
      this.#tasks.delete(taskId);
    } else if (isLive(status) && (this.#isEnding || !this.#tasks.has(taskId))) {
      calls.push(kill(taskId, agentId));
    }
  }

  #answer(offer: Offer): PolicyCall {
    const { offerId, agentId, resources } = offer;
    const work = new Work(resources);
    for (const held of resources.filter(isVolume)) this.#useVolume(work, held, agentId);
    for (const disk of resources.filter((one) => isReservedFor(this.role, one)))
      this.#useReserved(work, disk, agentId);
    if (!this.#isEnding && this.#random.chance(0.35)) this.#reserve(work, agentId);
    const offerIds = [offerId];
    if (work.operations.length === 0) {
      return { kind: "decline", offerIds, filters: { refuseMs: this.#random.between(1, 6_000) } };
    }
    // Reservations come back at once with their role: without a filter it would do nothing else.
    const filters = { refuseMs: this.#random.between(1, 6_000) };
    return { kind: "accept", offerIds, operations: work.operations, filters };
  }

  #useVolume(work: Work, held: Resource, agentId: AgentId): void {
    if (this.#isEnding || this.#random.chance(0.25)) {
      const operation = { kind: "destroy", volumes: [held] } as const;
      this.#do(work, operation, agentId, [held], [withoutVolume(held)]);
      return;
    }
    if (held.isShared !== true && this.#random.chance(0.15)) this.#resize(work, held, agentId);
    else if (this.#random.chance(0.6)) this.#launch(work, held, agentId);
  }

  /** A call that resizes a volume may use it for nothing else (M-68). */
  #resize(work: Work, held: Resource, agentId: AgentId): void {
    const milli = amountOf(held);
    const same = kindOf(withoutVolume(held));
    const addition = work.left.find((resource) => kindOf(resource) === same);
    if (addition !== undefined) {
      const operation = { kind: "grow-volume", volume: held, addition } as const;
      const grown = withAmount(held, milli + amountOf(addition));
      this.#do(work, operation, agentId, [held, addition], [grown]);
    } else if (milli >= 2_000) {
      const subtractMilli = this.#random.between(1, Math.floor(milli / 1_000) - 1) * 1_000;
      const operation = { kind: "shrink-volume", volume: held, subtractMilli } as const;
      const rest = withAmount(held, milli - subtractMilli);
      const freed = withAmount(withoutVolume(held), subtractMilli);
      this.#do(work, operation, agentId, [held], [rest, freed]);
    }
  }

  #useReserved(work: Work, disk: Resource, agentId: AgentId): void {
    const left = work.left.find((one) => isReservedFor(this.role, one));
    if (left === undefined || amountOf(left) < amountOf(disk)) return; // Used up by what came before.
    if (this.#isEnding || this.#random.chance(0.3)) {
      const operation = { kind: "unreserve", resources: [disk] } as const;
      this.#do(work, operation, agentId, [disk], unreserved([disk]));
    } else if (this.#random.chance(0.6)) this.#create(work, disk, agentId);
  }

  #reserve(work: Work, agentId: AgentId): void {
    const free = work.left.find(isPlainDisk);
    if (free === undefined || amountOf(free) < 10_000) return;
    const part = withAmount(free, this.#random.between(2, 10) * 1_000);
    const made = reserved([part], { role: this.role });
    this.#do(work, { kind: "reserve", resources: made }, agentId, [part], made);
    if (made[0] !== undefined && this.#random.chance(0.7)) this.#create(work, made[0], agentId);
  }

  #create(work: Work, disk: Resource, agentId: AgentId): void {
    const { volumesMax, tasksMax } = this.#options;
    if (work.left.filter(isVolume).length >= volumesMax || this.#tasks.size >= tasksMax) return;
    this.#count += 1;
    const id = `v${this.#count}`;
    const isShared = this.#options.hasSharedVolumes && this.#random.chance(0.3);
    const made = volume(disk, { id, containerPath: "data", ...(isShared ? { isShared } : {}) });
    this.#do(work, { kind: "create", volumes: [made] }, agentId, [disk], [made]);
    if (this.#random.chance(0.7)) this.#launch(work, made, agentId);
  }

  #launch(work: Work, held: Resource, agentId: AgentId): void {
    if (this.#tasks.size >= this.#options.tasksMax) return;
    const found = fit(work.left, { resources: [...TASK, held] });
    if (!found.isFit) return;
    this.#count += 1;
    const taskId = `t${this.#count}`;
    const task = { taskId, name: taskId, agentId, resources: found.taken, payload: NO_PAYLOAD };
    work.left = held.isShared === true ? add(found.rest, [held]) : found.rest;
    work.operations.push({ kind: "launch", tasks: [task] });
    this.#tasks.set(taskId, agentId);
  }

  /** Seven in ten want to hear what came of it. */
  #do(
    work: Work,
    operation: ResourceOperation,
    agentId: AgentId,
    from: Resources,
    to: Resources,
  ): void {
    work.left = add(subtract(work.left, from), to);
    if (!this.#random.chance(0.7)) {
      work.operations.push(operation);
      return;
    }
    this.#count += 1;
    const operationId = `o${this.#count}`;
    this.#operations.set(operationId, agentId);
    work.operations.push({ ...operation, operationId });
  }

  #taskRefs() {
    return Array.from(this.#tasks, ([taskId, agentId]) => ({ taskId, agentId }));
  }

  #operationRefs() {
    return Array.from(this.#operations, ([operationId, agentId]) => ({ operationId, agentId }));
  }
}

/** One accept in the making. */
class Work {
  readonly operations: Operation[] = [];
  /** Of the offer, after the operations so far. */
  left: Resources;

  constructor(left: Resources) {
    this.left = left;
  }
}

function isVolume({ disk }: Resource): boolean {
  return disk?.persistence !== undefined;
}

function isPlainDisk({ name, reservations, disk }: Resource): boolean {
  return name === "disk" && reservations === undefined && disk === undefined;
}

function isReservedFor(role: Role, resource: Resource): boolean {
  const newest = resource.reservations?.at(-1);
  return newest?.role === role && newest.type === "dynamic" && !isVolume(resource);
}

function kill(taskId: TaskId, agentId: AgentId | undefined): PolicyCall {
  return agentId === undefined ? { kind: "kill", taskId } : { kind: "kill", taskId, agentId };
}
