import { expect, test } from "vitest";
import { formatDomain, parseDomain } from "./domain-text.ts";

test("a fault domain reads as it is written (M-37)", () => {
  expect(parseDomain(" eu-west/a ", "--domain")).toEqual({ region: "eu-west", zone: "a" });
  expect(formatDomain({ region: "eu-west", zone: "a" })).toBe("eu-west/a");
});

test.each(["", "eu", "eu/", "/a", "eu/a/b", "eu /a", `${"x".repeat(65)}/a`, "ë/a"])(
  "%j is refused with how to write it",
  (text) => {
    expect(() => parseDomain(text, "--domain")).toThrow(/^--domain .* is no fault domain$/);
  },
);
