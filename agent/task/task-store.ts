import type { Capability, KnownFramework } from "@bourse/model/framework";
import type { ContainerId, FrameworkId } from "@bourse/model/ids";
import { taskKey } from "./checkpoint.ts";
import { Frameworks } from "./frameworks.ts";
import type { AgentCheckpoint, AgentConfig, TaskRef } from "./inputs.ts";
import { type KeptContainer, KeptContainers } from "./kept-containers.ts";
import type { Outbox } from "./outbox.ts";
import { checkpointOf, entryFrom, isOver, type TaskEntry } from "./task-entry.ts";

export interface TaskStoreSnapshot {
  readonly entries: readonly TaskEntry[];
  readonly frameworks: readonly KnownFramework[];
  readonly kept: readonly KeptContainer[];
}

/** The tasks an agent knows, whose they are, and the containers that it keeps: what is there, not what happens. */
export class TaskStore {
  readonly kept: KeptContainers;
  readonly #outbox: Outbox;
  readonly #entries = new Map<string, TaskEntry>();
  /** Tasks whose container may still do something. */
  readonly #byContainer = new Map<ContainerId, TaskEntry>();
  readonly #frameworks: Frameworks;

  constructor(config: AgentConfig, outbox: Outbox, from: TaskStoreSnapshot) {
    this.#outbox = outbox;
    this.#frameworks = new Frameworks(outbox, from.frameworks);
    this.kept = new KeptContainers(config, outbox, from.kept);
    for (const entry of from.entries) this.add({ ...entry });
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
      entries: Array.from(this.#entries.values(), (entry) => ({ ...entry })),
      frameworks: this.#frameworks.known(),
      kept: this.kept.snapshot(),
    };
  }

  checkpointed(): Pick<AgentCheckpoint, "frameworks" | "tasks"> {
    return {
      frameworks: this.#frameworks.known(),
      tasks: Array.from(this.#entries.values(), checkpointOf),
    };
  }

  get size(): number {
    return this.#entries.size;
  }

  /** No task has a container any more. */
  get isIdle(): boolean {
    return this.#byContainer.size === 0;
  }

  all(): IterableIterator<TaskEntry> {
    return this.#entries.values();
  }

  frameworks(): readonly KnownFramework[] {
    return this.#frameworks.known();
  }

  hasCapability(frameworkId: FrameworkId, capability: Capability): boolean {
    return this.#frameworks.hasCapability(frameworkId, capability);
  }

  get({ frameworkId, taskId }: TaskRef): TaskEntry | undefined {
    return this.#entries.get(taskKey(frameworkId, taskId));
  }

  byKey(key: string): TaskEntry | undefined {
    return this.#entries.get(key);
  }

  byContainer(containerId: ContainerId): TaskEntry | undefined {
    return this.#byContainer.get(containerId);
  }

  /** Where the logs of a task are, also of one that ended and is kept. */
  containerOf(ref: TaskRef): ContainerId | null {
    return this.get(ref)?.containerId ?? this.kept.of(ref);
  }

  learn(framework: KnownFramework): void {
    this.#frameworks.learn(framework);
  }

  add(entry: TaskEntry): void {
    this.#entries.set(entry.key, entry);
    this.#frameworks.count(entry.frameworkId, 1);
    if (!isOver(entry)) this.#byContainer.set(entry.containerId, entry);
  }

  /** Its container has ended, or never was: what it still says means nothing. */
  detach({ containerId }: TaskEntry): void {
    this.#byContainer.delete(containerId);
  }

  forget(entry: TaskEntry): void {
    const { frameworkId, task } = entry;
    this.#entries.delete(entry.key);
    this.#outbox.persist({ kind: "forget-task", frameworkId, taskId: task.taskId });
    this.#frameworks.count(frameworkId, -1);
  }
}
