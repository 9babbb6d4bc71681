import { createServer } from "node:net";
import { ClusterError } from "@bourse/model/errors";
import { OperatorClient } from "./client.ts";

const PROBE_MS = 1_000;

/** The loopback port for a master: a wish of 0 is any free one; another must be free, or the refusal says what holds it. */
export async function portFor(wish: number): Promise<number> {
  try {
    return await tryPort(wish);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") {
      throw new ClusterError("internal", `port ${wish} cannot be used (${code})`, {
        cause: thrown,
        hint: "take another with --port, or --port 0 for any",
      });
    }
    const address = `127.0.0.1:${wish}`;
    const isMaster = await answersAsMaster(address);
    throw new ClusterError("internal", `port ${wish} is in use${isMaster ? " by a master" : ""}`, {
      cause: thrown,
      hint: isMaster
        ? `use that cluster, or take another port with --port. If its \`bourse up\` was killed: end its tasks with \`bourse --master ${address} framework teardown NAME\`, its daemons with \`pkill -f -- '--master ${address} '\``
        : "take another with --port, or --port 0 for any",
    });
  }
}

/** Listens for a moment; rejects with what the system says. */
function tryPort(wish: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen({ host: "127.0.0.1", port: wish }, () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : wish;
      probe.close(() => resolve(port));
    });
  });
}

async function answersAsMaster(address: string): Promise<boolean> {
  const client = new OperatorClient([address], PROBE_MS);
  try {
    await client.query({ kind: "master" }, "master");
    return true;
  } catch {
    return false; // Whatever it is, it is no master of ours.
  } finally {
    client.close();
  }
}
