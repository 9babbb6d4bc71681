import { ClusterError } from "@bourse/model/errors";
import { type ChannelOptions, Client, connectivityState, credentials } from "@grpc/grpc-js";

const CHANNEL_OPTIONS: ChannelOptions = {
  // grpc-js' own first wait after a failed connection is 1 s, and the session has a backoff of its own.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 5_000,
  // A connection that a firewall forgot is noticed within half a minute, also when nobody writes.
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.max_receive_message_length": 16 * 1_048_576,
  "grpc.max_send_message_length": -1,
  // A new session starts from a new connection, not from the backoff of an older one.
  "grpc.use_local_subchannel_pool": 1,
};

/** A connection to one master that stands; throws `unreachable` when it cannot be made in time. */
export async function connectMaster(address: string, timeoutMs: number): Promise<Client> {
  const client = new Client(address, credentials.createInsecure(), CHANNEL_OPTIONS);
  try {
    await untilReady(client, Date.now() + timeoutMs);
    return client;
  } catch (thrown) {
    client.close();
    throw new ClusterError("unreachable", `no master answers at ${address}`, { cause: thrown });
  }
}

/** Unlike `waitForReady` it gives up at the first failure: the next master of the list may be up. */
function untilReady(client: Client, deadlineMs: number): Promise<void> {
  const channel = client.getChannel();
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) {
        resolve();
        return;
      }
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) {
        reject(new Error("the connection failed"));
        return;
      }
      channel.watchConnectivityState(state, deadlineMs, (error) => {
        if (error) reject(error);
        else look();
      });
    };
    look();
  });
}
