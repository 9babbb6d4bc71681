import { rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { HealthCheckSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { FoundContainer } from "@bourse/task/inputs";
import Docker from "dockerode";
import type {
  CheckResult,
  Containerizer,
  ContainerizerOptions,
  EngineHealth,
  ExecRequest,
  ExecSession,
  LogRequest,
  OutputChunk,
} from "../containerizer.ts";
import { runCheckSession } from "../run-check.ts";
import { containerLogs } from "./container-logs.ts";
import { EngineContainers } from "./engine-containers.ts";
import { engineErrorKind, engineErrorText, engineFailure } from "./engine-error.ts";
import { EngineWatch } from "./engine-watch.ts";
import { openExec } from "./exec-session.ts";
import type { RegistryCredentials } from "./image-store.ts";
import { isDuplicate, Launcher } from "./launcher.ts";
import { unknownExit } from "./observed-state.ts";
import { type Entry, TrackedContainers } from "./tracked-containers.ts";

export interface DockerContainerizerOptions extends ContainerizerOptions {
  /** Names this agent's installation on this host; see `LABELS.owner`. */
  readonly owner: string;
  readonly cluster?: string;
  /** A directory of the engine's host. */
  readonly sandboxRoot: string;
  /** Default: as the environment says (DOCKER_HOST), else the usual socket. */
  readonly docker?: Docker;
  readonly credentials?: RegistryCredentials;
  /** Address that port mappings listen on; default all. */
  readonly publishAddress?: string;
  readonly pullStallMs?: number;
  readonly logBounds?: { readonly maxSize: string; readonly maxFile: number };
  /** How long `list` waits for an engine that does not answer. */
  readonly engineWaitMs?: number;
}

/** Two files of 10 MB a task: enough to see what happened, and 1,000 tasks still fit on a disk. */
const LOG_BOUNDS = { maxSize: "10m", maxFile: 2 } as const;
const PULL_STALL_MS = 120_000;
const ENGINE_WAIT_MS = 10_000;
const HEALTH_TIMEOUT_MS = 5_000;

/** Containers of a Docker engine through its API (DESIGN D6). The engine may go away and return at any time. */
export class DockerContainerizer implements Containerizer {
  readonly name = "docker";
  readonly #options: DockerContainerizerOptions;
  readonly #docker: Docker;
  readonly #launcher: Launcher;
  readonly #watch: EngineWatch;
  readonly #engine: EngineContainers;
  readonly #tracked: TrackedContainers;

  constructor(options: DockerContainerizerOptions) {
    this.#options = options;
    this.#docker = options.docker ?? new Docker();
    this.#launcher = new Launcher({
      docker: this.#docker,
      ownership: options,
      sandboxRoot: options.sandboxRoot,
      logBounds: options.logBounds ?? LOG_BOUNDS,
      publishAddress: options.publishAddress ?? "",
      credentials: options.credentials ?? new Map(),
      pullStallMs: options.pullStallMs ?? PULL_STALL_MS,
      volumePath: options.volumePath,
    });
    this.#engine = new EngineContainers(this.#docker, options.owner);
    this.#tracked = new TrackedContainers(this.#engine, options, (containerId) =>
      rm(this.#launcher.sandboxOf(containerId), { recursive: true, force: true }),
    );
    this.#watch = new EngineWatch({
      docker: this.#docker,
      owner: options.owner,
      synchronize: () => {
        this.#launcher.forgetEngine();
        return this.#tracked.synchronize();
      },
      onDeath: (containerId) => void this.#tracked.settle(containerId),
      onNotice: (message) => options.onNotice?.(message),
    });
  }

  async list(): Promise<readonly FoundContainer[]> {
    const isReady = await this.#watch.start(this.#options.engineWaitMs ?? ENGINE_WAIT_MS);
    if (!isReady) {
      throw new ClusterError("unreachable", `listing containers: ${this.#watch.problem}`, {
        hint: "is the Docker engine running, and may this user reach it? try: docker info",
      });
    }
    try {
      const found: FoundContainer[] = [];
      for (const info of await this.#engine.list()) {
        found.push(...(await this.#tracked.adopt(info)));
      }
      // For those that ended after they were looked at.
      this.#tracked.synchronize().catch(() => {});
      return found;
    } catch (thrown) {
      const message = engineFailure("listing containers", thrown);
      throw new ClusterError("unreachable", message, { cause: thrown });
    }
  }

  launch(launch: ContainerLaunch): void {
    const { containerId } = launch;
    if (this.#tracked.get(containerId) !== undefined) return;
    const entry = this.#tracked.add(containerId, { phase: "starting", dockerId: null });
    queueMicrotask(() => void this.#start(launch, entry));
  }

  stop(containerId: ContainerId, gracePeriodMs: number): void {
    const entry = this.#tracked.get(containerId);
    if (entry === undefined) {
      const exit = unknownExit("the container does not exist");
      queueMicrotask(() => this.#tracked.emit(containerId, exit));
    } else if (entry.phase === "starting") {
      entry.abandoned.abort(new Error("stopped before it ran"));
    } else {
      void this.#tracked.stop(containerId, entry, gracePeriodMs);
    }
  }

  async remove(containerId: ContainerId): Promise<void> {
    const entry = this.#tracked.get(containerId);
    if (entry !== undefined) {
      entry.isRemovalWanted = true;
      entry.abandoned.abort(new Error("removed before it ran"));
    }
    try {
      const dockerId = entry?.dockerId ?? (await this.#engine.find(containerId));
      if (dockerId !== null) await this.#engine.discard(dockerId);
    } catch (thrown) {
      throw new ClusterError("unreachable", engineFailure(`removing ${containerId}`, thrown), {
        cause: thrown,
        hint: "it is removed when the engine answers again",
      });
    }
    await this.#tracked.forget(containerId);
  }

  async exec(containerId: ContainerId, request: ExecRequest): Promise<ExecSession> {
    const container = this.#containerOf(containerId, ["running"]);
    try {
      return await openExec(container, request);
    } catch (thrown) {
      const kind = engineErrorKind(thrown);
      const code = kind === "away" ? "unreachable" : kind === "refused" ? "internal" : "conflict";
      throw new ClusterError(code, engineFailure(`exec in ${containerId}`, thrown), {
        cause: thrown,
      });
    }
  }

  runCheck(
    containerId: ContainerId,
    command: HealthCheckSpec["command"],
    timeoutMs: number,
  ): Promise<CheckResult> {
    return runCheckSession((request) => this.exec(containerId, request), command, timeoutMs);
  }

  async *logs(containerId: ContainerId, request: LogRequest): AsyncGenerator<OutputChunk> {
    yield* containerLogs(this.#containerOf(containerId, ["running", "ended"]), request);
  }

  async health(): Promise<EngineHealth> {
    const late = delay(HEALTH_TIMEOUT_MS, null, { ref: false });
    try {
      const version = await Promise.race([this.#docker.version(), late]);
      if (version !== null) return { isUp: true, description: `Docker ${version.Version}` };
      return { isUp: false, problem: `Docker gave no answer within ${HEALTH_TIMEOUT_MS / 1000} s` };
    } catch (thrown) {
      return { isUp: false, problem: engineFailure("asking Docker for its version", thrown) };
    }
  }

  async close(): Promise<void> {
    this.#tracked.close();
    await this.#watch.close();
  }

  async #start(launch: ContainerLaunch, entry: Entry): Promise<void> {
    const { containerId } = launch;
    const spec = launch.run.container;
    this.#tracked.emit(containerId, { kind: "starting" });
    try {
      if (spec.type !== "docker") throw new Error("the task names no image to run in Docker");
      const info = await this.#launcher.run(launch, spec, {
        signal: entry.abandoned.signal,
        onCreated: (dockerId) => {
          entry.dockerId = dockerId;
        },
      });
      await this.#tracked.started(containerId, entry, info);
    } catch (thrown) {
      await this.#fail(containerId, entry, thrown);
    }
  }

  async #fail(containerId: ContainerId, entry: Entry, thrown: unknown): Promise<void> {
    entry.phase = "failed";
    // The other container of that name is not this launch's: it must not be swept up as one that failed.
    if (isDuplicate(thrown)) this.#tracked.delete(containerId);
    // Only a connection that broke has an errno and no answer of the engine.
    const isAway =
      (thrown as { code?: unknown }).code !== undefined && engineErrorKind(thrown) === "away";
    const message = isAway
      ? engineFailure("starting the container", thrown)
      : engineErrorText(thrown);
    this.#tracked.emit(containerId, { kind: "launch-failed", message });
    // When this fails too, the next comparison finds and removes it.
    if (entry.dockerId !== null) await this.#engine.discard(entry.dockerId).catch(() => {});
  }

  #containerOf(containerId: ContainerId, phases: readonly Entry["phase"][]): Docker.Container {
    const entry = this.#tracked.get(containerId);
    if (entry === undefined) {
      throw new ClusterError("not_found", `container ${containerId} is not on this agent`);
    }
    if (entry.dockerId === null || !phases.includes(entry.phase)) {
      throw new ClusterError("conflict", `container ${containerId} is ${entry.phase}`);
    }
    return this.#engine.get(entry.dockerId);
  }
}
