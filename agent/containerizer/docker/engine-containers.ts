import { setTimeout as delay } from "node:timers/promises";
import type { ContainerId } from "@bourse/model/ids";
import type Docker from "dockerode";
import type { ContainerInfo } from "dockerode";
import { engineErrorKind } from "./engine-error.ts";
import { LABELS, ownedBy } from "./labels.ts";

const GONE_POLL_MS = 50;
const GONE_POLLS_MAX = 200;

/** The containers of one owner in the engine. Every call rejects as dockerode does. */
export class EngineContainers {
  readonly #docker: Docker;
  readonly #owner: string;

  constructor(docker: Docker, owner: string) {
    this.#docker = docker;
    this.#owner = owner;
  }

  /** Running or not. */
  list(): Promise<readonly ContainerInfo[]> {
    return this.#docker.listContainers({
      all: true,
      filters: { label: [ownedBy(this.#owner)] },
    });
  }

  get(dockerId: string): Docker.Container {
    return this.#docker.getContainer(dockerId);
  }

  /** Null when there is none. */
  async find(containerId: ContainerId): Promise<string | null> {
    const label = [ownedBy(this.#owner), `${LABELS.container}=${containerId}`];
    const [first] = await this.#docker.listContainers({ all: true, filters: { label } });
    return first?.Id ?? null;
  }

  /** Kills and deletes a container with its unnamed volumes; one that is gone already is no error. */
  async discard(dockerId: string): Promise<void> {
    try {
      await this.#docker.getContainer(dockerId).remove({ force: true, v: true });
    } catch (thrown) {
      const kind = engineErrorKind(thrown);
      if (kind === "not-found") return;
      if (kind !== "conflict") throw thrown;
      await this.#untilGone(dockerId, thrown);
    }
  }

  /** Its removal is under way already. */
  async #untilGone(dockerId: string, conflict: unknown): Promise<void> {
    for (let poll = 0; poll < GONE_POLLS_MAX; poll++) {
      try {
        await this.#docker.getContainer(dockerId).inspect();
      } catch (thrown) {
        if (engineErrorKind(thrown) === "not-found") return;
        throw thrown;
      }
      await delay(GONE_POLL_MS);
    }
    throw conflict;
  }
}
