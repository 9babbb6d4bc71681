import type { MasterToAgent } from "@bourse/model/agent-messages";
import type { FrameworkInfo } from "@bourse/model/framework";
import { addAll, contains, type Resources, subtract } from "@bourse/model/resources";
import type { TaskInfo, TaskStatus } from "@bourse/model/task";
import { isTerminal, type TaskState } from "@bourse/model/task-state";
import { agentInfo } from "./builders.ts";
import { FakeOperations } from "./fake-operations.ts";
import type { TestInput } from "./world.ts";

/** What fake peers share: the way to the master, and numbers that are given out once. */
export interface Surroundings {
  send(input: TestInput): void;
  nextSession(): number;
  nextUuid(): string;
  infoOf(frameworkId: string): FrameworkInfo;
}

/** A task at an agent: updates not yet acknowledged wait in order, the first is out. */
interface HeldTask {
  readonly frameworkId: string;
  readonly info: TaskInfo;
  state: TaskState;
  readonly pending: TaskStatus[];
}

/** An agent that behaves, on a stream that may be cut or slow. */
export class FakeAgent {
  readonly #around: Surroundings;
  readonly #tasks = new Map<string, HeldTask>();
  readonly #operations: FakeOperations;
  /** What the master sends waits here, in order; lost when the stream breaks. Null = it arrives at once. */
  #inbox: MasterToAgent[] | null = null;
  agentId: string | null = null;
  session: number | null = null;
  /** The stream is dead, but the master does not know it yet: what either side sends is lost. */
  isCut = false;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#operations = new FakeOperations(around);
  }

  /** What it has: dynamic reservations and volumes are durable. */
  get total(): Resources {
    return this.#operations.total;
  }

  /** Whether it did an operation of a framework. */
  hasDone(frameworkId: string, operationId: string): boolean {
    return this.#operations.hasDone(frameworkId, operationId);
  }

  get tasks(): readonly string[] {
    return Array.from(this.#tasks.keys());
  }

  runs(frameworkId: string, taskId: string): boolean {
    const task = this.#tasks.get(`${frameworkId}/${taskId}`);
    return task !== undefined && !isTerminal(task.state);
  }

  connect(): void {
    if (this.session !== null && !this.isCut) return;
    this.forgetSession();
    this.session = this.#around.nextSession();
    this.#introduce(this.session);
    this.resend();
  }

  break(): void {
    const { session } = this;
    this.forgetSession();
    if (session === null) return;
    this.#around.send({ kind: "agent-closed", session, cause: "broken" });
  }

  cut(): void {
    this.isCut = this.session !== null;
  }

  forgetSession(): void {
    this.session = null;
    this.isCut = false;
    this.#inbox = null;
  }

  /** Full state on a stream that is in use, while launches may be on their way. */
  sayAgain(): void {
    if (this.session !== null && !this.isCut) this.#introduce(this.session);
  }

  /** From now on what the master says waits, or what waits is heard. */
  slowDown(isSlow: boolean): void {
    if (this.session === null || this.isCut) return;
    const waiting = this.#inbox ?? [];
    this.#inbox = isSlow ? waiting : null;
    if (!isSlow) for (const message of waiting) this.#hear(message);
  }

  /** A task goes one step on: STAGING, RUNNING, FINISHED. */
  progress(pick: number): void {
    const tasks = Array.from(this.#tasks.values()).filter(({ state }) => !isTerminal(state));
    const task = tasks[pick % Math.max(1, tasks.length)];
    if (task === undefined) return;
    this.#move(task, task.state === "TASK_STAGING" ? "TASK_RUNNING" : "TASK_FINISHED");
  }

  /** The retry of updates that nobody acknowledged. */
  resend(): void {
    for (const task of Array.from(this.#tasks.values())) this.#sendUpdate(task);
    for (const update of this.#operations.updates) this.#say({ kind: "operation-update", update });
  }

  /** A message from the master on this agent's stream. */
  deliver(message: MasterToAgent): void {
    if (this.isCut) return;
    if (this.#inbox === null) this.#hear(message);
    else this.#inbox.push(message);
  }

  #introduce(session: number): void {
    const { agentId } = this;
    const info = { ...agentInfo(), resources: this.total };
    const send = this.#around.send;
    if (agentId === null) {
      const message = { kind: "register", info, epochSeen: 0 } as const;
      send({ kind: "agent-message", session, message });
      return;
    }
    const tasks = Array.from(this.#tasks.values(), (task) => ({
      frameworkId: task.frameworkId,
      task: task.info,
      latest: task.pending.at(-1) ?? statusOf(task, undefined),
    }));
    const frameworks = Array.from(
      new Set(tasks.map(({ frameworkId }) => frameworkId)),
      (frameworkId) => ({ frameworkId, info: this.#around.infoOf(frameworkId) }),
    );
    const message = {
      kind: "reregister",
      agentId,
      info,
      epochSeen: 0,
      tasks,
      frameworks,
      operations: this.#operations.updates,
    } as const;
    send({ kind: "agent-message", session, message });
  }

  #hear(message: MasterToAgent): void {
    switch (message.kind) {
      case "registered":
        this.agentId = message.agentId;
        return;
      case "reregistered":
        for (const frameworkId of message.unwantedFrameworks) this.#forgetTasks(frameworkId);
        return;
      case "launch": {
        const { frameworkId } = message.framework;
        for (const info of message.tasks) {
          const task: HeldTask = { frameworkId, info, state: "TASK_STAGING", pending: [] };
          const isPossible = contains(this.#free(), info.resources);
          this.#tasks.set(`${frameworkId}/${info.taskId}`, task);
          if (!isPossible) this.#move(task, "TASK_ERROR");
        }
        return;
      }
      case "kill":
        if (!this.runs(message.frameworkId, message.taskId)) return;
        this.#move(this.#taskOf(message), "TASK_KILLED");
        return;
      case "acknowledge":
        this.#acknowledged(message);
        return;
      case "apply-operation": {
        const update = this.#operations.apply(message.operation);
        this.#say({ kind: "operation-update", update });
        return;
      }
      case "acknowledge-operation":
        this.#operations.acknowledged(message.uuid);
        return;
      case "shutdown-framework":
        this.#forgetTasks(message.frameworkId);
        return;
      case "ping":
        this.#say({ kind: "pong", sequence: message.sequence });
        return;
      default:
        return;
    }
  }

  /** What no task uses; a shared volume is always. */
  #free(): Resources {
    const used = Array.from(this.#tasks.values())
      .filter(({ state }) => !isTerminal(state))
      .map(({ info }) => info.resources.filter(({ isShared }) => !isShared));
    return subtract(this.total, addAll(used));
  }

  #acknowledged(message: Extract<MasterToAgent, { kind: "acknowledge" }>): void {
    const key = `${message.frameworkId}/${message.taskId}`;
    const task = this.#tasks.get(key);
    if (task === undefined || task.pending[0]?.uuid !== message.uuid) return;
    task.pending.shift();
    if (task.pending.length === 0 && isTerminal(task.state)) this.#tasks.delete(key);
    else this.#sendUpdate(task);
  }

  #move(task: HeldTask, state: TaskState): void {
    task.state = state;
    task.pending.push(statusOf(task, this.#around.nextUuid()));
    if (task.pending.length === 1) this.#sendUpdate(task);
  }

  #sendUpdate({ frameworkId, pending, state }: HeldTask): void {
    const status = pending[0];
    if (status === undefined) return;
    this.#say({ kind: "update", update: { frameworkId, status, latestState: state } });
  }

  #say(message: Extract<TestInput, { kind: "agent-message" }>["message"]): void {
    const { session } = this;
    if (session === null || this.isCut) return;
    this.#around.send({ kind: "agent-message", session, message });
  }

  #taskOf({ frameworkId, taskId }: { frameworkId: string; taskId: string }): HeldTask {
    return this.#tasks.get(`${frameworkId}/${taskId}`) as HeldTask;
  }

  #forgetTasks(frameworkId: string): void {
    for (const [key, task] of Array.from(this.#tasks)) {
      if (task.frameworkId === frameworkId) this.#tasks.delete(key);
    }
  }
}

function statusOf({ info, state }: HeldTask, uuid: string | undefined): TaskStatus {
  return {
    taskId: info.taskId,
    state,
    source: "SOURCE_EXECUTOR",
    timestampMs: 0,
    ...(uuid !== undefined && { uuid }),
  };
}
