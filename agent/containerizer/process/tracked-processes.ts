import { setTimeout as delay } from "node:timers/promises";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerEvent, FoundContainer } from "@bourse/task/inputs";
import type { ContainerizerOptions } from "../containerizer.ts";
import { exitText } from "../exit-text.ts";
import type { VolumeMountPoint } from "../volume-mounts.ts";
import type { ContainerDirectory, Observed } from "./container-directory.ts";
import { bootId, type ProcessIdentity, signalSession } from "./proc.ts";
import type { StartedShim } from "./start-shim.ts";
import type { TaskUser } from "./task-user.ts";

export interface ProcessEntry {
  readonly containerId: ContainerId;
  readonly directory: ContainerDirectory;
  phase: "starting" | "running" | "ended" | "failed";
  leader: ProcessIdentity | null;
  /** Null after an adoption: then the process itself is asked. */
  environment: ReadonlyMap<string, string> | null;
  isAbandoned: boolean;
  /** When the grace of the stops asked for so far runs out; Infinity before any. */
  killAtMs: number;
  /** Resolves when nothing of it runs any more. */
  readonly ended: Promise<void>;
  readonly resolveEnded: () => void;
}

/** How soon the end of a container is noticed whose shim is not this process's child. */
const POLL_INTERVAL_MS = 100;
/** A shim that has not begun within this time never will: the machine is out of processes. */
const START_LIMIT_MS = 10_000;
const START_POLL_MS = 5;
/** After SIGKILL, for processes that were forked while the signals were sent. */
const KILL_AGAIN_MS = 1_000;

/** What this agent knows of each of its processes, and how their ends are noticed. */
export class TrackedProcesses {
  readonly #options: ContainerizerOptions;
  readonly #entries = new Map<ContainerId, ProcessEntry>();
  #isClosed = false;

  constructor(options: ContainerizerOptions) {
    this.#options = options;
  }

  get(containerId: ContainerId): ProcessEntry | undefined {
    return this.#entries.get(containerId);
  }

