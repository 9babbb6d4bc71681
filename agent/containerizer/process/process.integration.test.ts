import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containerizerContract } from "../containerizer-contract.ts";
import { ProcessContainerizer } from "./process-containerizer.ts";

const skipReason = process.platform === "linux" ? null : "the shim needs the /proc of Linux";
if (skipReason !== null) console.warn(`SKIPPED process containerizer contract: ${skipReason}`);

containerizerContract(
  "process",
  async () => {
    const root = await mkdtemp(join(tmpdir(), "bourse-process-contract-"));
    return {
      container: { type: "process" },
      speed: 1,
      open: async (owner, onEvent, volumePath) =>
        new ProcessContainerizer({
          stateDir: join(root, owner),
          onEvent,
          volumePath,
          encodeStatus: () => new Uint8Array(),
        }),
      dispose: () => rm(root, { recursive: true, force: true }),
    };
  },
  skipReason,
);
