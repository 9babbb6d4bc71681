import type { Capability, KnownFramework } from "@bourse/model/framework";
import type { ContainerId, FrameworkId, TaskId } from "@bourse/model/ids";
import { taskKey } from "./checkpoint.ts";
import { Frameworks } from "./frameworks.ts";
import type { AgentCheckpoint, AgentConfig, TaskRef } from "./inputs.ts";
import { type KeptContainer, KeptContainers } from "./kept-containers.ts";
import type { Outbox } from "./outbox.ts";
import { checkpointOf, disarm, entryFrom, isOver, keyOf, type TaskEntry } from "./task-entry.ts";

export interface TaskStoreSnapshot {
  readonly entries: readonly Omit<TaskEntry, "isActive">[];
  readonly frameworks: readonly KnownFramework[];
  readonly kept: readonly KeptContainer[];
}

/** The tasks an agent knows, whose they are, and the containers that it keeps: what is there, not what happens. */
export class TaskStore {
  readonly kept: KeptContainers;
  readonly #outbox: Outbox;
  /** All of them, in the order in which they came. */
  readonly #byContainer = new Map<ContainerId, TaskEntry>();
  /** Those whose container may still do something. */
  #activeCount = 0;
  readonly #byTask = new Map<TaskId, TaskEntry>();
  /** By key: those whose id another framework's task had here first. Ids of frameworks seldom meet on an agent. */
  readonly #namesakes = new Map<string, TaskEntry>();
  readonly #frameworks: Frameworks;

  constructor(config: AgentConfig, outbox: Outbox, from: TaskStoreSnapshot) {
    this.#outbox = outbox;
    this.#frameworks = new Frameworks(outbox, from.frameworks);
    this.kept = new KeptContainers(config, outbox, from.kept);
    for (const entry of from.entries) this.add({ ...entry, isActive: false });
  }

  static startFrom(checkpoint: AgentCheckpoint | null): TaskStoreSnapshot {
    return {
      entries: checkpoint?.tasks.map(entryFrom) ?? [],
      frameworks: checkpoint?.frameworks ?? [],
      kept: [],
    };
  }

  snapshot(): TaskStoreSnapshot {
    return {
      entries: Array.from(this.all(), ({ isActive: _, ...entry }) => entry),
      frameworks: this.#frameworks.known(),
      kept: this.kept.snapshot(),
    };
  }

  checkpointed(): Pick<AgentCheckpoint, "frameworks" | "tasks"> {
    return {
      frameworks: this.#frameworks.known(),
      tasks: Array.from(this.all(), checkpointOf),
    };
  }

  get size(): number {
    return this.#byContainer.size;
  }

  /** No task has a container any more. */
  get isIdle(): boolean {
    return this.#activeCount === 0;
  }

  all(): IterableIterator<TaskEntry> {
    return this.#byContainer.values();
  }

  frameworks(): readonly KnownFramework[] {
    return this.#frameworks.known();
  }

  hasCapability(frameworkId: FrameworkId, capability: Capability): boolean {
    return this.#frameworks.hasCapability(frameworkId, capability);
  }

  get({ frameworkId, taskId }: TaskRef): TaskEntry | undefined {
    const entry = this.#byTask.get(taskId);
    if (entry?.frameworkId === frameworkId) return entry;
    if (this.#namesakes.size === 0) return undefined;
    return this.#namesakes.get(taskKey(frameworkId, taskId));
  }

  byContainer(containerId: ContainerId): TaskEntry | undefined {
    const entry = this.#byContainer.get(containerId);
    return entry?.isActive === true ? entry : undefined;
  }

  /** Where the logs of a task are, also of one that ended and is kept. */
  containerOf(ref: TaskRef): ContainerId | null {
    return this.get(ref)?.containerId ?? this.kept.of(ref);
  }

  learn(framework: KnownFramework): void {
    this.#frameworks.learn(framework);
  }

  add(entry: TaskEntry): void {
    const { taskId } = entry.task;
    this.#byContainer.set(entry.containerId, entry);
    if (this.#byTask.has(taskId)) this.#namesakes.set(keyOf(entry), entry);
    else this.#byTask.set(taskId, entry);
    this.#frameworks.count(entry.frameworkId, 1);
    if (isOver(entry)) return;
    entry.isActive = true;
    this.#activeCount += 1;
  }

  /** Its container has ended, or never was: what it still says means nothing. */
  detach(entry: TaskEntry): void {
    if (!entry.isActive) return;
    entry.isActive = false;
    this.#activeCount -= 1;
  }

  forget(entry: TaskEntry): void {
    const { containerId, frameworkId, task } = entry;
    this.detach(entry);
    disarm(entry);
    this.#byContainer.delete(containerId);
    if (this.#byTask.get(task.taskId) === entry) this.#byTask.delete(task.taskId);
    else this.#namesakes.delete(keyOf(entry));
    this.#outbox.persist({ kind: "forget-task", frameworkId, taskId: task.taskId });
    this.#frameworks.count(frameworkId, -1);
  }
}
