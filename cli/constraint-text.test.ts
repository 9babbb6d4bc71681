import { formatConstraint } from "@bourse/allocator/constraints";
import type { AttributeConstraint } from "@bourse/model/constraints";
import { expect, test } from "vitest";
import { parseConstraint } from "./constraint-text.ts";

test.each<[text: string, constraint: AttributeConstraint]>([
  ["ssd", { selector: { type: "attribute", name: "ssd" }, predicate: { type: "exists" } }],
  ["!ssd", { selector: { type: "attribute", name: "ssd" }, predicate: { type: "not-exists" } }],
  ["@zone", { selector: { type: "zone" }, predicate: { type: "exists" } }],
  [
    "rack=r1",
    {
      selector: { type: "attribute", name: "rack" },
      predicate: { type: "text-equals", value: "r1" },
    },
  ],
  [
    "@hostname!=h1",
    { selector: { type: "hostname" }, predicate: { type: "text-not-equals", value: "h1" } },
  ],
  [
    "rack~(a|b)=[!~]x",
    {
      selector: { type: "attribute", name: "rack" },
      predicate: { type: "text-matches", pattern: "(a|b)=[!~]x" },
    },
  ],
  [
    "@region!~eu.*",
    { selector: { type: "region" }, predicate: { type: "text-not-matches", pattern: "eu.*" } },
  ],
  [
    "rack=",
    {
      selector: { type: "attribute", name: "rack" },
      predicate: { type: "text-equals", value: "" },
    },
  ],
])("%s is read, and shown as it was written", (text, constraint) => {
  expect(parseConstraint(text)).toEqual(constraint);
  expect(formatConstraint(constraint)).toBe(text);
});

test("two equal signs are one", () => {
  expect(parseConstraint("rack==r1")).toEqual(parseConstraint("rack=r1"));
});

test.each(["", "!", "=r1", "!=r1", "~x", "@rack=r1", "@", "!!ssd", "!rack=r1"])(
  "%j is no constraint",
  (text) => expect(() => parseConstraint(text)).toThrow(/is not a constraint/),
);
