import { present } from "@bourse/model/assert";
import type { KnownFramework } from "@bourse/model/framework";
import type { AgentId, ContainerId, FrameworkId, SessionId, UpdateUuid } from "@bourse/model/ids";
import type { Now } from "@bourse/model/now";
import { Random } from "@bourse/model/random";
import type { Resources } from "@bourse/model/resources";
import { isSilent } from "./checkpoint.ts";
import type { KillCause } from "./effects.ts";
import { type Ended, endingOf, type StatusFacts } from "./ending.ts";
import { judgeHealth, startHealth } from "./health.ts";
import type {
  AgentCheckpoint,
  AgentConfig,
  ContainerEvent,
  LaunchedTask,
  TaskRef,
} from "./inputs.ts";
import { hasRun, mayMove } from "./life-cycle.ts";
import type { Outbox } from "./outbox.ts";
import { isOver, keyOf, launchOf, newEntry, type TaskEntry } from "./task-entry.ts";
import { TaskStore, type TaskStoreSnapshot } from "./task-store.ts";
import { type Timer, type TimerKind, Timers, type TimersSnapshot } from "./timers.ts";
import { UpdateStream } from "./update-stream.ts";
import { validateLaunch } from "./validate-launch.ts";

export interface TasksSnapshot {
  readonly store: TaskStoreSnapshot;
  readonly timers: TimersSnapshot;
  readonly updates: ReturnType<UpdateStream["snapshot"]>;
  readonly containerRandom: readonly number[];
}

/** The tasks of an agent: launches, kills and events move them through their life cycle. */
export class Tasks {
  readonly store: TaskStore;
  readonly #config: AgentConfig;
  readonly #outbox: Outbox;
  readonly #timers: Timers<TaskEntry>;
  readonly #updates: UpdateStream;
  readonly #containerRandom: Random;

