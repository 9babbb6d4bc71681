import { join } from "node:path";
import type { HealthCheckSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerEvent, FoundContainer } from "@bourse/task/inputs";
import { ChunkQueue } from "../chunk-queue.ts";
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
import { SANDBOX_MOUNT, taskEnvironment } from "../environment.ts";
import { runCheckSession } from "../run-check.ts";
import { type VolumeMountPoint, volumeMounts } from "../volume-mounts.ts";
import { type FakeContainer, FakeHost, fakeExit, record, wakeFollowers } from "./fake-host.ts";
import { fakeLogs } from "./fake-logs.ts";
import { FakeProcess } from "./fake-process.ts";
import { type FakeStep, parseProgram } from "./fake-program.ts";

export interface FakeContainerizerOptions extends ContainerizerOptions {
  readonly owner: string;
  /** Outlives the containerizer; default a host of its own. */
  readonly host?: FakeHost;
  /** From `starting` to `started`; 0 by default. */
  readonly startDelayMs?: number;
}

/**
 * Containers that are entries in memory, for load: 100,000 of them cost no process. The command decides how long
 * one runs and how it ends (see `parseProgram`); limits and images are ignored; of files it has only those
 * of persistent volumes.
 */
export class FakeContainerizer implements Containerizer {
  readonly name = "fake";
  readonly #options: FakeContainerizerOptions;
  readonly #host: FakeHost;
  readonly #containers: Map<ContainerId, FakeContainer>;
  /** Launched and not yet started, with what keeps it from starting. */
  readonly #starting = new Map<ContainerId, () => void>();
  #isClosed = false;

  constructor(options: FakeContainerizerOptions) {
    this.#options = options;
    this.#host = options.host ?? new FakeHost();
    this.#containers = this.#host.containersOf(options.owner);
  }

