import { join } from "node:path";
import { encodeContainerStatus } from "@bourse/proto/wire/status";
import Docker from "dockerode";
import type { Logger } from "pino";
import type { Containerizer, ContainerListener } from "./containerizer/containerizer.ts";
import { DockerContainerizer } from "./containerizer/docker/docker-containerizer.ts";
import { FakeContainerizer } from "./containerizer/fake/fake-containerizer.ts";
import { ProcessContainerizer } from "./containerizer/process/process-containerizer.ts";
import type { AgentOptions } from "./options.ts";

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
  const { options, owner, onEvent, directory, log } = parts;
  const shared = {
    owner,
    onEvent,
    encodeStatus: encodeContainerStatus,
    onNotice: (message: string) => log.warn(message),
  };
  const sandboxRoot = join(directory, "sandboxes");
  switch (options.containerizer) {
    case "fake":
      return new FakeContainerizer(shared);
    case "process":
      return new ProcessContainerizer({ ...shared, stateDir: join(directory, "processes") });
    case "docker": {
      const { dockerSocket, cluster, registryCredentials } = options;
      return new DockerContainerizer({
        ...shared,
        sandboxRoot,
        ...(dockerSocket === undefined ? {} : { docker: new Docker({ socketPath: dockerSocket }) }),
        ...(cluster === undefined ? {} : { cluster }),
        ...(registryCredentials === undefined ? {} : { credentials: registryCredentials }),
      });
    }
  }
}
