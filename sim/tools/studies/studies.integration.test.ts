import { expect, test } from "vitest";
import { runPolicy } from "./drf-policies.ts";
import { runExtraDelay } from "./extra-delay.ts";
import { runFailover } from "./failover.ts";

test("E4: DRF does more jobs than three slots, of both kinds, and answers sooner", () => {
  const [drf, slots] = [runPolicy("drf"), runPolicy("3 slots")];
  expect(drf.violations + slots.violations).toBe(0);
  expect(drf.largeJobs).toBeGreaterThan(slots.largeJobs);
  expect(drf.smallJobs).toBeGreaterThan(2 * slots.smallJobs);
  expect(drf.largeResponseSeconds).toBeLessThan(slots.largeResponseSeconds);
  expect(drf.smallResponseSeconds).toBeLessThan(slots.smallResponseSeconds / 2);
}, 60_000);

test("M1: one task in a full cluster is delayed by less than a second", () => {
  const { delaysMs, violations } = runExtraDelay(400, () => 0);
  expect(violations).toBe(0);
  expect(delaysMs).toHaveLength(5);
  expect(Math.max(...delaysMs)).toBeLessThan(1_000);
}, 60_000);

test("M4: everybody is back with a master that was killed within fifteen seconds, and no running task is lost", () => {
  const { backMs, launchesLost, runningLost, violations } = runFailover(50);
  expect(violations).toBe(0);
  expect(backMs).toHaveLength(10);
  expect(Math.max(...backMs)).toBeLessThan(15_000);
  expect(runningLost).toBe(0);
  expect(launchesLost).toBeLessThan(20);
}, 60_000);
