import type { AgentId, Role, TaskId } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import type { Offer } from "@bourse/model/offer";
import { kindOf, type Resources, rangesOf } from "@bourse/model/resources";
import { NO_PAYLOAD, type TaskInfo, type TaskStatus } from "@bourse/model/task";
import { isTerminal } from "@bourse/model/task-state";
import { OfferDemand, type OfferDemandSnapshot } from "@bourse/session/offer-demand";
import { fit, type PlacementRequest } from "@bourse/session/placement";
import type { PolicyCall, PolicyCalls, PolicyEvent } from "@bourse/session/policy";
import type { LoadMeter } from "../frameworks/load-meter.ts";
import type { SimPolicy } from "../sim-framework.ts";

/** A task as its framework knows it. */
export interface KeptTask {
  readonly taskId: TaskId;
  readonly agentId: AgentId;
  readonly role: Role;
  readonly resources: Resources;
}

export interface KeeperOptions {
  readonly tasks: readonly KeptTask[];
  /** A task whose agent is out of reach for so long is given up and replaced. */
  readonly replaceUnreachableAfterMs: number;
  readonly leave: readonly { readonly atMs: number; readonly agentIds: readonly AgentId[] }[];
  readonly meter: LoadMeter | null;
}

/** A task that was lost, and what became of it. Virtual times. */
export interface Move {
  readonly taskId: TaskId;
  readonly role: Role;
  readonly resources: Resources;
  readonly fromAgentId: AgentId;
  /** When its framework gave it up, or heard of its end. */
  readonly lostAtMs: number;
  /** Why, as a task state: TASK_KILLED when the framework itself stopped it. */
  readonly cause: TaskStatus["state"];
  /** Of the newest replacement; null = it waits. */
  readonly toAgentId: AgentId | null;
  readonly runningAtMs: number | null;
  /** Replacements launched so far. */
  readonly attempts: number;
}

/** Between revives, so that many losses at once are asked for at once. */
const DEMAND = { reviveIntervalMs: 1_000, reviveBurst: 20 } as const;

/**
 * A framework of which only its tasks are known: it keeps as many as it has, of the sizes they have, and wants no more.
 * What ends well is done with; what is killed, fails, or is lost is launched anew under another id, on the first offer
 * of its role that holds it: its scheduler's real rules of placement are not known. Told to leave agents, it stops its
 * tasks there and launches each anew once it has ended.
 */
export class KeeperPolicy implements SimPolicy {
  readonly #options: KeeperOptions;
  /** Those that may be alive. */
  readonly #tasks = new Map<TaskId, Kept>();
  readonly #waiting = new Map<string, WaitingGroup>();
  #waitingCount = 0;
  readonly #moves: MutableMove[] = [];
  /** How many of `leave` are done. */
  #left = 0;
  readonly #leaving = new Set<AgentId>();
  /** Moves of which a replacement ran at some time: only the first counts. */
  readonly #ran = new Set<number>();
  /** Since when; ascending, as all wait equally long. */
  readonly #unreachable = new Map<TaskId, number>();
  #attempts = 0;
  #finished = 0;
  #demand = new OfferDemand(DEMAND);
  #isConnected = false;
  #hasNew = false;
  /** Its session is a new one and knows none of the tasks. */
  #mustTrack = true;

  constructor(options: KeeperOptions) {
    this.#options = options;
    for (const task of options.tasks) this.#tasks.set(task.taskId, keptOf(task));
  }

  static restore(options: KeeperOptions, saved: unknown): KeeperPolicy {
    const state = saved as KeeperState;
    const policy = new KeeperPolicy({ ...options, tasks: [] });
    for (const task of state.tasks) policy.#tasks.set(task.taskId, { ...task });
    for (const move of state.moves) policy.#moves.push({ ...move });
    for (const index of state.waiting) policy.#enqueue(index);
    for (const agentId of state.leaving) policy.#leaving.add(agentId);
    for (const [taskId, sinceMs] of state.unreachable) policy.#unreachable.set(taskId, sinceMs);
    for (const move of state.ran) policy.#ran.add(move);
    policy.#left = state.left;
    policy.#attempts = state.attempts;
    policy.#finished = state.finished;
    policy.#demand = OfferDemand.restore(DEMAND, state.demand);
    return policy;
  }

