import { ClusterError } from "@bourse/model/errors";
import { expect, test } from "vitest";
import { CONNECTIVITY, type ConnectingClient, connected } from "./channel.ts";

/** A client whose connection goes through these states, and then stays until the deadline. */
function clientOf(...states: readonly (keyof typeof CONNECTIVITY)[]) {
  let at = 0;
  let closedCount = 0;
  const client: ConnectingClient = {
    getChannel: () => ({
      getConnectivityState: () => CONNECTIVITY[states[at] ?? "shutdown"],
      watchConnectivityState: (current, _deadlineMs, callback) => {
        expect(current).toBe(CONNECTIVITY[states[at] ?? "shutdown"]);
        if (++at < states.length) callback();
        else callback(new Error("deadline passed"));
      },
    }),
    close: () => {
      closedCount++;
    },
  };
  return { client, closedCount: () => closedCount };
}

test("a client is handed over once its connection stands", async () => {
  const { client, closedCount } = clientOf("idle", "connecting", "ready");
  expect(await connected(client, "m:5050", 1_000)).toBe(client);
  expect(closedCount()).toBe(0);
});

test.each([
  ["fails once", ["idle", "connecting", "transientFailure", "ready"], "the connection failed"],
  ["is shut down", ["idle", "shutdown"], "the connection failed"],
  ["does not stand in time", ["idle", "connecting"], "deadline passed"],
] as const)(
  "a connection that %s is closed and told as unreachable, with its cause",
  async (_how, states, why) => {
    const { client, closedCount } = clientOf(...states);
    const error = await connected(client, "m:5050", 1_000).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "unreachable",
      message: "no master answers at m:5050",
      cause: { message: why },
    });
    expect(error).toBeInstanceOf(ClusterError);
    expect(closedCount()).toBe(1);
  },
);
