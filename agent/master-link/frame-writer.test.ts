import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FrameWriter, OUTBOUND_BYTES_MAX } from "./frame-writer.ts";

function writerOf(sizeOf: (message: number) => number = () => 10) {
  const frames: (readonly number[])[] = [];
  const taken: (() => void)[] = [];
  let overflowCount = 0;
  const writer = new FrameWriter<number>({
    write: (messages, onTaken) => {
      frames.push(messages);
      taken.push(onTaken);
    },
    sizeOf,
    onOverflow: () => {
      overflowCount++;
    },
  });
  return { writer, frames, taken, overflows: () => overflowCount };
}

test("messages of one loop turn are one frame, and while it is not taken the next gather", async () => {
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

test("a frame is cut at 64 KiB, but one larger message still goes out alone", async () => {
  const { writer, frames, taken } = writerOf((message) => message * 1_024);
  for (const message of [30, 30, 30, 100, 1]) writer.push(message);
  await turn();
  for (let index = 0; index < taken.length; index++) taken[index]?.();
  expect(frames).toEqual([[30, 30], [30], [100], [1]]);
});

test("more than 8 MiB that nobody takes is an overflow, told once, and nothing follows", async () => {
  const { writer, frames, overflows } = writerOf(() => OUTBOUND_BYTES_MAX / 4);
  for (let message = 0; message < 10; message++) writer.push(message);
  expect(overflows()).toBe(1);
  await turn();
  expect(frames).toEqual([]);
});
