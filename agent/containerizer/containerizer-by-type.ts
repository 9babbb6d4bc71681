import type { ContainerSpec, HealthCheckSpec } from "@bourse/model/container";
import { ClusterError } from "@bourse/model/errors";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { FoundContainer } from "@bourse/task/inputs";
import type {
  CheckResult,
  Containerizer,
  EngineHealth,
  ExecRequest,
  ExecSession,
  LogRequest,
  OutputChunk,
} from "./containerizer.ts";

/**
 * Several adapters as one: a task goes where its container type says, an image to Docker and a command without
 * one to a process, as Mesos' `--containerizers=docker,mesos`. All adapters must tell the same listener.
 */
export class ContainerizerByType implements Containerizer {
  readonly name = "by-type";
  readonly #byType: Readonly<Record<ContainerSpec["type"], Containerizer>>;
  readonly #home = new Map<ContainerId, Containerizer>();

  constructor(byType: Readonly<Record<ContainerSpec["type"], Containerizer>>) {
    this.#byType = byType;
  }

  async list(): Promise<readonly FoundContainer[]> {
    const found: FoundContainer[] = [];
    for (const containerizer of this.#all()) {
      for (const container of await containerizer.list()) {
        this.#home.set(container.containerId, containerizer);
        found.push(container);
      }
    }
    return found;
  }

  launch(launch: ContainerLaunch): void {
    if (this.#home.has(launch.containerId)) return;
    const home = this.#byType[launch.run.container.type];
    this.#home.set(launch.containerId, home);
    home.launch(launch);
  }

  /** One adapter answers for a container that none has. */
  stop(containerId: ContainerId, gracePeriodMs: number): void {
    const home = this.#home.get(containerId) ?? this.#byType.process;
    home.stop(containerId, gracePeriodMs);
  }

  async remove(containerId: ContainerId): Promise<void> {
    await this.#home.get(containerId)?.remove(containerId);
    this.#home.delete(containerId);
  }

  async exec(containerId: ContainerId, request: ExecRequest): Promise<ExecSession> {
    return await this.#homeOf(containerId).exec(containerId, request);
  }

  async runCheck(
    containerId: ContainerId,
    command: HealthCheckSpec["command"],
    timeoutMs: number,
  ): Promise<CheckResult> {
    const home = this.#home.get(containerId) ?? this.#byType.process;
    return await home.runCheck(containerId, command, timeoutMs);
  }

  async *logs(containerId: ContainerId, request: LogRequest): AsyncGenerator<OutputChunk> {
    yield* this.#homeOf(containerId).logs(containerId, request);
  }

  /** Up only when every adapter is. */
  async health(): Promise<EngineHealth> {
    const descriptions: string[] = [];
    for (const containerizer of this.#all()) {
      const health = await containerizer.health();
      if (!health.isUp) return health;
      descriptions.push(health.description);
    }
    return { isUp: true, description: descriptions.join(", ") };
  }

  async close(): Promise<void> {
    for (const containerizer of this.#all()) await containerizer.close();
  }

  #all(): ReadonlySet<Containerizer> {
    return new Set(Object.values(this.#byType));
  }

  #homeOf(containerId: ContainerId): Containerizer {
    const home = this.#home.get(containerId);
    if (home !== undefined) return home;
    throw new ClusterError("not_found", `container ${containerId} is not on this agent`);
  }
}
