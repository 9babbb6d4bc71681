import type { AgentToMaster } from "@bourse/model/agent-messages";
import { assert } from "@bourse/model/assert";
import type { ContainerId, OperationUuid, TaskId, UpdateUuid } from "@bourse/model/ids";
import type { AgentOperation, OperationUpdate } from "@bourse/model/operation";
import { isTerminal } from "@bourse/model/task-state";
import { AgentCore } from "../agent-core.ts";
import { foldCheckpoint } from "../checkpoint.ts";
import type { AgentAction, AgentEffects, CheckpointRecord } from "../effects.ts";
import type { AgentInput, FoundContainer } from "../inputs.ts";
import { volumeKey } from "../volumes.ts";
import {
  anyFramework,
  anyHealthCheck,
  anyOperation,
  anyRun,
  anyStart,
  anyTask,
  anyVolume,
} from "./builders.ts";

export const STEP_KINDS = [
  "launch",
  "kill",
  "container",
  "health",
  "deliver",
  "acknowledge",
  "link",
  "wait",
  "remove-framework",
  "operate",
  "settle-operation",
  "crash",
] as const;

/** One step of a random run; `pick` chooses among what is there. */
export interface Step {
  readonly kind: (typeof STEP_KINDS)[number];
  readonly pick: number;
}

/**
 * An agent with a log, containers and a master of few words, for properties. It checks on the way: nothing is
 * sent or started that is not on disk, no container is started twice, and what is on disk is what the core knows.
 */
