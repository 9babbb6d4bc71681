import type { RoleConstraints } from "@bourse/model/constraints";
import type { Operation } from "@bourse/model/offer";
import type { Resource } from "@bourse/model/resources";
import { scalar } from "@bourse/model/resources";
import { afterEach, expect, test } from "vitest";
import { cluster, REGISTER, SUBSCRIBE, undoAll } from "../../testdata/test-master.ts";

afterEach(undoAll);

const UUID = "00112233445566778899aabbccddeeff";
const CPU: Resource = {
  ...scalar("cpus", 1_000),
  reservations: [{ type: "dynamic", role: "eng" }],
};
const RESERVE: Operation = { kind: "reserve", operationId: "op-1", resources: [CPU] };
const IN_ENG = { ...SUBSCRIBE, info: { ...SUBSCRIBE.info, roles: ["eng"] } };

test("an operation goes with an ACCEPT to the agent, its feedback comes back until it is acknowledged (M-17)", async () => {
  const { client } = await cluster();
  const agent = client.agent();
  agent.send(REGISTER);
  const { agentId } = await agent.message("registered");
  const framework = client.framework();
  framework.send(IN_ENG);
  const { frameworkId } = await framework.message("subscribed");
  const [offer] = (await framework.message("offers")).offers;
  framework.send({
    kind: "accept",
    offerIds: [offer?.offerId as string],
    operations: [RESERVE],
    filters: {},
  });
  const { operation } = await agent.message("apply-operation");
  expect(operation).toMatchObject({
    kind: "reserve",
    frameworkId,
    operationId: "op-1",
    consumed: [scalar("cpus", 1_000)],
    converted: [CPU],
  });
  const { operationUuid, converted } = operation;
  const ids = { operationUuid, frameworkId, operationId: "op-1", uuid: UUID };
  const update = { ...ids, state: "OPERATION_FINISHED", convertedResources: converted } as const;
  agent.send({ kind: "operation-update", update });
  const { status } = await framework.message("operation-update");
  expect(status).toMatchObject({ operationId: "op-1", agentId, state: "OPERATION_FINISHED" });
  framework.send({ kind: "acknowledge-operation", agentId, operationId: "op-1", uuid: UUID });
  expect(await agent.message("acknowledge-operation")).toMatchObject({ operationUuid });
  const page = { limit: 10 };
  expect(await client.query({ kind: "operations", page })).toMatchObject({ operations: [] });
  expect(await client.query({ kind: "reservations", page })).toMatchObject({
    reservations: [{ agentId, role: "eng", resources: [CPU], isOrphaned: false }],
  });
});

const onHost = (pattern: string): RoleConstraints => [
  [{ selector: { type: "hostname" }, predicate: { type: "text-matches", pattern } }],
];

test("offers come only of agents that the constraints let through (M-38)", async () => {
  const { client } = await cluster();
  for (const hostname of ["db-1", "web-1", "db-2"]) {
    const agent = client.agent();
    agent.send({ ...REGISTER, info: { ...REGISTER.info, hostname } });
    await agent.message("registered");
  }
  const framework = client.framework();
  framework.send({ ...IN_ENG, offerConstraints: new Map([["eng", onHost("db-[0-9]+")]]) });
  await framework.message("offers");
  const view = await client.query({ kind: "offers", page: { limit: 10 } });
  expect(view.kind === "offers" ? view.offers.length : -1).toBe(2);
  const hosts = framework.messages.flatMap((message) =>
    message.kind === "offers" ? message.offers.map((offer) => offer.hostname) : [],
  );
  expect(hosts.sort()).toEqual(["db-1", "db-2"]);
});

test.each<[what: string, constraints: RoleConstraints, said: RegExp]>([
  ["a pattern that is none", onHost("db-["), /db-\[/],
  ["a group that is empty", [[]], /empty|no constraint/],
  ["no group at all", [], /empty|no group/],
])("%s refuses the subscription and says why", async (_what, constraints, said) => {
  const { client } = await cluster();
  const framework = client.framework();
  framework.send({ ...IN_ENG, offerConstraints: new Map([["eng", constraints]]) });
  const { refusal } = await framework.message("error");
  expect(refusal.code).toBe("invalid_call");
  expect(refusal.message).toMatch(said);
});

test("a machine to be drained is told with offers, and its holders are asked to leave (M-71)", async () => {
  const { client } = await cluster();
  const agent = client.agent();
  agent.send(REGISTER);
  const { agentId } = await agent.message("registered");
  const framework = client.framework();
  framework.send(IN_ENG);
  const [offer] = (await framework.message("offers")).offers;
  const task = {
    taskId: "t1",
    name: "t1",
    agentId,
    resources: [scalar("cpus", 1_000)],
    payload: new Uint8Array(),
  };
  framework.send({
    kind: "accept",
    offerIds: [offer?.offerId as string],
    operations: [{ kind: "launch", tasks: [task] }],
    filters: {},
  });
  await agent.message("launch");
  const unavailability = { startMs: 5_000_000_000_000, durationMs: 1 };
  const windows = [{ machines: [{ hostname: "H1" }], unavailability }];
  const call = { kind: "update-maintenance-schedule", windows } as const;
  expect(await client.call(call)).toEqual({ kind: "done" });
  const [inverse] = (await framework.message("inverse-offers")).inverseOffers;
  expect(inverse).toMatchObject({ agentId, unavailability, resources: [scalar("cpus", 1_000)] });
  const inverseOfferIds = [inverse?.inverseOfferId as string];
  framework.send({ kind: "accept-inverse", inverseOfferIds, filters: {} });
  await expect
    .poll(() => client.query({ kind: "maintenance" }))
    .toMatchObject({
      machines: [
        { mode: "draining", agentIds: [agentId], answers: [{ agentId, answer: "accepted" }] },
      ],
    });
});
