import type { OfferConstraints } from "@bourse/model/constraints";
import type { OperatorCall, OperatorView, RoleView } from "@bourse/model/operator";
import type { Amount } from "@bourse/model/quota";
import type { FrameworkCall } from "@bourse/model/scheduler";
import { NO_PAYLOAD } from "@bourse/model/task";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../codec.ts";
import { LIMITS } from "../limits.ts";
import { agentToMaster } from "./agent-gateway.ts";
import { operatorCall, operatorView } from "./operator.ts";
import { frameworkCall } from "./scheduler.ts";

describe("amounts of a quota (M-31)", () => {
  test("arrive sorted by name, however they were sent", () => {
    const call = setQuota([cpus(2), { name: "mem", milli: 1 }, { name: "disk", milli: 3 }]);
    const arrived = received(call);
    expect(arrived.quotas[0]?.limits.map((amount) => amount.name)).toEqual(["cpus", "disk", "mem"]);
  });

  test("a name said twice is refused, because one of the two would be lost", () => {
    expect(() => received(setQuota([cpus(1), cpus(2)]))).toThrow(
      "Quota.limits names something twice",
    );
  });
});

describe("offer constraints (M-38)", () => {
  const matches = (pattern: string): OfferConstraints =>
    new Map([
      ["r", [[{ selector: { type: "hostname" }, predicate: { type: "text-matches", pattern } }]]],
    ]);

  test("a pattern of the longest length passes, a longer one is refused by name", () => {
    const longest = subscribe(matches("a".repeat(LIMITS.pattern)));
    expect(decode(frameworkCall, encode(frameworkCall, longest))).toEqual(longest);
    const longer = encode(frameworkCall, subscribe(matches("a".repeat(LIMITS.pattern + 1))));
    expect(() => decode(frameworkCall, longer)).toThrow("TextMatches.pattern is longer than 1024");
  });

  test("no constraints and constraints for no role are two things: one leaves the others, one clears", () => {
    const none: FrameworkCall = subscribe(new Map());
    const decoded = decode(frameworkCall, encode(frameworkCall, none));
    expect(decoded).toEqual(none);
  });
});

test("a role served just now is not one that waits for 0 ms", () => {
  for (const unservedForMs of [null, 0, 5]) {
    const view: OperatorView = { kind: "roles", roles: [{ ...ROLE, unservedForMs }] };
    expect(decode(operatorView, encode(operatorView, view))).toEqual(view);
  }
});

test("an agent of before operations returns without any", () => {
  const bytes = encode(agentToMaster, {
    kind: "reregister",
    agentId: "a1",
    epochSeen: 1,
    info: {
      hostname: "h1",
      port: 1,
      resources: [],
      attributes: [],
      version: "0",
      payload: NO_PAYLOAD,
    },
    tasks: [],
    frameworks: [],
    operations: [],
  });
  expect(decode(agentToMaster, bytes)).toMatchObject({ operations: [] });
});

const ROLE: RoleView = {
  role: "r",
  weightMilli: 1000,
  frameworkIds: [],
  share: 0,
  fairShare: 1,
  consumed: [],
  allocated: [],
  reserved: [],
  unservedForMs: null,
  refusals: 0,
};

function cpus(milli: number): Amount {
  return { name: "cpus", milli };
}

function setQuota(limits: readonly Amount[]): OperatorCall {
  return {
    kind: "update-quotas",
    quotas: [{ role: "r", guarantees: [], limits }],
    isForced: false,
  };
}

function received(call: OperatorCall): Extract<OperatorCall, { kind: "update-quotas" }> {
  const decoded = decode(operatorCall, encode(operatorCall, call));
  if (decoded.kind !== "update-quotas") throw new Error(decoded.kind);
  return decoded;
}

function subscribe(offerConstraints: OfferConstraints): FrameworkCall {
  return {
    kind: "subscribe",
    info: {
      user: "u",
      name: "n",
      roles: ["r"],
      failoverTimeoutMs: 0,
      isCheckpointing: false,
      capabilities: [],
      payload: NO_PAYLOAD,
    },
    suppressedRoles: [],
    offerConstraints,
    epochSeen: 0,
  };
}
