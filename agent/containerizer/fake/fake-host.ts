import type { ContainerId } from "@bourse/model/ids";
import type { OutputChunk } from "../containerizer.ts";
import { exitText } from "../exit-text.ts";
import type { VolumeMountPoint } from "../volume-mounts.ts";
import type { FakeProcess } from "./fake-process.ts";

/** What a fake container has written is kept up to this many pieces, the newest. */
const OUTPUT_CHUNKS_MAX = 1_000;

/** A container that lives on when the agent that started it does not. */
export interface FakeContainer {
  readonly process: FakeProcess;
  readonly environment: ReadonlyMap<string, string>;
  readonly volumes: readonly VolumeMountPoint[];
  readonly output: OutputChunk[];
  /** Pieces that are not kept any more. */
  droppedCount: number;
  /** Called at each output and at the end, by those who follow the log. */
  readonly followers: Set<() => void>;
  exitCode: number | null;
}

/** The machine that fake containers run on. Give the same to a new containerizer to play an agent's restart. */
export class FakeHost {
  /** How many times faster than the clock sleeps and graces pass, for tests. */
  readonly speed: number;
  readonly #byOwner = new Map<string, Map<ContainerId, FakeContainer>>();

  constructor({ speed = 1 }: { readonly speed?: number } = {}) {
    this.speed = speed;
  }

  containersOf(owner: string): Map<ContainerId, FakeContainer> {
    const containers = this.#byOwner.get(owner) ?? new Map<ContainerId, FakeContainer>();
    this.#byOwner.set(owner, containers);
    return containers;
  }
}

export function record(container: FakeContainer, chunk: OutputChunk): void {
  container.output.push(chunk);
  if (container.output.length > OUTPUT_CHUNKS_MAX) {
    container.output.shift();
    container.droppedCount++;
  }
  wakeFollowers(container);
}

export function wakeFollowers(container: FakeContainer): void {
  for (const wake of container.followers) wake();
}

/** An end in the words of the port. */
export function fakeExit(exitCode: number) {
  const message = exitText(exitCode);
  return {
    kind: "exited" as const,
    exitCode,
    isOutOfMemory: false,
    ...(message === undefined ? {} : { message }),
  };
}
