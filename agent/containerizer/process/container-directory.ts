import { chmod, chown, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerId } from "@bourse/model/ids";
import type { VolumeMountPoint } from "../volume-mounts.ts";
import { bootId, isAlive, type ProcessIdentity } from "./proc.ts";

/** What is known of a launch when its agent is gone. No environment: it may hold secrets. */
export interface LaunchRecord {
  readonly containerId: ContainerId;
  readonly taskId: string;
  readonly bootId: string;
  readonly user?: string;
}

export type Observed =
  | { readonly kind: "not-started" }
  | { readonly kind: "running"; readonly leader: ProcessIdentity }
  /** Without exit code: the machine went down, or somebody killed the shim. */
  | { readonly kind: "ended"; readonly exitCode?: number };

/**
 * The directory of one process container: the shim's files, the output, and below it the sandbox, the only part
 * where the task may write (so it cannot forge its exit code or point its log elsewhere).
 */
export class ContainerDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get sandbox(): string {
    return join(this.path, "sandbox");
  }

  log(stream: "stdout" | "stderr"): string {
    return join(this.path, stream);
  }

  async create(
    record: LaunchRecord,
    owner: { uid: number; gid: number },
    volumes: readonly VolumeMountPoint[],
  ): Promise<void> {
    await mkdir(this.sandbox, { recursive: true });
    await chmod(this.path, 0o711);
    await chmod(this.sandbox, 0o700);
    await chown(this.sandbox, owner.uid, owner.gid);
    for (const { path, target } of volumes) await this.#link(path, target, owner);
    await writeFile(`${this.#launchFile}.tmp`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${this.#launchFile}.tmp`, this.#launchFile);
  }

  /** A link in the sandbox, as there is no mount without root. */
  async #link(path: string, target: string, owner: { uid: number; gid: number }): Promise<void> {
    let parent = this.sandbox;
    for (const part of target.split("/").slice(0, -1)) {
      parent = join(parent, part);
      await mkdir(parent, { recursive: true });
      await chown(parent, owner.uid, owner.gid);
    }
    await symlink(path, join(this.sandbox, target));
  }

  /** Null when the agent ended before it had written it. */
  async launchRecord(): Promise<LaunchRecord | null> {
    const text = await readFile(this.#launchFile, "utf8").catch(() => null);
    return text === null ? null : (JSON.parse(text) as LaunchRecord);
  }

  /** How the container is now, by the shim's files and by whether the processes that they name exist. */
  async observe(): Promise<Observed> {
    const exit = await this.#read("exit");
    if (exit !== null) return { kind: "ended", exitCode: Number(exit) };
    const isOfThisBoot = (await this.launchRecord())?.bootId === (await bootId());
    const leader = await this.#identity("pid");
    const shim = await this.#identity("shim");
    if (isOfThisBoot && leader !== null && (await isAlive(leader)))
      return { kind: "running", leader };
    if (isOfThisBoot && shim !== null && (await isAlive(shim))) {
      // Between the end of the task and the note of its exit code, or before the task has begun.
      return leader === null ? { kind: "not-started" } : { kind: "running", leader };
    }
    // The shim may have written the exit code and ended while we looked.
    const late = await this.#read("exit");
    if (late !== null) return { kind: "ended", exitCode: Number(late) };
    return shim === null && leader === null ? { kind: "not-started" } : { kind: "ended" };
  }

  /** Takes the shim's place, so that one that comes late ends at once. False when the shim was first. */
  async claim(): Promise<boolean> {
    return await mkdir(join(this.path, "claim")).then(
      () => true,
      () => false,
    );
  }

  async delete(): Promise<void> {
    await rm(this.path, { recursive: true, force: true, maxRetries: 5 });
  }

  get #launchFile(): string {
    return join(this.path, "launch.json");
  }

  async #identity(name: "pid" | "shim"): Promise<ProcessIdentity | null> {
    const [pid, startTime] = (await this.#read(name))?.split(" ") ?? [];
    return pid === undefined || startTime === undefined ? null : { pid: Number(pid), startTime };
  }

  async #read(name: "pid" | "shim" | "exit"): Promise<string | null> {
    const text = await readFile(join(this.path, name), "utf8").catch(() => null);
    return text === null ? null : text.trim();
  }
}
