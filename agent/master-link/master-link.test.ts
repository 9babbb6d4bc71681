import type { AgentToMaster } from "@bourse/model/agent-messages";
import { Random } from "@bourse/model/random";
import { agentGatewayService } from "@bourse/proto/wire/services";
import { bigReregister } from "@bourse/proto/wire/testdata/big-agent";
import { pino } from "pino";
import { expect, test } from "vitest";
import { eventually, FakeMaster } from "../testing/fake-master.ts";
import { MasterLink } from "./master-link.ts";

test("an agent that returns with 20,000 tasks tells them all, in one message", async () => {
  const master = await FakeMaster.start();
  const message = bigReregister("a1", 20_000);
  const answers: string[] = [];
  const link = new MasterLink({
    masters: [master.address],
    random: Random.fromSeed(1),
    log: pino({ level: "silent" }),
    onInput: (input) => {
      if (input.kind === "link-up") link.send(input.session, message);
      else answers.push(input.kind === "master" ? input.message.kind : input.kind);
    },
    onRelay: () => {},
  });
  link.start();
  try {
    await eventually(() => expect(answers).toEqual(["reregistered"]));
    expect(master.registrations).toHaveLength(1);
    const { requestSerialize } = agentGatewayService.session;
    const bytesOf = (told: AgentToMaster | undefined): Buffer =>
      requestSerialize({ messages: told ? [told] : [], sequence: 1, acknowledged: 0 });
    expect(bytesOf(master.registrations[0]).equals(bytesOf(message))).toBe(true);
  } finally {
    link.close();
    master.stop();
  }
});

test("an agent that is too busy to read stays so when its session is a new one", async () => {
  const master = await FakeMaster.start();
  const heard: string[] = [];
  const link = new MasterLink({
    masters: [master.address],
    random: Random.fromSeed(1),
    log: pino({ level: "silent" }),
    onInput: (input) => {
      if (input.kind === "link-up") link.send(input.session, bigReregister("a1", 0));
      else heard.push(input.kind === "master" ? input.message.kind : input.kind);
    },
    onRelay: () => {},
  });
  link.setPaused(true);
  link.start();
  try {
    await eventually(() => expect(master.registrations).toHaveLength(1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toEqual([]);
    link.setPaused(false);
    await eventually(() => expect(heard).toEqual(["reregistered"]));
  } finally {
    link.close();
    master.stop();
  }
});
