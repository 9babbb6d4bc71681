import type { OperationId } from "@bourse/model/ids";
import type { OperationState, OperationStatus } from "@bourse/model/operation";
import { scalar } from "@bourse/model/resources";
import { describe, expect, test } from "vitest";
import { Bench, CONFIG, INFO, offer, UUID, UUID_2 } from "./testing/session-bench.ts";

function reserving(offerIds: string[], ...operationIds: OperationId[]) {
  return {
    kind: "accept",
    offerIds,
    operations: operationIds.map((operationId) => ({
      kind: "reserve" as const,
      resources: [scalar("disk", 1)],
      operationId,
    })),
    filters: {},
  } as const;
}

function told(state: OperationState, more: Partial<OperationStatus> = {}) {
  const status = { operationId: "r1", agentId: "a1", state, convertedResources: [], ...more };
  return { kind: "operation-update", status } as const;
}

/** Subscribed, and operation `r1` on its way to the agent of the offer. */
function operating(options: ConstructorParameters<typeof Bench>[0] = {}): Bench {
  const bench = new Bench(options);
  bench.subscribe();
  bench.event({ kind: "offers", offers: [offer("o1")] });
  const call = reserving(["o1"], "r1");
  if (bench.policy === null) bench.apply({ kind: "call", call });
  else bench.answer({ calls: [call] });
  return bench;
}

const updatesOf = (bench: Bench) =>
  bench.policy?.told.flatMap((event) =>
    event.kind === "operation-update" ? [event.status.state] : [],
  );

describe("feedback of operations (M-17)", () => {
  test("an update is told once and acknowledged as often as it comes", () => {
    const bench = operating();
    bench.event(told("OPERATION_FINISHED", { uuid: UUID }));
    const acknowledgement = {
      kind: "acknowledge-operation",
      operationId: "r1",
      agentId: "a1",
      uuid: UUID,
    };
    expect(bench.calls()).toEqual([acknowledgement]);
    bench.event(told("OPERATION_FINISHED", { uuid: UUID }));
    expect(bench.calls()).toEqual([acknowledgement]);
    expect(updatesOf(bench)).toEqual(["OPERATION_FINISHED"]);
  });

  test("without a policy it is acknowledged when its handler has resolved; one that failed is told again", () => {
    const bench = operating({ policy: null });
    bench.event(told("OPERATION_FINISHED", { uuid: UUID }));
    expect(bench.last.deliver).toHaveLength(1);
    expect(bench.calls()).toEqual([]);
    bench.event(told("OPERATION_FINISHED", { uuid: UUID })); // Sent again while it is being handled.
    expect([bench.last.deliver, bench.calls()]).toEqual([[], []]);
    bench.apply({ kind: "operation-unhandled", uuid: UUID });
    bench.event(told("OPERATION_FINISHED", { uuid: UUID }));
    expect(bench.last.deliver).toHaveLength(1);
    bench.apply({ kind: "operation-handled", uuid: UUID });
    expect(bench.calls()).toMatchObject([{ kind: "acknowledge-operation", uuid: UUID }]);
  });

  test("while its end is not known the master is asked, at once in a new session, then ever more rarely", () => {
    const bench = operating();
    const question = {
      kind: "reconcile-operations",
      operations: [{ operationId: "r1", agentId: "a1" }],
    };
    const asked: number[] = [];
    while (asked.length < 3) {
      bench.wake();
      if (bench.calls().some(({ kind }) => kind === "reconcile-operations"))
        asked.push(bench.nowMs);
      bench.event({ kind: "heartbeat" });
    }
    expect(asked).toEqual([1_000 + 5_000, 1_000 + 10_000, 1_000 + 20_000]);
    bench.apply({ kind: "link-down", session: 1, cause: "broken" });
    bench.wake();
    bench.subscribe(2);
    expect(bench.calls()).toContainEqual(question);
  });

  test("answers are told when they say something new; the end stops the questions", () => {
    const bench = operating();
    bench.event(told("OPERATION_PENDING"));
    bench.event(told("OPERATION_PENDING"));
    bench.event(told("OPERATION_UNREACHABLE"));
    bench.event(told("OPERATION_DROPPED"));
    bench.event(told("OPERATION_UNKNOWN"));
    expect(updatesOf(bench)).toEqual([
      "OPERATION_PENDING",
      "OPERATION_UNREACHABLE",
      "OPERATION_DROPPED",
    ]);
    bench.apply({ kind: "link-down", session: 1, cause: "broken" });
    bench.wake();
    bench.subscribe(2);
    expect(bench.calls().map(({ kind }) => kind)).not.toContain("reconcile-operations");
  });

  test("an accept of an offer that is gone drops its operations too (N-16)", () => {
    const bench = operating();
    const calls = [reserving(["o1"], "r2")];
    if (bench.policy !== null)
      bench.policy.answer = (event) => (event.kind === "input" ? { calls } : {});
    bench.apply({ kind: "input", input: "now" });
    expect(bench.calls()).toEqual([]);
    expect(bench.policy?.told.at(-1)).toMatchObject({
      kind: "operation-update",
      status: { operationId: "r2", state: "OPERATION_DROPPED" },
    });
  });

  test("operations of an earlier process are asked about", () => {
    const bench = new Bench();
    bench.subscribe();
    bench.answer({ trackOperations: [{ operationId: "r9" }] });
    expect(bench.calls()).toEqual([
      { kind: "reconcile-operations", operations: [{ operationId: "r9" }] },
    ]);
  });

  test("a restored session goes on where it was", () => {
    const bench = operating({ policy: null });
    bench.event(told("OPERATION_FINISHED", { uuid: UUID }));
    bench.apply({ kind: "call", call: reserving([], "r2") });
    const { session } = bench;
    const again = new Bench({ policy: null });
    const restored = Object.getPrototypeOf(session).constructor.restore(
      CONFIG,
      null,
      session.snapshot(),
    );
    expect(restored.snapshot()).toEqual(session.snapshot());
    const input = { kind: "operation-handled", uuid: UUID } as const;
    expect(restored.apply(bench.now, input)).toEqual(session.apply(bench.now, input));
    expect(again.session.snapshot()).not.toEqual(session.snapshot());
  });
});

