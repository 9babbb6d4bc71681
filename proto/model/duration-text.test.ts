import { expect, test } from "vitest";
import { durationText, millisecondsOf } from "./duration-text.ts";

test.each<[text: string, milliseconds: number]>([
  ["0s", 0],
  ["250ms", 250],
  ["1.5s", 1_500],
  ["2m", 120_000],
  ["1h", 3_600_000],
  ["7d", 604_800_000],
  ["0.4ms", 0],
])("%s is %i ms", (text, milliseconds) => expect(millisecondsOf(text)).toBe(milliseconds));

test.each(["", "s", "-1s", "1 s", "1e3s", "1w", "1.s", ".5s", "1S", "9999999999999999s", "5"])(
  "%j is no duration",
  (text) => expect(millisecondsOf(text)).toBeNaN(),
);

test("a bare number counts only where the reader says as what", () => {
  expect(millisecondsOf("5", "s")).toBe(5_000);
  expect(millisecondsOf("5ms", "s")).toBe(5);
});

test.each<[milliseconds: number, text: string]>([
  [0, "0s"],
  [1, "1ms"],
  [1_500, "1500ms"],
  [90_000, "90s"],
  [5_400_000, "90m"],
  [172_800_000, "2d"],
])("%i ms is written %s, and read again", (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
  expect(millisecondsOf(text)).toBe(milliseconds);
});