  snapshot(): KeeperState {
    return {
      tasks: Array.from(this.#tasks.values(), (task) => ({ ...task })),
      moves: this.#moves.map((move) => ({ ...move })),
      waiting: Array.from(this.#waiting.values()).flatMap(({ moves }) => moves),
      leaving: Array.from(this.#leaving),
      unreachable: Array.from(this.#unreachable),
      ran: Array.from(this.#ran),
      left: this.#left,
      attempts: this.#attempts,
      finished: this.#finished,
      demand: this.#demand.snapshot(),
    };
  }

  /** Tasks that were lost so far, in order. */
  get moves(): readonly Move[] {
    return this.#moves;
  }

  /** Tasks that may be alive. */
  get keptCount(): number {
    return this.#tasks.size;
  }

  get finishedCount(): number {
    return this.#finished;
  }

  get waitingCount(): number {
    return this.#waitingCount;
  }

  lacks(): string | null {
    return this.#waitingCount === 0
      ? null
      : `${this.#waitingCount} lost tasks wait for offers that hold them`;
  }

  apply(now: Now, event: PolicyEvent<unknown>): PolicyCalls<unknown> {
    const calls: PolicyCall[] = [];
    const isTracking = event.kind === "subscribed" && this.#mustTrack;
    switch (event.kind) {
      case "subscribed":
        this.#isConnected = true;
        this.#mustTrack = false;
        this.#demand.subscribed();
        break;
      case "disconnected":
      case "ended":
        this.#isConnected = false;
        break;
      case "offers":
        for (const offer of event.offers) calls.push(this.#answer(now, offer));
        break;
      case "update":
        this.#update(now, event.status, calls);
        break;
      default:
        break;
    }
    this.#leave(now, calls);
    this.#giveUp(now);
    if (this.#isConnected) {
      const want = { isWanted: this.#waitingCount > 0, isNew: this.#hasNew };
      this.#hasNew = false;
      calls.push(...this.#demand.update(now, want));
    }
    const track = isTracking ? Array.from(this.#tasks.values(), refOf) : [];
    return { calls, track, wakeAtMs: this.#nextWakeMs() };
  }

  #nextWakeMs(): number {
    let atMs = Number.POSITIVE_INFINITY;
    for (const sinceMs of this.#unreachable.values()) {
      atMs = sinceMs + this.#options.replaceUnreachableAfterMs;
      break;
    }
    if (!this.#isConnected) return atMs;
    const leaveMs = this.#options.leave[this.#left]?.atMs ?? Number.POSITIVE_INFINITY;
    return Math.min(atMs, leaveMs, this.#demand.wakeAtMs);
  }

  // ---- what is lost ----

  #update(now: Now, status: TaskStatus, calls: PolicyCall[]): void {
    const { taskId, state } = status;
    const task = this.#tasks.get(taskId);
    if (task === undefined) {
      // Given up and replaced: one of it is enough.
      if (isAlive(state)) calls.push(killOf(status));
      return;
    }
    this.#measure(now, task, state);
    if (state === "TASK_UNREACHABLE") {
      if (!this.#unreachable.has(taskId)) this.#unreachable.set(taskId, now.monoMs);
      return;
    }
    this.#unreachable.delete(taskId);
    if (state === "TASK_FINISHED" && !task.isLeaving) {
      this.#tasks.delete(taskId);
      this.#finished += 1;
    } else if (isTerminal(state) || isGone(state)) {
      this.#lose(now, task, state);
    }
  }

  #lose(now: Now, task: Kept, cause: TaskStatus["state"]): void {
    const { taskId, role, resources, agentId } = task;
    this.#tasks.delete(taskId);
    this.#hasNew = true;
    if (task.move !== null) {
      // A replacement was lost in turn: the task waits again, since it was lost first.
      const move = this.#moves[task.move] as MutableMove;
      move.toAgentId = null;
      move.runningAtMs = null;
      this.#options.meter?.ended(false, true);
      this.#enqueue(task.move);
      return;
    }
    this.#options.meter?.arrived(role, 1);
    this.#moves.push({
      taskId,
      role,
      resources,
      fromAgentId: agentId,
      lostAtMs: now.monoMs,
      cause,
      toAgentId: null,
      runningAtMs: null,
      attempts: 0,
    });
    this.#enqueue(this.#moves.length - 1);
  }

  #enqueue(index: number): void {
    const move = this.#moves[index] as MutableMove;
    const request = requestOf(move.resources);
    const key = `${move.role} ${JSON.stringify(request)}`;
    const group = this.#waiting.get(key);
    if (group === undefined) this.#waiting.set(key, { role: move.role, request, moves: [index] });
    else group.moves.push(index);
    this.#waitingCount += 1;
  }

  /** Tasks on agents that are out of reach for too long count as lost; should they return, they are stopped. */
  #giveUp(now: Now): void {
    for (const [taskId, sinceMs] of this.#unreachable) {
      if (now.monoMs < sinceMs + this.#options.replaceUnreachableAfterMs) return;
      this.#unreachable.delete(taskId);
      const task = this.#tasks.get(taskId);
      if (task !== undefined) this.#lose(now, task, "TASK_UNREACHABLE");
    }
  }

  #leave(now: Now, calls: PolicyCall[]): void {
    for (; this.#left < this.#options.leave.length; this.#left += 1) {
      const wish = this.#options.leave[this.#left] as KeeperOptions["leave"][number];
      if (wish.atMs > now.monoMs || !this.#isConnected) return;
      for (const agentId of wish.agentIds) this.#leaving.add(agentId);
      for (const task of this.#tasks.values()) {
        if (task.isLeaving || !this.#leaving.has(task.agentId)) continue;
        task.isLeaving = true;
        calls.push({ kind: "kill", taskId: task.taskId, agentId: task.agentId });
      }
    }
  }

  // ---- where it goes ----

  #answer(now: Now, offer: Offer): PolicyCall {
    const offerIds = [offer.offerId];
    const tasks = this.#leaving.has(offer.agentId) ? [] : this.#fill(now, offer);
    if (tasks.length === 0) return { kind: "decline", offerIds, filters: {} };
    return {
      kind: "accept",
      offerIds,
      operations: [{ kind: "launch", tasks }],
      filters: { refuseMs: 0 },
    };
  }

  /** Of each size as many as the offer holds; the size of which a task was lost first comes first. */
  #fill(now: Now, offer: Offer): TaskInfo[] {
    const tasks: TaskInfo[] = [];
    let rest = offer.resources;
    for (const [key, { role, request, moves }] of this.#waiting) {
      if (role !== offer.role) continue;
      while (moves.length > 0) {
        const found = fit(rest, request);
        if (!found.isFit) break;
        rest = found.rest;
        tasks.push(this.#launch(now, offer, moves.shift() as number, found.taken));
      }
      if (moves.length === 0) this.#waiting.delete(key);
    }
    return tasks;
  }

  #launch(now: Now, { agentId }: Offer, index: number, resources: Resources): TaskInfo {
    const move = this.#moves[index] as MutableMove;
    this.#waitingCount -= 1;
    this.#attempts += 1;
    const taskId = `${move.taskId}~${this.#attempts}`;
    move.toAgentId = agentId;
    move.attempts += 1;
    const { role, lostAtMs } = move;
    this.#tasks.set(taskId, {
      ...keptOf({ taskId, agentId, role, resources }),
      move: index,
      launchedAtMs: now.monoMs,
    });
    const { meter } = this.#options;
    meter?.launched(role, lostAtMs, now.monoMs, now.monoMs, move.attempts > 1);
    return { taskId, name: move.taskId, agentId, resources, payload: NO_PAYLOAD };
  }

  /** Tells the meter of a replacement's first update and of its running. */
  #measure(now: Now, task: Kept, state: TaskStatus["state"]): void {
    if (task.move === null) return;
    const { meter } = this.#options;
    const move = this.#moves[task.move] as MutableMove;
    if (task.stagedAtMs === null) {
      task.stagedAtMs = now.monoMs;
      meter?.staged(task.launchedAtMs, now.monoMs);
    }
    if (state !== "TASK_RUNNING" || move.runningAtMs !== null) return;
    move.runningAtMs = now.monoMs;
    if (this.#ran.has(task.move)) return;
    this.#ran.add(task.move);
    meter?.running(move.lostAtMs, task.stagedAtMs, now.monoMs);
  }
}

export interface KeeperState {
  readonly tasks: readonly Readonly<Kept>[];
  readonly moves: readonly Move[];
  readonly waiting: readonly number[];
  readonly leaving: readonly AgentId[];
  readonly unreachable: readonly (readonly [TaskId, number])[];
  readonly ran: readonly number[];
  readonly left: number;
  readonly attempts: number;
  readonly finished: number;
  readonly demand: OfferDemandSnapshot;
}

interface Kept extends KeptTask {
  isLeaving: boolean;
  /** Which of the moves it replaces; null = it was there from the beginning. */
  readonly move: number | null;
  readonly launchedAtMs: number;
  stagedAtMs: number | null;
}

type MutableMove = { -readonly [Key in keyof Move]: Move[Key] };

interface WaitingGroup {
  readonly role: Role;
  readonly request: PlacementRequest;
  readonly moves: number[];
}

function keptOf(task: KeptTask): Kept {
  return {
    ...task,
    isLeaving: false,
    move: null,
    launchedAtMs: 0,
    stagedAtMs: null,
  };
}

function refOf({ taskId, agentId }: Kept): { taskId: TaskId; agentId: AgentId } {
  return { taskId, agentId };
}

/**
 * What a task needs on another agent: its scalars from whatever is offered, as many ports as it had, and its volumes,
 * which only the agent that has them can offer.
 */
export function requestOf(resources: Resources): PlacementRequest {
  const plain = new Map<string, number>();
  const exact: Resources[number][] = [];
  for (const resource of resources) {
    if (resource.name === "ports" && resource.value.type === "ranges") continue;
    const isPlain = resource.value.type === "scalar" && !resource.disk && !resource.isShared;
    if (!isPlain || resource.isRevocable) exact.push(resource);
    else if (resource.value.type === "scalar") {
      plain.set(resource.name, (plain.get(resource.name) ?? 0) + resource.value.milli);
    }
  }
  const scalars = Array.from(plain, ([name, milli]) => ({
    name,
    value: { type: "scalar" as const, milli },
  }));
  exact.sort((a, b) => (kindOf(a) < kindOf(b) ? -1 : 1));
  let ports = 0;
  for (const { begin, end } of rangesOf(resources, "ports")) ports += end - begin + 1;
  return { resources: [...exact, ...scalars], ports };
}

function isAlive(state: TaskStatus["state"]): boolean {
  return state === "TASK_STAGING" || state === "TASK_STARTING" || state === "TASK_RUNNING";
}

/** Not terminal by itself, but nobody promises that it comes back. */
function isGone(state: TaskStatus["state"]): boolean {
  return state === "TASK_LOST" || state === "TASK_UNKNOWN" || state === "TASK_GONE_BY_OPERATOR";
}

function killOf({ taskId, agentId }: TaskStatus): PolicyCall {
  return agentId === undefined ? { kind: "kill", taskId } : { kind: "kill", taskId, agentId };
}
