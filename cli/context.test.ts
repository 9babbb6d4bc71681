import { describe, expect, test } from "vitest";
import { contextOf, durationMs, integerOf, mastersOf } from "./context.ts";

describe("--master", () => {
  test.each([
    ["127.0.0.1:5050", ["127.0.0.1:5050"]],
    ["http://a:1/, b.example:65535", ["a:1", "b.example:65535"]],
    ["[::1]:5050", ["[::1]:5050"]],
  ])("%s is taken", (text, addresses) => expect(mastersOf(text)).toEqual(addresses));

  test.each(["", "a", "a:0", "a:65536", "a:1,,b:2", "a b:1", ":1", "a:1/path"])(
    "%j is refused and the remedy says how to write it",
    (text) => {
      expect(() => mastersOf(text)).toThrowError(
        expect.objectContaining({
          code: "invalid_call",
          hint: expect.stringContaining("host:port"),
        }),
      );
    },
  );
});

describe("durations", () => {
  test.each([
    ["250ms", 250],
    ["1.5s", 1_500],
    ["2", 2_000],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["7d", 604_800_000],
    ["0", 0],
  ])("%s is %i ms", (text, ms) => expect(durationMs(text, "--x")).toBe(ms));

  test.each(["", "-1s", "s", "1y", "1e3s", "366d", "1 s s"])(
    "%j is refused, naming the flag",
    (text) => {
      expect(() => durationMs(text, "--grace")).toThrowError(/--grace/);
    },
  );
});

describe("whole numbers", () => {
  test.each([
    ["1", 1],
    ["10", 10],
  ])("%s is taken", (text, value) => expect(integerOf(text, "--n", 1, 10)).toBe(value));

  test.each(["0", "11", "1.5", "1e1", "", "x", "0x5"])("%j is refused with the bounds", (text) => {
    expect(() => integerOf(text, "--n", 1, 10)).toThrowError(
      expect.objectContaining({ hint: expect.stringContaining("1 to 10") }),
    );
  });
});

test("an unknown output format is refused with the known ones", () => {
  expect(() => contextOf({ output: "xml" })).toThrowError(
    expect.objectContaining({ hint: expect.stringContaining("table, json, yaml") }),
  );
});