  constructor(config: AgentConfig, outbox: Outbox, from: TasksSnapshot) {
    this.#config = config;
    this.#outbox = outbox;
    this.store = new TaskStore(config, outbox, from.store);
    const owners = new Map<string, TaskEntry>();
    for (const entry of from.timers.waiting.length === 0 ? [] : this.store.all())
      owners.set(keyOf(entry), entry);
    this.#timers = Timers.restore(from.timers, (key) => present(owners.get(key), "a timer's task"));
    this.#updates = new UpdateStream({
      config,
      outbox,
      timers: this.#timers,
      random: Random.restore(from.updates.random),
      session: from.updates.session,
    });
    this.#containerRandom = Random.restore(from.containerRandom);
  }

  /** The state an agent starts with: what it had checkpointed; `recover` then looks at the containers. */
  static startFrom(checkpoint: AgentCheckpoint | null, random: Random): TasksSnapshot {
    return {
      store: TaskStore.startFrom(checkpoint),
      timers: { sequence: 0, waiting: [] },
      updates: { session: null, random: random.fork("updates").snapshot() },
      containerRandom: random.fork("containers").snapshot(),
    };
  }

  snapshot(): TasksSnapshot {
    return {
      store: this.store.snapshot(),
      timers: this.#timers.snapshot(isWanted, keyOf),
      updates: this.#updates.snapshot(),
      containerRandom: this.#containerRandom.snapshot(),
    };
  }

  linkUp(now: Now, session: SessionId): void {
    this.#updates.linkUp(now, session, this.store.all());
  }

  linkDown(): void {
    this.#updates.linkDown();
  }

  /** A task that is known already is a launch sent twice, over a session that broke between: it stays as it is. */
  launch(
    now: Now,
    framework: KnownFramework,
    launched: LaunchedTask,
    here: { readonly agentId: AgentId; readonly total: Resources },
  ): void {
    const { frameworkId } = framework;
    const { task } = launched;
    if (this.store.get({ frameworkId, taskId: task.taskId }) !== undefined) return;
    this.store.learn(framework);
    const problem = validateLaunch(launched, here);
    const run = "refusal" in launched.run || problem !== null ? null : launched.run;
    const containerId = this.#containerRandom.hex(8);
    const launchedAtMs = now.wallMs;
    this.#outbox.persist({ kind: "task", frameworkId, task, run, containerId, launchedAtMs });
    const entry = newEntry({ frameworkId, task, run, containerId, launchedAtMs });
    this.store.add(entry);
    this.start(now, entry, problem ?? undefined);
  }

  /** Starts the container of a task that never had one. */
  start(now: Now, entry: TaskEntry, problem = "its payload could not be decoded"): void {
    if (entry.run === null) {
      this.store.detach(entry);
      this.#move(now, entry, {
        state: "TASK_ERROR",
        source: "SOURCE_AGENT",
        reason: "REASON_TASK_INVALID",
        message: problem,
      });
      return;
    }
    this.#outbox.act({ kind: "launch", container: launchOf(entry, entry.run) });
  }

  /** False when there is no such task. Without a grace the task's own applies. */
  kill(now: Now, ref: TaskRef, gracePeriodMs: number | undefined): boolean {
    const entry = this.store.get(ref);
    if (entry === undefined) return false;
    this.#kill(now, entry, "requested", gracePeriodMs ?? entry.run?.killGraceMs ?? 0);
    return true;
  }

  acknowledge(now: Now, ref: TaskRef, uuid: UpdateUuid): void {
    const entry = this.store.get(ref);
    if (entry === undefined || !this.#updates.acknowledge(now, entry, uuid)) return;
    if (entry.pending.length === 0 && isOver(entry)) this.store.forget(entry);
  }

  /** The framework is gone for good: its tasks end in silence. */
  removeFramework(now: Now, frameworkId: FrameworkId): void {
    for (const entry of [...this.store.all()]) {
      if (entry.frameworkId === frameworkId) this.#endSilently(now, entry, "framework-removed");
    }
  }

  /** The agent is gone for good. */
  removeAll(now: Now): void {
    for (const entry of [...this.store.all()]) this.#endSilently(now, entry, "agent-removed");
  }

  containerEvent(now: Now, containerId: ContainerId, event: ContainerEvent): void {
    const entry = this.store.byContainer(containerId);
    if (entry === undefined) return;
    switch (event.kind) {
      case "starting":
        if (entry.killCause !== null) return;
        this.#move(now, entry, { state: "TASK_STARTING", source: "SOURCE_EXECUTOR" });
        return;
      case "started":
        this.started(now, entry, event.statusPayload);
        return;
      case "launch-failed":
      case "exited":
        this.end(now, entry, event);
    }
  }

  health(now: Now, containerId: ContainerId, isHealthy: boolean, message: string): void {
    const entry = this.store.byContainer(containerId);
    const spec = entry?.run?.healthCheck;
    if (entry === undefined || spec === undefined || entry.latest.state !== "TASK_RUNNING") return;
    if (entry.killCause !== null) return;
    const verdict = judgeHealth(entry.health, spec, { nowMs: now.monoMs, isHealthy });
    entry.health = verdict.record;
    if (!verdict.isReported) return;
    this.#move(now, entry, {
      state: "TASK_RUNNING",
      source: "SOURCE_EXECUTOR",
      reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED",
      isHealthy,
      ...(message === "" ? {} : { message }),
    });
    if (verdict.mustKill) this.#kill(now, entry, "unhealthy", entry.run?.killGraceMs ?? 0);
  }

  /** The container runs: from here on it is checked and its time to complete counts. */
  started(now: Now, entry: TaskEntry, payload: Uint8Array): void {
    entry.hasStarted = true;
    if (entry.killCause !== null) return;
    const source = "SOURCE_EXECUTOR";
    entry.runningSinceMs ??= now.wallMs;
    if (!hasRun(entry.latest.state))
      this.#move(now, entry, { state: "TASK_RUNNING", source, payload });
    const { containerId, run } = entry;
    if (run?.healthCheck !== undefined) {
      entry.health = startHealth(entry.health, run.healthCheck, now.monoMs);
      this.#outbox.act({ kind: "check", containerId, healthCheck: run.healthCheck });
    }
    if (run?.maxCompletionMs !== undefined) {
      const ranMs = Math.max(0, now.wallMs - entry.runningSinceMs);
      entry.completionAtMs = now.monoMs + Math.max(0, run.maxCompletionMs - ranMs);
      this.#timers.add(entry.completionAtMs, "completion", entry);
    }
  }

  end(now: Now, entry: TaskEntry, ended: Ended): void {
    const { containerId, frameworkId, task } = entry;
    this.store.detach(entry);
    this.#disarm(entry);
    this.store.kept.add(now.monoMs, containerId, { frameworkId, taskId: task.taskId });
    if (isSilent(entry.killCause)) {
      this.store.forget(entry);
      return;
    }
    this.#move(now, entry, endingOf(ended, entry));
  }

  /** Tells the container to stop and looks again later whether it did. */
  stop(now: Now, entry: TaskEntry, gracePeriodMs: number): void {
    const { containerId } = entry;
    this.#outbox.act({ kind: "stop", containerId, gracePeriodMs });
    entry.killAtMs = now.monoMs + gracePeriodMs + this.#config.killRetryMs;
    this.#timers.add(entry.killAtMs, "kill", entry);
  }

  wake(now: Now): void {
    for (;;) {
      const timer = this.#timers.takeDue(now.monoMs, isWanted);
      if (timer === null) break;
      this.#ring(now, timer);
    }
    this.store.kept.removeDue(now.monoMs);
  }

  nextMs(): number {
    if (this.#timers.size > 64 + 4 * this.store.size) this.#timers.compact(isWanted);
    return Math.min(this.#timers.nextMs(isWanted), this.store.kept.nextMs());
  }

  #ring(now: Now, { kind, owner: entry }: Timer<TaskEntry>): void {
    switch (kind) {
      case "retry":
        this.#updates.retry(now, entry);
        return;
      case "kill":
        this.stop(now, entry, 0);
        return;
      case "completion":
        entry.completionAtMs = Number.POSITIVE_INFINITY;
        this.#kill(now, entry, "max-completion", 0); // Without grace, as Mesos does: it had its time.
    }
  }

  #kill(now: Now, entry: TaskEntry, cause: KillCause, gracePeriodMs: number): void {
    const { containerId, frameworkId, task } = entry;
    if (this.store.byContainer(containerId) === undefined) return;
    if (entry.killCause === null) {
      this.#outbox.persist({ kind: "kill", frameworkId, taskId: task.taskId, cause });
      this.#disarm(entry);
      entry.killCause = cause;
      const isTold = this.store.hasCapability(frameworkId, "TASK_KILLING_STATE");
      if (isTold && mayMove(entry.latest.state, "TASK_KILLING")) {
        const isHealthy = cause === "unhealthy" ? { isHealthy: false } : {};
        this.#move(now, entry, { state: "TASK_KILLING", source: "SOURCE_EXECUTOR", ...isHealthy });
      }
    }
    this.stop(now, entry, gracePeriodMs);
  }

  #endSilently(now: Now, entry: TaskEntry, cause: KillCause): void {
    const { containerId, frameworkId, task } = entry;
    if (this.store.byContainer(containerId) === undefined) {
      this.store.forget(entry);
      return;
    }
    if (isSilent(entry.killCause)) return;
    this.#outbox.persist({ kind: "kill", frameworkId, taskId: task.taskId, cause });
    this.#disarm(entry);
    entry.killCause = cause;
    entry.pending = [];
    this.stop(now, entry, entry.run?.killGraceMs ?? 0);
  }

  #move(now: Now, entry: TaskEntry, facts: StatusFacts): void {
    if (mayMove(entry.latest.state, facts.state)) this.#updates.enqueue(now, entry, facts);
  }

  /** Nothing more is asked of this container by itself. */
  #disarm(entry: TaskEntry): void {
    const isChecked = entry.run?.healthCheck !== undefined && entry.killCause === null;
    entry.killAtMs = Number.POSITIVE_INFINITY;
    entry.completionAtMs = Number.POSITIVE_INFINITY;
    if (isChecked && hasRun(entry.latest.state)) {
      this.#outbox.act({ kind: "stop-check", containerId: entry.containerId });
    }
  }
}

const TIMER_FIELDS = {
  retry: "retryAtMs",
  kill: "killAtMs",
  completion: "completionAtMs",
} as const satisfies Record<TimerKind, keyof TaskEntry>;

/** The entry knows which of its timers counts; one that was forgotten has none. */
function isWanted({ dueMs, kind, owner }: Timer<TaskEntry>): boolean {
  return dueMs === owner[TIMER_FIELDS[kind]];
}