describe("what a subscription states", () => {
  const group = [{ selector: { type: "hostname" }, predicate: { type: "exists" } }] as const;

  test("the constraints of the configuration, and after an update its own (M-38)", () => {
    const offerConstraints = new Map([["eng", [group]]]);
    const bench = new Bench({ config: { offerConstraints } });
    bench.apply({ kind: "link-up", session: 1 });
    expect(bench.calls()).toMatchObject([{ kind: "subscribe", info: INFO, offerConstraints }]);
    const info = { ...INFO, roles: ["eng"] };
    const update = { kind: "update-framework", info, suppressedRoles: ["eng"] } as const;
    bench.answer({ calls: [update] }); // There is no session yet: it is stated when there is.
    expect(bench.calls()).toEqual([]);
    bench.apply({ kind: "link-down", session: 1, cause: "broken" });
    bench.wake();
    bench.apply({ kind: "link-up", session: 2 });
    const [subscribe] = bench.calls();
    expect(subscribe).toMatchObject({ kind: "subscribe", info, suppressedRoles: ["eng"] });
    expect(subscribe).not.toHaveProperty("offerConstraints");
  });

  test("inverse offers go to the policy, and nobody answers in its place (M-71)", () => {
    const bench = operating();
    const inverseOffer = {
      inverseOfferId: "i1",
      frameworkId: "f1",
      agentId: "a1",
      resources: [],
      unavailability: { startMs: 1 },
    };
    bench.event({ kind: "inverse-offers", inverseOffers: [inverseOffer] });
    expect(bench.policy?.told.at(-1)).toMatchObject({ kind: "inverse-offers" });
    expect(bench.calls()).toEqual([]);
    const answer = { kind: "accept-inverse", inverseOfferIds: ["i1"], filters: {} } as const;
    bench.answer({ calls: [answer] });
    expect(bench.calls()).toEqual([answer]);
  });
});

test("two updates of one operation are two updates", () => {
  const bench = operating();
  bench.event(told("OPERATION_FAILED", { uuid: UUID }));
  bench.event(told("OPERATION_FAILED", { uuid: UUID_2 }));
  expect(updatesOf(bench)).toEqual(["OPERATION_FAILED", "OPERATION_FAILED"]);
});
