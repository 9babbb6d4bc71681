import type { Offer } from "@bourse/model/offer";
import { describe, expect, test } from "vitest";
import { maintenanceReason, resourcesOf } from "./index.ts";
import { LiveOffer } from "./live-offer.ts";

const offer: Offer = {
  offerId: "o1",
  frameworkId: "f1",
  agentId: "a1",
  hostname: "node-1",
  port: 0,
  role: "*",
  resources: resourcesOf({ cpus: 1 }),
  attributes: [{ name: "rack", value: { type: "text", text: "r1" } }],
};
const live = (more: Partial<Offer> = {}) => new LiveOffer({ ...offer, ...more }, () => {});

describe("an offer in a handler's hands", () => {
  test("says when its agent goes into maintenance (M-71)", () => {
    const soon = live({ unavailability: { startMs: 60_000 } });
    expect(soon.unavailability).toEqual({ startMs: 60_000 });
    expect(maintenanceReason(soon, { wallMs: 0 })).toMatchObject({ code: "maintenance" });
    expect(live().unavailability).toBeUndefined();
    expect(maintenanceReason(live(), { wallMs: 0 })).toBeNull();
  });

  test("says what kind of agent it is of", () => {
    expect(live().attributes).toEqual(offer.attributes);
  });
});
