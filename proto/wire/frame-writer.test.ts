import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FrameWriter, OUTBOUND_BYTES_MAX } from "./frame-writer.ts";

function writerOf(sizeOf: (message: number) => number = () => 10) {
  const frames: (readonly number[])[] = [];
  const taken: (() => void)[] = [];
  const overflows: string[] = [];
  const writer = new FrameWriter<number>({
    write: (messages, onTaken) => {
      frames.push(messages);
      taken.push(onTaken);
    },
    sizeOf,
    onOverflow: () => overflows.push("overflow"),
  });
  return { writer, frames, taken, overflows };
}

test("what is pushed in one turn is one frame; while it is not taken the next gather", async () => {
  const { writer, frames, taken } = writerOf();
  writer.push(1);
  writer.push(2);
  expect(frames).toEqual([]);
  await turn();
  writer.push(3);
  await turn();
  writer.push(4);
  await turn();
  expect(frames).toEqual([[1, 2]]);
  taken[0]?.();
  expect(frames).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test("a frame is cut before 64 KiB, and a message above that goes alone", async () => {
  const { writer, frames, taken } = writerOf((message) => message * 1_024);
  for (const message of [30, 30, 30, 100, 1]) writer.push(message);
  await turn();
  for (let index = 0; index < taken.length; index++) taken[index]?.();
  expect(frames).toEqual([[30, 30], [30], [100], [1]]);
});

test("a message above the bound may go alone, but nothing may wait behind it", async () => {
  const { writer, frames, overflows } = writerOf((message) => message);
  writer.push(2 * OUTBOUND_BYTES_MAX);
  await turn();
  writer.push(2 * OUTBOUND_BYTES_MAX);
  expect(overflows).toEqual([]);
  writer.push(1);
  expect(overflows).toEqual(["overflow"]);
  expect(frames).toEqual([[2 * OUTBOUND_BYTES_MAX]]);
});

test("beyond 8 MiB the peer counts as one that does not read, and nothing more is sent", async () => {
  const { writer, frames, overflows } = writerOf(() => OUTBOUND_BYTES_MAX / 4);
  for (let message = 0; message < 4; message++) writer.push(message);
  expect(overflows).toEqual([]);
  for (let message = 0; message < 4; message++) writer.push(message);
  expect(overflows).toEqual(["overflow"]);
  await turn();
  expect(frames).toEqual([]);
});

test("what was pushed before the end still leaves", async () => {
  const { writer, frames, taken } = writerOf();
  let isDrained = false;
  writer.push(1);
  writer.finish(() => {
    isDrained = true;
  });
  expect(frames).toEqual([[1]]);
  expect(isDrained).toBe(false);
  taken[0]?.();
  expect(isDrained).toBe(true);
});
