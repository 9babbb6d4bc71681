import { ClusterError } from "@bourse/model/errors";

/**
 * How large one message may be, for every client and the server. A returning agent tells all its tasks in one: 64 MiB
 * are 65,536 tasks of 1 KiB each, and a peer can make us hold no more than that.
 */
export const RECEIVE_BYTES_MAX = 64 * 1_048_576;

/** The bounds of a message, as options of a grpc-js channel or server. */
export const MESSAGE_SIZE_OPTIONS = {
  "grpc.max_receive_message_length": RECEIVE_BYTES_MAX,
  // What is sent is bounded where it gathers, and refused by the receiver.
  "grpc.max_send_message_length": -1,
} as const;

/** The connection of an agent or framework to its master, as options of a grpc-js channel. */
export const SESSION_CHANNEL_OPTIONS = {
  ...MESSAGE_SIZE_OPTIONS,
  // grpc-js' own first wait after a failed connection is 1 s, and who connects has a backoff of its own.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.min_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 5_000,
  // A connection that a firewall forgot is noticed within half a minute, also when nobody writes.
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.keepalive_permit_without_calls": 1,
  // A new session starts from a new connection, not from the backoff of an older one; and many agents in one process
  // have a connection each, as they would have apart.
  "grpc.use_local_subchannel_pool": 1,
} as const;

/** What is needed of a grpc-js client, so that the wire need not depend on it. */
export interface ConnectingClient {
  getChannel(): ConnectingChannel;
  close(): void;
}

export interface ConnectingChannel {
  getConnectivityState(tryToConnect: boolean): number;
  /** Calls back when the state is no longer `current`, or with an error at the deadline. */
  watchConnectivityState(
    current: number,
    deadlineMs: number,
    callback: (error?: Error) => void,
  ): void;
}

/** `grpc.connectivity_state`; the numbers are those of every gRPC library. */
export const CONNECTIVITY = {
  idle: 0,
  connecting: 1,
  ready: 2,
  transientFailure: 3,
  shutdown: 4,
} as const;

/**
 * The client once its connection stands; throws `unreachable`, and closes it, when that cannot be made by the
 * deadline (wall clock, ms). Unlike `waitForReady` it gives up at the first failure: the next master of the list may
 * be up.
 */
export async function connected<Client extends ConnectingClient>(
  client: Client,
  address: string,
  deadlineMs: number,
): Promise<Client> {
  try {
    await untilReady(client.getChannel(), deadlineMs);
    return client;
  } catch (thrown) {
    client.close();
    throw new ClusterError("unreachable", `no master answers at ${address}`, { cause: thrown });
  }
}

function untilReady(channel: ConnectingChannel, deadlineMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (state === CONNECTIVITY.ready) resolve();
      else if (state === CONNECTIVITY.transientFailure || state === CONNECTIVITY.shutdown)
        reject(new Error("the connection failed"));
      else {
        channel.watchConnectivityState(state, deadlineMs, (error) => {
          if (error) reject(error);
          else look();
        });
      }
    };
    look();
  });
}