export class World {
  core: AgentCore;
  readonly log: CheckpointRecord[] = [];
  readonly launched = new Set<TaskId>();
  readonly unwanted = new Set<TaskId>();
  /** Terminal states that reached the master, by task. */
  readonly ended = new Map<TaskId, string>();
  /** Operations that were sent while the agent was registered, and those of frameworks that were then removed. */
  readonly operations = new Map<OperationUuid, AgentOperation>();
  readonly unwantedOperations = new Set<OperationUuid>();
  /** How each operation ended, as the agent told. */
  readonly answered = new Map<OperationUuid, OperationUpdate>();
  /** Directories of volumes that are there. */
  readonly volumes = new Set<string>();
  /** Containers that exist; `starts` counts all there ever were, by task. */
  readonly containers = new Map<ContainerId, FoundContainer & { readonly taskId: TaskId }>();
  readonly starts = new Map<TaskId, number>();
  readonly effects: AgentEffects[] = [];
  #nowMs = 0;
  #session = 0;
  #isUp = false;
  /** The next append is the last thing this process does. */
  #mustCrash = false;
  #startCount = 0;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  readonly #inbox: AgentInput[] = [];
  #toAcknowledge: {
    readonly taskId: TaskId;
    readonly uuid: UpdateUuid;
    readonly frameworkId: string;
  }[] = [];
  #toSettle: OperationUpdate[] = [];
  readonly #persistedUuids = new Set<UpdateUuid>();
  readonly #persistedContainers = new Set<ContainerId>();

  constructor() {
    this.core = this.#restart();
  }

  step({ kind, pick }: Step): void {
    switch (kind) {
      case "launch":
        this.#launch(pick);
        return;
      case "kill":
        this.#kill(pick);
        return;
      case "container":
        this.#moveContainer(pick);
        return;
      case "health":
        this.#health(pick);
        return;
      case "deliver":
        for (const input of this.#inbox.splice(0)) this.apply(input);
        return;
      case "acknowledge":
        this.#acknowledge(pick);
        return;
      case "link":
        this.#toggleLink();
        if (this.#isUp) this.wait(2_000);
        return;
      case "wait":
        this.wait(pick * 100);
        return;
      case "remove-framework":
        if (pick % 8 < 2) this.#removeFramework(pick);
        return;
      case "operate":
        this.#operate(pick);
        return;
      case "settle-operation":
        this.#settleOperation(pick);
        return;
      case "crash":
        if (pick % 2 === 0) this.#crash();
        else this.#mustCrash = true;
        return;
    }
  }

  apply(input: AgentInput): void {
    this.#perform(this.core.apply(this.#now(), input));
  }

  /** Everybody behaves until nothing moves any more. */
  settle(): void {
    for (let round = 0; round < 100; round++) {
      if (!this.#isUp) this.#toggleLink();
      this.wait(2_000);
      for (const input of this.#inbox.splice(0)) this.apply(input);
      for (const { containerId } of [...this.containers.values()]) this.#end(containerId, 0);
      while (this.#toAcknowledge.length > 0) this.#acknowledge(0);
      while (this.#toSettle.length > 0) this.#settleOperation(0);
    }
  }

  wait(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    while (this.#wakeAtMs <= endMs) {
      this.#nowMs = Math.max(this.#nowMs, this.#wakeAtMs);
      this.apply({ kind: "wake" });
    }
    this.#nowMs = endMs;
  }

  #launch(pick: number): void {
    const taskId = `t${pick % 8}${this.ended.has(`t${pick % 8}`) ? `-${pick}` : ""}`;
    if (this.unwanted.has(taskId) || this.ended.has(taskId)) return;
    const run = anyRun({
      ...(pick % 3 === 0 ? { healthCheck: anyHealthCheck({ gracePeriodMs: 0 }) } : {}),
      ...(pick % 5 === 0 ? { maxCompletionMs: 5_000 } : {}),
    });
    this.apply({
      kind: "launch",
      session: this.#session,
      framework: anyFramework(frameworkOf(taskId), pick % 2 === 0 ? ["TASK_KILLING_STATE"] : []),
      tasks: [
        {
          task: anyTask(
            taskId,
            pick % 7 === 0 ? { resources: [anyVolume("eng", "v1", 1_000)] } : {},
          ),
          run: pick % 11 === 0 ? { refusal: { code: "invalid_call", message: "no" } } : run,
        },
      ],
    });
    if (this.core.containerOf({ frameworkId: frameworkOf(taskId), taskId }) !== null)
      this.launched.add(taskId);
  }

  /** On a small agent most fit sometimes; one in five comes twice. */
  #operate(pick: number): void {
    const twice = pickFrom([...this.operations.keys()], pick);
    const isTwice = twice !== undefined && pick % 5 === 0;
    const kind = (["reserve", "create", "destroy", "unreserve"] as const)[pick % 4] ?? "reserve";
    const over =
      pick % 3 === 0 ? {} : { operationId: `o${pick}`, frameworkId: `f${1 + (pick % 2)}` };
    const operationUuid = `uuid-${this.operations.size}`;
    const of = { milli: 100_000 * (1 + (pick % 9 === 0 ? 1 : 0)), volumeId: `v${1 + (pick % 2)}` };
    const operation = isTwice
      ? this.operations.get(twice)
      : anyOperation(operationUuid, kind, of, over);
    if (operation === undefined) return;
    const before = this.log.length;
    const message = { kind: "apply-operation", operation } as const;
    this.apply({ kind: "master", session: this.#session, message });
    if (this.log.slice(before).some((record) => record.kind === "operation"))
      this.operations.set(operation.operationUuid, operation);
  }

  #settleOperation(pick: number): void {
    const index = pick % Math.max(1, this.#toSettle.length);
    const [update] = this.#toSettle.splice(index, 1);
    if (update === undefined) return;
    const { operationUuid, uuid } = update;
    const message = { kind: "acknowledge-operation", operationUuid, uuid } as const;
    this.apply({ kind: "master", session: this.#session, message });
  }

  #kill(pick: number): void {
    const taskId = pickFrom([...this.launched], pick);
    if (taskId === undefined) return;
    const message = { kind: "kill", frameworkId: frameworkOf(taskId), taskId } as const;
    this.apply({ kind: "master", session: this.#session, message });
  }

  #moveContainer(pick: number): void {
    const container = pickFrom([...this.containers.values()], pick);
    if (container !== undefined) this.#end(container.containerId, pick % 3);
  }

  #health(pick: number): void {
    const container = pickFrom([...this.containers.values()], pick);
    if (container === undefined) return;
    const { containerId } = container;
    this.apply({ kind: "health", containerId, isHealthy: pick % 3 === 0, message: "" });
  }

  #acknowledge(pick: number): void {
    const index = pick % Math.max(1, this.#toAcknowledge.length);
    const [update] = this.#toAcknowledge.splice(index, 1);
    if (update === undefined) return;
    const message = { kind: "acknowledge", ...update } as const;
    this.apply({ kind: "master", session: this.#session, message });
  }

  #toggleLink(): void {
    this.#isUp = !this.#isUp;
    if (this.#isUp) this.apply({ kind: "link-up", session: ++this.#session });
    else this.apply({ kind: "link-down", session: this.#session, cause: "broken" });
  }

  #removeFramework(pick: number): void {
    const frameworkId = pick % 8 === 0 ? "f1" : "f2";
    for (const { update, isPending } of this.core.checkpoint().operations) {
      if (isPending && update.frameworkId === frameworkId)
        this.unwantedOperations.add(update.operationUuid);
    }
    const before = new Set(this.core.checkpoint().tasks.map(({ task }) => task.taskId));
    const message = { kind: "shutdown-framework", frameworkId } as const;
    this.apply({ kind: "master", session: this.#session, message });
    for (const { frameworkId: owner, task, killCause } of this.core.checkpoint().tasks) {
      if (owner === frameworkId && killCause === "framework-removed")
        this.unwanted.add(task.taskId);
      before.delete(task.taskId);
    }
    for (const taskId of before) this.unwanted.add(taskId);
  }

  /** The process dies; the log and the containers stay, and a container may end meanwhile. */
  #crash(): void {
    this.#inbox.length = 0;
    this.#isUp = false;
    this.core = this.#restart();
  }

  #restart(): AgentCore {
    const core = new AgentCore(
      anyStart({
        checkpoint: foldCheckpoint(this.log),
        seed: `${++this.#startCount}`,
        found: Array.from(this.containers.values(), ({ containerId, state }) => ({
          containerId,
          state,
        })),
      }),
    );
    this.core = core;
    this.#perform(core.begin(this.#now()));
    return core;
  }

  #perform(effects: AgentEffects): void {
    this.effects.push(deepFreeze(effects));
    this.#wakeAtMs = effects.wakeAtMs;
    this.log.push(...effects.persist);
    for (const record of effects.persist) {
      if (record.kind === "update") this.#persistedUuids.add(record.update.status.uuid ?? "");
      if (record.kind === "operation") this.#persistedUuids.add(record.update.uuid);
      if (record.kind === "task") this.#persistedContainers.add(record.containerId);
    }
    if (this.#mustCrash && effects.persist.length > 0) {
      this.#mustCrash = false;
      this.#crash();
      return;
    }
    for (const { message } of effects.send) this.#receive(message);
    for (const action of effects.act) this.#act(action);
  }

  #receive(message: AgentToMaster): void {
    const session = this.#session;
    switch (message.kind) {
      case "register":
      case "reregister": {
        const answer = { agentId: "a1", epoch: 1, pingTimeoutMs: 1e9 };
        this.#inbox.push({
          kind: "master",
          session,
          message: { kind: "registered", ...answer },
        });
        return;
      }
      case "update": {
        const { frameworkId, status } = message.update;
        if (status.uuid === undefined) return;
        assert(this.#persistedUuids.has(status.uuid), "an update is on disk before it is sent");
        if (isTerminal(status.state)) this.ended.set(status.taskId, status.state);
        this.#toAcknowledge.push({ frameworkId, taskId: status.taskId, uuid: status.uuid });
        return;
      }
      case "operation-update": {
        const { operationUuid, uuid, operationId } = message.update;
        assert(this.#persistedUuids.has(uuid), "an answer is on disk before it is sent");
        const before = this.answered.get(operationUuid);
        assert(before === undefined || before.uuid === uuid, "an operation is decided on once");
        this.answered.set(operationUuid, message.update);
        if (operationId !== undefined) this.#toSettle.push(message.update);
        return;
      }
      default:
    }
  }

  #act(action: AgentAction): void {
    switch (action.kind) {
      case "launch": {
        const { containerId, taskId } = action.container;
        assert(this.#persistedContainers.has(containerId), "a launch is on disk before it is done");
        assert(!this.containers.has(containerId), "no container is started twice");
        this.starts.set(taskId, (this.starts.get(taskId) ?? 0) + 1);
        const state = { kind: "running", statusPayload: new Uint8Array([1]) } as const;
        this.containers.set(containerId, { containerId, taskId, state });
        this.#inbox.push({ kind: "container", containerId, event: { kind: "starting" } });
        const event = { kind: "started", statusPayload: state.statusPayload } as const;
        this.#inbox.push({ kind: "container", containerId, event });
        return;
      }
      case "stop":
        this.#end(action.containerId, 0, true);
        return;
      case "remove":
        this.containers.delete(action.containerId);
        return;
      case "create-volume":
        this.volumes.add(volumeKey(action.volume));
        return;
      case "destroy-volume":
        this.volumes.delete(volumeKey(action.volume));
        return;
      case "reconnect":
        this.#isUp = false;
        return;
      default:
    }
  }

  #end(containerId: ContainerId, exitCode: number, isLater = false): void {
    const container = this.containers.get(containerId);
    if (container === undefined || container.state.kind === "exited") return;
    const state = { kind: "exited", exitCode, isOutOfMemory: false } as const;
    this.containers.set(containerId, { ...container, state });
    // Its events come in order: what still waits comes first.
    const input = { kind: "container", containerId, event: state } as const;
    const isWaiting = this.#inbox.some(
      (other) => other.kind === "container" && other.containerId === containerId,
    );
    if (isLater || isWaiting) this.#inbox.push(input);
    else this.apply(input);
  }

  #now() {
    return { monoMs: this.#nowMs, wallMs: 1_000_000 + this.#nowMs };
  }
}

function frameworkOf(taskId: TaskId): string {
  return Number(taskId.slice(1, 2)) < 6 ? "f1" : "f2";
}

function pickFrom<T>(items: readonly T[], pick: number): T | undefined {
  return items[pick % Math.max(1, items.length)];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
