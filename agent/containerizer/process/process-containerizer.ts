import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { HealthCheckSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { FoundContainer } from "@bourse/task/inputs";
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
import { directoryName } from "../sandbox.ts";
import { volumeMounts } from "../volume-mounts.ts";
import { ContainerDirectory } from "./container-directory.ts";
import { fileLogs, rotateLogs } from "./file-logs.ts";
import { environmentOf } from "./proc.ts";
import { ProcessExec } from "./process-exec.ts";
import { assertReachable } from "./process-volumes.ts";
import { SHIM_SCRIPT } from "./shim.ts";
import { assertExecutable, commandWords, processEnvironment, startShim } from "./start-shim.ts";
import { taskUser } from "./task-user.ts";
import { type ProcessEntry, TrackedProcesses } from "./tracked-processes.ts";

export interface ProcessContainerizerOptions extends ContainerizerOptions {
  /** Holds all that this adapter knows; whoever has the directory owns the containers. */
  readonly stateDir: string;
  /** A log is cut when it exceeds this; one older piece of the same size is kept. */
  readonly logBytesMax?: number;
}

const LOG_BYTES_MAX = 10 * 1024 * 1024;
const ROTATE_INTERVAL_MS = 1_000;

/**
 * Tasks as processes of the host, each under a shim of its own (see shim.ts), so that a first start needs no
 * Docker (DESIGN D7). Limits on cpu and memory are not enforced, images and their volumes are not there, persistent
 * volumes are links in the sandbox (read-only ones can be written), the network is the host's, and a process that
 * leaves its session (a daemon) is not found again.
 */
export class ProcessContainerizer implements Containerizer {
  readonly name = "process";
  readonly #options: ProcessContainerizerOptions;
  readonly #tracked: TrackedProcesses;
  readonly #rotating: NodeJS.Timeout;
  #isPrepared: Promise<void> | null = null;

  constructor(options: ProcessContainerizerOptions) {
    this.#options = { ...options, stateDir: resolve(options.stateDir) };
    this.#tracked = new TrackedProcesses(options);
    this.#rotating = setInterval(() => void this.#rotate(), ROTATE_INTERVAL_MS).unref();
  }

  async list(): Promise<readonly FoundContainer[]> {
    await this.#prepare();
    const found: FoundContainer[] = [];
    for (const name of await readdir(this.#containersDir)) {
      const directory = new ContainerDirectory(join(this.#containersDir, name));
      found.push(...(await this.#tracked.adopt(directory)));
    }
    return found;
  }

  launch(launch: ContainerLaunch): void {
    const { containerId } = launch;
    if (this.#tracked.get(containerId) !== undefined) return;
    const path = join(this.#containersDir, directoryName(containerId));
    const entry = this.#tracked.add(containerId, new ContainerDirectory(path));
    queueMicrotask(() => void this.#start(launch, entry));
  }

  stop(containerId: ContainerId, gracePeriodMs: number): void {
    const entry = this.#tracked.get(containerId);
    if (entry !== undefined) {
      this.#tracked.stop(entry, gracePeriodMs);
      return;
    }
    const message = "the container does not exist";
    queueMicrotask(() =>
      this.#tracked.emit(containerId, { kind: "exited", isOutOfMemory: false, message }),
    );
  }

  async remove(containerId: ContainerId): Promise<void> {
    const entry = this.#tracked.get(containerId);
    if (entry === undefined) return;
    this.#tracked.stop(entry, 0);
    await entry.ended;
    await entry.directory.delete();
    this.#tracked.delete(containerId);
  }

  async exec(containerId: ContainerId, request: ExecRequest): Promise<ExecSession> {
    const entry = this.#get(containerId);
    if (entry.phase !== "running" || entry.leader === null) {
      throw new ClusterError("conflict", `container ${containerId} is ${entry.phase}`);
    }
    const environment = entry.environment ?? (await environmentOf(entry.leader.pid));
    if (environment === null) {
      throw new ClusterError("conflict", `container ${containerId} has ended`);
    }
    const record = await entry.directory.launchRecord();
    const { prefix } = await taskUser(record?.user);
    const session = new ProcessExec(request, {
      directory: entry.directory.sandbox,
      environment,
      prefix,
    });
    // What was started inside a container ends with it.
    void entry.ended.then(() => session.close());
    return session;
  }

  runCheck(
    containerId: ContainerId,
    command: HealthCheckSpec["command"],
    timeoutMs: number,
  ): Promise<CheckResult> {
    return runCheckSession((request) => this.exec(containerId, request), command, timeoutMs);
  }

  async *logs(containerId: ContainerId, request: LogRequest): AsyncGenerator<OutputChunk> {
    const entry = this.#get(containerId);
    if (entry.phase === "starting" || entry.phase === "failed") {
      throw new ClusterError("conflict", `container ${containerId} is ${entry.phase}`);
    }
    yield* fileLogs(entry.directory, request, () => entry.phase === "ended");
  }

  async health(): Promise<EngineHealth> {
    try {
      await this.#prepare();
      return { isUp: true, description: "processes of this host" };
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return { isUp: false, problem: `the directory of the containers cannot be used: ${why}` };
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#rotating);
    this.#tracked.close();
  }

  async #start(launch: ContainerLaunch, entry: ProcessEntry): Promise<void> {
    this.#tracked.emit(launch.containerId, { kind: "starting" });
    try {
      await this.#prepare();
      const { container } = launch.run;
      if (container.type === "docker") {
        throw new Error(
          `the task needs image ${container.image}, and this agent only runs processes`,
        );
      }
      const user = await taskUser(launch.command.user);
      const { directory } = entry;
      const words = commandWords(launch.command);
      const environment = processEnvironment(launch, directory.sandbox, user);
      await assertExecutable(words[0] ?? "", {
        path: environment.get("PATH") ?? "",
        directory: directory.sandbox,
      });
      const volumes = volumeMounts(launch, this.#options.volumePath);
      await assertReachable(volumes, user);
      await this.#tracked.createDirectory(launch, entry, user, volumes);
      if (entry.isAbandoned) throw new Error("stopped before it ran");
      entry.environment = environment;
      const shim = await startShim(
        this.#shimPath,
        directory,
        [...user.prefix, ...words],
        environment,
      );
      await this.#tracked.started(entry, shim);
    } catch (thrown) {
      this.#tracked.fail(entry, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  get #containersDir(): string {
    return join(this.#options.stateDir, "containers");
  }

  get #shimPath(): string {
    return join(this.#options.stateDir, "shim.sh");
  }

  /** Others may pass through to a sandbox that is theirs, and look at nothing. */
  #prepare(): Promise<void> {
    this.#isPrepared ??= this.#makeStateDir().catch((thrown) => {
      this.#isPrepared = null;
      throw thrown;
    });
    return this.#isPrepared;
  }

  async #makeStateDir(): Promise<void> {
    await mkdir(this.#options.stateDir, { recursive: true });
    await mkdir(this.#containersDir, { recursive: true, mode: 0o711 });
    // A shim that runs has the old file open: it is replaced, never written into.
    await writeFile(`${this.#shimPath}.tmp`, SHIM_SCRIPT, { mode: 0o755 });
    await rename(`${this.#shimPath}.tmp`, this.#shimPath);
  }

  async #rotate(): Promise<void> {
    for (const entry of this.#tracked.running()) {
      await rotateLogs(entry.directory, this.#options.logBytesMax ?? LOG_BYTES_MAX).catch(
        (thrown) => this.#options.onNotice?.(`rotating the log of ${entry.containerId}: ${thrown}`),
      );
    }
  }

  #get(containerId: ContainerId): ProcessEntry {
    const entry = this.#tracked.get(containerId);
    if (entry !== undefined) return entry;
    throw new ClusterError("not_found", `container ${containerId} is not on this agent`);
  }
}
