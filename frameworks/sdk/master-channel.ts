import { connected, SESSION_CHANNEL_OPTIONS } from "@bourse/proto/wire/channel";
import { Client, credentials } from "@grpc/grpc-js";

/** A connection to one master that stands; throws `unreachable` when it cannot be made in time. */
export function connectMaster(address: string, timeoutMs: number): Promise<Client> {
  const client = new Client(address, credentials.createInsecure(), SESSION_CHANNEL_OPTIONS);
  return connected(client, address, Date.now() + timeoutMs);
}
