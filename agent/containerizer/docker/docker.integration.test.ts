import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containerizerContract } from "../containerizer-contract.ts";
import { dockerSpec } from "../contract-harness.ts";
import { DockerContainerizer } from "./docker-containerizer.ts";
import { engineForTests, makeTestImage, sweepContainers } from "./engine-for-tests.ts";

const { docker, skipReason } = await engineForTests("docker containerizer contract");
const IMAGE = "bourse/contract-test:1";

containerizerContract(
  "docker",
  async () => {
    await makeTestImage(docker, IMAGE);
    const sandboxRoot = await mkdtemp(join(tmpdir(), "bourse-docker-contract-"));
    const owners = new Set<string>();
    return {
      speed: 1,
      container: dockerSpec(IMAGE),
      open: async (owner, onEvent, volumePath) => {
        owners.add(owner);
        return new DockerContainerizer({
          owner,
          sandboxRoot: join(sandboxRoot, owner),
          onEvent,
          volumePath,
          encodeStatus: () => new Uint8Array(),
        });
      },
      dispose: async () => {
        for (const owner of owners) await sweepContainers(docker, owner);
        await docker.getImage(IMAGE).remove({ force: true });
        await rm(sandboxRoot, { recursive: true, force: true });
      },
    };
  },
  skipReason,
);
