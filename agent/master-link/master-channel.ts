import type { Random } from "@bourse/model/random";
import { connected, SESSION_CHANNEL_OPTIONS } from "@bourse/proto/wire/channel";
import { Client, credentials } from "@grpc/grpc-js";

/** A third more or less than the others', so that the agents of a master that has just started do not keep in step. */
const KEEPALIVE_SPREAD_MS = 6_000;

/** A connection to one master that stands; throws `unreachable` when it cannot be made in time. */
export function connectMaster(address: string, timeoutMs: number, random: Random): Promise<Client> {
  const client = new Client(address, credentials.createInsecure(), {
    ...SESSION_CHANNEL_OPTIONS,
    "grpc.keepalive_time_ms":
      SESSION_CHANNEL_OPTIONS["grpc.keepalive_time_ms"] +
      random.between(-KEEPALIVE_SPREAD_MS, KEEPALIVE_SPREAD_MS),
  });
  return connected(client, address, Date.now() + timeoutMs);
}
