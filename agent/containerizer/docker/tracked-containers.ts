import { setTimeout as delay } from "node:timers/promises";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerEvent, FoundContainer } from "@bourse/task/inputs";
import type Docker from "dockerode";
import type { ContainerInfo, ContainerInspectInfo } from "dockerode";
import type { ContainerizerOptions } from "../containerizer.ts";
import type { EngineContainers } from "./engine-containers.ts";
import { engineErrorKind } from "./engine-error.ts";
import { containerIdOf } from "./labels.ts";
import { type ExitEvent, exitOf, hasEnded, statusOf, unknownExit } from "./observed-state.ts";

export interface Entry {
  /** `failed`: it was reported as never having run, so should it exist after all, it is removed. */
  phase: "starting" | "running" | "ended" | "failed";
  /** The engine's id; null before the container exists. */
  dockerId: string | null;
  /** Aborted when the launch is not wanted any more. */
  readonly abandoned: AbortController;
  isRemovalWanted: boolean;
}

/** A stop call that takes this much longer than its grace hangs and is made again (FEATURES M-61). */
const STOP_HANGS_MS = 5_000;
const STOP_RETRY_MS = 1_000;

/** What this agent knows of each of its containers, and how that is kept true to the engine. */
export class TrackedContainers {
  readonly #engine: EngineContainers;
  readonly #options: ContainerizerOptions;
  readonly #entries = new Map<ContainerId, Entry>();
  readonly #deleteSandbox: (containerId: ContainerId) => Promise<void>;
  #isClosed = false;

  constructor(
    engine: EngineContainers,
    options: ContainerizerOptions,
    deleteSandbox: (containerId: ContainerId) => Promise<void>,
  ) {
    this.#engine = engine;
    this.#options = options;
    this.#deleteSandbox = deleteSandbox;
  }

  get(containerId: ContainerId): Entry | undefined {
    return this.#entries.get(containerId);
  }

  add(containerId: ContainerId, known: Pick<Entry, "phase" | "dockerId">): Entry {
    const entry = { ...known, abandoned: new AbortController(), isRemovalWanted: false };
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

  /** The container has started. Its end may have come before this call did. */
  async started(containerId: ContainerId, entry: Entry, info: ContainerInspectInfo): Promise<void> {
    entry.phase = "running";
    const statusPayload = statusOf(containerId, info, this.#options.encodeStatus);
    this.emit(containerId, { kind: "started", statusPayload });
    if (entry.abandoned.signal.aborted) void this.stop(containerId, entry, 0);
    await this.settle(containerId);
  }

  /** SIGTERM (or the image's own stop signal), grace, SIGKILL, by the engine; again until it has worked. */
  async stop(containerId: ContainerId, entry: Entry, graceMs: number): Promise<void> {
    let seconds = Math.ceil(graceMs / 1000);
    while (entry.phase === "running" && entry.dockerId !== null && !this.#isClosed) {
      const container = this.#engine.get(entry.dockerId);
      const limit = AbortSignal.timeout(seconds * 1000 + STOP_HANGS_MS);
      try {
        const options: Docker.ContainerStopOptions = { t: seconds, abortSignal: limit };
        await container.stop(options);
      } catch (thrown) {
        if (limit.aborted) {
          this.#options.onNotice?.(`stopping container ${containerId} hangs; it is killed now`);
          await container.kill({ signal: "SIGKILL" }).catch(() => {});
        }
        if (limit.aborted || engineErrorKind(thrown) !== "away") seconds = 0;
      }
      await this.settle(containerId);
      if (entry.phase === "running") await delay(STOP_RETRY_MS, undefined, { ref: false });
    }
  }

  /** Asks the engine how a running container is and reports its end. Without an answer the watch asks later. */
  async settle(containerId: ContainerId): Promise<void> {
    const entry = this.#entries.get(containerId);
    if (entry?.phase !== "running" || entry.dockerId === null) return;
    let exit: ExitEvent;
    try {
      const info = await this.#engine.get(entry.dockerId).inspect();
      if (!hasEnded(info)) return;
      exit = exitOf(info);
    } catch (thrown) {
      if (engineErrorKind(thrown) !== "not-found") return;
      exit = unknownExit("the container was removed");
    }
    this.#end(containerId, entry, exit);
  }

  /** Compares what the engine has with what is known here, and carries out what could not be done before. */
  async synchronize(): Promise<void> {
    const running = [...this.#entries].filter(([, { phase }]) => phase === "running");
    const alive = new Set<string>();
    for (const info of await this.#engine.list()) {
      if (info.State !== "exited" && info.State !== "dead") alive.add(info.Id);
      await this.#sweep(info);
    }
    for (const [containerId, { dockerId }] of running) {
      if (dockerId === null || !alive.has(dockerId)) await this.settle(containerId);
    }
  }

  /** The container is gone from the engine: nothing of it stays. */
  async forget(containerId: ContainerId): Promise<void> {
    const entry = this.#entries.get(containerId);
    if (entry?.phase === "running") {
      this.#end(containerId, entry, unknownExit("the container was removed"));
    }
    await this.#deleteSandbox(containerId);
    this.#entries.delete(containerId);
  }

  /** Takes over a container that an earlier agent of this owner left; empty when there is nothing to take over. */
  async adopt({ Id, Labels, State }: ContainerInfo): Promise<readonly FoundContainer[]> {
    const containerId = containerIdOf(Labels);
    if (containerId === null || this.#entries.get(containerId)?.phase === "failed") return [];
    if (State === "created" && !this.#entries.has(containerId)) {
      // The agent ended between creating and starting it: no task has run in it.
      await this.#engine.discard(Id);
      return [];
    }
    try {
      const info = await this.#engine.get(Id).inspect();
      const isRunning = !hasEnded(info);
      if (!this.#entries.has(containerId)) {
        this.add(containerId, { phase: isRunning ? "running" : "ended", dockerId: Id });
      }
      if (!isRunning) return [{ containerId, state: exitOf(info) }];
      const statusPayload = statusOf(containerId, info, this.#options.encodeStatus);
      return [{ containerId, state: { kind: "running", statusPayload } }];
    } catch (thrown) {
      if (engineErrorKind(thrown) === "not-found") return [];
      throw thrown;
    }
  }

  #end(containerId: ContainerId, entry: Entry, exit: ExitEvent): void {
    // Two inspections may have been under way.
    if (entry.phase !== "running") return;
    entry.phase = "ended";
    this.emit(containerId, exit);
  }

  /** Removes a container that should not be there any more. */
  async #sweep({ Id, Labels }: ContainerInfo): Promise<void> {
    const containerId = containerIdOf(Labels);
    const entry = containerId === null ? undefined : this.#entries.get(containerId);
    if (containerId === null || entry === undefined) return;
    if (!entry.isRemovalWanted && entry.phase !== "failed") return;
    await this.#engine.discard(Id);
    if (entry.isRemovalWanted) await this.forget(containerId);
  }
}
