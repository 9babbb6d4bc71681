import { chmod, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { ContainerLaunch } from "@bourse/task/effects";
import type Docker from "dockerode";
import type { ContainerInspectInfo } from "dockerode";
import { directoryName } from "../sandbox.ts";
import { type VolumePath, volumeMounts } from "../volume-mounts.ts";
import { createOptions, type DockerSpec, type LogBounds } from "./create-options.ts";
import { engineErrorKind } from "./engine-error.ts";
import { ImageStore, type RegistryCredentials } from "./image-store.ts";
import type { Ownership } from "./labels.ts";

export interface LauncherOptions {
  readonly docker: Docker;
  readonly ownership: Ownership;
  /** Sandboxes of this agent's Docker containers; made here, for nobody else's eyes. */
  readonly sandboxRoot: string;
  readonly logBounds: LogBounds;
  readonly publishAddress: string;
  readonly credentials: RegistryCredentials;
  readonly pullStallMs: number;
  readonly volumePath: VolumePath;
}

/** A launch under way, so that it can be abandoned between its steps. */
export interface LaunchProgress {
  readonly signal: AbortSignal;
  /** The engine's id, from the moment the container exists. */
  readonly onCreated: (dockerId: string) => void;
}

/** Takes a launch through its steps: sandbox, image, create, start, inspect (FEATURES M-62). */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #images: ImageStore;
  #engine: { readonly cpuCount: number; readonly hasInit: boolean } | null = null;

  constructor(options: LauncherOptions) {
    // The engine knows no working directory of ours.
    this.#options = { ...options, sandboxRoot: resolve(options.sandboxRoot) };
    this.#images = new ImageStore(options.docker, options);
  }

  sandboxOf(containerId: string): string {
    return join(this.#options.sandboxRoot, directoryName(containerId));
  }

  /** Returns the container as it is right after its start; rejects with why it does not run. */
  async run(
    launch: ContainerLaunch,
    spec: DockerSpec,
    progress: LaunchProgress,
  ): Promise<ContainerInspectInfo> {
    const { docker } = this.#options;
    const persistentVolumes = volumeMounts(launch, this.#options.volumePath);
    const sandbox = await this.#makeSandbox(launch);
    await unlessAborted(progress.signal, this.#images.ensure(spec.image, spec.shouldPull));
    const options = createOptions(launch, spec, {
      ...this.#options,
      sandbox,
      persistentVolumes,
      engine: await this.#engineFacts(),
    });
    const container = await docker.createContainer(options);
    progress.onCreated(container.id);
    progress.signal.throwIfAborted();
    await container.start();
    return await container.inspect();
  }

  /** The engine may have been upgraded while it was away. */
  forgetEngine(): void {
    this.#engine = null;
  }

  /** The root admits only the agent; within it the container's user, whoever that is, may write. */
  async #makeSandbox(launch: ContainerLaunch): Promise<string> {
    const sandbox = this.sandboxOf(launch.containerId);
    try {
      await mkdir(this.#options.sandboxRoot, { recursive: true, mode: 0o700 });
      await mkdir(sandbox, { recursive: true });
      await chmod(sandbox, 0o777);
      return sandbox;
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      throw new Error(`the sandbox of the task cannot be made: ${why}`);
    }
  }

  async #engineFacts(): Promise<{ readonly cpuCount: number; readonly hasInit: boolean }> {
    if (this.#engine === null) {
      const info = await this.#options.docker.info();
      // "N/A" when the engine found none; empty when it found one and could not read its version.
      const initId: unknown = info.InitCommit?.ID;
      const hasInit = typeof initId === "string" && initId !== "N/A";
      this.#engine = { cpuCount: info.NCPU, hasInit };
    }
    return this.#engine;
  }
}

/** A pull is shared by many launches: the one that is abandoned stops waiting, the pull goes on. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Whether another container has this one's name, that is: it was launched before. */
export function isDuplicate(thrown: unknown): boolean {
  return engineErrorKind(thrown) === "conflict" && String(thrown).includes("already in use");
}
