import { expect, test } from "vitest";
import { maintenanceReason } from "./maintenance.ts";

const now = { monoMs: 0, wallMs: 1_000_000 };

test.each<
  [what: string, unavailability: { startMs: number; durationMs?: number }, why: string | null]
>([
  ["far off", { startMs: 1_300_000 }, null],
  ["near", { startMs: 1_299_999 }, "the agent's maintenance begins in 300 s"],
  ["begun, for good", { startMs: 900_000 }, "the agent's maintenance is under way"],
  [
    "begun, for a while",
    { startMs: 900_000, durationMs: 100_001 },
    "the agent's maintenance is under way",
  ],
  ["over", { startMs: 900_000, durationMs: 100_000 }, null],
])("M-71: an agent whose maintenance is %s", (_what, unavailability, why) => {
  expect(maintenanceReason({ unavailability }, now)?.detail ?? null).toBe(why);
});

test("M-71: nothing speaks against an agent without plans", () => {
  expect(maintenanceReason({}, now)).toBe(null);
});
