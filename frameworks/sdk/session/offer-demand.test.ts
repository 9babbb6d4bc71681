import { expect, test } from "vitest";
import { OfferDemand } from "./offer-demand.ts";

const CONFIG = { reviveIntervalMs: 5_000, reviveBurst: 2 };
const at = (monoMs: number) => ({ monoMs, wallMs: 0 });
const IDLE = { isWanted: false, isNew: false };
const WORK = { isWanted: true, isNew: false };
const NEW_WORK = { isWanted: true, isNew: true };

test("an idle framework suppresses once, and revives when there is work (K-11)", () => {
  const demand = new OfferDemand(CONFIG);
  expect(demand.update(at(0), IDLE)).toEqual([{ kind: "suppress", roles: [] }]);
  expect(demand.update(at(1), IDLE)).toEqual([]);
  expect(demand.update(at(2), WORK)).toEqual([{ kind: "revive", roles: [] }]);
  expect(demand.update(at(3), WORK)).toEqual([]);
});

test("new work revives although nothing is suppressed, for earlier declines left filters", () => {
  const demand = new OfferDemand(CONFIG);
  expect(demand.update(at(0), WORK)).toEqual([]);
  expect(demand.update(at(1), NEW_WORK)).toEqual([{ kind: "revive", roles: [] }]);
});

test("a burst is allowed, then one revive an interval; what is owed is sent when it may be", () => {
  const demand = new OfferDemand(CONFIG);
  expect(demand.update(at(0), NEW_WORK)).toHaveLength(1);
  expect(demand.update(at(10), NEW_WORK)).toHaveLength(1);
  expect(demand.update(at(20), NEW_WORK)).toHaveLength(0);
  expect(demand.wakeAtMs).toBe(5_000);
  expect(demand.update(at(4_999), WORK)).toHaveLength(0);
  expect(demand.update(at(5_000), WORK)).toHaveLength(1);
  expect(demand.wakeAtMs).toBe(Number.POSITIVE_INFINITY);
});

test("a suppression is stated again after a new subscription", () => {
  const demand = new OfferDemand(CONFIG);
  demand.update(at(0), IDLE);
  demand.subscribed();
  expect(demand.update(at(1), IDLE)).toEqual([{ kind: "suppress", roles: [] }]);
  demand.subscribed();
  expect(demand.update(at(2), WORK)).toEqual([{ kind: "revive", roles: [] }]);
});

test("a restored demand goes on with the same calls", () => {
  const demand = new OfferDemand(CONFIG);
  demand.update(at(0), NEW_WORK);
  demand.update(at(1), NEW_WORK);
  demand.update(at(2), NEW_WORK);
  const twin = OfferDemand.restore(CONFIG, demand.snapshot());
  expect(twin.wakeAtMs).toBe(demand.wakeAtMs);
  expect(twin.update(at(5_000), WORK)).toEqual(demand.update(at(5_000), WORK));
});
