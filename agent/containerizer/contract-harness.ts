import { setTimeout as delay } from "node:timers/promises";
import type { CommandSpec, ContainerSpec } from "@bourse/model/container";
import type { ContainerId } from "@bourse/model/ids";
import type { ContainerLaunch } from "@bourse/task/effects";
import type { ContainerEvent } from "@bourse/task/inputs";
import type { Containerizer, ContainerListener, OutputChunk } from "./containerizer.ts";
import type { VolumePath } from "./volume-mounts.ts";

/** One adapter on one host, as the contract drives it. */
export interface ContractHarness {
  /** What a launch runs in. */
  readonly container: ContainerSpec;
  /** How many times faster than the clock sleeps and graces pass here; real containers: 1. */
  readonly speed: number;
  /** A new containerizer over the state that the owner has on this host. */
  open(owner: string, onEvent: ContainerListener, volumePath: VolumePath): Promise<Containerizer>;
  /** Leaves nothing behind. */
  dispose(): Promise<void>;
}

const WAIT_MS = 30_000;

/** The events of one containerizer, to be waited for. */
export class EventLog {
  readonly #events: { readonly containerId: ContainerId; readonly event: ContainerEvent }[] = [];

  readonly listener: ContainerListener = (containerId, event) => {
    this.#events.push({ containerId, event });
  };

  of(containerId: ContainerId): readonly ContainerEvent[] {
    return this.#events
      .filter((entry) => entry.containerId === containerId)
      .map(({ event }) => event);
  }

  kindsOf(containerId: ContainerId): readonly string[] {
    return this.of(containerId).map(({ kind }) => kind);
  }

  async until<Kind extends ContainerEvent["kind"]>(
    containerId: ContainerId,
    kind: Kind,
  ): Promise<Extract<ContainerEvent, { kind: Kind }>> {
    const deadlineMs = Date.now() + WAIT_MS;
    while (Date.now() < deadlineMs) {
      const event = this.of(containerId).find((candidate) => candidate.kind === kind);
      if (event !== undefined) return event as Extract<ContainerEvent, { kind: Kind }>;
      await delay(5);
    }
    const seen = JSON.stringify(this.of(containerId));
    throw new Error(`${containerId} was not ${kind} within ${WAIT_MS} ms; it was ${seen}`);
  }
}

export type DockerSpec = Extract<ContainerSpec, { type: "docker" }>;

/** A container of an image that is there, without network; override only what the test is about. */
export function dockerSpec(image: string, overrides: Partial<DockerSpec> = {}): DockerSpec {
  return {
    type: "docker",
    image,
    shouldPull: false,
    network: "none",
    portMappings: [],
    volumes: [],
    isPrivileged: false,
    ...overrides,
  };
}

/** For tests without volumes: no directory is there. */
export const NO_VOLUMES: VolumePath = ({ id }) => `/nonexistent/${id}`;

/** A launch of a shell command; override only what the test is about. */
export function launchOf(
  containerId: ContainerId,
  container: ContainerSpec,
  {
    command = {},
    ...overrides
  }: Partial<Omit<ContainerLaunch, "command">> & { readonly command?: Partial<CommandSpec> } = {},
): ContainerLaunch {
  const spec: CommandSpec = { isShell: true, args: [], environment: [], ...command };
  return {
    containerId,
    agentId: "a1",
    frameworkId: "f1",
    taskId: `task-of-${containerId}`,
    taskName: "contract",
    command: spec,
    run: { command: spec, container, killGraceMs: 3_000, labels: [] },
    limits: {},
    hostPorts: [],
    persistentVolumes: [],
    ...overrides,
  };
}

export async function textOf(
  chunks: AsyncIterable<OutputChunk>,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const text = { stdout: "", stderr: "" };
  for await (const { stream, data } of chunks) text[stream] += Buffer.from(data).toString("utf8");
  return text;
}