  async list(): Promise<readonly FoundContainer[]> {
    return [...this.#containers].map(([containerId, container]) => {
      if (container.exitCode !== null) return { containerId, state: fakeExit(container.exitCode) };
      this.#watch(containerId, container);
      return { containerId, state: { kind: "running", statusPayload: this.#status(containerId) } };
    });
  }

  launch(launch: ContainerLaunch): void {
    const { containerId } = launch;
    if (this.#containers.has(containerId) || this.#starting.has(containerId)) return;
    queueMicrotask(() => this.#emit(containerId, { kind: "starting" }));
    this.#starting.set(
      containerId,
      after(this.#options.startDelayMs ?? 0, () => this.#start(launch)),
    );
  }

  stop(containerId: ContainerId, gracePeriodMs: number): void {
    if (this.#abandon(containerId, "stopped before it ran")) return;
    const container = this.#containers.get(containerId);
    if (container === undefined) {
      const message = "the container does not exist";
      queueMicrotask(() =>
        this.#emit(containerId, { kind: "exited", isOutOfMemory: false, message }),
      );
      return;
    }
    container.process.kill("SIGTERM");
    if (container.process.hasEnded) return;
    const timer = setTimeout(
      () => container.process.kill("SIGKILL"),
      gracePeriodMs / this.#host.speed,
    );
    void container.process.exit.then(() => clearTimeout(timer));
  }

  async remove(containerId: ContainerId): Promise<void> {
    this.#abandon(containerId, "removed before it ran");
    const container = this.#containers.get(containerId);
    container?.process.kill("SIGKILL");
    await container?.process.exit;
    this.#containers.delete(containerId);
  }

  async exec(containerId: ContainerId, request: ExecRequest): Promise<ExecSession> {
    const container = this.#get(containerId);
    if (container.exitCode !== null) {
      throw new ClusterError("conflict", `container ${containerId} has ended`);
    }
    const output = new ChunkQueue();
    const process = new FakeProcess(stepsOf(request.command, container.environment), {
      onOutput: (chunk) => output.push(chunk),
      hasStdin: request.isInteractive,
      speed: this.#host.speed,
      locate: (path) => locate(container.volumes, path),
    });
    void process.exit.then(() => output.end());
    void container.process.exit.then(() => process.kill("SIGKILL"));
    process.start();
    return new FakeExec(process, output);
  }

  runCheck(
    containerId: ContainerId,
    command: HealthCheckSpec["command"],
    timeoutMs: number,
  ): Promise<CheckResult> {
    return runCheckSession((request) => this.exec(containerId, request), command, timeoutMs);
  }

  async *logs(containerId: ContainerId, request: LogRequest): AsyncGenerator<OutputChunk> {
    yield* fakeLogs(this.#get(containerId), request);
  }

  async health(): Promise<EngineHealth> {
    return { isUp: true, description: "fake containers in memory" };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const keepFromStarting of this.#starting.values()) keepFromStarting();
    this.#starting.clear();
  }

  #start(launch: ContainerLaunch): void {
    const { containerId, command } = launch;
    this.#starting.delete(containerId);
    if (!command.isShell && command.value?.startsWith("/nonexistent") === true) {
      const message = `${command.value}: no such file or directory`;
      this.#emit(containerId, { kind: "launch-failed", message });
      return;
    }
    let volumes: readonly VolumeMountPoint[];
    try {
      volumes = volumeMounts(launch, this.#options.volumePath);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      this.#emit(containerId, { kind: "launch-failed", message });
      return;
    }
    const environment = taskEnvironment(launch, SANDBOX_MOUNT);
    const words = command.isShell ? [] : [command.value ?? "", ...command.args];
    const steps = command.isShell
      ? parseProgram(command.value ?? "run-on", environment)
      : stepsOf(words, environment);
    const container: FakeContainer = {
      process: new FakeProcess(steps, {
        onOutput: (chunk) => record(container, chunk),
        hasStdin: false,
        speed: this.#host.speed,
        locate: (path) => locate(volumes, path),
      }),
      environment,
      volumes,
      output: [],
      droppedCount: 0,
      followers: new Set(),
      exitCode: null,
    };
    this.#containers.set(containerId, container);
    // The host's own note of the end; it is there before any agent is told.
    void container.process.exit.then((exitCode) => {
      container.exitCode = exitCode;
      wakeFollowers(container);
    });
    this.#emit(containerId, { kind: "started", statusPayload: this.#status(containerId) });
    this.#watch(containerId, container);
    container.process.start();
  }

  #watch(containerId: ContainerId, container: FakeContainer): void {
    void container.process.exit.then((exitCode) => this.#emit(containerId, fakeExit(exitCode)));
  }

  /** True when the container had not started; it never will. */
  #abandon(containerId: ContainerId, message: string): boolean {
    const keepFromStarting = this.#starting.get(containerId);
    if (keepFromStarting === undefined) return false;
    keepFromStarting();
    this.#starting.delete(containerId);
    queueMicrotask(() => this.#emit(containerId, { kind: "launch-failed", message }));
    return true;
  }

  #get(containerId: ContainerId): FakeContainer {
    const container = this.#containers.get(containerId);
    if (container !== undefined) return container;
    throw new ClusterError("not_found", `container ${containerId} is not on this agent`);
  }

  #status(containerId: ContainerId): Uint8Array {
    return this.#options.encodeStatus({ containerId, ipAddresses: [] });
  }

  #emit(containerId: ContainerId, event: ContainerEvent): void {
    if (!this.#isClosed) this.#options.onEvent(containerId, event);
  }
}

/** Not within this turn, and no later than that without a delay: a timer waits for a millisecond. Returns how to prevent it. */
function after(delayMs: number, run: () => void): () => void {
  if (delayMs <= 0) {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  }
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** `sh -c TEXT` is read as a program, other words as its one statement. */
function stepsOf(
  words: readonly string[],
  environment: ReadonlyMap<string, string>,
): readonly FakeStep[] {
  const isShell = words[0]?.endsWith("sh") === true && words[1] === "-c";
  return parseProgram(isShell ? (words[2] ?? "") : words.join(" "), environment);
}

/** A path of a container as one of the host, when it lies in a volume. */
function locate(volumes: readonly VolumeMountPoint[], path: string): string | null {
  for (const { path: hostPath, target, isInSandbox } of volumes) {
    const inside = `${isInSandbox ? `${SANDBOX_MOUNT}/${target}` : target}/`;
    if (path.startsWith(inside)) return join(hostPath, path.slice(inside.length));
  }
  return null;
}

class FakeExec implements ExecSession {
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<number>;
  readonly #process: FakeProcess;

  constructor(process: FakeProcess, output: AsyncIterable<OutputChunk>) {
    this.#process = process;
    this.output = output;
    this.exit = process.exit;
  }

  async writeStdin(data: Uint8Array): Promise<void> {
    this.#process.writeStdin(data);
  }

  endStdin(): void {
    this.#process.endStdin();
  }

  resize(): void {}

  signal(signal: string): void {
    const name = signal.startsWith("SIG") ? signal : `SIG${signal}`;
    this.#process.kill(name as NodeJS.Signals);
  }

  close(): void {
    this.#process.kill("SIGKILL");
  }
}
