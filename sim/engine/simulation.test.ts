import { expect, test } from "vitest";
import { Alarm } from "./alarm.ts";
import { cancel } from "./event-queue.ts";
import { Simulation } from "./simulation.ts";

test("events run by time, those of one instant in the order they were asked for", () => {
  const simulation = new Simulation("1");
  const ran: string[] = [];
  simulation.at(5, () => ran.push("b"));
  simulation.at(3, () => ran.push("a"));
  for (let index = 0; index < 20; index++) simulation.at(7, () => ran.push(String(index)));
  simulation.at(5, () => ran.push("c"));
  simulation.runUntil(10);
  expect(ran).toEqual(["a", "b", "c", ...Array.from({ length: 20 }, (_, index) => String(index))]);
  expect(simulation.nowMs).toBe(10);
});

test("an event for the past runs now, after what is already due", () => {
  const simulation = new Simulation("1");
  const ran: string[] = [];
  simulation.at(4, () => {
    simulation.at(1, () => ran.push(`late at ${simulation.nowMs}`));
  });
  simulation.at(4, () => ran.push("due"));
  simulation.runUntil(4);
  expect(ran).toEqual(["due", "late at 4"]);
});

test("a cancelled event does nothing", () => {
  const simulation = new Simulation("1");
  let count = 0;
  cancel(simulation.at(1, () => (count += 1)));
  simulation.at(1, () => (count += 10));
  simulation.runUntil(2);
  expect(count).toBe(10);
});

test("an alarm rings once, at the last time that was set", () => {
  const simulation = new Simulation("1");
  const rings: number[] = [];
  const alarm = new Alarm(simulation, () => rings.push(simulation.nowMs));
  alarm.set(10);
  alarm.set(5);
  alarm.set(7);
  simulation.runUntil(20);
  alarm.set(30);
  alarm.set(Number.POSITIVE_INFINITY);
  simulation.runUntil(50);
  expect(rings).toEqual([7]);
});

test("a core that wants to be woken now for ever is a bug, not a hang", () => {
  const simulation = new Simulation("1");
  const alarm: Alarm = new Alarm(simulation, () => alarm.set(0));
  alarm.set(0);
  expect(() => simulation.runUntil(1)).toThrow("asks to be woken now for ever");
});