  running(): readonly ProcessEntry[] {
    return [...this.#entries.values()].filter(({ phase }) => phase === "running");
  }

  add(containerId: ContainerId, directory: ContainerDirectory): ProcessEntry {
    let resolveEnded = () => {};
    const ended = new Promise<void>((resolve) => {
      resolveEnded = resolve;
    });
    const entry: ProcessEntry = {
      containerId,
      directory,
      phase: "starting",
      leader: null,
      environment: null,
      isAbandoned: false,
      killAtMs: Number.POSITIVE_INFINITY,
      ended,
      resolveEnded,
    };
    this.#entries.set(containerId, entry);
    return entry;
  }

  delete(containerId: ContainerId): void {
    this.#entries.delete(containerId);
  }

  emit(containerId: ContainerId, event: ContainerEvent): void {
    if (!this.#isClosed) this.#options.onEvent(containerId, event);
  }

  close(): void {
    this.#isClosed = true;
  }

  async createDirectory(
    launch: ContainerLaunch,
    { directory }: ProcessEntry,
    user: TaskUser,
    volumes: readonly VolumeMountPoint[],
  ): Promise<void> {
    const record = {
      containerId: launch.containerId,
      taskId: launch.taskId,
      bootId: await bootId(),
      ...(launch.command.user === undefined ? {} : { user: launch.command.user }),
    };
    await directory.create(record, user, volumes);
  }

  /** The shim was started; waits until it has written whom it runs. */
  async started(entry: ProcessEntry, shim: StartedShim): Promise<void> {
    const observed = await this.#untilBegun(entry);
    this.#run(entry, observed);
    // Told at once when it comes from a child. Should somebody have killed the shim, the task may still run.
    void shim.ended.then(() => this.#settle(entry)).then(() => this.#poll(entry));
  }

  fail(entry: ProcessEntry, message: string): void {
    entry.phase = "failed";
    entry.resolveEnded();
    this.emit(entry.containerId, { kind: "launch-failed", message });
  }

  /** SIGTERM to the whole session, SIGKILL when the grace is over, and again until nothing is left. */
  stop(entry: ProcessEntry, graceMs: number): void {
    if (entry.phase === "starting") entry.isAbandoned = true;
    if (entry.phase !== "running" || entry.leader === null) return;
    const killAtMs = performance.now() + graceMs;
    if (graceMs > 0) void signalSession(entry.leader, "SIGTERM");
    if (killAtMs >= entry.killAtMs) return;
    entry.killAtMs = killAtMs;
    void this.#killAt(entry, entry.leader, killAtMs);
  }

  /** Takes over what an earlier agent of this directory left; empty when there is nothing to take over. */
  async adopt(directory: ContainerDirectory): Promise<readonly FoundContainer[]> {
    const record = await directory.launchRecord();
    if (record === null || (await this.#neverBegins(directory, record.containerId))) {
      await directory.delete();
      return [];
    }
    const { containerId } = record;
    const known = this.#entries.get(containerId);
    if (known?.phase === "starting" || known?.phase === "failed") return [];
    const entry = known ?? this.add(containerId, directory);
    const observed = await directory.observe();
    if (known === undefined) {
      if (observed.kind === "running") this.#watchAdopted(entry, observed.leader);
      else this.#close(entry);
    }
    if (observed.kind === "running") {
      return [{ containerId, state: { kind: "running", statusPayload: this.#status(entry) } }];
    }
    return [{ containerId, state: exitOf(observed) }];
  }

  /** True when no shim has begun and, by taking its place, none ever will. */
  async #neverBegins(directory: ContainerDirectory, containerId: ContainerId): Promise<boolean> {
    if (this.#entries.has(containerId)) return false;
    if (await directory.claim()) return true;
    const deadlineMs = performance.now() + START_LIMIT_MS;
    while ((await directory.observe()).kind === "not-started") {
      if (performance.now() > deadlineMs) return true;
      await delay(START_POLL_MS);
    }
    return false;
  }

  async #untilBegun({ directory }: ProcessEntry): Promise<Observed> {
    const deadlineMs = performance.now() + START_LIMIT_MS;
    while (performance.now() < deadlineMs) {
      const observed = await directory.observe();
      if (observed.kind !== "not-started") return observed;
      await delay(START_POLL_MS);
    }
    throw new Error(`the task's shim did not begin within ${START_LIMIT_MS / 1000} s`);
  }

  #run(entry: ProcessEntry, observed: Observed): void {
    entry.phase = "running";
    if (observed.kind === "running") entry.leader = observed.leader;
    this.emit(entry.containerId, { kind: "started", statusPayload: this.#status(entry) });
    if (entry.isAbandoned) this.stop(entry, 0);
  }

  #watchAdopted(entry: ProcessEntry, leader: ProcessIdentity): void {
    entry.phase = "running";
    entry.leader = leader;
    void this.#poll(entry);
  }

  async #poll(entry: ProcessEntry): Promise<void> {
    while (entry.phase === "running" && !this.#isClosed) {
      await delay(POLL_INTERVAL_MS, undefined, { ref: false });
      await this.#settle(entry);
    }
  }

  /** Reports the end if it has come. */
  async #settle(entry: ProcessEntry): Promise<void> {
    const observed = await entry.directory.observe();
    // Two looks may have been under way.
    if (entry.phase !== "running" || observed.kind === "running") return;
    this.#close(entry);
    this.emit(entry.containerId, exitOf(observed));
  }

  #close(entry: ProcessEntry): void {
    entry.phase = "ended";
    entry.resolveEnded();
  }

  async #killAt(entry: ProcessEntry, leader: ProcessIdentity, killAtMs: number): Promise<void> {
    await delay(Math.max(0, killAtMs - performance.now()), undefined, { ref: false });
    // A later stop may have asked for an earlier end and has its own timer.
    while (entry.phase === "running" && !this.#isClosed && entry.killAtMs === killAtMs) {
      await signalSession(leader, "SIGKILL");
      await Promise.race([entry.ended, delay(KILL_AGAIN_MS, undefined, { ref: false })]);
    }
  }

  #status({ containerId, leader }: ProcessEntry): Uint8Array {
    const pid = leader === null ? {} : { pid: leader.pid };
    return this.#options.encodeStatus({ containerId, ipAddresses: [], ...pid });
  }
}

function exitOf(observed: Observed): Extract<ContainerEvent, { kind: "exited" }> {
  const exitCode = observed.kind === "ended" ? observed.exitCode : undefined;
  const message =
    exitCode === undefined
      ? "the machine or the task's shim went down: how the task ended is not known"
      : exitText(exitCode);
  return {
    kind: "exited",
    isOutOfMemory: false,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(message === undefined ? {} : { message }),
  };
}
