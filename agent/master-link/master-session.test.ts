import { Random } from "@bourse/model/random";
import { bigReregister } from "@bourse/proto/wire/testdata/big-agent";
import { expect, test } from "vitest";
import { RelayStream } from "../relay/relay-stream.ts";
import { eventually, FakeMaster } from "../testing/fake-master.ts";
import { connectMaster } from "./master-channel.ts";
import { MasterSession } from "./master-session.ts";

const LOGS = {
  kind: "logs",
  frameworkId: "f1",
  taskId: "t1",
  isFollowing: false,
  hasStdout: true,
  hasStderr: true,
} as const;

test("a session that is closed over one message hears nothing more of its frame", async () => {
  const master = await FakeMaster.start();
  const client = await connectMaster(master.address, 5_000, Random.fromSeed(1));
  const heard: string[] = [];
  const session = new MasterSession(1, client, {
    onMessage: (message) => {
      heard.push(message.kind);
      if (message.kind === "open-relay") new RelayStream(client); // Throws on a closed client.
      if (message.kind === "ping") session.close("the master is not the leader any more");
      if (message.kind !== "reregistered") return;
      const relay = { kind: "open-relay", token: "t", request: LOGS } as const;
      master.sendFrame([{ kind: "ping", sequence: 1 }, relay]);
    },
    onClosed: () => heard.push("closed"),
  });
  try {
    session.send(bigReregister("a1", 0));
    await eventually(() => expect(heard).toContain("closed"));
    await new Promise(setImmediate);
    expect(heard).toEqual(["reregistered", "ping", "closed"]);
  } finally {
    session.close("done");
    master.stop();
  }
});
