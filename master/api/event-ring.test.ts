import type { OperatorEvent } from "@bourse/model/operator";
import { describe, expect, test } from "vitest";
import { type EventPosition, EventRing } from "./event-ring.ts";

/** Epoch 3, keeps 4; pushed are sequences 1 to `count`. */
function ring(count: number): EventRing {
  const events = new EventRing(3, 4);
  for (let sequence = 1; sequence <= count; sequence++) events.push(event(sequence));
  return events;
}

function event(sequence: number): OperatorEvent {
  const change = { kind: "agent-removed", agentId: "a1", cause: "test" } as const;
  return { epoch: 3, sequence, wallMs: 0, change };
}

describe("a subscriber (M-76)", () => {
  test.each<[what: string, count: number, position: EventPosition, first: number[], gap: boolean]>([
    ["who names nothing hears what comes from now on", 6, {}, [], false],
    ["of epoch 0 hears all that is kept", 6, { epoch: 0, sequence: 0 }, [3, 4, 5, 6], false],
    ["goes on after its position", 6, { epoch: 3, sequence: 4 }, [5, 6], false],
    [
      "goes on after the oldest position that is kept",
      6,
      { epoch: 3, sequence: 2 },
      [3, 4, 5, 6],
      false,
    ],
    ["who missed one that is gone hears of a gap", 6, { epoch: 3, sequence: 1 }, [], true],
    ["of an earlier epoch hears of a gap", 6, { epoch: 2, sequence: 6 }, [], true],
    ["of the future hears of a gap", 6, { epoch: 3, sequence: 7 }, [], true],
    ["who begins before anything happened misses nothing", 0, { epoch: 3, sequence: 0 }, [], false],
    ["who has all waits", 3, { epoch: 3, sequence: 3 }, [], false],
  ])("%s", (_what, count, position, first, hasGap) => {
    const events = ring(count);
    const { after, gap } = events.begin(position, 99);
    expect(gap !== null).toBe(hasGap);
    expect(events.after(after, 10)?.map(({ sequence }) => sequence)).toEqual(first);
  });
});

test("a gap says from where on events are missing, and where to go on", () => {
  expect(ring(6).begin({ epoch: 3, sequence: 1 }, 99).gap).toEqual({
    epoch: 3,
    sequence: 6,
    wallMs: 99,
    change: { kind: "gap", fromSequence: 2 },
  });
});

test("a reader that falls behind the ring is told", () => {
  const events = ring(6);
  expect(events.after(1, 10)).toBeNull();
  expect(events.after(2, 2)?.map(({ sequence }) => sequence)).toEqual([3, 4]);
});

test("a waiting reader is woken once", () => {
  const events = ring(1);
  let woken = 0;
  events.wait(() => woken++);
  const stop = events.wait(() => woken++);
  stop();
  events.push(event(2));
  events.push(event(3));
  expect(woken).toBe(1);
});
