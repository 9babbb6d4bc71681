import { Random } from "@bourse/model/random";
import { expect, test } from "vitest";
import { NodeConditions } from "./node-conditions.ts";
import { Simulation } from "./simulation.ts";
import { PLAIN_SHELL } from "./world.ts";

test("a wall clock jumps, the monotonic one never does; one instant is one object", () => {
  const simulation = new Simulation("1");
  const conditions = new NodeConditions(simulation);
  expect(conditions.now).toBe(simulation.now);
  simulation.runUntil(10);
  conditions.wallOffsetMs = -5_000;
  const { now } = conditions;
  expect(now.monoMs).toBe(10);
  expect(now.wallMs).toBe(simulation.now.wallMs - 5_000);
  expect(conditions.now).toBe(now);
  simulation.runUntil(11);
  expect(conditions.now.monoMs).toBe(11);
  conditions.heal();
  expect(conditions.now).toBe(simulation.now);
});

test("a slow store slows appends for a while, and nothing that needs none", () => {
  const simulation = new Simulation("1");
  const conditions = new NodeConditions(simulation);
  const random = Random.fromSeed(1);
  const draw = (records: number) => conditions.drawDelayMs(PLAIN_SHELL, random, records);
  conditions.slowStore(5_000, 100);
  expect(draw(0)).toBe(0);
  expect(draw(1)).toBeGreaterThan(0);
  simulation.runUntil(100);
  expect(draw(1)).toBe(0);
});
