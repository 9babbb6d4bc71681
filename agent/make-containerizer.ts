import { join } from "node:path";
import { encodeContainerStatus } from "@bourse/proto/wire/status";
import Docker from "dockerode";
import type { Logger } from "pino";
import type {
  Containerizer,
  ContainerizerOptions,
  ContainerListener,
} from "./containerizer/containerizer.ts";
import { ContainerizerByType } from "./containerizer/containerizer-by-type.ts";
import { DockerContainerizer } from "./containerizer/docker/docker-containerizer.ts";
import { FakeContainerizer } from "./containerizer/fake/fake-containerizer.ts";
import { ProcessContainerizer } from "./containerizer/process/process-containerizer.ts";
import type { AgentOptions } from "./options.ts";
import { volumePath } from "./volumes/volume-path.ts";

export interface ContainerizerParts {
  readonly options: AgentOptions;
  readonly owner: string;
  readonly onEvent: ContainerListener;
  /** The agent's own; sandboxes go below it. */
  readonly directory: string;
  readonly log: Logger;
}

/** The adapter that the operator chose. A new one is an entry here and in `CONTAINERIZERS`. */
export function makeContainerizer(parts: ContainerizerParts): Containerizer {
  const { options, owner, onEvent, log } = parts;
  const shared: Shared = {
    owner,
    onEvent,
    encodeStatus: encodeContainerStatus,
    volumePath: (volume) => volumePath(parts.directory, volume),
    onNotice: (message: string) => log.warn(message),
  };
  switch (options.containerizer) {
    case "fake":
      return new FakeContainerizer({ ...shared, startDelayMs: options.fakeStartMs ?? 0 });
    case "process":
      return processes(parts, shared);
    // An image goes to Docker, a command without one to a process.
    case "docker":
      return new ContainerizerByType({
        docker: docker(parts, shared),
        process: processes(parts, shared),
      });
  }
}

function processes({ directory }: ContainerizerParts, shared: Shared): Containerizer {
  return new ProcessContainerizer({ ...shared, stateDir: join(directory, "processes") });
}

function docker({ options, directory }: ContainerizerParts, shared: Shared): Containerizer {
  const { dockerSocket, cluster, registryCredentials } = options;
  return new DockerContainerizer({
    ...shared,
    sandboxRoot: join(directory, "sandboxes"),
    ...(dockerSocket === undefined ? {} : { docker: new Docker({ socketPath: dockerSocket }) }),
    ...(cluster === undefined ? {} : { cluster }),
    ...(registryCredentials === undefined ? {} : { credentials: registryCredentials }),
  });
}

type Shared = ContainerizerOptions & { readonly owner: string };
