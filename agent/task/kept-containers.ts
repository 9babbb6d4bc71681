import type { ContainerId } from "@bourse/model/ids";
import type { AgentConfig, TaskRef } from "./inputs.ts";
import type { Outbox } from "./outbox.ts";

/** An ended container that is kept for its logs. `task` is unknown for one found without labels of a task. */
export interface KeptContainer {
  readonly containerId: ContainerId;
  readonly task: TaskRef | null;
  readonly removeAtMs: number;
}

/**
 * Ended containers, oldest first: each is removed after a while, and the oldest sooner when there are too many
 * (FEATURES M-62, N-19). They are found again by their labels after a restart, so nothing is checkpointed.
 */
export class KeptContainers {
  readonly #config: AgentConfig;
  readonly #outbox: Outbox;
  readonly #kept: Map<ContainerId, KeptContainer>;

  constructor(config: AgentConfig, outbox: Outbox, kept: readonly KeptContainer[]) {
    this.#config = config;
    this.#outbox = outbox;
    this.#kept = new Map(kept.map((container) => [container.containerId, container]));
  }

  snapshot(): readonly KeptContainer[] {
    return [...this.#kept.values()];
  }

  add(nowMs: number, containerId: ContainerId, task: TaskRef | null): void {
    const removeAtMs = nowMs + this.#config.removeDelayMs;
    this.#kept.set(containerId, { containerId, task, removeAtMs });
    if (this.#kept.size > this.#config.endedContainersMax) this.#removeOldest();
  }

  /** The newest container of a task that ended. */
  of({ frameworkId, taskId }: TaskRef): ContainerId | null {
    let newest: ContainerId | null = null;
    for (const { containerId, task } of this.#kept.values()) {
      if (task?.taskId === taskId && task.frameworkId === frameworkId) newest = containerId;
    }
    return newest;
  }

  removeDue(nowMs: number): void {
    while (this.nextMs() <= nowMs) this.#removeOldest();
  }

  removeAll(): void {
    while (this.#kept.size > 0) this.#removeOldest();
  }

  /** All wait equally long, so the first to come is the first to go. */
  nextMs(): number {
    if (this.#kept.size === 0) return Number.POSITIVE_INFINITY; // Asked after every input.
    for (const { removeAtMs } of this.#kept.values()) return removeAtMs;
    return Number.POSITIVE_INFINITY;
  }

  #removeOldest(): void {
    for (const containerId of this.#kept.keys()) {
      this.#kept.delete(containerId);
      this.#outbox.act({ kind: "remove", containerId });
      return;
    }
  }
}
